import assert from 'node:assert/strict';
import { AwsEmulator } from '../../emulators/aws/aws-emulator.ts';
import type { AwsAnswer, Parameter } from '../../support/aws-call.ts';
import { awsCall } from '../../support/aws-call.ts';

type Parameters = Readonly<Record<string, Parameter>>;

const SPOT: Parameters = { InstanceMarketOptions: { MarketType: 'spot' } };

describe('machines of the AWS emulator', () => {
  let emulator: AwsEmulator;

  beforeEach(async () => {
    emulator = await AwsEmulator.start();
  });

  afterEach(async () => {
    await emulator.stop();
    emulator.assertClean();
  });

  const call = (action: string, parameters: Parameters = {}): Promise<AwsAnswer> => awsCall(emulator, action, parameters);

  function run(parameters: Parameters = {}): Promise<AwsAnswer> {
    const image = emulator.region('us-east-1').images[0]!.id;
    return call('RunInstances', { ImageId: image, InstanceType: 'g5.xlarge', MinCount: 1, MaxCount: 1, ...parameters });
  }

  async function running(parameters: Parameters = {}): Promise<string> {
    const answer = await run(parameters);
    assert.equal(answer.code, '', answer.body);
    await emulator.advance(10_000);
    return answer.first('instanceId');
  }

  it('takes its time from pending to terminated, and is listed for an hour more', async () => {
    const id = (await run()).first('instanceId');
    const shown = async (): Promise<string> => (await call('DescribeInstances', { InstanceId: [id] })).first('name');
    assert.equal(await shown(), 'pending');
    await emulator.advance(8000);
    assert.equal(await shown(), 'running');
    const ended = await call('TerminateInstances', { InstanceId: [id] });
    assert.deepEqual(ended.all('name'), ['shutting-down', 'running']);
    await emulator.advance(12_000);
    assert.equal(await shown(), 'terminated');
    assert.equal((await call('StartInstances', { InstanceId: [id] })).code, 'IncorrectInstanceState');
    assert.equal((await call('TerminateInstances', { InstanceId: [id] })).code, '', 'ending it again is no error');
    await emulator.advance(3_599_000);
    assert.equal(await shown(), 'terminated');
    await emulator.advance(2000);
    assert.equal((await call('DescribeInstances', { InstanceId: [id] })).code, 'InvalidInstanceID.NotFound');
  });

  it('has another address after a stop and a start', async () => {
    const id = await running();
    const before = emulator.instance(id).publicIp;
    await call('StopInstances', { InstanceId: [id] });
    assert.equal((await call('StartInstances', { InstanceId: [id] })).code, 'IncorrectInstanceState');
    await emulator.advance(20_000);
    assert.equal(emulator.state(id), 'stopped');
    assert.equal(emulator.instance(id).publicIp, undefined);
    await call('StartInstances', { InstanceId: [id] });
    await emulator.advance(8000);
    assert.notEqual(emulator.instance(id).publicIp, before);
  });

  it('makes one machine for one token, and says when it has ended', async () => {
    const token = { ClientToken: 'token-1' };
    const first = (await run(token)).first('instanceId');
    assert.equal((await run(token)).first('instanceId'), first);
    const other = await run({ ...token, InstanceType: 'g5.2xlarge' });
    assert.equal(other.code, 'IdempotentParameterMismatch');
    const west = await awsCall(
      emulator,
      'RunInstances',
      { ImageId: emulator.region('us-west-2').images[0]!.id, InstanceType: 'g5.xlarge', MinCount: 1, MaxCount: 1, ...token },
      { region: 'us-west-2' },
    );
    assert.notEqual(west.first('instanceId'), first, 'a token counts in its region');
    await emulator.advance(10_000);
    await call('TerminateInstances', { InstanceId: [first] });
    await emulator.advance(20_000);
    assert.equal((await run(token)).code, 'IdempotentInstanceTerminated');
    await emulator.advance(24 * 3_600_000);
    assert.notEqual((await run(token)).first('instanceId'), first, 'and is forgotten after a day');
  });

  it('keeps the effect of a launch whose answer was lost', async () => {
    emulator.faults.add({ action: 'RunInstances', drop: 'after' });
    await assert.rejects(run({ ClientToken: 'lost' }));
    assert.equal(emulator.live().length, 1);
    const again = await run({ ClientToken: 'lost' });
    assert.equal(again.first('instanceId'), emulator.live()[0]!.id);
    const found = await call('DescribeInstances', { Filter: [{ Name: 'client-token', Value: ['lost'] }] });
    assert.equal(found.all('instanceId').length, 1);
  });

  it('does not know what is new, by id or in lists, as long as it was told', async () => {
    Object.assign(emulator.world.switches, { notFoundMs: 5000, listLagMs: 9000, stateLagMs: 2000 });
    const id = (await run()).first('instanceId');
    assert.equal((await call('DescribeInstances', { InstanceId: [id] })).code, 'InvalidInstanceID.NotFound');
    assert.equal((await call('TerminateInstances', { InstanceId: [id] })).code, 'InvalidInstanceID.NotFound');
    await emulator.advance(5000);
    assert.equal((await call('DescribeInstances', { InstanceId: [id] })).code, '');
    assert.equal((await call('DescribeInstances', { MaxResults: 5 })).all('instanceId').length, 0);
    await emulator.advance(4000);
    const listed = await call('DescribeInstances', { MaxResults: 5 });
    assert.equal(listed.first('name'), 'pending', 'it runs since a second, and the list is two behind');
    assert.equal(emulator.state(id), 'running');
  });

  it('shows an old list when it was told to', async () => {
    const id = await running();
    emulator.faults.add({ action: 'DescribeInstances', stale: 1000 });
    await call('TerminateInstances', { InstanceId: [id] });
    assert.equal((await call('DescribeInstances')).first('name'), 'running');
    assert.equal((await call('DescribeInstances')).first('name'), 'shutting-down');
  });

  const refused: readonly (readonly [string, Parameters, string])[] = [
    ['an image that is not there', { ImageId: 'ami-0123456789abcdef0' }, 'InvalidAMIID.NotFound'],
    ['an image that is none', { ImageId: 'ubuntu' }, 'InvalidAMIID.Malformed'],
    ['a type that is not there', { InstanceType: 'g99.xlarge' }, 'InvalidParameterValue'],
    ['the wrong architecture', { InstanceType: 'g5g.xlarge' }, 'InvalidParameterValue'],
    ['a zone without the type', { Placement: { AvailabilityZone: 'us-east-1d' } }, 'Unsupported'],
    ['a key pair that is not there', { KeyName: 'nobody' }, 'InvalidKeyPair.NotFound'],
    ['a security group that is not there', { SecurityGroupId: ['sg-0123456789abcdef0'] }, 'InvalidGroup.NotFound'],
    ['a subnet that is not there', { SubnetId: 'subnet-0123456789abcdef0' }, 'InvalidSubnetID.NotFound'],
    ['a profile that is not there', { IamInstanceProfile: { Name: 'nobody' } }, 'InvalidParameterValue'],
    ['user data over 16 KB', { UserData: Buffer.alloc(16_385, 'x').toString('base64') }, 'InvalidParameterValue'],
    ['user data that is no base64', { UserData: '#!/bin/sh' }, 'InvalidUserData.Malformed'],
    ['a root volume under the size of the image', { BlockDeviceMapping: [{ DeviceName: '/dev/sda1', Ebs: { VolumeSize: 8 } }] }, 'InvalidBlockDeviceMapping'],
    ['stop for spot', { ...SPOT, InstanceInitiatedShutdownBehavior: 'stop' }, 'InvalidParameterCombination'],
    ['a spot price under the market', { InstanceMarketOptions: { MarketType: 'spot', SpotOptions: { MaxPrice: '0.01' } } }, 'SpotMaxPriceTooLow'],
    ['more than the quota', { InstanceType: 'g5.12xlarge', MinCount: 3, MaxCount: 3 }, 'VcpuLimitExceeded'],
    ['more spot than the quota', { ...SPOT, InstanceType: 'g5.12xlarge', MinCount: 2, MaxCount: 2 }, 'MaxSpotInstanceCountExceeded'],
    ['tags that Amazon keeps', { TagSpecification: [{ ResourceType: 'instance', Tag: [{ Key: 'aws:x', Value: '1' }] }] }, 'InvalidParameterValue'],
  ];
  for (const [what, parameters, code] of refused) {
    it(`refuses ${what}`, async () => {
      assert.equal((await run(parameters)).code, code);
      assert.equal(emulator.live().length, 0);
    });
  }

  it('has the room it was told, by zone, type and market', async () => {
    const region = emulator.region('us-east-1');
    region.setCapacity({ zone: 'us-east-1a', type: 'g5.xlarge', left: 0 });
    const full = await run({ Placement: { AvailabilityZone: 'us-east-1a' } });
    assert.deepEqual([full.status, full.code], [500, 'InsufficientInstanceCapacity']);
    assert.equal((await run({ Placement: { AvailabilityZone: 'us-east-1b' } })).first('availabilityZone'), 'us-east-1b');
    assert.equal((await run()).first('availabilityZone'), 'us-east-1b', 'it chooses a zone that has room');
    region.setCapacity({ market: 'spot', left: 1 });
    assert.equal((await run(SPOT)).code, '');
    assert.equal((await run(SPOT)).code, 'InsufficientInstanceCapacity');
  });

  it('has a request for each spot machine, with tags of its own, that can be cancelled alone', async () => {
    const id = await running({
      ...SPOT,
      TagSpecification: [{ ResourceType: 'spot-instances-request', Tag: [{ Key: 'owner', Value: 'me' }] }],
    });
    const requests = await call('DescribeSpotInstanceRequests', { Filter: [{ Name: 'tag:owner', Value: ['me'] }] });
    assert.deepEqual([requests.first('state'), requests.first('instanceId')], ['active', id]);
    assert.equal((await call('StopInstances', { InstanceId: [id] })).code, 'UnsupportedOperation');
    const [request = ''] = requests.all('spotInstanceRequestId');
    await call('CancelSpotInstanceRequests', { SpotInstanceRequestId: [request] });
    assert.equal(emulator.state(id), 'running', 'cancelling does not end the machine');
    await call('TerminateInstances', { InstanceId: [id] });
    await emulator.advance(20_000);
    assert.deepEqual(emulator.meter.left(), []);
  });

  it('leaves an open request behind where that is switched on: the late twin', async () => {
    emulator.world.switches.openRequestAfterRefusal = true;
    const region = emulator.region('us-east-1');
    region.setCapacity({ market: 'spot', left: 0 });
    assert.equal((await run(SPOT)).code, 'InsufficientInstanceCapacity');
    assert.equal(emulator.meter.left().length, 1);
    region.setCapacity({ market: 'spot', left: 1 });
    await emulator.advance(10_000);
    assert.equal(emulator.live().length, 1);
  });

  it('gives another machine for a persistent request until that is cancelled', async () => {
    const id = await running({
      InstanceMarketOptions: { MarketType: 'spot', SpotOptions: { SpotInstanceType: 'persistent', InstanceInterruptionBehavior: 'stop' } },
    });
    await call('TerminateInstances', { InstanceId: [id] });
    await emulator.advance(30_000);
    const [twin] = emulator.live();
    assert.ok(twin !== undefined && twin.id !== id);
    await call('CancelSpotInstanceRequests', { SpotInstanceRequestId: [twin.spot!.id] });
    await call('TerminateInstances', { InstanceId: [twin.id] });
    await emulator.advance(60_000);
    assert.deepEqual(emulator.meter.left(), []);
  });

  it('takes back what was to cost less', async () => {
    const id = await running({ InstanceMarketOptions: { MarketType: 'spot', SpotOptions: { MaxPrice: '0.5' } } });
    emulator.setSpotPrice('us-east-1', 'g5.xlarge', emulator.instance(id).zone, 0.49);
    assert.equal(emulator.instance(id).notice, undefined);
    emulator.setSpotPrice('us-east-1', 'g5.xlarge', emulator.instance(id).zone, 0.51);
    await emulator.advance(140_000);
    assert.equal(emulator.state(id), 'terminated');
    const [request] = (await call('DescribeSpotInstanceRequests')).all('code');
    assert.equal(request, 'instance-terminated-by-price');
  });

  it('takes a spot machine back with two minutes of notice', async () => {
    const id = await running(SPOT);
    emulator.reclaimSpot(id);
    assert.deepEqual(emulator.instance(id).notice, { action: 'terminate', time: emulator.clock.now() + 120_000 });
    await emulator.advance(119_000);
    assert.equal(emulator.state(id), 'running');
    await emulator.advance(20_000);
    assert.equal(emulator.state(id), 'terminated');
    const shown = await call('DescribeInstances', { InstanceId: [id] });
    assert.match(shown.body, /<code>Server.SpotInstanceTermination<\/code>/);
    assert.equal((await call('DescribeSpotInstanceRequests')).first('state'), 'closed');
  });

  it('reads back the shutdown behaviour, and tags what EC2 can tag', async () => {
    const id = await running({
      InstanceInitiatedShutdownBehavior: 'terminate',
      TagSpecification: ['instance', 'volume', 'network-interface'].map((ResourceType) => ({ ResourceType, Tag: [{ Key: 'k', Value: ResourceType }] })),
    });
    const read = await call('DescribeInstanceAttribute', { InstanceId: id, Attribute: 'instanceInitiatedShutdownBehavior' });
    assert.equal(read.first('value'), 'terminate');
    assert.deepEqual((await call('DescribeTags')).all('value').sort(), ['instance', 'network-interface', 'volume']);
    await call('ModifyInstanceAttribute', { InstanceId: id, DisableApiTermination: { Value: true } });
    assert.equal((await call('TerminateInstances', { InstanceId: [id] })).code, 'OperationNotPermitted');
  });
});
