import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { EC2_PAGES, page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Modification, Volume } from '../core/resources.ts';
import { list, text, whole } from '../core/shape.ts';
import type { Body } from '../core/xml.ts';
import { bill, checkDisk } from './volume-state.ts';

const PAUSE_MS = 6 * 3_600_000;

export const modifyVolume = ec2Action(
  { VolumeId: text, Size: whole, VolumeType: text, Iops: whole, Throughput: whole },
  (input, { region, world }): Body => {
    const volume = region.volume(need(input.VolumeId, 'VolumeId'));
    const now = world.clock.now();
    const last = volume.modification;
    if (volume.state !== 'available' && volume.state !== 'in-use') {
      throw new Refusal('IncorrectState', `Volume '${volume.id}' is in the '${volume.state}' state.`);
    }
    if (last !== undefined && now < last.startedAt + PAUSE_MS) {
      throw new Refusal(
        'VolumeModificationRateExceeded',
        `You've reached the maximum modification rate per volume limit. Wait at least 6 hours between modifications per EBS volume.`,
      );
    }
    const kind = input.VolumeType ?? volume.kind;
    const gb = input.Size ?? volume.gb;
    if (gb < volume.gb) throw new Refusal('InvalidParameterValue', 'New size cannot be smaller than existing size');
    checkDisk(kind, gb, input.Iops ?? (kind === volume.kind && kind !== 'gp2' ? volume.iops : undefined), input.Throughput);
    const change: Modification = {
      state: 'modifying',
      progress: 0,
      startedAt: now,
      endedAt: undefined,
      from: {
        kind: volume.kind,
        gb: volume.gb,
        ...(volume.iops !== undefined && { iops: volume.iops }),
        ...(volume.throughput !== undefined && { throughput: volume.throughput }),
      },
    };
    volume.modification = change;
    volume.kind = kind;
    volume.gb = gb;
    volume.iops = input.Iops ?? (kind === 'gp3' ? Math.max(3000, volume.iops ?? 0) : volume.iops);
    volume.throughput = kind === 'gp3' ? (input.Throughput ?? volume.throughput ?? 125) : undefined;
    bill(region, volume);
    world.clock.after(world.timings.modify, () => {
      change.state = 'optimizing';
      change.progress = 50;
    });
    world.clock.after(2 * world.timings.modify, () => {
      change.state = 'completed';
      change.progress = 100;
      change.endedAt = world.clock.now();
    });
    return { volumeModification: changeBody(volume, change) };
  },
);

interface Change {
  readonly volume: Volume;
  readonly change: Modification;
}

const FACETS: Facets<Change> = {
  'volume-id': ({ volume }) => volume.id,
  'modification-state': ({ change }) => change.state,
};

export const describeVolumesModifications = ec2Action(
  { VolumeId: list(text), Filter: filters, MaxResults: whole, NextToken: text },
  (input, { region, world, action }): Body => {
    const volumes = input.VolumeId?.map((id) => region.volume(id)) ?? [...region.volumes.values()];
    const all = volumes.flatMap((volume): Change[] =>
      volume.modification === undefined ? [] : [{ volume, change: volume.modification }],
    );
    const { items, nextToken } = page(world, action, sift(all, input.Filter, FACETS), input, EC2_PAGES);
    return { volumeModificationSet: items.map(({ volume, change }) => changeBody(volume, change)), nextToken };
  },
);

function changeBody(volume: Volume, change: Modification): Body {
  return {
    volumeId: volume.id,
    modificationState: change.state,
    targetSize: volume.gb,
    targetIops: volume.iops,
    targetVolumeType: volume.kind,
    targetThroughput: volume.throughput,
    originalSize: change.from.gb,
    originalIops: change.from.iops,
    originalVolumeType: change.from.kind,
    originalThroughput: change.from.throughput,
    progress: change.progress,
    startTime: new Date(change.startedAt),
    endTime: change.endedAt === undefined ? undefined : new Date(change.endedAt),
  };
}
