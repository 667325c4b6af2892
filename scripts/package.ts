import { globSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withLock } from './lib/install-lock.ts';
import { ROOT, VSIX } from './lib/paths.ts';
import { run } from './lib/process.ts';

/** What the VSIX is made of; the rest of the repository does not change it. */
const INPUTS = [
  'src/**/*',
  'webview-ui/**/*',
  'media/**/*',
  'l10n/**/*',
  '*.{json,mjs,md}',
  '.vscodeignore',
];

/** Builds for production and packs `out/runctl.vsix`. Returns its path. */
export async function packageVsix(): Promise<string> {
  await mkdir(dirname(VSIX), { recursive: true });
  return await withLock(`${VSIX}.lock`, build);
}

/** The VSIX as it is when nothing changed since, else a new one. */
export async function ensureVsix(): Promise<string> {
  await mkdir(dirname(VSIX), { recursive: true });
  return await withLock(`${VSIX}.lock`, async () => (isFresh() ? VSIX : await build()));
}

async function build(): Promise<string> {
  await run(process.execPath, ['esbuild.mjs', '--production'], { cwd: ROOT, show: true });
  const vsce = join(ROOT, 'node_modules', '@vscode', 'vsce', 'vsce');
  // Everything is bundled; images of the README stay relative, there is no repository address.
  const args = ['package', '--no-dependencies', '--no-rewrite-relative-links', '--out', VSIX];
  await run(process.execPath, [vsce, ...args, '--allow-missing-repository'], { cwd: ROOT });
  return VSIX;
}

function isFresh(): boolean {
  const built = statSync(VSIX, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return globSync(INPUTS, { cwd: ROOT }).every(
    (path) => statSync(join(ROOT, path)).mtimeMs <= built,
  );
}

if (process.argv[1] === import.meta.filename) console.log(await packageVsix());
