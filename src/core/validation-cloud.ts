import * as l10n from '@vscode/l10n';
import { validationWithExamples } from './error-helpers.ts';

/** `i-` and 8 or 17 hexadecimal digits. */
export type InstanceId = string & { readonly __id: 'instance' };

/** `vol-` and 8 or 17 hexadecimal digits. */
export type VolumeId = string & { readonly __id: 'volume' };

/** `snap-` and 8 or 17 hexadecimal digits. */
export type SnapshotId = string & { readonly __id: 'snapshot' };

/** A bucket and what is in it. */
export interface S3Location {
  readonly bucket: string;
  /** Without a leading slash; empty for the whole bucket. */
  readonly key: string;
}

/** EBS volume types. */
export type VolumeType = keyof typeof VOLUME_SIZES;

// Smallest and largest size in GiB.
const VOLUME_SIZES = {
  gp2: [1, 16_384],
  gp3: [1, 65_536],
  io1: [4, 16_384],
  io2: [4, 65_536],
  sc1: [125, 16_384],
  st1: [125, 16_384],
  standard: [1, 1024],
} as const;

const SHORT_HEX = '0a1b2c3d';
const LONG_HEX = '0a1b2c3d4e5f60718';
const S3_URI = /^s3:\/\/([^/]*)(?:\/(.*))?$/s;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IP_ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;
const RESERVED_BUCKET = /^(?:xn--|sthree-|amzn-s3-demo-)/;
const KEY_BYTES = 1024;

/**
 * Checks the id of an EC2 instance.
 *
 * @param value - candidate
 * @param field - name of the setting, for the message
 * @returns the id
 * @throws {ValidationError} with examples
 */
export function validateInstanceId(value: string, field = 'instance'): InstanceId {
  return awsId(value, 'i', field) as InstanceId;
}

/**
 * Checks the id of an EBS volume.
 *
 * @param value - candidate
 * @param field - name of the setting, for the message
 * @returns the id
 * @throws {ValidationError} with examples
 */
export function validateVolumeId(value: string, field = 'volume'): VolumeId {
  return awsId(value, 'vol', field) as VolumeId;
}

/**
 * Checks the id of an EBS snapshot.
 *
 * @param value - candidate
 * @param field - name of the setting, for the message
 * @returns the id
 * @throws {ValidationError} with examples
 */
export function validateSnapshotId(value: string, field = 'snapshot'): SnapshotId {
  return awsId(value, 'snap', field) as SnapshotId;
}

/**
 * Checks `s3://bucket` or `s3://bucket/key` by the rules for bucket names.
 * Names of directory buckets and access-point aliases pass: they exist.
 *
 * @param value - candidate
 * @param field - name of the setting, for the message
 * @returns its two parts
 * @throws {ValidationError} with examples
 */
export function parseS3Uri(value: string, field = 's3'): S3Location {
  const reason = s3UriProblem(value);
  if (reason !== undefined) {
    const examples = ['s3://my-bucket', 's3://my-bucket/checkpoints/run-1'];
    throw validationWithExamples(field, value, reason, examples);
  }
  return locationOf(value);
}

/**
 * Says what is wrong with `s3://bucket` or `s3://bucket/key`.
 *
 * @param value - candidate
 * @returns the reason, for the end of a sentence; `undefined` when it is right
 */
export function s3UriProblem(value: string): string | undefined {
  return S3_URI.test(value) ? s3Problem(locationOf(value)) : l10n.t('it must start with s3://');
}

/**
 * Writes a location the way people and tools read it.
 *
 * @param location - bucket and key
 * @returns `s3://bucket` or `s3://bucket/key`
 */
export function formatS3Uri(location: S3Location): string {
  const { bucket, key } = location;
  return key === '' ? `s3://${bucket}` : `s3://${bucket}/${key}`;
}

/**
 * Checks the type of an EBS volume.
 *
 * @param value - candidate
 * @param field - name of the setting, for the message
 * @returns the type
 * @throws {ValidationError} with examples
 */
export function validateVolumeType(value: string, field = 'volume_type'): VolumeType {
  if (!Object.hasOwn(VOLUME_SIZES, value)) {
    const reason = l10n.t('it is no EBS volume type');
    throw validationWithExamples(field, value, reason, ['gp3', 'io2', 'st1']);
  }
  return value as VolumeType;
}

/**
 * Checks a volume's size against what its type allows.
 *
 * @param size - GiB, whole
 * @param type - EBS volume type
 * @param field - name of the setting, for the message
 * @returns the size
 * @throws {ValidationError} with examples
 */
export function validateVolumeSize(size: number, type: VolumeType, field = 'size'): number {
  const [smallest, largest] = VOLUME_SIZES[type];
  if (!Number.isInteger(size) || size < smallest || size > largest) {
    const reason = l10n.t('{0} volumes have {1} to {2} whole GiB', type, smallest, largest);
    throw validationWithExamples(field, size, reason, [smallest, 500]);
  }
  return size;
}

function awsId(value: string, prefix: string, field: string): string {
  if (!new RegExp(`^${prefix}-(?:[0-9a-f]{8}|[0-9a-f]{17})$`).test(value)) {
    const reason = l10n.t('it must be “{0}-” and 8 or 17 hexadecimal digits', prefix);
    const examples = [`${prefix}-${LONG_HEX}`, `${prefix}-${SHORT_HEX}`];
    throw validationWithExamples(field, value, reason, examples);
  }
  return value;
}

function locationOf(value: string): S3Location {
  const [, bucket = '', key = ''] = S3_URI.exec(value) ?? [];
  return { bucket, key };
}

function s3Problem({ bucket, key }: S3Location): string | undefined {
  if (!BUCKET.test(bucket) || bucket.includes('..')) {
    return l10n.t(
      'a bucket has 3 to 63 lower-case letters, digits, “-” and single “.”, a letter or digit at both ends',
    );
  }
  if (IP_ADDRESS.test(bucket)) {
    return l10n.t('a bucket cannot look like an IP address');
  }
  if (RESERVED_BUCKET.test(bucket)) {
    return l10n.t('bucket names that start like this are reserved');
  }
  if (Buffer.byteLength(key) > KEY_BYTES || key.includes('\0')) {
    return l10n.t('a key has at most {0} bytes and no NUL character', KEY_BYTES);
  }
  return undefined;
}
