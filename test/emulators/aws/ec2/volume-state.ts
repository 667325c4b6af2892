import { diskHour } from '../catalog/rates.ts';
import { Refusal } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import type { Instance, Tags, Volume } from '../core/resources.ts';

const MINUTE = 60_000;

/** What a volume is asked to be. */
export interface VolumeWish {
  readonly zone: string;
  readonly kind: string;
  readonly gb: number;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
  readonly encrypted: boolean;
  readonly snapshotId: string | undefined;
  readonly tags: Tags;
}

interface Limits {
  readonly gb: readonly [number, number];
  readonly iops?: readonly [number, number];
}

const LIMITS: Readonly<Record<string, Limits>> = {
  gp3: { gb: [1, 16384], iops: [3000, 16000] },
  gp2: { gb: [1, 16384] },
  io1: { gb: [4, 16384], iops: [100, 64000] },
  io2: { gb: [4, 16384], iops: [100, 64000] },
  st1: { gb: [125, 16384] },
  sc1: { gb: [125, 16384] },
  standard: { gb: [1, 1024] },
};

/** Refuses sizes and rates that the kind of volume does not have. */
export function checkDisk(kind: string, gb: number, iops: number | undefined, throughput: number | undefined): void {
  const limits = LIMITS[kind];
  if (limits === undefined) throw new Refusal('UnknownVolumeType', `Unsupported volume type '${kind}' for volume creation.`);
  const [least, most] = limits.gb;
  if (gb < least || gb > most) {
    throw new Refusal('InvalidParameterValue', `Volume of ${gb}GiB is invalid; the size of ${kind} must be ${least} to ${most} GiB`);
  }
  if (iops !== undefined) {
    if (limits.iops === undefined) {
      throw new Refusal('InvalidParameterCombination', `The parameter iops is not supported for ${kind} volumes.`);
    }
    const [few, many] = limits.iops;
    if (iops < few || iops > many) {
      throw new Refusal('InvalidParameterValue', `Volume iops of ${iops} is invalid; it must be ${few} to ${many}`);
    }
  } else if (kind === 'io1' || kind === 'io2') {
    throw new Refusal('MissingParameter', `The request must contain the parameter iops for ${kind}`);
  }
  if (throughput === undefined) return;
  if (kind !== 'gp3') {
    throw new Refusal('InvalidParameterCombination', `The parameter throughput is not supported for ${kind} volumes.`);
  }
  if (throughput < 125 || throughput > 1000) {
    throw new Refusal('InvalidParameterValue', `Throughput of ${throughput} is invalid; it must be 125 to 1000`);
  }
}

/** A volume that exists, and bills, from now on. */
export function makeVolume(region: Region, wish: VolumeWish): Volume {
  const { world } = region;
  const { tags, ...rest } = wish;
  const volume: Volume = {
    ...rest,
    id: world.id('vol'),
    createdAt: world.clock.now(),
    tags,
    iops: wish.iops ?? (wish.kind === 'gp3' ? 3000 : wish.kind === 'gp2' ? Math.max(100, wish.gb * 3) : undefined),
    throughput: wish.throughput ?? (wish.kind === 'gp3' ? 125 : undefined),
    state: 'creating',
    attachment: undefined,
    modification: undefined,
    charge: undefined,
  };
  region.volumes.set(volume.id, volume);
  bill(region, volume);
  return volume;
}

/** Bills the volume as it is now. */
export function bill(region: Region, volume: Volume): void {
  const { world, spec } = region;
  // A change within the first minute does not bill that minute twice.
  const rest = volume.charge === undefined ? MINUTE : Math.max(0, MINUTE - (world.clock.now() - volume.charge.from));
  if (volume.charge !== undefined) volume.charge.minimumMs = 0;
  world.meter.end(volume.charge);
  const { kind, gb, iops, throughput } = volume;
  const size = { kind, gb, ...(iops !== undefined && { iops }), ...(throughput !== undefined && { throughput }) };
  volume.charge = world.meter.begin({
    resource: volume.id,
    what: 'volume',
    region: region.name,
    rate: diskHour(size) * spec.factor,
    minimumMs: rest,
  });
}

export function removeVolume(region: Region, volume: Volume): void {
  region.world.meter.end(volume.charge);
  volume.state = 'deleted';
  region.volumes.delete(volume.id);
}

/** After a termination: some volumes end with the machine, the others are free. */
export function releaseVolumes(region: Region, instance: Instance): void {
  for (const volume of [...instance.volumes]) {
    if (volume.attachment?.deleteOnTermination === true) removeVolume(region, volume);
    else {
      volume.attachment = undefined;
      volume.state = 'available';
    }
  }
  instance.volumes.clear();
}
