import * as l10n from '@vscode/l10n';
import type { LeftOut } from '../../sync/transfer/transfer-types.ts';

/**
 * Says why something did not come along.
 *
 * @param why - the reason
 * @returns for people, after a path
 */
export function leftOutText(why: LeftOut['why']): string {
  switch (why) {
    case 'outside-link':
      return l10n.t('a link that leads out of what was copied');
    case 'special-file':
      return l10n.t('no file, no folder and no link');
    case 'unreadable':
      return l10n.t('cannot be read');
  }
}

/**
 * Lists what did not come along.
 *
 * @param leftOut - what, and why
 * @returns a line for each
 */
export function leftOutList(leftOut: readonly LeftOut[]): string {
  return leftOut.map(({ path, why }) => `${JSON.stringify(path)}: ${leftOutText(why)}\n`).join('');
}

/**
 * Says what was copied.
 *
 * @param names - of the copies
 * @param where - the folder they are in, for people
 * @param leftOut - how much did not come along
 * @returns one line
 */
export function copiedText(names: readonly string[], where: string, leftOut: number): string {
  const [only = ''] = names;
  const text =
    names.length === 1
      ? l10n.t('{0} is in {1}, proved by hash', only, where)
      : l10n.t('{0} copies are in {1}, proved by hash', names.length, where);
  return leftOut === 0 ? text : l10n.t('{0}. Left out: {1}', text, leftOut);
}
