import assert from 'node:assert/strict';
import { AwsEmulator } from '../../emulators/aws/aws-emulator.ts';
import type { Identity } from '../../emulators/aws/core/options.ts';
import { IDENTITY } from '../../emulators/aws/core/world.ts';
import { seed } from '../../emulators/aws/seed.ts';
import { awsCall } from '../../support/aws-call.ts';

const GUEST: Identity = {
  accessKeyId: 'ASIAEMULATOR00000002',
  secretAccessKey: 'guest',
  sessionToken: 'session',
  arn: 'arn:aws:sts::123456789012:assumed-role/guest/me',
  userId: 'AROAGUEST:me',
};

describe('the protocol of the AWS emulator', () => {
  let emulator: AwsEmulator;

  beforeEach(async () => {
    emulator = await AwsEmulator.start({ identities: [IDENTITY, { ...GUEST, expiresAt: Date.now() + 3_600_000 }] });
  });

  afterEach(() => emulator.stop());

  it('takes what is signed well and says who signed', async () => {
    const answer = await awsCall(emulator, 'GetCallerIdentity', {}, { service: 'sts' });
    assert.equal(answer.first('Arn'), IDENTITY.arn);
    assert.equal(answer.first('Account'), '123456789012');
    const guest = await awsCall(emulator, 'GetCallerIdentity', {}, { service: 'sts', identity: GUEST });
    assert.equal(guest.first('Arn'), GUEST.arn);
  });

  it('refuses wrong keys, secrets, tokens and clocks in the words of each service', async () => {
    const stranger = { ...IDENTITY, accessKeyId: 'AKIANOBODY' };
    const wrong = { ...IDENTITY, secretAccessKey: 'wrong' };
    const code = async (identity: Identity, service: 'ec2' | 'sts' | 'ssm', ahead = 0): Promise<string> => {
      const action = { ec2: 'DescribeRegions', sts: 'GetCallerIdentity', ssm: 'GetParameter' }[service];
      const answer = await awsCall(emulator, action, {}, { identity, service, ahead });
      return `${answer.status} ${answer.code}`;
    };
    assert.equal(await code(stranger, 'ec2'), '401 AuthFailure');
    assert.equal(await code(stranger, 'sts'), '403 InvalidClientTokenId');
    assert.equal(await code(stranger, 'ssm'), '400 UnrecognizedClientException');
    assert.equal(await code(wrong, 'ec2'), '401 AuthFailure');
    assert.equal(await code(wrong, 'sts'), '403 SignatureDoesNotMatch');
    assert.equal(await code(IDENTITY, 'ec2', -600_000), '400 RequestExpired');
    await emulator.advance(3_600_001);
    assert.equal(await code(GUEST, 'ec2'), '400 RequestExpired');
    assert.equal(await code(GUEST, 'sts'), '403 ExpiredToken');
    assert.equal(await code(GUEST, 'ssm'), '400 ExpiredTokenException');
    emulator.assertClean();
  });

  it('keeps regions apart and knows those that are not enabled', async () => {
    const shown = await awsCall(emulator, 'DescribeRegions', { AllRegions: true });
    assert.ok(shown.all('optInStatus').includes('not-opted-in'));
    assert.ok(!(await awsCall(emulator, 'DescribeRegions')).all('regionName').includes('af-south-1'));
    assert.equal((await awsCall(emulator, 'DescribeVpcs', {}, { region: 'af-south-1' })).code, 'AuthFailure');
    await seed(emulator, { region: 'us-west-2', count: 2 });
    assert.equal((await awsCall(emulator, 'DescribeInstances', { MaxResults: 5 })).all('instanceId').length, 0);
    const there = await awsCall(emulator, 'DescribeInstances', { MaxResults: 5 }, { region: 'us-west-2' });
    assert.equal(there.all('instanceId').length, 2);
  });

  const strange: readonly (readonly [string, Record<string, string | number | readonly string[]>, string])[] = [
    ['DescribeWombats', {}, 'InvalidAction'],
    ['DescribeInstances', { Wombat: 1 }, 'UnknownParameter'],
    ['DescribeInstances', { MaxResults: 'many' }, 'MalformedParameter'],
    ['DescribeInstances', { 'Filter.1.Name': 'wombat', 'Filter.1.Value.1': 'x' }, 'InvalidParameterValue'],
    ['RunInstances', { 'Placement.Wombat': 'x' }, 'UnknownParameter'],
    ['DescribeInstances', { 'InstanceId.2': 'i-1' }, 'MalformedParameter'],
  ];
  for (const [action, parameters, code] of strange) {
    it(`fails a test that calls ${action} with ${JSON.stringify(parameters)}`, async () => {
      assert.equal((await awsCall(emulator, action, parameters)).code, code);
      assert.throws(() => emulator.assertClean(), new RegExp(code));
    });
  }

  it('does nothing on a dry run but to say whether it would be allowed', async () => {
    const ids = await seed(emulator, { region: 'us-east-1', count: 1 });
    const allowed = await awsCall(emulator, 'TerminateInstances', { InstanceId: ids, DryRun: true });
    assert.deepEqual([allowed.status, allowed.code], [412, 'DryRunOperation']);
    emulator.deny('ec2:TerminateInstances');
    const denied = await awsCall(emulator, 'TerminateInstances', { InstanceId: ids, DryRun: true });
    assert.deepEqual([denied.status, denied.code], [403, 'UnauthorizedOperation']);
    assert.equal(emulator.state(ids[0]!), 'running');
  });

  it('pages within its bounds, never with ids, and with empty pages when asked', async () => {
    const ids = await seed(emulator, { region: 'us-east-1', count: 12 });
    const code = async (parameters: Record<string, number | readonly string[]>): Promise<string> =>
      (await awsCall(emulator, 'DescribeInstances', parameters)).code;
    assert.equal(await code({ MaxResults: 4 }), 'InvalidParameterValue');
    assert.equal(await code({ MaxResults: 1001 }), 'InvalidParameterValue');
    assert.equal(await code({ MaxResults: 5, InstanceId: ids }), 'InvalidParameterCombination');
    assert.equal((await awsCall(emulator, 'DescribeInstanceTypes', { MaxResults: 101 })).code, 'InvalidParameterValue');
    const walk = async (): Promise<number[]> => {
      const sizes: number[] = [];
      for (let token = ''; ; ) {
        const page = await awsCall(emulator, 'DescribeInstances', { MaxResults: 5, ...(token !== '' && { NextToken: token }) });
        sizes.push(page.all('instanceId').length);
        token = page.first('nextToken');
        if (token === '') return sizes;
      }
    };
    assert.deepEqual(await walk(), [5, 5, 2]);
    emulator.world.switches.emptyPages = true;
    assert.deepEqual(await walk(), [5, 0, 5, 0, 2]);
    emulator.assertClean();
  });

  it('filters by tag, state, token and lifecycle, with wildcards', async () => {
    await seed(emulator, { region: 'us-east-1', count: 2, tags: { 'runctl:owner': 'me', Name: 'a*b' } });
    await seed(emulator, { region: 'us-east-1', count: 3, tags: { Name: 'axb' }, spot: true });
    const count = async (Name: string, ...Value: string[]): Promise<number> =>
      (await awsCall(emulator, 'DescribeInstances', { Filter: [{ Name, Value }] })).all('instanceId').length;
    assert.equal(await count('tag:runctl:owner', 'me'), 2);
    assert.equal(await count('tag-key', 'runctl:owner'), 2);
    assert.equal(await count('tag:Name', 'a*b'), 5);
    assert.equal(await count('tag:Name', 'a\\*b'), 2);
    assert.equal(await count('instance-lifecycle', 'spot'), 3);
    assert.equal(await count('instance-state-name', 'pending', 'running'), 5);
    assert.equal(await count('instance-state-name', 'stopped'), 0);
  });

  it('empties and fills its buckets on its own clock', async () => {
    const codes: string[] = [];
    for (let call = 0; call < 51; call++) codes.push((await awsCall(emulator, 'DescribeInstances')).code);
    assert.deepEqual(codes.slice(49), ['', 'RequestLimitExceeded']);
    assert.equal((await awsCall(emulator, 'DescribeInstances', { MaxResults: 5 })).code, '', 'a bucket of its own');
    await emulator.advance(1000);
    assert.equal((await awsCall(emulator, 'DescribeInstances')).code, '');
  });

  it('plays the faults it was told', async () => {
    const { faults } = emulator;
    faults.add({ action: 'DescribeVpcs', html: 502 });
    faults.add({ action: 'DescribeVpcs', after: 1, throttle: true });
    faults.add({ action: 'DescribeVpcs', after: 2, error: { code: 'InternalError', status: 500 } });
    const answers = [];
    for (let call = 0; call < 4; call++) answers.push(await awsCall(emulator, 'DescribeVpcs'));
    assert.deepEqual(answers.map(({ status }) => status), [502, 503, 500, 200]);
    assert.match(answers[0]!.body, /^<html>/);
    faults.add({ action: 'CreateSecurityGroup', drop: 'before' });
    faults.add({ action: 'CreateSecurityGroup', after: 1, drop: 'after' });
    const group = { GroupName: 'ours', GroupDescription: 'ours' };
    await assert.rejects(awsCall(emulator, 'CreateSecurityGroup', group));
    await assert.rejects(awsCall(emulator, 'CreateSecurityGroup', group), 'the effect, and no answer');
    assert.equal((await awsCall(emulator, 'CreateSecurityGroup', group)).code, 'InvalidGroup.Duplicate');
    const held = faults.add({ action: 'DescribeVpcs', hold: 'before' });
    const waiting = awsCall(emulator, 'DescribeVpcs');
    await held.reached;
    held.release();
    assert.equal((await waiting).status, 200);
  });

  it('speaks JSON where the service does', async () => {
    const name = '/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id';
    const found = await awsCall(emulator, 'GetParameter', { Name: name }, { service: 'ssm' });
    assert.match((found.json() as { Parameter: { Value: string } }).Parameter.Value, /^ami-[0-9a-f]{17}$/);
    assert.equal((await awsCall(emulator, 'GetParameter', { Name: '/no' }, { service: 'ssm' })).code, 'ParameterNotFound');
    const filter = (Field: string, Value: string): Record<string, string> => ({ Type: 'TERM_MATCH', Field, Value });
    const list = await awsCall(
      emulator,
      'GetProducts',
      {
        ServiceCode: 'AmazonEC2',
        Filters: [filter('instanceType', 'g5.xlarge'), filter('regionCode', 'eu-central-1'), filter('capacitystatus', 'Used'), filter('operatingSystem', 'Linux'), filter('tenancy', 'Shared'), filter('preInstalledSw', 'NA')],
      },
      { service: 'pricing' },
    );
    const { PriceList } = list.json() as { PriceList: string[] };
    assert.equal(PriceList.length, 1);
    assert.match(PriceList[0]!, /"USD":"1\.2575000000"/);
    const quota = await awsCall(emulator, 'GetServiceQuota', { ServiceCode: 'ec2', QuotaCode: 'L-DB2E81BA' }, { service: 'servicequotas' });
    assert.equal((quota.json() as { Quota: { Value: number } }).Quota.Value, 96);
    emulator.assertClean();
  });
});
