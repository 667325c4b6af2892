/** A machine image. */
export interface ImageSpec {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly arch: 'x86_64' | 'arm64';
  readonly owner: string;
  readonly alias?: string;
  readonly rootDevice: string;
  /** Smallest root volume, GiB. */
  readonly rootGb: number;
  readonly rootSnapshot: string;
  /** Who logs in. */
  readonly user: 'ubuntu' | 'ec2-user';
  /** Whether it takes only version 2 of the metadata service by itself. */
  readonly imdsV2: boolean;
  readonly created: string;
  /** Names of the public parameters whose value it is. */
  readonly parameters: readonly string[];
}

type Row = readonly [string, string, 'x86_64' | 'arm64', string, 'ubuntu' | 'ec2-user', string, number, readonly string[]];

const DLAMI = '/aws/service/deeplearning/ami';

// Key, name, architecture, owner alias, user, root device, GiB, public parameters.
const ROWS: readonly Row[] = [
  [
    'dlubuntu',
    'Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20261101',
    'x86_64',
    'amazon',
    'ubuntu',
    '/dev/sda1',
    65,
    [`${DLAMI}/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id`],
  ],
  [
    'dlubuntuarm',
    'Deep Learning ARM64 Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20261101',
    'arm64',
    'amazon',
    'ubuntu',
    '/dev/sda1',
    65,
    [`${DLAMI}/arm64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id`],
  ],
  [
    'dlamazon',
    'Deep Learning Base OSS Nvidia Driver GPU AMI (Amazon Linux 2023) 20261101',
    'x86_64',
    'amazon',
    'ec2-user',
    '/dev/xvda',
    75,
    [`${DLAMI}/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id`],
  ],
  [
    'dlpytorch',
    'Deep Learning OSS Nvidia Driver AMI GPU PyTorch 2.7 (Ubuntu 22.04) 20261101',
    'x86_64',
    'amazon',
    'ubuntu',
    '/dev/sda1',
    100,
    [`${DLAMI}/x86_64/oss-nvidia-driver-gpu-pytorch-2.7-ubuntu-22.04/latest/ami-id`],
  ],
  [
    'al2023',
    'al2023-ami-2023.9.20261101.0-kernel-6.1-x86_64',
    'x86_64',
    'amazon',
    'ec2-user',
    '/dev/xvda',
    8,
    ['/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64'],
  ],
  ['own', 'our-own-image', 'x86_64', 'self', 'ubuntu', '/dev/sda1', 30, []],
];

/** Images of a region: ids differ between regions, as they do. */
export function imagesOf(region: string, account: string): ImageSpec[] {
  return ROWS.map(([key, name, arch, owner, user, rootDevice, rootGb, parameters]) => ({
    id: `ami-${digits(`${region} ${key}`)}`,
    name,
    description: name,
    arch,
    owner: owner === 'self' ? account : '898082745236',
    ...(owner !== 'self' && { alias: owner }),
    rootDevice,
    rootGb,
    rootSnapshot: `snap-${digits(`${region} ${key} root`)}`,
    user,
    imdsV2: owner !== 'self',
    created: '2026-11-01T04:12:09.000Z',
    parameters,
  }));
}

/** 17 hexadecimal digits that are always the same for one text. */
function digits(seed: string): string {
  let state = 0x811c9dc5;
  let out = '';
  for (let turn = 0; out.length < 17; turn++) {
    for (const sign of `${seed} ${turn}`) state = Math.imul(state ^ sign.charCodeAt(0), 0x01000193) >>> 0;
    out += state.toString(16).padStart(8, '0');
  }
  return `0${out.slice(0, 16)}`;
}
