import * as l10n from '@vscode/l10n';
import { CancelledError, IoError, RunctlError } from './errors.ts';
import { causeChain, errorCodes, readField, readText } from './foreign-error.ts';
import { maskSecretShapes } from './mask.ts';

/** Text for people about one errno, and what to do. */
interface ErrnoText {
  readonly reason: string;
  readonly step: string;
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROLS = /[\u0000-\u001F\u007F-\u009F\u2028\u2029]+/g;
const ERRNO = /^E[A-Z0-9]{2,}(?:_[A-Z]+)?$/;

/**
 * Describes an error and all its causes in one line of the log.
 *
 * @param error - anything that was thrown
 * @param mask - hides secrets; by their shape alone when none is given
 * @returns such as `IoError[io/ENOSPC]: The disk is full ← Error[ENOSPC]: write`;
 *   without control characters
 */
export function describeError(
  error: unknown,
  mask: (text: string) => string = maskSecretShapes,
): string {
  const links = causeChain(error);
  const text = links.length === 0 ? String(error) : links.map(describeLink).join(' ← ');
  return mask(text.replace(CONTROLS, ' '));
}

/**
 * Makes anything thrown into an error with text for people.
 *
 * @param error - anything that was thrown
 * @returns our own errors as they are; an abort as {@link CancelledError}; an
 *   errno as {@link IoError} with its code; the rest as {@link IoError} with
 *   the code `unexpected`. The cause is kept.
 */
export function toRunctlError(error: unknown): RunctlError {
  if (error instanceof RunctlError) {
    return error;
  }
  const links = causeChain(error);
  if (links.some((link) => errorCodes(link).includes('AbortError'))) {
    return new CancelledError(l10n.t('Cancelled'), { cause: error });
  }
  for (const link of links) {
    const code = readText(link, 'code');
    if (code !== undefined && ERRNO.test(code)) {
      return errnoError(code, link, error);
    }
  }
  return new IoError('unexpected', unexpectedText(error), {
    cause: error,
    steps: [l10n.t('Try again; if it happens again, report it with the log.')],
  });
}

function describeLink(link: unknown): string {
  if (typeof link !== 'object' || link === null) {
    return String(link);
  }
  const name = readText(link, 'name') ?? 'object';
  const tags = [readField(link, 'kind'), readField(link, 'code'), readField(link, 'Code')];
  const told = tags.filter((tag) => typeof tag === 'string' || typeof tag === 'number');
  const message = readText(link, 'message') ?? '';
  return `${name}${told.length === 0 ? '' : `[${told.join('/')}]`}: ${message}`;
}

function errnoError(code: string, link: unknown, cause: unknown): IoError {
  const { reason, step } = errnoText(code, readText(link, 'message') ?? code);
  const path = readText(link, 'path') ?? readText(link, 'address') ?? readText(link, 'hostname');
  return new IoError(code, path === undefined ? `${reason}.` : `${reason}: ${path}`, {
    cause,
    steps: [step],
    details: { path, syscall: readText(link, 'syscall') },
  });
}

function unexpectedText(error: unknown): string {
  const message = readText(error, 'message') ?? (typeof error === 'string' ? error : '');
  return message === ''
    ? l10n.t('Something unexpected happened.')
    : l10n.t('Something unexpected happened: {0}', message);
}

function errnoText(code: string, message: string): ErrnoText {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return {
        reason: l10n.t('The disk is full, or your quota on it is used up'),
        step: l10n.t('Free some space, for example by cleaning up checkpoints.'),
      };
    case 'EACCES':
    case 'EPERM':
      return {
        reason: l10n.t('The system refused access'),
        step: l10n.t('Check who owns it and what its permissions are.'),
      };
    case 'ENOENT':
      return {
        reason: l10n.t('There is no such file, folder or program'),
        step: l10n.t('Check the path; it may have been moved or deleted.'),
      };
    case 'EEXIST':
    case 'ENOTEMPTY':
      return {
        reason: l10n.t('Something of that name is there already'),
        step: l10n.t('Choose another name, or move away what is there.'),
      };
    case 'EISDIR':
    case 'ENOTDIR':
      return {
        reason: l10n.t('A file was expected where a folder is, or the other way round'),
        step: l10n.t('Check the path.'),
      };
    case 'EROFS':
      return {
        reason: l10n.t('The disk can only be read'),
        step: l10n.t('Choose a folder that can be written.'),
      };
    case 'EMFILE':
    case 'ENFILE':
      return {
        reason: l10n.t('Too many files are open'),
        step: l10n.t('Close other programs or raise the limit of open files (ulimit -n).'),
      };
    case 'ENOMEM':
      return {
        reason: l10n.t('The memory is used up'),
        step: l10n.t('Close other programs, then try again.'),
      };
    case 'EIO':
      return {
        reason: l10n.t('The disk or the device failed'),
        step: l10n.t('Look into the system log; copy what matters elsewhere.'),
      };
    case 'EADDRINUSE':
      return {
        reason: l10n.t('The port is in use'),
        step: l10n.t('End what uses it, or choose another port.'),
      };
    case 'ECONNREFUSED':
      return {
        reason: l10n.t('The connection was refused'),
        step: l10n.t('Check that the other side runs, its address and its port.'),
      };
    case 'EAI_AGAIN':
    case 'ENOTFOUND':
      return {
        reason: l10n.t('The host’s name could not be resolved'),
        step: l10n.t('Check the name and the network connection.'),
      };
    case 'ECONNRESET':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EPIPE':
    case 'ETIMEDOUT':
      return {
        reason: l10n.t('The connection was lost'),
        step: l10n.t('Check the network connection, VPN and proxy, then try again.'),
      };
    default:
      return {
        reason: l10n.t('The system reported {0} ({1})', code, message),
        step: l10n.t('Try again; the log has the details.'),
      };
  }
}
