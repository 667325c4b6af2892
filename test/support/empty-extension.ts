import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MANIFEST = {
  name: 'empty',
  displayName: 'an empty extension',
  publisher: 'runctl-test',
  version: '0.0.1',
  type: 'module',
  engines: { vscode: '^1.101.0' },
  activationEvents: ['onStartupFinished'],
  extensionKind: ['workspace'],
  main: './extension.js',
};

/** Id of what {@link writeEmptyExtension} writes. */
export const EMPTY_EXTENSION_ID = `${MANIFEST.publisher}.${MANIFEST.name}`;

/**
 * Writes an extension that does nothing: VS Code runs tests only beside one under
 * development, and it shows what any extension costs at activation.
 */
export async function writeEmptyExtension(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(MANIFEST));
  await writeFile(join(folder, 'extension.js'), 'export function activate() {}\n');
  return folder;
}
