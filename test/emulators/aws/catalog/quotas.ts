import type { Family } from './types.ts';

/** A quota of EC2 in virtual CPUs. */
export interface QuotaSpec {
  readonly code: string;
  readonly name: string;
  readonly families: readonly Family[];
  readonly spot: boolean;
  /** vCPUs. */
  readonly value: number;
}

/** What an account in good standing may run at once in a region. */
export const QUOTAS: readonly QuotaSpec[] = [
  {
    code: 'L-1216C47A',
    name: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances',
    families: ['standard'],
    spot: false,
    value: 1152,
  },
  { code: 'L-DB2E81BA', name: 'Running On-Demand G and VT instances', families: ['g'], spot: false, value: 96 },
  { code: 'L-417A185B', name: 'Running On-Demand P instances', families: ['p', 'p5'], spot: false, value: 192 },
  {
    code: 'L-34B43A08',
    name: 'All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests',
    families: ['standard'],
    spot: true,
    value: 640,
  },
  { code: 'L-3819A6DF', name: 'All G and VT Spot Instance Requests', families: ['g'], spot: true, value: 64 },
  { code: 'L-7212CCBC', name: 'All P4, P3 and P2 Spot Instance Requests', families: ['p'], spot: true, value: 96 },
  { code: 'L-C4BD4855', name: 'All P5 Spot Instance Requests', families: ['p5'], spot: true, value: 192 },
];
