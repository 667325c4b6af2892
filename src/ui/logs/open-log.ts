import { stat } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';
import type { Run } from '../../core/model/run.ts';
import { logAddressPath } from './log-address.ts';
import { LOG_SCHEME } from './log-documents.ts';

/**
 * Opens a run's log as a document that cannot be changed. A log too large for
 * one document is opened in parts; the user says which.
 *
 * @param run - with the path of its log
 * @returns when it is open
 * @throws {RunError} `log-gone` when there is no file
 * @throws {CancelledError} when the user picks no part
 */
export async function openLog(run: Run & { readonly logPath: string }): Promise<void> {
  const { logGone, partCount } = await import('../late.ts');
  const size = await stat(run.logPath).then(
    (facts) => facts.size,
    (cause: unknown) => {
      throw logGone(run.logPath, { run, cause });
    },
  );
  const parts = partCount(size);
  const part = parts === 1 ? 0 : await pickPart(run, size, parts);
  const path = logAddressPath(run, part, parts);
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.from({ scheme: LOG_SCHEME, path }));
}

async function pickPart(run: Run, size: number, parts: number): Promise<number> {
  const { PART_BYTES } = await import('../late.ts');
  const items = Array.from({ length: parts }, (_, part) => ({
    label: l10n.t('Part {0} of {1}', part + 1, parts),
    description: l10n.t(
      '{0} to {1}',
      formatBytes(part * PART_BYTES),
      formatBytes(part === parts - 1 ? size : (part + 1) * PART_BYTES),
    ),
    part,
  })).reverse();
  const picked = await vscode.window.showQuickPick(items, {
    title: l10n.t('Open which part of the log of {0}? It has {1}.', run.name, formatBytes(size)),
  });
  if (picked === undefined) {
    throw new CancelledError();
  }
  return picked.part;
}
