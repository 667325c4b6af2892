/** US dollars in us-east-1; other regions multiply them by their factor. */
export const PUBLIC_IPV4_HOUR = 0.005;
export const SNAPSHOT_GB_MONTH = 0.05;

const GB_MONTH: Readonly<Record<string, number>> = {
  gp3: 0.08,
  gp2: 0.1,
  io1: 0.125,
  io2: 0.125,
  st1: 0.045,
  sc1: 0.015,
  standard: 0.05,
};
const GP3_IOPS_MONTH = 0.005;
const GP3_MBPS_MONTH = 0.04;
const IO_IOPS_MONTH = 0.065;
/** Hours a month is taken to have. */
const MONTH_HOURS = 730;

/** What a disk is. */
export interface DiskSize {
  readonly kind: string;
  readonly gb: number;
  readonly iops?: number;
  /** MiB/s. */
  readonly throughput?: number;
}

/** US dollars an hour of a disk in us-east-1. */
export function diskHour({ kind, gb, iops = 0, throughput = 0 }: DiskSize): number {
  let month = gb * (GB_MONTH[kind] ?? 0);
  if (kind === 'gp3') {
    month += Math.max(0, iops - 3000) * GP3_IOPS_MONTH + Math.max(0, throughput - 125) * GP3_MBPS_MONTH;
  }
  if (kind === 'io1' || kind === 'io2') month += iops * IO_IOPS_MONTH;
  return month / MONTH_HOURS;
}

/** US dollars an hour of a snapshot in us-east-1. */
export function snapshotHour(gb: number): number {
  return (gb * SNAPSHOT_GB_MONTH) / MONTH_HOURS;
}
