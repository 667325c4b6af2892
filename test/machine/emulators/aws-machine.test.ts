import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AwsEmulator } from '../../emulators/aws/aws-emulator.ts';
import { CAN_ISOLATE } from '../../emulators/aws/machines/machine.ts';
import { awsCall } from '../../support/aws-call.ts';
import { until } from '../../support/proc.ts';

const execute = promisify(execFile);

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('a machine behind the AWS emulator', function () {
  this.timeout(60_000);
  let emulator: AwsEmulator;
  let folder: string;

  before(function () {
    // Namespaces are for root only.
    if (!CAN_ISOLATE) this.skip();
  });

  beforeEach(async () => {
    emulator = await AwsEmulator.start({ machines: 'sshd' });
    folder = await mkdtemp(join(tmpdir(), 'runctl-aws-cli-'));
    await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')]);
    await aws('import-key-pair', '--key-name', 'k', '--public-key-material', `fileb://${folder}/key.pub`);
  });

  afterEach(async () => {
    await emulator.stop();
    await rm(folder, { recursive: true, force: true });
    emulator.assertClean();
  });

  async function aws(...words: readonly string[]): Promise<unknown> {
    const args = ['--endpoint-url', emulator.endpoint, '--output', 'json', 'ec2', ...words];
    const { stdout } = await execute('/usr/bin/aws', args, { env: { ...emulator.environment(), PATH: '/usr/bin:/bin', AWS_PAGER: '' } });
    return stdout === '' ? undefined : JSON.parse(stdout);
  }

  async function launch(...more: readonly string[]): Promise<string> {
    const image = emulator.region('us-east-1').images[0]!.id;
    const wish = ['--image-id', image, '--instance-type', 'g5.xlarge', '--key-name', 'k', ...more];
    const answer = (await aws('run-instances', ...wish)) as { Instances: { InstanceId: string }[] };
    await emulator.advance(8000);
    const id = answer.Instances[0]!.InstanceId;
    await emulator.machine(id).finished();
    return id;
  }

  async function ssh(id: string, command: string): Promise<Result> {
    const keys = emulator.machine(id).hostKeys().map((line) => `[${String(emulator.instance(id).publicIp)}]:${emulator.sshPort} ${line}\n`);
    await writeFile(join(folder, 'known'), keys.join(''));
    const options = ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${folder}/known`, 'BatchMode=yes', 'LogLevel=ERROR'].flatMap((one) => ['-o', one]);
    const address = `${emulator.instance(id).image.user}@${String(emulator.instance(id).publicIp)}`;
    const args = ['-F', '/dev/null', '-i', join(folder, 'key'), ...options, '-p', String(emulator.sshPort), address, command];
    return execute('ssh', args).then(
      (done) => ({ code: 0, ...done }),
      (error: unknown) => {
        const { code, stdout, stderr } = error as Result;
        return { code, stdout, stderr };
      },
    );
  }

  const stateIs = (id: string, state: string): Promise<boolean> =>
    until(`${id} is ${state}`, () => Promise.resolve(emulator.state(id) === state ? true : undefined));

  it('is launched, logged in to, shut down from inside, and terminated for it', async () => {
    await writeFile(join(folder, 'data'), '#!/bin/sh\nid -u > /home/ubuntu/by-user-data\n');
    const id = await launch('--instance-initiated-shutdown-behavior', 'terminate', '--user-data', `file://${folder}/data`);
    const seen = await ssh(id, 'id -un; pwd; cat by-user-data; sudo -n id -u');
    assert.deepEqual(seen, { code: 0, stdout: 'ubuntu\n/home/ubuntu\n0\n0\n', stderr: '' });
    await emulator.advance(600_000);
    const refused = await ssh(id, 'shutdown -h now');
    assert.equal(refused.code, 1, 'not without sudo');
    await ssh(id, 'sudo -n shutdown -h now');
    await stateIs(id, 'shutting-down');
    await emulator.advance(12_000);
    assert.equal(emulator.state(id), 'terminated');
    const shown = (await aws('describe-instances', '--instance-ids', id)) as { Reservations: { Instances: { StateReason: { Code: string } }[] }[] };
    assert.equal(shown.Reservations[0]!.Instances[0]!.StateReason.Code, 'Client.InstanceInitiatedShutdown');
    const instance = emulator.meter.total(({ what }) => what === 'instance');
    assert.ok(Math.abs(instance - (1.006 * 600) / 3600) < 1e-9, String(instance));
    assert.deepEqual(emulator.meter.left(), []);
  });

  it('keeps its files over a stop, is another host by address, and runs user data once', async () => {
    await writeFile(join(folder, 'data'), '#!/bin/sh\necho once >> /home/ubuntu/times\n');
    const id = await launch('--user-data', `file://${folder}/data`);
    await ssh(id, 'echo kept > file; (trap "echo asked > ended; exit" TERM; while :; do sleep 0.1; done) > /dev/null 2>&1 &');
    const home = emulator.machine(id).home;
    await ssh(id, 'sudo -n poweroff');
    await stateIs(id, 'stopping');
    await until('processes were asked to end', () => Promise.resolve(existsSync(join(home, 'ended')) ? true : undefined));
    await emulator.advance(20_000);
    assert.equal(emulator.state(id), 'stopped');
    const before = emulator.instance(id).launchedAt;
    await aws('start-instances', '--instance-ids', id);
    await emulator.advance(8000);
    assert.ok(emulator.instance(id).launchedAt > before);
    assert.equal((await ssh(id, 'cat file times ended; ps -e | grep -c sleep')).stdout, 'kept\nonce\nasked\n0\n');
  });

  it('ends minutes later when it is told so, and not when that was taken back', async () => {
    const id = await launch('--instance-initiated-shutdown-behavior', 'terminate');
    const { machine } = { machine: emulator.machine(id) };
    const said = (): Promise<true> =>
      until('the machine was heard', () => Promise.resolve(heard() ? undefined : true));
    const heard = (): boolean => spawnSync('sh', ['-c', 'ls "$1"/power/*.request', 'sh', machine.spec.base]).status === 0;
    await ssh(id, 'sudo -n shutdown -P +5');
    await said();
    await ssh(id, 'sudo -n shutdown -c');
    await said();
    await emulator.advance(600_000);
    assert.equal(emulator.state(id), 'running');
    await ssh(id, 'sudo -n shutdown -P +5');
    await said();
    await emulator.advance(299_000);
    assert.equal(emulator.state(id), 'running');
    await emulator.advance(1000);
    assert.equal(emulator.state(id), 'shutting-down');
  });

  it('asks its metadata service, with a token, what it is and when it must go', async () => {
    emulator.world.iam.seed('trainer');
    const id = await launch('--iam-instance-profile', 'Name=trainer', '--instance-market-options', 'MarketType=spot', '--metadata-options', 'HttpTokens=required');
    const ask = async (path: string, token = '$TOKEN'): Promise<string> => {
      const put = 'TOKEN=$(curl -s -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" $AWS_EC2_METADATA_SERVICE_ENDPOINT/latest/api/token)';
      const get = `curl -s -w " %{http_code}" -H "X-aws-ec2-metadata-token: ${token}" $AWS_EC2_METADATA_SERVICE_ENDPOINT/latest/meta-data/${path}`;
      return (await ssh(id, `${put}; ${get}`)).stdout;
    };
    assert.equal(await ask('instance-id'), `${id} 200`);
    assert.equal(await ask('instance-id', ''), ' 401');
    assert.equal(await ask('spot/instance-action'), ' 404');
    const keys = JSON.parse((await ask('iam/security-credentials/trainer')).replace(/ 200$/, '')) as { AccessKeyId: string; SecretAccessKey: string; Token: string };
    const identity = { accessKeyId: keys.AccessKeyId, secretAccessKey: keys.SecretAccessKey, sessionToken: keys.Token, arn: '', userId: '' };
    const who = await awsCall(emulator, 'GetCallerIdentity', {}, { service: 'sts', identity });
    assert.match(who.first('Arn'), new RegExp(`assumed-role/trainer/${id}$`));
    emulator.reclaimSpot(id);
    const time = new Date(emulator.instance(id).notice!.time).toISOString().slice(0, 19);
    assert.equal(await ask('spot/instance-action'), `{"action":"terminate","time":"${time}Z"} 200`);
    await emulator.advance(140_000);
    assert.equal(emulator.state(id), 'terminated');
    assert.equal(emulator.meter.total(({ what }) => what === 'instance'), 0);
  });

  it('cannot change the host, even as root', async () => {
    const id = await launch();
    const canary = join(folder, 'canary');
    await writeFile(canary, 'alive');
    const tried = await ssh(id, `sudo -n sh -c 'touch /etc/by-machine /usr/by-machine; rm -rf "${canary}"; ls ${folder}; kill -9 ${process.pid}'`);
    assert.notEqual(tried.code, 0);
    assert.ok(!existsSync('/etc/by-machine') && !existsSync('/usr/by-machine'));
    assert.equal(await readFile(canary, 'utf8'), 'alive');
  });
});
