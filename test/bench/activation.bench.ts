import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lib/paths.ts';
import { run } from '../../scripts/lib/process.ts';
import { installVsix } from '../../scripts/lib/running-server.ts';
import { ensureServer } from '../../scripts/vscode-server.ts';
import { writeEmptyExtension } from '../support/empty-extension.ts';
import { Scenario } from '../support/scenario.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';
import { alone, paired, RUNS } from './bench-case.ts';
import type { BenchCase } from './bench-case.ts';

interface Activation {
  readonly ours: number;
  readonly peer: number;
}

/**
 * Code load and `activate()` as VS Code itself measures them, beside an empty
 * extension in the same host, and the size of what activation loads.
 */
export async function* bench(): AsyncIterable<BenchCase> {
  const pairs = await activations();
  yield paired('activation', 'code load + activate()', pairs, 'empty extension', 'ms', 50);
  yield alone('activation', 'bundle loaded at activation', [await bundleSize()], 'kB', 200);
}

async function activations(): Promise<readonly Activation[]> {
  const scenario = await Scenario.start('bench-activation');
  const scratch = await mkdtemp(join(tmpdir(), 'runctl-bench-empty-'));
  try {
    const server = await ensureServer();
    await installVsix(server, 'test', scenario.dataDir, await packEmpty(scratch));
    const window = await scenario.openWindow();
    // Tall, since the list of extensions has only the rows that are in sight.
    await window.page.setViewportSize({ width: 1280, height: 4000 });
    const pairs: Activation[] = [];
    for (let index = 0; index < RUNS; index += 1) {
      if (index > 0) await window.reload();
      await window.waitForActivation(index + 1);
      pairs.push(await readTimes(window));
    }
    return pairs;
  } finally {
    await scenario.dispose();
    await rm(scratch, { recursive: true });
  }
}

async function packEmpty(scratch: string): Promise<string> {
  const folder = await writeEmptyExtension(join(scratch, 'empty'));
  const out = join(scratch, 'empty.vsix');
  const vsce = join(ROOT, 'node_modules', '@vscode', 'vsce', 'vsce');
  const args = ['package', '--no-dependencies', '--allow-missing-repository', '--skip-license'];
  await run(process.execPath, [vsce, ...args, '--out', out], { cwd: folder });
  return out;
}

// VS Code's own marks: loading the code and calling activate().
async function readTimes(window: VsCodeWindow): Promise<Activation> {
  await window.quickInput.runCommand('Developer: Show Running Extensions');
  const rows = window.page.locator('.editor-instance .monaco-list-row');
  const read = async (name: string): Promise<number> => {
    const row = rows.filter({ hasText: name }).first();
    await row.waitFor();
    return Number(/Activation: (\d+)ms/.exec((await row.textContent()) ?? '')?.[1]);
  };
  return { ours: await read('runctl: train on any GPU'), peer: await read('an empty extension') };
}

async function bundleSize(): Promise<number> {
  const text = await readFile(join(ROOT, 'dist', 'meta.json'), 'utf8');
  const { outputs } = JSON.parse(text) as Metafile;
  const seen = new Set(['dist/extension.js']);
  for (const path of seen) {
    for (const { path: next, kind } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && outputs[next] !== undefined) seen.add(next);
    }
  }
  return [...seen].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0) / 1000;
}

interface Metafile {
  readonly outputs: Readonly<
    Record<
      string,
      | {
          readonly bytes: number;
          readonly imports: readonly { readonly path: string; readonly kind: string }[];
        }
      | undefined
    >
  >;
}
