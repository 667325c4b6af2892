import type { RunId } from '../ids.ts';
import type { MicroDollarsPerHour } from '../money.ts';

/** Something that happened to a run; the timeline people read. */
export interface RunEvent {
  /** Grows by one in the ledger; 0 before it is stored. */
  readonly seq: number;
  readonly runId: RunId;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Such as `state`, `checkpoint`, `stop-requested`, `renamed`. */
  readonly kind: string;
  /** Plain JSON data. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** One value of one series at one point of a run's log. */
export interface MetricPoint {
  /** Series name, such as `loss` or `val/accuracy`. */
  readonly name: string;
  readonly value: number;
  /** Training step when the log told one. */
  readonly step: number | null;
  /** When the line was read, ms since the epoch. */
  readonly at: number;
}

/** A file or directory a later run can resume from. */
export interface Checkpoint {
  /** Absolute path on the machine. */
  readonly path: string;
  readonly runId: RunId | null;
  readonly kind: 'file' | 'directory';
  /** Bytes, all files of a directory together. */
  readonly size: number;
  /** Last change, ms since the epoch, by the machine's clock. */
  readonly modifiedAt: number;
  /** Milliseconds by which that clock was ahead of this host's when it was looked at; absent for none. */
  readonly clockAhead?: number;
  readonly step: number | null;
  readonly epoch: number | null;
  readonly loss: number | null;
  /** False while it is still being written. */
  readonly complete: boolean;
  /** What its name or place among the others says of it. */
  readonly marks: readonly CheckpointMark[];
  /** Where a proved copy of it is off its machine; absent when none is known. */
  readonly durable?: string;
}

/** Newest by step (or time), best by metric or name, final by name. */
export type CheckpointMark = 'newest' | 'best' | 'final';

/** What a provider bills or holds. The local machine is one that costs what the user says. */
export interface Resource {
  readonly provider: string;
  /** The provider's own id. */
  readonly id: string;
  readonly kind: 'machine' | 'instance' | 'pod' | 'volume' | 'snapshot' | 'bucket';
  readonly name: string;
  /** Normalised state of the provider. */
  readonly state: ResourceState;
  readonly rate: MicroDollarsPerHour | null;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Provider facts worth showing; plain JSON data. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Provider states, normalised. */
export type ResourceState =
  | 'starting'
  | 'running'
  | 'stopping'
  | 'stopped'
  | 'deleting'
  | 'gone'
  | 'unknown';

/** A time during which a resource or run was seen in one state at one rate. */
export interface StateInterval {
  /** `run:<id>` or `<provider>:<resource id>`. */
  readonly subject: string;
  readonly state: string;
  readonly from: number;
  /** `null` while it lasts. */
  readonly to: number | null;
  readonly rate: MicroDollarsPerHour | null;
}

/** The durable wish to do something that must happen at most once. */
export interface Intent {
  /** Also the idempotency token or unique name of the call. */
  readonly id: string;
  readonly kind: 'launch-run' | 'stop-run' | 'create-resource' | 'delete-resource';
  readonly subject: string;
  /** The exact resolved request; plain JSON data without secrets. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly state: 'open' | 'done' | 'failed';
  readonly outcome: Readonly<Record<string, unknown>> | null;
  readonly createdAt: number;
  readonly closedAt: number | null;
}
