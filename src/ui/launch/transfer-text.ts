import * as l10n from '@vscode/l10n';
import { formatBytes, formatDuration } from '../../core/format.ts';
import type { TransferProgress } from '../../sync/model.ts';

/** Before this the pace is not worth telling, in milliseconds. */
const STEADY_MS = 2000;

/**
 * Says how far a transfer is: bytes, pace and time left.
 *
 * @param progress - as the transfer tells it
 * @param elapsedMs - since it began
 * @param already - bytes that were there when it began: they say nothing of the pace
 * @returns one line
 */
export function transferText(
  progress: TransferProgress,
  elapsedMs: number,
  already = 0,
): string {
  const { sent, total } = progress;
  if (total === 0) {
    return progress.what;
  }
  const share = l10n.t('{0} of {1}', formatBytes(sent), formatBytes(total));
  if (elapsedMs < STEADY_MS || sent <= already) {
    return share;
  }
  const perSecond = ((sent - already) / elapsedMs) * 1000;
  const leftMs = Math.max(0, (total - sent) / perSecond) * 1000;
  return l10n.t('{0}, {1}/s, {2} left', share, formatBytes(perSecond), formatDuration(leftMs));
}
