import type { Actions } from '../core/call.ts';
import * as attributes from './attributes.ts';
import { describeImages } from './images.ts';
import * as instances from './instances.ts';
import * as keys from './key-pairs.ts';
import * as network from './network.ts';
import { runInstances } from './run-instances.ts';
import * as groups from './security-groups.ts';
import * as snapshots from './snapshots.ts';
import * as spot from './spot-requests.ts';
import * as tags from './tags.ts';
import * as types from './types.ts';
import * as changes from './volume-changes.ts';
import * as volumes from './volumes.ts';

/** Every action of EC2 that this emulator knows. */
export const EC2: Actions = {
  RunInstances: runInstances,
  DescribeInstances: instances.describeInstances,
  DescribeInstanceStatus: instances.describeInstanceStatus,
  StartInstances: instances.startInstances,
  StopInstances: instances.stopInstances,
  RebootInstances: instances.rebootInstances,
  TerminateInstances: instances.terminateInstances,
  DescribeInstanceAttribute: attributes.describeInstanceAttribute,
  ModifyInstanceAttribute: attributes.modifyInstanceAttribute,
  ModifyInstanceMetadataOptions: attributes.modifyInstanceMetadataOptions,
  GetConsoleOutput: attributes.getConsoleOutput,
  DescribeInstanceTypes: types.describeInstanceTypes,
  DescribeInstanceTypeOfferings: types.describeInstanceTypeOfferings,
  DescribeSpotPriceHistory: types.describeSpotPriceHistory,
  DescribeSpotInstanceRequests: spot.describeSpotInstanceRequests,
  CancelSpotInstanceRequests: spot.cancelSpotInstanceRequests,
  DescribeImages: describeImages,
  CreateVolume: volumes.createVolume,
  AttachVolume: volumes.attachVolume,
  DetachVolume: volumes.detachVolume,
  DeleteVolume: volumes.deleteVolume,
  DescribeVolumes: volumes.describeVolumes,
  ModifyVolume: changes.modifyVolume,
  DescribeVolumesModifications: changes.describeVolumesModifications,
  CreateSnapshot: snapshots.createSnapshot,
  DeleteSnapshot: snapshots.deleteSnapshot,
  DescribeSnapshots: snapshots.describeSnapshots,
  DescribeRegions: network.describeRegions,
  DescribeAvailabilityZones: network.describeAvailabilityZones,
  DescribeVpcs: network.describeVpcs,
  DescribeSubnets: network.describeSubnets,
  DescribeAddresses: network.describeAddresses,
  CreateSecurityGroup: groups.createSecurityGroup,
  DeleteSecurityGroup: groups.deleteSecurityGroup,
  DescribeSecurityGroups: groups.describeSecurityGroups,
  AuthorizeSecurityGroupIngress: groups.authorizeSecurityGroupIngress,
  RevokeSecurityGroupIngress: groups.revokeSecurityGroupIngress,
  CreateTags: tags.createTags,
  DeleteTags: tags.deleteTags,
  DescribeTags: tags.describeTags,
  ImportKeyPair: keys.importKeyPair,
  DeleteKeyPair: keys.deleteKeyPair,
  DescribeKeyPairs: keys.describeKeyPairs,
};
