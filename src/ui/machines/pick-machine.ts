import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, RunctlError } from '../../core/errors.ts';
import { targetOf as readTarget } from '../../providers/ssh/ssh-target.ts';
import type { App } from '../app.ts';
import { targetOf } from '../commands/arguments.ts';
import { sshOf } from './connect.ts';

/**
 * Reads which machine a command is about: a row of a tree, or an id.
 *
 * @param argument - first argument of the command
 * @returns `[user@]host[:port]`, or `undefined` when the person must be asked
 */
export function machineIdOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') {
    return argument;
  }
  const target = targetOf(argument);
  return target?.kind === 'machine' ? target.machine : undefined;
}

/**
 * Asks for a machine that runctl does not know yet: a host of the SSH
 * configuration, or an address.
 *
 * @param app - the window's parts
 * @returns `[user@]host[:port]`
 * @throws {CancelledError} when the person leaves
 */
export async function askNewMachine(app: App): Promise<string> {
  const hosts = await (await sshOf(app)).hosts();
  const other = { label: `$(edit) ${l10n.t('Type an address…')}`, alwaysShow: true };
  const rows = hosts.map((host) => ({ label: host, description: l10n.t('from your SSH configuration') }));
  const picked =
    rows.length === 0
      ? other
      : await vscode.window.showQuickPick([...rows, other], { title: l10n.t('Add SSH Machine') });
  if (picked === undefined) {
    throw new CancelledError();
  }
  return picked === other ? askAddress() : picked.label;
}

async function askAddress(): Promise<string> {
  const typed = await vscode.window.showInputBox({
    title: l10n.t('Add SSH Machine'),
    prompt: l10n.t('A host name or address, as you would give it to ssh'),
    placeHolder: 'me@gpu.example.org:22',
    validateInput: (text) => problemWith(text.trim()),
  });
  if (typed === undefined) {
    throw new CancelledError();
  }
  return typed.trim();
}

function problemWith(id: string): string | undefined {
  try {
    readTarget(id);
    return undefined;
  } catch (error) {
    return error instanceof RunctlError ? error.message : String(error);
  }
}
