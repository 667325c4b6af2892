import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AwsEmulator } from '../../emulators/aws/aws-emulator.ts';
import { EC2 } from '../../emulators/aws/ec2/actions.ts';
import { CAN_ISOLATE } from '../../emulators/aws/machines/machine.ts';
import { seed } from '../../emulators/aws/seed.ts';

const execute = promisify(execFile);

describe('the AWS emulator and boto3', function () {
  this.timeout(180_000);

  it('agree about every operation, and about every name in every answer', async function () {
    // Machines need namespaces, which only root has.
    if (!CAN_ISOLATE) this.skip();
    const emulator = await AwsEmulator.start({ machines: 'sshd', speed: 30 });
    const folder = await mkdtemp(join(tmpdir(), 'runctl-boto3-'));
    try {
      await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')]);
      const publicKey = await readFile(join(folder, 'key.pub'), 'utf8');
      // Debian's own Python: it has the package.
      const { stdout } = await execute('/usr/bin/python3', [join(import.meta.dirname, 'aws-client.py'), emulator.endpoint, publicKey], {
        env: { ...emulator.environment(), PATH: '/usr/bin:/bin' },
      });
      assert.match(stdout, /^\d+ operations\n$/);
      const called = new Set(emulator.journal.actions('ec2'));
      assert.deepEqual(Object.keys(EC2).filter((action) => !called.has(action)), [], 'every action was called');
      emulator.assertClean();
      assert.deepEqual(emulator.meter.left(), []);
    } finally {
      await emulator.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('agree with the command line about lists of many pages, also empty ones', async () => {
    const emulator = await AwsEmulator.start({ switches: { emptyPages: true } });
    try {
      await seed(emulator, { region: 'us-west-2', count: 2500 });
      const args = ['--endpoint-url', emulator.endpoint, 'ec2', 'describe-volumes', '--page-size', '1000', '--query', 'length(Volumes)'];
      const { stdout } = await execute('/usr/bin/aws', args, {
        env: { ...emulator.environment(undefined, 'us-west-2'), PATH: '/usr/bin:/bin', AWS_PAGER: '' },
      });
      assert.equal(stdout.trim(), '2500');
      assert.equal(emulator.journal.count('DescribeVolumes'), 5, 'three pages and two empty ones');
      emulator.assertClean();
    } finally {
      await emulator.stop();
    }
  });
});
