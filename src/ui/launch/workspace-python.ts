import * as vscode from 'vscode';

/** The part of the Python extension's API that is used here. */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(environment: { readonly path: string }): Promise<
      { readonly executable?: { readonly uri?: vscode.Uri } } | undefined
    >;
  };
}

/**
 * Asks the Python extension which interpreter the user has selected. It is
 * asked only when it is active already: a launch starts nothing it need not.
 *
 * @param folder - workspace folder
 * @returns absolute path, or `null` when nothing is selected
 */
export async function selectedInterpreter(folder: vscode.Uri): Promise<string | null> {
  const extension = vscode.extensions.getExtension<PythonApi>('ms-python.python');
  if (extension?.isActive !== true) {
    return null;
  }
  const api = extension.exports.environments;
  const path = api?.getActiveEnvironmentPath(folder);
  const resolved = path === undefined ? undefined : await api?.resolveEnvironment(path);
  return resolved?.executable?.uri?.fsPath ?? null;
}
