import type { ImageSpec } from '../catalog/images.ts';
import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { page } from '../core/paging.ts';
import { Refusal } from '../core/refusal.ts';
import { flag, list, text, whole } from '../core/shape.ts';
import type { Body } from '../core/xml.ts';

const FACETS: Facets<ImageSpec> = {
  'image-id': ({ id }) => id,
  name: ({ name }) => name,
  architecture: ({ arch }) => arch,
  state: () => 'available',
  'owner-id': ({ owner }) => owner,
  'owner-alias': ({ alias }) => alias,
  'root-device-type': () => 'ebs',
  'virtualization-type': () => 'hvm',
  'is-public': ({ alias }) => String(alias !== undefined),
  description: ({ description }) => description,
};

export const describeImages = ec2Action(
  {
    ImageId: list(text),
    Owner: list(text),
    Filter: filters,
    IncludeDeprecated: flag,
    MaxResults: whole,
    NextToken: text,
  },
  (input, { region, world, action }): Body => {
    const asked = input.ImageId?.map((id) => {
      const found = region.images.find((image) => image.id === id);
      if (found === undefined) throw new Refusal('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
      return found;
    });
    const owners = input.Owner?.map((owner) => (owner === 'self' ? world.account : owner));
    const owned = (asked ?? region.images).filter(
      ({ owner, alias }) => owners?.some((name) => name === owner || name === alias) ?? true,
    );
    const { items, nextToken } = page(world, action, sift(owned, input.Filter, FACETS), input, { least: 1, most: 1000 });
    return { imagesSet: items.map(imageBody), nextToken };
  },
);

function imageBody(image: ImageSpec): Body {
  return {
    imageId: image.id,
    imageLocation: `${image.alias ?? image.owner}/${image.name}`,
    imageState: 'available',
    imageOwnerId: image.owner,
    imageOwnerAlias: image.alias,
    creationDate: image.created,
    isPublic: image.alias !== undefined,
    architecture: image.arch,
    imageType: 'machine',
    name: image.name,
    description: image.description,
    rootDeviceType: 'ebs',
    rootDeviceName: image.rootDevice,
    blockDeviceMapping: [
      {
        deviceName: image.rootDevice,
        ebs: {
          snapshotId: image.rootSnapshot,
          volumeSize: image.rootGb,
          deleteOnTermination: true,
          volumeType: 'gp3',
          encrypted: false,
        },
      },
      { deviceName: '/dev/sdb', virtualName: 'ephemeral0' },
    ],
    virtualizationType: 'hvm',
    hypervisor: 'xen',
    enaSupport: true,
    platformDetails: 'Linux/UNIX',
    usageOperation: 'RunInstances',
    imdsSupport: image.imdsV2 ? 'v2.0' : undefined,
  };
}
