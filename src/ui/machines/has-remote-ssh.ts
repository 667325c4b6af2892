import * as vscode from 'vscode';
import { setContext } from '../context-keys.ts';

const REMOTE_SSH = 'ms-vscode-remote.remote-ssh';

/**
 * Whether this window can hand a machine to Remote-SSH: it writes the
 * configuration of the person's own computer, so only there.
 *
 * @returns whether it is a local window with that extension
 */
export function hasRemoteSsh(): boolean {
  const { remoteName } = vscode.env;
  return remoteName === undefined && vscode.extensions.getExtension(REMOTE_SSH) !== undefined;
}

/**
 * Keeps the menus in step with whether Remote-SSH is there.
 *
 * @returns ends it
 */
export function followRemoteSsh(): vscode.Disposable {
  const tell = (): void => setContext('runctl.remoteSsh', hasRemoteSsh());
  tell();
  return vscode.extensions.onDidChange(tell);
}
