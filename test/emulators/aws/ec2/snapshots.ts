import { snapshotHour } from '../catalog/rates.ts';
import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { EC2_PAGES, page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import type { Snapshot } from '../core/resources.ts';
import { list, text, whole } from '../core/shape.ts';
import { tagsAtCreation, tagSet, tagSpecifications } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';
import { listed } from './listed.ts';

export const createSnapshot = ec2Action(
  { VolumeId: text, Description: text, TagSpecification: tagSpecifications },
  (input, { region, world }): Body => {
    const volume = region.volume(need(input.VolumeId, 'VolumeId'));
    const id = world.id('snap');
    const snapshot: Snapshot = {
      id,
      createdAt: world.clock.now(),
      tags: tagsAtCreation(input.TagSpecification, 'snapshot')('snapshot'),
      volumeId: volume.id,
      gb: volume.gb,
      description: input.Description ?? '',
      encrypted: volume.encrypted,
      state: 'pending',
      // As if every block were written: what is really stored nobody can foresee.
      charge: world.meter.begin({
        resource: id,
        what: 'snapshot',
        region: region.name,
        rate: snapshotHour(volume.gb) * region.spec.factor,
        minimumMs: 0,
      }),
    };
    region.snapshots.set(snapshot.id, snapshot);
    world.clock.after(world.timings.snapshot, () => {
      snapshot.state = 'completed';
    });
    return snapshotBody(region, snapshot);
  },
);

export const deleteSnapshot = ec2Action({ SnapshotId: text }, (input, { region, world }): Body => {
  const snapshot = snapshotById(region, need(input.SnapshotId, 'SnapshotId'));
  world.meter.end(snapshot.charge);
  region.snapshots.delete(snapshot.id);
  return { return: true };
});

function snapshotById(region: Region, id: string): Snapshot {
  const found = region.snapshots.get(id);
  if (found === undefined) throw new Refusal('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`);
  return found;
}

const FACETS: Facets<Snapshot> = {
  'snapshot-id': ({ id }) => id,
  'volume-id': ({ volumeId }) => volumeId,
  status: ({ state }) => state,
};

export const describeSnapshots = ec2Action(
  { Filter: filters, SnapshotId: list(text), Owner: list(text), MaxResults: whole, NextToken: text },
  (input, call): Body => {
    const { region, world } = call;
    const isOurs = input.Owner?.every((owner) => owner === 'self' || owner === world.account) ?? true;
    const all = input.SnapshotId?.map((id) => snapshotById(region, id)) ?? listed(call, region.snapshots.values());
    const found = isOurs ? sift(all, input.Filter, FACETS, ({ tags }) => tags) : [];
    const { items, nextToken } = page(world, call.action, found, input, EC2_PAGES);
    return { snapshotSet: items.map((one) => snapshotBody(region, one)), nextToken };
  },
);

function snapshotBody({ world }: Region, snapshot: Snapshot): Body {
  return {
    snapshotId: snapshot.id,
    volumeId: snapshot.volumeId,
    status: snapshot.state,
    startTime: new Date(snapshot.createdAt),
    progress: snapshot.state === 'completed' ? '100%' : '10%',
    ownerId: world.account,
    volumeSize: snapshot.gb,
    description: snapshot.description,
    encrypted: snapshot.encrypted,
    tagSet: tagSet(snapshot.tags),
  };
}
