import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import type { LaunchPlan } from '../../training/launch-plan.ts';
import type { App } from '../app.ts';
import { codeToSend } from './code-facts.ts';

const AGREED = 'runctl.secretFilesAgreed';
const MOST_SHOWN = 10;

/**
 * Asks before files that look secret go to another machine: once for each set of them.
 *
 * @param app - the window's parts
 * @param plan - about to be launched
 * @throws {CancelledError} when the person does not want to launch
 */
export async function confirmSecrets(app: App, plan: LaunchPlan): Promise<void> {
  const tree = await codeToSend(app, plan);
  if (tree === null) {
    return;
  }
  const { secretFiles } = await import('../late.ts');
  const found = (await secretFiles(tree)).filter(({ tracked }) => !tracked);
  const paths = found.map(({ path }) => path);
  const { workspaceState } = app.context;
  const agreed = workspaceState.get<Record<string, readonly string[]>>(AGREED, {});
  const before = new Set(agreed[tree.root]);
  if (paths.every((path) => before.has(path))) {
    return;
  }
  const send = l10n.t('Send Them');
  const leave = l10n.t('Leave Them Out');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('Send files that look secret to {0}?', plan.machine),
    { modal: true, detail: detailOf(paths) },
    leave,
    send,
  );
  if (choice === leave) {
    await leaveOut(tree.root, paths);
  } else if (choice === send) {
    await workspaceState.update(AGREED, { ...agreed, [tree.root]: paths });
  } else {
    throw new CancelledError();
  }
}

function detailOf(paths: readonly string[]): string {
  const more = paths.length - MOST_SHOWN;
  return [
    ...paths.slice(0, MOST_SHOWN),
    ...(more > 0 ? [l10n.t('and {0} more', more)] : []),
    '',
    l10n.t('Git neither tracks nor ignores them, so they are part of what is sent. “Leave Them Out” adds them to .runctlignore.'),
  ].join('\n');
}

async function leaveOut(root: string, paths: readonly string[]): Promise<void> {
  const { ignoreLine } = await import('../late.ts');
  const file = join(root, '.runctlignore');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return '';
    }
    throw error;
  });
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  await writeFile(file, `${start}${paths.map((path) => `${ignoreLine(path)}\n`).join('')}`);
}
