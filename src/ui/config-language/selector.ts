import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { CONFIG_FILE_NAME } from '../../core/config/file-name.ts';

/** Where another extension reads TOML with our schema already. */
const TOML_EXTENSIONS = ['tamasfe.even-better-toml', 'tombi-toml.tombi'];

/**
 * Selects configuration files by name: VS Code has no TOML language of its
 * own, and where an extension brings one its id is not ours to rely on.
 *
 * @param userFile - absolute path of the user's own file
 * @returns a selector for language features
 */
export function configSelector(userFile: string): vscode.DocumentSelector {
  const folder = vscode.Uri.file(dirname(userFile));
  return [
    { scheme: 'file', pattern: `**/${CONFIG_FILE_NAME}` },
    { scheme: 'file', pattern: new vscode.RelativePattern(folder, 'config.toml') },
  ];
}

/**
 * Tells whether this file configures a workspace folder of the window; only
 * the one at the top does.
 *
 * @param uri - of a file
 * @returns the folder, or `undefined`
 */
export function folderOf(uri: vscode.Uri): vscode.WorkspaceFolder | undefined {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const top = folder && vscode.Uri.joinPath(folder.uri, CONFIG_FILE_NAME);
  return top?.toString() === uri.toString() ? folder : undefined;
}

/**
 * Tells whether another extension completes, explains and checks these files
 * from our JSON schema, so that everything would appear twice.
 *
 * @returns true while such an extension is installed and enabled
 */
export function anotherTomlExtension(): boolean {
  return TOML_EXTENSIONS.some((id) => vscode.extensions.getExtension(id) !== undefined);
}
