import type { ImageSpec } from '../catalog/images.ts';
import type { TypeSpec } from '../catalog/types.ts';
import { TYPES } from '../catalog/types.ts';
import type { Call } from '../core/call.ts';
import { invalidValue, need, Refusal, Violation } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import type { MetadataOptions, Subnet } from '../core/resources.ts';
import type { LaunchInput } from './launch-input.ts';
import type { VolumeWish } from './volume-state.ts';
import { checkDisk } from './volume-state.ts';

/** A disk as the launch will make it; the zone is not known yet. */
export interface DiskPlan {
  readonly device: string;
  readonly deleteOnTermination: boolean;
  readonly wish: Omit<VolumeWish, 'zone' | 'tags'>;
}

/** A launch whose parameters are all right; whether there is room is another question. */
export interface LaunchPlan {
  readonly image: ImageSpec;
  readonly type: TypeSpec;
  readonly least: number;
  readonly most: number;
  /** Where it may be. */
  readonly zones: readonly string[];
  readonly subnetIn: (zone: string) => Subnet;
  readonly groupIds: readonly string[];
  readonly profileArn: string | undefined;
  readonly userData: string;
  readonly disks: readonly DiskPlan[];
  readonly publicIp: boolean | undefined;
  readonly metadata: MetadataOptions;
  readonly spot: { readonly kind: 'one-time' | 'persistent'; readonly interruption: 'terminate' | 'stop' | 'hibernate'; readonly maxPrice: number } | undefined;
}

const USER_DATA_BYTES = 16_384;

