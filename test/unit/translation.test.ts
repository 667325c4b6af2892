import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as l10n from '@vscode/l10n';
import { afterEach, describe, it } from 'mocha';
import { runStateLabel } from '../../src/ui/tree/run-state-icons.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXPORTER = join(ROOT, 'node_modules/@vscode/l10n-dev/dist/cli.js');
const run = promisify(execFile);

describe('translation', () => {
  afterEach(() => {
    l10n.config({ contents: {} });
  });

  it('knows every text of the code (else run: npm run l10n)', async function () {
    this.timeout(120_000);
    const folder = await mkdtemp(join(tmpdir(), 'runctl-l10n-'));
    try {
      await run(process.execPath, [EXPORTER, 'export', '-o', folder, 'src'], { cwd: ROOT });
      const fresh = await texts(join(folder, 'bundle.l10n.json'));
      const kept = await texts(join(ROOT, 'l10n/bundle.l10n.json'));
      assert.deepEqual(Object.keys(kept).sort(), Object.keys(fresh).sort());
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is asked for texts in one piece: joined ones are not collected', async () => {
    const joined: string[] = [];
    for (const file of globSync('src/**/*.ts', { cwd: ROOT })) {
      const code = await readFile(join(ROOT, file), 'utf8');
      if (/l10n\.t\(\s*(?:'(?:[^'\\]|\\.)*'\s*\+|`[^`]*\$\{)/.test(code)) joined.push(file);
    }
    assert.deepEqual(joined, []);
  });

  it('has whole texts only, since other languages order words in other ways', async () => {
    const all = Object.keys(await texts(join(ROOT, 'l10n/bundle.l10n.json')));
    const fragments = all.filter((text) => text !== text.trim() || /^[,;.:)+·]/.test(text));
    assert.deepEqual(fragments, []);
  });

  it('has every text the manifest names, and no other', async () => {
    const manifest = await readFile(join(ROOT, 'package.json'), 'utf8');
    const named = [...manifest.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1] ?? '');
    const known = await texts(join(ROOT, 'package.nls.json'));
    assert.deepEqual([...new Set(named)].sort(), Object.keys(known).sort());
  });

  it('reaches what views show', () => {
    l10n.config({ contents: { running: 'läuft' } });
    assert.equal(runStateLabel('running'), 'läuft');
  });
});

async function texts(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
}
