import type { SeenCheckpoint } from '../checkpoints/overwritten.ts';
import type { MetricPoint, Resource, ResourceState } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import type { MicroDollars, MicroDollarsPerHour } from '../core/money.ts';

/**
 * What is known about all providers at one moment. Immutable: every view is
 * a pure function of one of these.
 */
export interface AccountSnapshot {
  /** When it was put together, ms since the epoch. */
  readonly at: number;
  readonly providers: readonly ProviderPart[];
  /** Newest first. */
  readonly runs: readonly RunView[];
}

/** One provider's part, with its own age: parts fail and grow old alone. */
export interface ProviderPart {
  /** Registry id, such as `local`. */
  readonly id: string;
  /** Name for people, translated. */
  readonly name: string;
  /** When the provider last answered; `null` when it never has. */
  readonly seenAt: number | null;
  /** Why the newest listing failed, for people. */
  readonly problem: string | null;
  readonly machines: readonly MachineView[];
  /** Billed things that are no machine: volumes, snapshots, buckets. */
  readonly resources: readonly Resource[];
}

/** A machine that runs can be launched on. */
export interface MachineView {
  readonly provider: string;
  readonly id: string;
  readonly name: string;
  readonly state: ResourceState;
  /** Price per hour while it runs; `null` when unknown. */
  readonly rate: MicroDollarsPerHour | null;
  /** Where the price comes from, for people. */
  readonly rateSource: string;
  readonly facts: MachineFacts | null;
  /** Why there are no facts, for people; `null` when nothing is wrong. */
  readonly problem: string | null;
  /** How the last attempt to reach it failed; `null` when it worked, or there was none. */
  readonly trouble: MachineTrouble | null;
}

/** Why a machine cannot be used, as far as what to do about it differs. */
export type TroubleKind = 'away' | 'host-key' | 'host-key-unknown' | 'locked' | 'login' | 'other';

/** A failed attempt to reach a machine. */
export interface MachineTrouble {
  readonly kind: TroubleKind;
  /** When it was last seen well, else when it first failed; ms since the epoch. */
  readonly since: number;
  /** What happened, for people. */
  readonly reason: string;
  /** What to do about it, for people, in order. */
  readonly steps: readonly string[];
}

/** What the agent reports of a machine. Sizes in bytes. */
export interface MachineFacts {
  /** When it was read, ms since the epoch, this host's clock. */
  readonly at: number;
  readonly os: string;
  readonly arch: string;
  readonly hostname: string;
  readonly cpus: number | null;
  /** Busy share of all processors, 0 to 1, between the last two readings. */
  readonly cpuBusy: number | null;
  /** Load averages over 1, 5 and 15 minutes. */
  readonly load: readonly number[];
  readonly memory: { readonly total: number; readonly available: number } | null;
  readonly disks: readonly {
    readonly path: string;
    readonly total: number;
    readonly available: number;
  }[];
  /** `null` when there is no tool to ask. */
  readonly gpus: readonly GpuFacts[] | null;
  /** Why the GPUs could not be read. */
  readonly gpuProblem: string | null;
  /** All of runs and the busiest others, the busiest first. */
  readonly processes: readonly ProcessFacts[];
}

/** One GPU; what the driver does not tell is `null`. */
export interface GpuFacts {
  readonly index: number;
  readonly name: string;
  /** Busy share in percent. */
  readonly utilization: number | null;
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
  /** Degrees Celsius. */
  readonly temperature: number | null;
  /** Watts. */
  readonly power: number | null;
}

/** A process of a run, or one of the busiest of a machine. */
export interface ProcessFacts {
  readonly pid: number;
  readonly user: string;
  /** Percent of one processor. */
  readonly cpu: number | null;
  /** Resident memory in bytes. */
  readonly memory: number | null;
  /** Bytes on GPUs; `null` when it uses none. */
  readonly gpuMemory: number | null;
  readonly command: string;
  /** The run it belongs to. */
  readonly run: string | null;
}

/** A run with everything the views show of it. */
export interface RunView {
  readonly run: Run;
  /** Newest first, those included that another run has written over. */
  readonly checkpoints: readonly SeenCheckpoint[];
  /** The last value of each series, by name. */
  readonly latest: Readonly<Record<string, MetricPoint>>;
  readonly progress: Progress | null;
  /** So far; `null` when the rate is unknown. */
  readonly cost: MicroDollars | null;
  /** What is happening to it right now ("Stopping…"), for a spinner. */
  readonly busy: string | null;
}

/** How far a run is, by what its log tells. */
export interface Progress {
  readonly step: number;
  readonly total: number | null;
  /** 0 to 1. */
  readonly fraction: number | null;
  /** Milliseconds until the end at the present pace. */
  readonly remainingMs: number | null;
}
