import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import type { CopyItem, OnConflict, PlannedCopy } from '../../sync/transfer/copy-plan.ts';
import { conflictsOf, planCopies } from '../../sync/transfer/copy-plan.ts';

/** Where copies should go, and what is there. */
export interface CopyTarget {
  /** For people. */
  readonly folder: string;
  /** Names that are there. */
  readonly taken: readonly string[];
  /** Whether that file system tells no case apart. */
  readonly ignoresCase: boolean;
}

const NAMED = 5;

/**
 * Plans copies; where names are taken it asks once for all.
 *
 * @param items - what to copy
 * @param target - where to
 * @returns the copies, at least one
 * @throws {CancelledError} when the person gives up, or skips all there is
 */
export async function settleConflicts(
  items: readonly CopyItem[],
  target: CopyTarget,
): Promise<readonly PlannedCopy[]> {
  const { taken, ignoresCase } = target;
  const conflicts = conflictsOf(items, taken, ignoresCase);
  const choice = conflicts.length === 0 ? 'keep-both' : await ask(conflicts, items.length, target);
  const copies = planCopies(items, taken, choice, ignoresCase);
  if (copies.length === 0) {
    throw new CancelledError();
  }
  return copies;
}

async function ask(
  conflicts: readonly string[],
  count: number,
  { folder }: CopyTarget,
): Promise<OnConflict> {
  const replace = l10n.t('Replace');
  const keepBoth = l10n.t('Keep Both');
  const skip = l10n.t('Skip');
  const [only = ''] = conflicts;
  const question =
    conflicts.length === 1
      ? l10n.t('{0} is in {1} already', only, folder)
      : l10n.t('{0} of the {1} are in {2} already', conflicts.length, count, folder);
  const names = conflicts.length === 1 ? [] : [shortList(conflicts)];
  const detail = [...names, l10n.t('What is replaced is gone, a folder with all that is in it. Until then the old one stays.')];
  const choice = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail: detail.join('\n\n') },
    replace,
    keepBoth,
    // Skipping all there is would be Cancel.
    ...(conflicts.length < count ? [skip] : []),
  );
  switch (choice) {
    case replace:
      return 'replace';
    case keepBoth:
      return 'keep-both';
    case skip:
      return 'skip';
    default:
      throw new CancelledError();
  }
}

function shortList(names: readonly string[]): string {
  const some = names.slice(0, NAMED).join('\n');
  return names.length > NAMED ? l10n.t('{0}\nand {1} more', some, names.length - NAMED) : some;
}
