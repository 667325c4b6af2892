import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import { IoError } from '../core/errors.ts';
import { COMPANIONS } from './ledger-file.ts';

/** Why a file could not be used. */
export type SetAsideReason = 'corrupt' | 'newer';

/** A ledger file that was kept under another name. */
export interface LedgerSetAside {
  /** Absolute path where it is now. */
  readonly path: string;
  readonly reason: SetAsideReason;
}

/**
 * Moves a ledger with all that belongs to it to a free name. Only under the
 * open lock. The main file goes last: SQLite deletes companions without one.
 *
 * @param path - the file
 * @param reason - becomes part of the new name
 * @param now - milliseconds since the epoch, also part of it
 * @returns where it is now
 * @throws {IoError} `set-aside-failed` when the system refuses; nothing is lost then
 */
export async function setAside(
  path: string,
  reason: SetAsideReason,
  now: number,
): Promise<LedgerSetAside> {
  const target = freeName(path, reason, now);
  try {
    for (const ending of [...COMPANIONS, '']) {
      if (existsSync(path + ending)) {
        await rename(path + ending, target + ending);
      }
    }
  } catch (error) {
    throw new IoError(
      'set-aside-failed',
      l10n.t('The ledger {0} cannot be used, and cannot be moved out of the way.', path),
      {
        cause: error,
        steps: [
          l10n.t('Close all other VS Code windows.'),
          l10n.t('Move {0} to another folder.', path),
          l10n.t('Reload the window.'),
        ],
      },
    );
  }
  return { path: target, reason };
}

function freeName(path: string, reason: SetAsideReason, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[-:.]/g, '');
  const base = `${path}.${reason}-${stamp}`;
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}-${count}`;
    if (['', ...COMPANIONS].every((ending) => !existsSync(name + ending))) {
      return name;
    }
  }
}
