import * as l10n from '@vscode/l10n';
import { IoError } from '../core/errors.ts';

/** More than this is no checkpoint directory but a whole disk. */
export const MAX_ENTRIES = 100_000;

/**
 * Makes the error for a directory that cannot be listed.
 *
 * @param path - the directory
 * @param cause - what the system said
 * @returns the error
 */
export function unreadable(path: string, cause: unknown): IoError {
  return new IoError('unreadable', l10n.t('The directory {0} cannot be read.', path), {
    cause,
    steps: [l10n.t('Check its permissions, or choose another checkpoint directory.')],
  });
}

/**
 * Makes the error for a directory that holds too much.
 *
 * @param path - the directory
 * @param limit - the most that is listed
 * @returns the error
 */
export function tooMany(path: string, limit: number): IoError {
  return new IoError(
    'too-many-files',
    l10n.t('{0} holds more than {1} files, too many to search for checkpoints.', path, limit),
    { steps: [l10n.t('Give checkpoints a directory of their own, away from data and logs.')] },
  );
}
