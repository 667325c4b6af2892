/** The durable place that is this host, as long as a window is open. */
export const WINDOW_PLACE = 'window';

/** What is wanted of a run's machine once the run has ended. */
export interface AfterSpec {
  /** Where results go: `s3://bucket/prefix`, or `window` for this host; `null` for nowhere. */
  readonly durable: string | null;
  /** Address the machine calls; `null` for none. */
  readonly webhook: string | null;
  /** Seconds a rented machine stays after a failure. */
  readonly holdSeconds: number;
}

/** Nothing is wanted. */
export const NOTHING_AFTER: AfterSpec = { durable: null, webhook: null, holdSeconds: 0 };

/** Steps after the end of a run, in their order. */
export const AFTER_STATES = ['waiting', 'saving', 'calling', 'holding', 'acting', 'done'] as const;

/** Where a run stands after its end. */
export type AfterState = (typeof AFTER_STATES)[number];

/** A file or directory in the durable place. */
export interface SavedItem {
  readonly name: string;
  /** All files of a directory together. */
  readonly bytes: number;
}

/** What has become of a run's results since its end. */
export interface RunAfter {
  readonly state: AfterState;
  /** Empty unless all that is to be there is there. */
  readonly saved: readonly SavedItem[];
  /** `s3://…`, or an absolute path on this host; `null` when nothing was to be saved. */
  readonly place: string | null;
  /** Why nothing is saved, or what was left out, for people; `null` when nothing is wrong. */
  readonly error: string | null;
  /** `null` when there is none, or its turn has not come. */
  readonly webhook: 'sent' | 'failed' | null;
  /** While `holding`: when the machine is ended, ms since the epoch. */
  readonly heldUntil?: number;
}

/**
 * Tells whether anything is to happen after a run has ended.
 *
 * @param after - as planned
 * @returns true when its results are to go somewhere, or somebody is to be called
 */
export function wantsAfter(after: AfterSpec): boolean {
  return after.durable !== null || after.webhook !== null;
}
