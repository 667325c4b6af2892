import type { HashProgress } from './hash-tree.ts';
import type { HashedFile, SourceFile, SourceLink } from './model.ts';
import type { SourceAnswers, SourceJob } from './source-jobs.ts';

/** What the thread is started with. */
export interface SourceThreadData {
  /** Absolute directory of ours. */
  readonly storage: string;
}

/** To the thread. */
export type ToSourceThread =
  | { readonly id: number; readonly job: SourceJob }
  | { readonly id: number; readonly cancel: true };

/** From the thread. */
export type FromSourceThread =
  | { readonly id: number; readonly entries: readonly (SourceFile | HashedFile | SourceLink)[] }
  | { readonly id: number; readonly kept: { readonly from: number; readonly count: number } }
  | { readonly id: number; readonly progress: HashProgress }
  | { readonly id: number; readonly answer: SourceAnswers[SourceJob['kind']] }
  | { readonly id: number; readonly failure: SourceFailure };

/** A failure; classes of errors do not pass between threads. */
export interface SourceFailure {
  readonly cancelled: boolean;
  readonly message: string;
  /** Of the system, such as `ENOENT`. */
  readonly code?: string;
}
