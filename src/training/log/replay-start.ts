import { stat } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import type { LogReset } from './log-follower.ts';

const MEGABYTE = 1024 * 1024;

/** Where to begin showing a log, and what to say about it. */
export interface ReplayStart {
  /** Byte offset, mostly in the middle of a line when it is not 0. */
  readonly offset: number;
  /** Tells that the beginning is left out; `null` when it is not. */
  readonly notice: string | null;
}

/**
 * Decides where to begin showing a log, so that only the end of a long one is.
 *
 * @param path - absolute path; there may be no file yet
 * @param replayBytes - most bytes shown of what the log holds now
 * @returns the place
 */
export async function replayStart(path: string, replayBytes: number): Promise<ReplayStart> {
  const size = await stat(path).then(
    (facts) => facts.size,
    () => 0,
  );
  if (size <= replayBytes) {
    return { offset: 0, notice: null };
  }
  const offset = size - replayBytes;
  const skipped = (offset / MEGABYTE).toFixed(1);
  return {
    offset,
    notice: l10n.t('The first {0} MB are not shown here; open the full log.', skipped),
  };
}

/**
 * Says that a log is no longer the file that was shown so far.
 *
 * @param reset - what happened
 * @returns one line
 */
export function resetNotice(reset: LogReset): string {
  return reset.reason === 'truncated'
    ? l10n.t('The log was cut or written over here; what follows is its new content.')
    : l10n.t('The log was replaced here; what follows is the new file.');
}
