import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import { removeKeyFile, writeKeyFile } from '../../remote/ssh/private-file.ts';
import { removeEntries } from '../../remote/ssh/remote-ssh-handoff.ts';
import type { App } from '../app.ts';
import { sshOf } from './connect.ts';

/**
 * Where our entries for `ssh` are.
 *
 * @param app - the window's parts
 * @returns absolute path
 */
export function remoteSshConfig(app: App): string {
  return join(app.context.globalStorageUri.fsPath, 'ssh', 'remote-ssh-config');
}

/**
 * Writes our private key to a file, since `ssh` knows no other place; asks first.
 *
 * @param app - the window's parts
 * @param machineId - the machine it is for
 * @returns absolute path of the file
 * @throws {CancelledError} when the person does not want to
 * @throws {ConfigError} with code `key-file-unsafe` when others could get at it there
 */
export async function writeOwnKeyFile(app: App, machineId: string): Promise<string> {
  const { keys } = await sshOf(app);
  const write = l10n.t('Write Key File');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('Write the private key of runctl to a file?'),
    {
      modal: true,
      detail: l10n.t('{0} lets in no other key, and ssh reads keys from files alone.\n\n{1}\n\nOnly your account may read it (permissions 600). Another program of yours can, too. “runctl: Remove Key File” deletes it and the entries that use it.', machineId, keys.ownKeyFile),
    },
    write,
  );
  if (choice !== write) {
    throw new CancelledError();
  }
  const { privateText } = await keys.own.pair();
  await writeKeyFile(keys.ownKeyFile, privateText);
  return keys.ownKeyFile;
}

/**
 * Deletes the file again, and the entries for Remote-SSH that use it.
 *
 * @param app - the window's parts
 */
export async function removeOwnKeyFile(app: App): Promise<void> {
  const { ownKeyFile } = (await sshOf(app)).keys;
  await removeEntries(remoteSshConfig(app), ownKeyFile);
  const wasThere = await removeKeyFile(ownKeyFile);
  void vscode.window.showInformationMessage(
    wasThere
      ? l10n.t('{0} is deleted. The key itself stays in the secret storage.', ownKeyFile)
      : l10n.t('There is no key file.'),
  );
}
