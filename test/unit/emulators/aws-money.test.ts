import assert from 'node:assert/strict';
import { AwsEmulator } from '../../emulators/aws/aws-emulator.ts';
import { TYPES } from '../../emulators/aws/catalog/types.ts';
import { seed, seedAddress } from '../../emulators/aws/seed.ts';
import type { AwsAnswer, Parameter } from '../../support/aws-call.ts';
import { awsCall } from '../../support/aws-call.ts';

const HOUR = 3_600_000;

describe('disks and the meter of the AWS emulator', () => {
  let emulator: AwsEmulator;

  beforeEach(async () => {
    emulator = await AwsEmulator.start();
  });

  afterEach(async () => {
    await emulator.stop();
    emulator.assertClean();
  });

  const call = (action: string, parameters: Readonly<Record<string, Parameter>> = {}): Promise<AwsAnswer> =>
    awsCall(emulator, action, parameters);

  async function one(spot = false): Promise<string> {
    const [id = ''] = await seed(emulator, { region: 'us-east-1', count: 1, zone: 'us-east-1a', type: 'g5.xlarge', rootGb: 100, spot });
    return id;
  }

  const spent = (what: string): number => emulator.meter.total((charge) => charge.what === what);

  function near(actual: number, expected: number): void {
    assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
  }

  it('bills a machine from running to shutting-down, by the second', async () => {
    const id = await one();
    near(emulator.meter.rate(), 1.006 + 0.005 + (100 * 0.08) / 730);
    await emulator.advance(HOUR);
    await call('TerminateInstances', { InstanceId: [id] });
    await emulator.advance(HOUR);
    near(spent('instance'), 1.006);
    near(spent('public-ipv4'), 0.005);
    // The disk lived from the launch (8 s pending) to the end (12 s shutting down).
    near(spent('volume'), ((100 * 0.08) / 730) * (1 + 20 / 3600));
    assert.ok(emulator.meter.nothingLeft(), emulator.meter.left().join());
  });

  it('bills a minute at least for each start', async () => {
    const id = await one();
    await emulator.advance(10_000);
    await call('StopInstances', { InstanceId: [id] });
    await emulator.advance(20_000);
    near(spent('instance'), 1.006 / 60);
    await call('StartInstances', { InstanceId: [id] });
    await emulator.advance(8000 + 5000);
    await call('TerminateInstances', { InstanceId: [id] });
    await emulator.advance(20_000);
    near(spent('instance'), (2 * 1.006) / 60);
  });

  it('bills the disk of a stopped machine and not its address', async () => {
    const id = await one();
    await call('StopInstances', { InstanceId: [id] });
    await emulator.advance(60_000);
    assert.match(emulator.meter.left().join(), /^volume vol-[0-9a-f]+$/);
    const before = emulator.meter.total();
    await emulator.advance(730 * HOUR);
    near(emulator.meter.total() - before, 8);
  });

  it('takes nothing for a spot machine that was taken back in its first hour', async () => {
    const early = await one(true);
    emulator.reclaimSpot(early);
    await emulator.advance(10 * 60_000);
    near(spent('instance'), 0);
    const late = await one(true);
    await emulator.advance(HOUR);
    emulator.reclaimSpot(late);
    await emulator.advance(10 * 60_000);
    near(spent('instance'), emulator.region('us-east-1').spotPrice(TYPES.get('g5.xlarge')!, 'us-east-1a') * (1 + 1 / 30));
    assert.ok(emulator.meter.nothingLeft());
  });

  it('bills spot by the price at the beginning of each hour', async () => {
    const region = emulator.region('us-east-1');
    const type = TYPES.get('g5.xlarge')!;
    region.setSpotPrice(type, 'us-east-1a', 0.4);
    await one(true);
    await emulator.advance(HOUR / 2);
    region.setSpotPrice(type, 'us-east-1a', 0.6);
    await emulator.advance(HOUR);
    near(spent('instance'), 0.4 + 0.3);
  });

  it('attaches only in the same zone, once, at a free device', async () => {
    const id = await one();
    const make = async (zone: string): Promise<string> =>
      (await call('CreateVolume', { AvailabilityZone: zone, Size: 10, VolumeType: 'gp3' })).first('volumeId');
    const [near1, near2, far] = [await make('us-east-1a'), await make('us-east-1a'), await make('us-east-1b')];
    const attach = async (VolumeId: string, Device: string): Promise<string> =>
      (await call('AttachVolume', { VolumeId, InstanceId: id, Device })).code;
    assert.equal(await attach(near1, '/dev/sdf'), 'IncorrectState', 'it is being created');
    await emulator.advance(2000);
    assert.equal(await attach(far, '/dev/sdf'), 'InvalidVolume.ZoneMismatch');
    assert.equal(await attach(near1, '/dev/sdf'), '');
    assert.equal(await attach(near1, '/dev/sdg'), 'VolumeInUse');
    assert.equal(await attach(near2, '/dev/sdf'), 'InvalidParameterValue');
    assert.equal((await call('DeleteVolume', { VolumeId: near1 })).code, 'VolumeInUse');
    assert.equal((await call('DetachVolume', { VolumeId: near1 })).code, '', 'without the id of the instance');
    await emulator.advance(2000);
    assert.equal((await call('DescribeVolumes', { VolumeId: [near1] })).first('status'), 'available');
    assert.equal((await call('DeleteVolume', { VolumeId: near1 })).code, '');
    assert.equal((await call('DescribeVolumes', { VolumeId: [near1] })).code, 'InvalidVolume.NotFound');
  });

  it('leaves a data volume when its machine ends, and bills it on', async () => {
    const id = await one();
    const data = (await call('CreateVolume', { AvailabilityZone: 'us-east-1a', Size: 10 })).first('volumeId');
    await emulator.advance(2000);
    await call('AttachVolume', { VolumeId: data, InstanceId: id, Device: '/dev/sdf' });
    await call('TerminateInstances', { InstanceId: [id] });
    await emulator.advance(20_000);
    assert.deepEqual(emulator.meter.left(), [`volume ${data}`]);
  });

  it('bills an address of one’s own whether it is used or not', async () => {
    const id = await one();
    const address = seedAddress(emulator, 'us-east-1', id);
    await emulator.advance(HOUR);
    near(emulator.meter.total(address.id), 0.005);
    const shown = await call('DescribeAddresses', { Filter: [{ Name: 'instance-id', Value: [id] }] });
    assert.equal(shown.first('publicIp'), address.ip);
  });

  it('makes one volume for one token, and changes it every six hours at most', async () => {
    const wish = { AvailabilityZone: 'us-east-1a', Size: 10, VolumeType: 'gp3', ClientToken: 't' };
    const id = (await call('CreateVolume', wish)).first('volumeId');
    assert.equal((await call('CreateVolume', wish)).first('volumeId'), id);
    assert.equal((await call('CreateVolume', { ...wish, Size: 11 })).code, 'IdempotentParameterMismatch');
    await emulator.advance(2000);
    assert.equal((await call('ModifyVolume', { VolumeId: id, Size: 5 })).code, 'InvalidParameterValue');
    assert.equal((await call('ModifyVolume', { VolumeId: id, Size: 20 })).first('modificationState'), 'modifying');
    assert.equal((await call('ModifyVolume', { VolumeId: id, Size: 30 })).code, 'VolumeModificationRateExceeded');
    await emulator.advance(6 * HOUR);
    near(spent('volume'), ((10 * 0.08) / 730) * (2 / 3600) + ((20 * 0.08) / 730) * 6);
    assert.equal((await call('DescribeVolumesModifications', { VolumeId: [id] })).first('modificationState'), 'completed');
  });

  it('holds thousands of machines in a moment', async () => {
    const began = performance.now();
    await seed(emulator, { region: 'us-west-2', count: 5000 });
    const page = await awsCall(emulator, 'DescribeInstances', { MaxResults: 1000 }, { region: 'us-west-2' });
    assert.equal(page.all('amiLaunchIndex').length, 1000);
    assert.ok(performance.now() - began < 60_000, 'far below the limit of a test');
  });
});
