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

/** What was copied, to be told. */
export interface Copied {
  /** Of the copies. */
  readonly names: readonly string[];
  /** The folder they are in, for people. */
  readonly where: string;
  /** How much did not come along. */
  readonly leftOut: number;
  /** Names of those that were links: what they lead to was copied. */
  readonly followed?: readonly string[];
}

/**
 * Says what was copied.
 *
 * @param copied - what, and what was done besides
 * @returns one line
 */
export function copiedText(copied: Copied): string {
  const { names, where, leftOut, followed = [] } = copied;
  const [only = ''] = names;
  const text =
    names.length === 1
      ? l10n.t('{0} is in {1}, proved by hash', only, where)
      : l10n.t('{0} copies are in {1}, proved by hash', names.length, where);
  const [link = ''] = followed;
  const withLinks =
    followed.length === 0
      ? text
      : followed.length === 1
        ? l10n.t('{0}. {1} is a link here: what it leads to was copied', text, link)
        : l10n.t('{0}. {1} are links here: what they lead to was copied', text, followed.length);
  return leftOut === 0 ? withLinks : l10n.t('{0}. Left out: {1}', withLinks, leftOut);
}
