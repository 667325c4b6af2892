import * as vscode from 'vscode';

const PATIENCE_MS = 5000;

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
 * Asks the Python extension which interpreter the user has selected, and gives
 * up after a few seconds.
 *
 * @param folder - workspace folder
 * @returns absolute path, or `null` when nothing is selected
 */
export async function selectedInterpreter(folder: vscode.Uri): Promise<string | null> {
  const extension = vscode.extensions.getExtension<PythonApi>('ms-python.python');
  if (extension === undefined) {
    return null;
  }
  try {
    return await Promise.race([ask(extension, folder), giveUp()]);
  } catch {
    // Another extension's trouble must not keep a run from starting.
    return null;
  }
}

async function ask(
  extension: vscode.Extension<PythonApi>,
  folder: vscode.Uri,
): Promise<string | null> {
  const api = (await extension.activate()).environments;
  const path = api?.getActiveEnvironmentPath(folder);
  const resolved = path === undefined ? undefined : await api?.resolveEnvironment(path);
  return resolved?.executable?.uri?.fsPath ?? null;
}

function giveUp(): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), PATIENCE_MS);
  });
}
