import * as l10n from '@vscode/l10n';
import type { SourceProblem } from './model.ts';
import type { FoundProblem } from './raw-source.ts';

/**
 * Puts a problem of a tree into words.
 *
 * @param found - what was found
 * @returns the problem for people
 */
export function describeProblem(found: FoundProblem): SourceProblem {
  // Nothing here makes what is sent wrong in itself; what is missing is told loudly.
  return { kind: found.kind, path: found.path, message: textOf(found), blocks: false };
}

function textOf(found: FoundProblem): string {
  const { path, about = '' } = found;
  switch (found.kind) {
    case 'outside-link':
      return found.detail === 'absolute'
        ? l10n.t('{0} is not sent: a link to the absolute path {1}. Make it relative.', path, about)
        : l10n.t('{0} is not sent: a link to {1}, outside of the folder.', path, about);
    case 'dangling-link':
      return l10n.t('{0} is a link to {1}, which is not sent.', path, about);
    case 'case-collision':
      return found.detail === 'accents'
        ? l10n.t('{0} and {1} differ only in how accents are written.', about, path)
        : l10n.t('{0} and {1} differ only in case.', about, path);
    case 'special-file':
      return l10n.t('{0} is not sent: a socket, pipe or device.', path);
    case 'unreadable':
      return l10n.t('{0} is not sent: it cannot be read.', path);
    case 'undecodable-name':
      return found.detail === 'target'
        ? l10n.t('{0} is not sent: a link to a name that is not UTF-8.', path)
        : l10n.t('{0} is not sent: its name is not UTF-8. Rename it.', path);
    case 'nested-repository':
      return found.detail === 'empty'
        ? l10n.t('{0} is a submodule that is not checked out, so nothing of it is sent.', path)
        : l10n.t('{0} is a git repository of its own; its files are sent by its own rules.', path);
    case 'git-refused':
      return about === ''
        ? l10n.t('Git cannot be run, so the .gitignore files alone decide what is sent.')
        : l10n.t('Git gives no answer ({0}), so the .gitignore files decide what is sent.', about);
  }
}
