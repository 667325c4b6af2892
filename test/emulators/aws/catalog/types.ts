/** Which quota a type counts against. */
export type Family = 'standard' | 'g' | 'p' | 'p5';

/** An instance type as `DescribeInstanceTypes` tells of it, with its prices. */
export interface TypeSpec {
  readonly name: string;
  readonly arch: 'x86_64' | 'arm64';
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly gpu?: { readonly name: string; readonly maker: string; readonly count: number; readonly memoryMib: number };
  /** Gigabytes of NVMe that are lost when the machine stops. */
  readonly localGb?: number;
  readonly network: string;
  /** US dollars an hour, Linux, shared tenancy, us-east-1. */
  readonly onDemand: number;
  /** Share of it that spot costs at first. */
  readonly spotShare: number;
  readonly family: Family;
}

type Row = readonly [string, 'x86_64' | 'arm64', number, number, string, number, number, string, number, number, Family];

// Type, architecture, vCPUs, MiB, GPU × count, NVMe GB, network, $/h, spot share, quota family.
// Sizes as DescribeInstanceTypes gives them; prices of us-east-1 in 2026-07.
const ROWS: readonly Row[] = [
  ['t3.micro', 'x86_64', 2, 1024, '', 0, 0, 'Up to 5 Gigabit', 0.0104, 0.31, 'standard'],
  ['t4g.small', 'arm64', 2, 2048, '', 0, 0, 'Up to 5 Gigabit', 0.0168, 0.49, 'standard'],
  ['m5.large', 'x86_64', 2, 8192, '', 0, 0, 'Up to 10 Gigabit', 0.096, 0.34, 'standard'],
  ['c5.12xlarge', 'x86_64', 48, 98304, '', 0, 0, '12 Gigabit', 2.04, 0.33, 'standard'],
  ['g4dn.xlarge', 'x86_64', 4, 16384, 'T4', 1, 125, 'Up to 25 Gigabit', 0.526, 0.36, 'g'],
  ['g4dn.12xlarge', 'x86_64', 48, 196608, 'T4', 4, 900, '50 Gigabit', 3.912, 0.36, 'g'],
  ['g5.xlarge', 'x86_64', 4, 16384, 'A10G', 1, 250, 'Up to 10 Gigabit', 1.006, 0.41, 'g'],
  ['g5.2xlarge', 'x86_64', 8, 32768, 'A10G', 1, 450, 'Up to 10 Gigabit', 1.212, 0.42, 'g'],
  ['g5.12xlarge', 'x86_64', 48, 196608, 'A10G', 4, 3800, '40 Gigabit', 5.672, 0.42, 'g'],
  ['g5g.xlarge', 'arm64', 4, 8192, 'T4g', 1, 0, 'Up to 10 Gigabit', 0.42, 0.33, 'g'],
  ['g6.xlarge', 'x86_64', 4, 16384, 'L4', 1, 250, 'Up to 10 Gigabit', 0.8048, 0.51, 'g'],
  ['p3.2xlarge', 'x86_64', 8, 62464, 'V100', 1, 0, 'Up to 10 Gigabit', 3.06, 0.2, 'p'],
  ['p4d.24xlarge', 'x86_64', 96, 1179648, 'A100', 8, 8000, '4x 100 Gigabit', 21.957642, 0.33, 'p'],
  ['p5.48xlarge', 'x86_64', 192, 2097152, 'H100', 8, 30400, '3200 Gigabit', 55.04, 0.48, 'p5'],
];

const GPU_MEMORY_MIB: Readonly<Record<string, number>> = {
  T4: 16384,
  T4g: 16384,
  A10G: 22888,
  L4: 22888,
  V100: 16384,
  A100: 40960,
  H100: 81920,
};

/** Every type this emulator knows, by name. */
export const TYPES: ReadonlyMap<string, TypeSpec> = new Map(ROWS.map((row) => [row[0], specOf(row)]));

function specOf(row: Row): TypeSpec {
  const [name, arch, vcpus, memoryMib, gpu, count, localGb, network, onDemand, spotShare, family] = row;
  const memory = GPU_MEMORY_MIB[gpu] ?? 0;
  return {
    name,
    arch,
    vcpus,
    memoryMib,
    ...(count > 0 && { gpu: { name: gpu, maker: 'NVIDIA', count, memoryMib: memory } }),
    ...(localGb > 0 && { localGb }),
    network,
    onDemand,
    spotShare,
    family,
  };
}