/** Checks every parameter of RunInstances, in about the order in which EC2 does. */
export function planLaunch(input: LaunchInput, { region, world }: Call): LaunchPlan {
  const type = typeOf(need(input.InstanceType, 'InstanceType'));
  const image = imageOf(region, need(input.ImageId, 'ImageId'));
  const [least, most] = [need(input.MinCount, 'MinCount'), need(input.MaxCount, 'MaxCount')];
  if (least < 1 || most < least) throw invalidValue('minCount', least, 'must be from 1 to maxCount');
  if (image.arch !== type.arch) {
    throw new Refusal(
      'InvalidParameterValue',
      `The architecture '${type.arch}' of the specified instance type does not match the architecture '${image.arch}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
    );
  }
  if (input.KeyName !== undefined && ![...region.keys.values()].some(({ name }) => name === input.KeyName)) {
    throw new Refusal('InvalidKeyPair.NotFound', `The key pair '${input.KeyName}' does not exist`);
  }
  if ((input.ClientToken ?? '').length > 64) throw invalidValue('clientToken', input.ClientToken, 'is too long');
  if (input.Placement?.Tenancy !== undefined && input.Placement.Tenancy !== 'default') {
    throw new Violation('UnsupportedOperation', 'This emulator knows only default tenancy');
  }
  const network = networkOf(input, region);
  return {
    image,
    type,
    least,
    most,
    ...network,
    ...zonesOf(input, region, type, network.subnetId),
    profileArn: profileOf(input, world.iam),
    userData: userDataOf(input),
    disks: disksOf(input, image),
    metadata: {
      tokens: input.MetadataOptions?.HttpTokens ?? (image.imdsV2 ? 'required' : 'optional'),
      hops: input.MetadataOptions?.HttpPutResponseHopLimit ?? (image.imdsV2 ? 2 : 1),
      endpoint: input.MetadataOptions?.HttpEndpoint ?? 'enabled',
      tagsShown: input.MetadataOptions?.InstanceMetadataTags ?? 'disabled',
    },
    spot: spotOf(input, region, type),
  };
}

/** A type by its name. */
export function typeOf(name: string): TypeSpec {
  const found = TYPES.get(name);
  if (found !== undefined) return found;
  if (/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/.test(name)) {
    throw new Refusal('InvalidParameterValue', `Invalid value '${name}' for InstanceType.`);
  }
  throw new Refusal('InvalidInstanceType', `The instance type '${name}' is not valid`);
}

function imageOf(region: Region, id: string): ImageSpec {
  if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
    throw new Refusal('InvalidAMIID.Malformed', `Invalid id: "${id}"`);
  }
  const found = region.images.find((image) => image.id === id);
  if (found === undefined) throw new Refusal('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  return found;
}

function networkOf(input: LaunchInput, region: Region): { groupIds: readonly string[]; subnetId: string | undefined; publicIp: boolean | undefined } {
  const [card, ...more] = input.NetworkInterface ?? [];
  if (more.length > 0) throw new Violation('UnsupportedOperation', 'This emulator knows one network interface');
  if (card !== undefined) {
    if (card.DeviceIndex !== 0) throw new Refusal('MissingParameter', 'Each network interface requires a device index.');
    if (input.SubnetId !== undefined || input.SecurityGroupId !== undefined) {
      throw new Refusal(
        'InvalidParameterCombination',
        'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
      );
    }
  }
  const groups = card?.SecurityGroupId ?? input.SecurityGroupId;
  return {
    groupIds: groups?.map((id) => region.group(id).id) ?? [region.defaultGroup.id],
    subnetId: card?.SubnetId ?? input.SubnetId,
    publicIp: card?.AssociatePublicIpAddress,
  };
}

function zonesOf(input: LaunchInput, region: Region, type: TypeSpec, subnetId: string | undefined): Pick<LaunchPlan, 'zones' | 'subnetIn'> {
  const offered = region.zonesOf(type);
  const asked = input.Placement?.AvailabilityZone;
  const subnet = subnetId === undefined ? undefined : region.subnets.get(subnetId);
  if (subnetId !== undefined && subnet === undefined) {
    throw new Refusal('InvalidSubnetID.NotFound', `The subnet ID '${subnetId}' does not exist`);
  }
  if (asked !== undefined && !region.spec.zones.includes(asked)) {
    throw new Refusal('InvalidParameterValue', `Invalid availability zone: [${asked}]`);
  }
  if (subnet !== undefined && asked !== undefined && asked !== subnet.zone) {
    throw new Refusal('InvalidParameterValue', `The availability zone '${asked}' is not that of subnet '${subnet.id}'`);
  }
  const zone = subnet?.zone ?? asked;
  if (offered.length === 0 || (zone !== undefined && !offered.includes(zone))) {
    const where = zone === undefined ? `region (${region.name})` : `Availability Zone (${zone})`;
    throw new Refusal(
      'Unsupported',
      `Your requested instance type (${type.name}) is not supported in your requested ${where}. Please retry your request by not specifying an Availability Zone or choosing ${offered.join(', ')}.`,
    );
  }
  return {
    zones: zone === undefined ? offered : [zone],
    subnetIn: (where) => subnet ?? [...region.subnets.values()].find((one) => one.zone === where)!,
  };
}

function profileOf(input: LaunchInput, iam: Call['world']['iam']): string | undefined {
  const { IamInstanceProfile: asked } = input;
  if (asked === undefined) return undefined;
  const found = iam.profileArn(asked.Name, asked.Arn);
  if (found !== undefined) return found;
  const [name, value] = asked.Name === undefined ? ['iamInstanceProfile.arn', asked.Arn] : ['iamInstanceProfile.name', asked.Name];
  throw new Refusal('InvalidParameterValue', `Value (${String(value)}) for parameter ${name} is invalid. Invalid IAM Instance Profile name`);
}

function userDataOf({ UserData: encoded = '' }: LaunchInput): string {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(encoded)) {
    throw new Refusal('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.');
  }
  const decoded = Buffer.from(encoded, 'base64');
  if (decoded.length > USER_DATA_BYTES) {
    throw new Refusal('InvalidParameterValue', 'User data is limited to 16384 bytes');
  }
  return decoded.toString('utf8');
}

function disksOf(input: LaunchInput, image: ImageSpec): DiskPlan[] {
  const asked = input.BlockDeviceMapping ?? [];
  const root = asked.find(({ DeviceName: device }) => device === image.rootDevice);
  const rest = asked.filter((one) => one !== root);
  const names = asked.map(({ DeviceName: name }) => need(name, 'blockDeviceMapping.deviceName'));
  if (new Set(names).size < names.length) throw invalidValue('blockDeviceMapping', names.join(), 'names a device twice');
  const gb = root?.Ebs?.VolumeSize ?? image.rootGb;
  if (gb < image.rootGb) {
    throw new Refusal(
      'InvalidBlockDeviceMapping',
      `Volume of size ${gb}GB is smaller than snapshot '${image.rootSnapshot}', expect size>= ${image.rootGb}GB`,
    );
  }
  const first = disk(image.rootDevice, { ...root?.Ebs, VolumeSize: gb }, true, image.rootSnapshot);
  return [
    first,
    ...rest.map(({ DeviceName: device = '', Ebs: ebs }) => {
      if (ebs?.VolumeSize === undefined) throw new Refusal('MissingParameter', `The request must contain the parameter size or snapshotId`);
      return disk(device, ebs, false, ebs.SnapshotId);
    }),
  ];
}

type Ebs = NonNullable<NonNullable<LaunchInput['BlockDeviceMapping']>[number]['Ebs']>;

function disk(device: string, ebs: Ebs, isRoot: boolean, snapshotId: string | undefined): DiskPlan {
  const { VolumeType: kind = 'gp2', VolumeSize: gb = 0, Iops: iops, Throughput: throughput } = ebs;
  checkDisk(kind, gb, iops, throughput);
  return {
    device,
    // Only the root volume ends with its machine by itself.
    deleteOnTermination: ebs.DeleteOnTermination ?? isRoot,
    wish: { kind, gb, iops, throughput, encrypted: ebs.Encrypted ?? false, snapshotId },
  };
}

function spotOf(input: LaunchInput, region: Region, type: TypeSpec): LaunchPlan['spot'] {
  if (input.InstanceMarketOptions === undefined) return undefined;
  if (input.InstanceMarketOptions.MarketType !== 'spot') throw invalidValue('marketType', undefined);
  const options = input.InstanceMarketOptions.SpotOptions ?? {};
  const kind = options.SpotInstanceType ?? 'one-time';
  const interruption = options.InstanceInterruptionBehavior ?? 'terminate';
  if (input.InstanceInitiatedShutdownBehavior === 'stop') {
    throw new Refusal('InvalidParameterCombination', "The attribute 'instanceInitiatedShutdownBehavior' cannot be 'stop' for Spot Instances.");
  }
  if (kind === 'persistent' && interruption === 'terminate') {
    throw new Refusal('InvalidParameterCombination', 'Persistent Spot Instance requests need the interruption behavior stop or hibernate.');
  }
  if (kind === 'one-time' && interruption !== 'terminate') {
    throw new Refusal('InvalidParameterCombination', `The interruption behavior ${interruption} is not supported for one-time requests.`);
  }
  if (options.ValidUntil !== undefined && kind === 'one-time') {
    throw new Refusal('InvalidParameterCombination', 'ValidUntil is supported only for persistent requests.');
  }
  const maxPrice = options.MaxPrice === undefined ? region.onDemandPrice(type) : Number(options.MaxPrice);
  if (!(maxPrice > 0.001)) throw invalidValue('spotPrice', options.MaxPrice);
  return { kind, interruption, maxPrice };
}
