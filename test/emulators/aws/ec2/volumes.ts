import type { Call } from '../core/call.ts';
import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { EC2_PAGES, page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Volume } from '../core/resources.ts';
import { stateOf } from '../core/resources.ts';
import { flag, list, text, whole } from '../core/shape.ts';
import { tagsAtCreation, tagSet, tagSpecifications } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';
import { once } from './client-token.ts';
import { listed } from './listed.ts';
import { checkDisk, makeVolume, removeVolume } from './volume-state.ts';

export const createVolume = ec2Action(
  {
    AvailabilityZone: text,
    Size: whole,
    VolumeType: text,
    Iops: whole,
    Throughput: whole,
    Encrypted: flag,
    SnapshotId: text,
    ClientToken: text,
    TagSpecification: tagSpecifications,
  },
  (input, call): Body => {
    const { region, world } = call;
    const [id = ''] = once(call, input.ClientToken, () => {
      const zone = need(input.AvailabilityZone, 'AvailabilityZone');
      if (!region.spec.zones.includes(zone)) {
        throw new Refusal('InvalidZone.NotFound', `The zone '${zone}' does not exist.`);
      }
      const snapshot = input.SnapshotId === undefined ? undefined : region.snapshots.get(input.SnapshotId);
      if (input.SnapshotId !== undefined && snapshot === undefined) {
        throw new Refusal('InvalidSnapshot.NotFound', `The snapshot '${input.SnapshotId}' does not exist.`);
      }
      const gb = input.Size ?? snapshot?.gb;
      if (gb === undefined) throw new Refusal('MissingParameter', 'The request must contain the parameter size/snapshot');
      if (snapshot !== undefined && gb < snapshot.gb) {
        throw new Refusal('InvalidParameterValue', `The size of ${gb}GiB is smaller than that of the snapshot`);
      }
      const kind = input.VolumeType ?? 'gp2';
      checkDisk(kind, gb, input.Iops, input.Throughput);
      const tags = tagsAtCreation(input.TagSpecification, 'volume')('volume');
      const volume = makeVolume(region, {
        zone,
        kind,
        gb,
        iops: input.Iops,
        throughput: input.Throughput,
        encrypted: input.Encrypted ?? snapshot?.encrypted ?? false,
        snapshotId: snapshot?.id,
        tags,
      });
      world.clock.after(world.timings.volume, () => {
        if (volume.state === 'creating') volume.state = 'available';
      });
      return [volume.id];
    });
    const { attachmentSet: _, ...body } = volumeBody(region.volume(id));
    return body;
  },
);

export const attachVolume = ec2Action({ Device: text, InstanceId: text, VolumeId: text }, (input, call): Body => {
  const { region, world } = call;
  const volume = region.volume(need(input.VolumeId, 'VolumeId'));
  const instance = region.instance(need(input.InstanceId, 'InstanceId'));
  const device = need(input.Device, 'Device');
  if (!/^(\/dev\/)?(sd[a-z]\d{0,2}|xvd[a-z]{1,2})$/.test(device)) {
    throw new Refusal('InvalidParameterValue', `Value (${device}) for parameter device is invalid. ${device} is not a valid EBS device name.`);
  }
  if (volume.state === 'in-use') {
    throw new Refusal('VolumeInUse', `${volume.id} is already attached to an instance`);
  }
  if (volume.state !== 'available') {
    throw new Refusal('IncorrectState', `Invalid volume state '${volume.state}' for attaching '${volume.id}'.`);
  }
  const state = stateOf(instance);
  if (state !== 'running' && state !== 'stopped') {
    throw new Refusal('IncorrectState', `Instance '${instance.id}' is not 'running' or 'stopped'.`);
  }
  if (instance.zone !== volume.zone) {
    throw new Refusal('InvalidVolume.ZoneMismatch', `The volume '${volume.id}' is not in the same availability zone as instance '${instance.id}'`);
  }
  if ([...instance.volumes].some(({ attachment }) => attachment?.device === device)) {
    throw new Refusal('InvalidParameterValue', `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`);
  }
  volume.state = 'in-use';
  const attachment = {
    instanceId: instance.id,
    device,
    at: world.clock.now(),
    status: 'attaching' as 'attaching' | 'attached',
    deleteOnTermination: false,
  };
  volume.attachment = attachment;
  instance.volumes.add(volume);
  world.clock.after(world.timings.attach, () => {
    if (volume.attachment === attachment && attachment.status === 'attaching') attachment.status = 'attached';
  });
  return attachmentBody(volume);
});

