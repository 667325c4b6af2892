import { open } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { ScriptCandidate } from '../../core/config/guess-script.ts';
import { CancelledError } from '../../core/errors.ts';

const PYTHON = '{*.py,*/*.py}';
const NOT_OURS = '{.*,venv,env,node_modules,site-packages,build,dist,test,tests,__pycache__}/**';
/** More Python files than this in two levels are no training project. */
const MAX_FILES = 300;
/** Imports stand at the top; a long file ends with its `if __name__`. */
const MAX_BYTES = 256 * 1024;

/**
 * Finds the script a new configuration file runs, asking when several would do.
 *
 * @param folder - the workspace folder
 * @returns its path relative to the folder, or `null` when there is none
 * @throws {CancelledError} when the user picks none
 */
export async function chooseScript(folder: vscode.Uri): Promise<string | null> {
  const { guessScripts } = await import('./late-config.ts');
  const found = guessScripts(await candidates(folder));
  if (found.length < 2) {
    return found[0] ?? null;
  }
  const picked = await vscode.window.showQuickPick(found, {
    title: l10n.t('Which script trains?'),
    placeHolder: l10n.t('It becomes the command of the first run profile'),
  });
  if (picked === undefined) {
    throw new CancelledError();
  }
  return picked;
}

async function candidates(folder: vscode.Uri): Promise<readonly ScriptCandidate[]> {
  const files = await vscode.workspace.findFiles(
    new vscode.RelativePattern(folder, PYTHON),
    new vscode.RelativePattern(folder, NOT_OURS),
    MAX_FILES,
  );
  return Promise.all(
    files.map(async (file) => ({
      path: file.path.slice(folder.path.length).replace(/^\//, ''),
      text: await beginningOf(file.fsPath),
    })),
  );
}

// A file that cannot be read is judged by its name.
async function beginningOf(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  }
}
