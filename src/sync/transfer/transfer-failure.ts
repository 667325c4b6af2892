import * as l10n from '@vscode/l10n';
import type { NextAction } from '../../core/errors.ts';
import { TransferError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';

interface Sentence {
  readonly code: string;
  readonly message: string;
  readonly steps: readonly string[];
}

/**
 * Makes the error for a transfer that the machine refused.
 *
 * @param code - what the script said
 * @param detail - a path or nothing
 * @param stderr - what the programs of the machine said
 * @returns an error that says what to do next
 */
export function transferFailure(code: string, detail: string, stderr: string): TransferError {
  const sentence = fromPrograms(stderr) ?? fromScript(code, detail);
  return new TransferError(sentence.code, sentence.message, {
    steps: sentence.steps,
    nextAction: tryAgain(),
    details: { answer: code, detail, stderr: stderr.slice(-2000) },
  });
}

/**
 * Tells a machine that refuses to write from a way that broke.
 *
 * @param stderr - what the machine said to a trial
 * @returns the refusal, or `undefined` when it was none
 */
export function refusedWrite(stderr: string): TransferError | undefined {
  return fromPrograms(stderr) === undefined ? undefined : transferFailure('write', '', stderr);
}

/**
 * Makes the error for a disk that will not hold what has to be sent.
 *
 * @param needed - bytes
 * @param free - bytes
 * @returns the error
 */
export function diskTooSmall(needed: number, free: number): TransferError {
  const mega = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  return new TransferError(
    'disk-full',
    l10n.t('The disk of the machine has {0} left; {1} are needed', mega(free), mega(needed)),
    { steps: freeSpace(), nextAction: tryAgain(), details: { needed, free, missing: needed - free } },
  );
}

/**
 * Says of a disk or quota that ran out half-way how much lacks.
 *
 * @param error - what the machine said, with code `disk-full` or `quota`
 * @param missing - bytes that have not arrived
 * @param free - bytes left there, when it could tell
 * @returns the error, with `missing` and `free` in its details
 */
export function ranOutOfRoom(
  error: TransferError,
  missing: number,
  free: number | undefined,
): TransferError {
  const more = formatBytes(error.code === 'quota' ? missing : Math.max(1, missing - (free ?? 0)));
  const message =
    error.code === 'quota'
      ? l10n.t('Your quota on the machine is used up; {0} have not arrived', more)
      : l10n.t('The disk of the machine is full; {0} more are needed', more);
  const { steps, nextAction, details } = error;
  return new TransferError(error.code, message, {
    steps,
    nextAction,
    details: { ...details, missing, free },
    cause: error,
  });
}

/**
 * Makes the error for a file that is written while it is copied.
 *
 * @param path - the file
 * @param cause - what showed it
 * @returns the error
 */
export function sourceChanged(path: string, cause?: unknown): TransferError {
  return new TransferError('source-changed', l10n.t('{0} changed while it was copied', path), {
    steps: [l10n.t('Wait until nothing writes to it, and try again.')],
    nextAction: tryAgain(),
    details: { path },
    cause,
  });
}

function tryAgain(): NextAction {
  return { title: l10n.t('Try Again'), again: true };
}

function freeSpace(): readonly string[] {
  return [
    l10n.t('Delete what is not needed there: old runs, checkpoints, caches.'),
    l10n.t('Then try again: what has arrived is not sent again.'),
  ];
}

// In the C locale, whichever program met it first.
function fromPrograms(stderr: string): Sentence | undefined {
  if (/no space left on device|wrote only \d+ of \d+ bytes/iu.test(stderr)) {
    const message = l10n.t('The disk of the machine is full');
    return { code: 'disk-full', message, steps: freeSpace() };
  }
  if (/quota exceeded/iu.test(stderr)) {
    const message = l10n.t('Your quota on the machine is used up');
    return { code: 'quota', message, steps: freeSpace() };
  }
  if (/read-only file system/iu.test(stderr)) {
    return {
      code: 'read-only',
      message: l10n.t('The home directory on the machine cannot be written: it is read-only'),
      steps: [l10n.t('Choose a directory on another disk for this machine.')],
    };
  }
  if (/permission denied|operation not permitted/iu.test(stderr)) {
    return {
      code: 'denied',
      message: l10n.t('The machine does not let this user write there'),
      steps: [l10n.t('Check the owner and the permissions of the directory on the machine.')],
    };
  }
  return undefined;
}

function fromScript(code: string, detail: string): Sentence {
  const again = [l10n.t('Try again: what has arrived is not sent again.')];
  switch (code) {
    case 'no-tar':
      return {
        code,
        message: l10n.t('The machine has no tar'),
        steps: [l10n.t('Install tar or busybox on the machine.')],
      };
    case 'no-hash':
      return {
        code,
        message: l10n.t('The machine has no program to prove what arrives'),
        steps: [l10n.t('Install one of b2sum, openssl, python3 and sha256sum on the machine.')],
      };
    case 'busy':
      return {
        code,
        message: l10n.t('Another transfer to this place is under way'),
        steps: [l10n.t('Wait for it to end, and try again.')],
      };
    case 'slots':
      return {
        code,
        message: l10n.t('All trees of this workspace on the machine are in use by runs'),
        steps: [l10n.t('Wait until a run ends, or stop one.')],
      };
    case 'missing':
      return { code, message: l10n.t('There is nothing at this place'), steps: [] };
    case 'special':
      return { code, message: l10n.t('This is no file and no folder'), steps: [] };
    case 'exists':
      return { code, message: l10n.t('Something stands at this place already'), steps: [] };
    case 'verify':
      return { code, message: l10n.t('What arrived is not what was sent'), steps: again };
    case 'denied':
      return { code, message: l10n.t('The machine does not let this user read there'), steps: [] };
    case 'aside':
      return {
        code,
        message: l10n.t('What a run wrote at {0} could not be moved out of the way', detail),
        steps: again,
      };
    case 'occupied':
      return {
        code,
        message: l10n.t('A program on the machine still works in {0}', detail),
        steps: [l10n.t('End it, or leave its directory, and try again.')],
      };
    case 'discard':
    case 'foreign':
      return {
        code,
        message: l10n.t('{0} on the machine could not be deleted', detail),
        steps: [l10n.t('Look at it in a terminal on the machine.')],
      };
    default:
      return {
        code: 'refused',
        message: l10n.t('The machine could not finish the transfer ({0})', code),
        steps: again,
      };
  }
}