export const detachVolume = ec2Action(
  { Device: text, Force: flag, InstanceId: text, VolumeId: text },
  (input, { region, world }): Body => {
    // The instance may be left out; when it is named it must be the right one.
    const volume = region.volume(need(input.VolumeId, 'VolumeId'));
    const { attachment } = volume;
    if (attachment === undefined) {
      throw new Refusal('IncorrectState', `Volume '${volume.id}' is in the '${volume.state}' state.`);
    }
    if (input.InstanceId !== undefined && input.InstanceId !== attachment.instanceId) {
      throw new Refusal('InvalidAttachment.NotFound', `Volume '${volume.id}' is not attached to instance '${input.InstanceId}'`);
    }
    if (input.Device !== undefined && input.Device !== attachment.device) {
      throw new Refusal('InvalidAttachment.NotFound', `Volume '${volume.id}' is not attached as device ${input.Device}`);
    }
    const instance = region.instances.get(attachment.instanceId);
    if (instance?.image.rootDevice === attachment.device && stateOf(instance) !== 'stopped') {
      throw new Refusal('OperationNotPermitted', `Unable to detach root volume '${volume.id}' from instance '${instance.id}'`);
    }
    attachment.status = 'detaching';
    const body = attachmentBody(volume);
    world.clock.after(world.timings.attach, () => {
      if (volume.attachment !== attachment) return;
      instance?.volumes.delete(volume);
      volume.attachment = undefined;
      volume.state = 'available';
    });
    return body;
  },
);

export const deleteVolume = ec2Action({ VolumeId: text }, (input, { region }): Body => {
  const volume = region.volume(need(input.VolumeId, 'VolumeId'));
  if (volume.attachment !== undefined) {
    throw new Refusal('VolumeInUse', `Volume ${volume.id} is currently attached to ${volume.attachment.instanceId}`);
  }
  if (volume.state === 'creating') {
    throw new Refusal('IncorrectState', `Volume '${volume.id}' is in the 'creating' state.`);
  }
  removeVolume(region, volume);
  return { return: true };
});

const FACETS: Facets<Volume> = {
  'volume-id': ({ id }) => id,
  status: ({ state }) => state,
  'availability-zone': ({ zone }) => zone,
  'volume-type': ({ kind }) => kind,
  size: ({ gb }) => String(gb),
  encrypted: ({ encrypted }) => String(encrypted),
  'snapshot-id': ({ snapshotId }) => snapshotId,
  'attachment.instance-id': ({ attachment }) => attachment?.instanceId,
  'attachment.status': ({ attachment }) => attachment?.status,
  'attachment.device': ({ attachment }) => attachment?.device,
  'attachment.delete-on-termination': ({ attachment }) => attachment && String(attachment.deleteOnTermination),
};

export const describeVolumes = ec2Action(
  { Filter: filters, VolumeId: list(text), MaxResults: whole, NextToken: text },
  (input, call: Call): Body => {
    const { VolumeId: ids, MaxResults: size } = input;
    if (ids !== undefined && size !== undefined) {
      throw new Refusal('InvalidParameterCombination', 'The parameter volumeSet cannot be used with the parameter maxResults');
    }
    const all = ids?.map((id) => call.region.volume(id)) ?? listed(call, call.region.volumes.values());
    const found = sift(all, input.Filter, FACETS, ({ tags }) => tags);
    const { items, nextToken } = page(call.world, call.action, found, input, EC2_PAGES);
    return { volumeSet: items.map(volumeBody), nextToken };
  },
);

function attachmentBody({ id, attachment }: Volume): Body {
  if (attachment === undefined) return undefined;
  return {
    volumeId: id,
    instanceId: attachment.instanceId,
    device: attachment.device,
    status: attachment.status,
    attachTime: new Date(attachment.at),
    deleteOnTermination: attachment.deleteOnTermination,
  };
}

function volumeBody(volume: Volume): Readonly<Record<string, Body>> {
  return {
    volumeId: volume.id,
    size: volume.gb,
    snapshotId: volume.snapshotId ?? '',
    availabilityZone: volume.zone,
    status: volume.state,
    createTime: new Date(volume.createdAt),
    attachmentSet: volume.attachment === undefined ? [] : [attachmentBody(volume)],
    volumeType: volume.kind,
    iops: volume.iops,
    throughput: volume.throughput,
    encrypted: volume.encrypted,
    multiAttachEnabled: false,
    tagSet: tagSet(volume.tags),
  };
}
