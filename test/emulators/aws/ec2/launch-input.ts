import type { Input } from '../core/shape.ts';
import { flag, list, oneOf, struct, text, time, whole } from '../core/shape.ts';
import { tagSpecifications } from '../core/tags.ts';

const EBS = {
  DeleteOnTermination: flag,
  Iops: whole,
  SnapshotId: text,
  VolumeSize: whole,
  VolumeType: text,
  KmsKeyId: text,
  Throughput: whole,
  Encrypted: flag,
} as const;

const SPOT = {
  MaxPrice: text,
  SpotInstanceType: oneOf('one-time', 'persistent'),
  ValidUntil: time,
  InstanceInterruptionBehavior: oneOf('hibernate', 'stop', 'terminate'),
} as const;

/** What RunInstances takes. What EC2 takes too and is not here is a violation: nobody has taught it yet. */
export const LAUNCH_FIELDS = {
  ImageId: text,
  InstanceType: text,
  MinCount: whole,
  MaxCount: whole,
  KeyName: text,
  SecurityGroupId: list(text),
  SubnetId: text,
  UserData: text,
  ClientToken: text,
  EbsOptimized: flag,
  DisableApiTermination: flag,
  DisableApiStop: flag,
  InstanceInitiatedShutdownBehavior: oneOf('stop', 'terminate'),
  Monitoring: struct({ Enabled: flag }),
  Placement: struct({ AvailabilityZone: text, Tenancy: text }),
  IamInstanceProfile: struct({ Arn: text, Name: text }),
  BlockDeviceMapping: list(struct({ DeviceName: text, Ebs: struct(EBS) })),
  NetworkInterface: list(
    struct({
      AssociatePublicIpAddress: flag,
      DeleteOnTermination: flag,
      Description: text,
      DeviceIndex: whole,
      SecurityGroupId: list(text),
      SubnetId: text,
    }),
  ),
  TagSpecification: tagSpecifications,
  InstanceMarketOptions: struct({ MarketType: oneOf('spot'), SpotOptions: struct(SPOT) }),
  MetadataOptions: struct({
    HttpTokens: oneOf('optional', 'required'),
    HttpPutResponseHopLimit: whole,
    HttpEndpoint: oneOf('enabled', 'disabled'),
    InstanceMetadataTags: oneOf('enabled', 'disabled'),
  }),
} as const;

export type LaunchInput = Input<typeof LAUNCH_FIELDS>;
