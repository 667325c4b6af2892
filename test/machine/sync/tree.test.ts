import assert from 'node:assert/strict';
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import type { RemoteShell } from '../../../src/remote/remote-shell.ts';
import { syncTree } from '../../../src/sync/transfer/sync-tree.ts';
import type { SyncOutcome, SyncRequest } from '../../../src/sync/transfer/transfer-types.ts';
import { noise, snapshot, syncBed } from '../../support/sync-bed.ts';
import type { SyncBed } from '../../support/sync-bed.ts';
import { machineTools } from '../../support/sync-tools.ts';
import type { ToolSet } from '../../support/sync-tools.ts';

const NAMES = [
  'a',
  'b',
  'src',
  '-rf',
  "it's",
  'new\nline',
  '$(touch hacked)',
  '"quoted" *?',
  'é漢',
  ' space ',
  '\\back',
  'n'.repeat(240),
];

const MACHINES: readonly ToolSet[] = ['dash', 'bash', 'busybox', 'openssl', 'sha256sum'];

for (const machine of MACHINES) {
  describe(`a tree on a machine with ${machine}`, function () {
    this.timeout(60_000);
    let tools: Awaited<ReturnType<typeof machineTools>>;
    let shell: RemoteShell;
    let bed: SyncBed;

    before(async () => {
      tools = await machineTools(machine);
      shell = new LocalShell({ PATH: tools.path });
    });
    after(() => tools.dispose());
    beforeEach(async () => {
      bed = await syncBed(shell);
    });
    afterEach(() => bed.dispose());

    it('equals the source after any edits on both sides, and what runs made stays', async () => {
      const path = fc
        .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
        .map((parts) => parts.join('/'));
      const edit = fc.record({
        side: fc.constantFrom('source', 'source', 'source', 'run'),
        kind: fc.constantFrom('write', 'write', 'delete', 'link', 'folder', 'mode'),
        path,
        content: fc.string({ maxLength: 40 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(edit, { maxLength: 12 }), { maxLength: 4 }), async (rounds) => {
          const own = await syncBed(shell);
          try {
            let outcome = await sync(own);
            for (const round of rounds) {
              const made = await edits(own, outcome, round);
              outcome = await sync(own);
              await expectEqual(own, outcome);
              await expectKept(made, outcome);
            }
          } finally {
            await own.dispose();
          }
        }),
        { seed: 4, numRuns: machine === 'dash' ? 30 : 8 },
      );
    });

    it('asks one question when nothing has changed', async () => {
      await bed.write('train.py', 'print(1)\n', 0o755);
      await sync(bed);
      let calls = 0;
      const counting = Object.assign(Object.create(shell) as RemoteShell, {
        exec: (...args: Parameters<RemoteShell['exec']>) => {
          calls += 1;
          return shell.exec(...args);
        },
        start: () => Promise.reject(new Error('no stream')),
      });
      const outcome = await sync(bed, { shell: counting });
      assert.equal(calls, 1);
      assert.equal(outcome.method.kind, 'none');
      assert.equal(outcome.sentBytes, 0);
    });

    it('keeps aside what a run changed or made where we put something, and tells', async () => {
      await bed.write('config.yaml', 'lr: 1\n');
      const { directory } = await sync(bed);
      await appendFile(join(directory, 'config.yaml'), 'lr: 2\n');
      await mkdir(join(directory, 'new'));
      await writeFile(join(directory, 'new/report.txt'), 'of the run');
      await bed.write('new/report.txt', 'of the source');
      const outcome = await sync(bed);
      await expectEqual(bed, outcome);
      const told = new Map(outcome.movedAside.map((item) => [item.path, item]));
      assert.equal(told.get('config.yaml')?.why, 'drift');
      assert.equal(told.get('new/report.txt')?.why, 'conflict');
      assert.equal(await readFile(told.get('config.yaml')!.backup, 'utf8'), 'lr: 1\nlr: 2\n');
      assert.equal(await readFile(told.get('new/report.txt')!.backup, 'utf8'), 'of the run');
    });

    it('puts files into many folders, whether or not one program can move all of them', async () => {
      const broken = join(bed.directory, 'broken');
      await mkdir(broken);
      await writeFile(join(broken, 'python3'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
      const shells = [shell, new LocalShell({ PATH: `${broken}:${tools.path}` })];
      for (const [turn, way] of shells.entries()) {
        for (let at = 0; at < 24; at += 1) {
          await bed.write(`d${at}/${NAMES[at % NAMES.length] ?? ''}`, `${turn}`);
        }
        const { directory } = await sync(bed, { shell: way });
        await writeFile(join(directory, `d20/late${turn}`), 'of the run');
        await bed.write(`d20/late${turn}`, 'of the source');
        for (let at = 0; at < 24; at += 1) {
          await bed.write(`d${at}/${NAMES[at % NAMES.length] ?? ''}`, `again ${turn}`);
        }
        const outcome = await sync(bed, { shell: way });
        await expectEqual(bed, outcome);
        assert.deepEqual(outcome.movedAside.map(({ path }) => path), [`d20/late${turn}`]);
        assert.deepEqual(await readdir(join(bed.home, 'trees/abc123/stage')), []);
        assert.equal((await sync(bed, { shell: way })).method.kind, 'none');
      }
    });

    it('writes nothing through a link that a run put in the place of a folder', async () => {
      await bed.write('src/a.py', 'a');
      const { directory } = await sync(bed);
      const elsewhere = join(bed.directory, 'elsewhere');
      await mkdir(elsewhere);
      await writeFile(join(elsewhere, 'a.py'), 'precious');
      await rename(join(directory, 'src'), join(directory, 'moved'));
      await symlink(elsewhere, join(directory, 'src'));
      await bed.write('src/a.py', 'b');
      await bed.write('src/c.py', 'c');
      await expectEqual(bed, await sync(bed));
      assert.deepEqual([...(await snapshot(elsewhere)).keys()], ['a.py']);
      assert.equal(await readFile(join(elsewhere, 'a.py'), 'utf8'), 'precious');
    });

    it('gives a second run a tree of its own, copied there, and leaves the first alone', async () => {
      await bed.write('src/a.py', 'a'.repeat(100_000));
      const first = await sync(bed);
      await writeFile(join(first.directory, 'out.txt'), 'run 1');
      await writeFile(join(first.directory, 'checkpoints/1.pt'), 'weights');
      await bed.write('src/b.py', 'b');
      const second = await sync(bed, { busyTrees: ['a'] });
      assert.equal(second.slot, 'b');
      assert.ok(second.sentBytes < 60_000, `${second.sentBytes} bytes`);
      await expectEqual(bed, second);
      assert.equal(await readFile(join(second.directory, 'checkpoints/1.pt'), 'utf8'), 'weights');
      assert.deepEqual([...(await snapshot(first.directory)).keys()].sort(), [
        'checkpoints',
        'out.txt',
        'src/a.py',
      ]);
    });

    it('keeps folders of runs, and puts tracked files in them only where nothing is', async () => {
      await bed.write('checkpoints/README', 'first');
      const { directory } = await sync(bed);
      assert.equal(await readlink(join(directory, 'checkpoints')), '../keep/checkpoints');
      assert.equal(await readFile(join(directory, 'checkpoints/README'), 'utf8'), 'first');
      await writeFile(join(directory, 'checkpoints/README'), 'of the run');
      await bed.write('checkpoints/README', 'second');
      await sync(bed);
      assert.equal(await readFile(join(directory, 'checkpoints/README'), 'utf8'), 'of the run');
    });

    it('sends a big file again only where it changed', async () => {
      const content = noise(8 * 1024 * 1024);
      await bed.write('data.bin', content);
      await sync(bed);
      content.fill('changed', 3_000_000, 3_050_000, 'utf8');
      const more = Buffer.concat([content.subarray(0, 999), Buffer.from('more'), content.subarray(999)]);
      await bed.write('data.bin', more);
      const outcome = await sync(bed);
      await expectEqual(bed, outcome);
      const isWhole = machine === 'busybox' || machine === 'sha256sum';
      assert.equal(outcome.method.deltas, isWhole ? 0 : 1);
      assert.equal(outcome.method.assembledBy === 'none', isWhole);
      assert.ok(isWhole || outcome.sentBytes < 1_500_000, `${outcome.sentBytes} bytes`);
    });

    it('sends it whole when a run changes the old version while the new one is made', async () => {
      const content = noise(6 * 1024 * 1024);
      await bed.write('data.bin', content);
      const { directory } = await sync(bed);
      content.fill('changed', 3_000_000, 3_050_000, 'utf8');
      await bed.write('data.bin', content);
      let drifts = 0;
      const drifting = Object.assign(Object.create(shell) as LocalShell, {
        start: async (...args: Parameters<LocalShell['start']>) => {
          drifts += 1;
          if (drifts === 1) await writeFile(join(directory, 'data.bin'), noise(6 * 1024 * 1024, 5));
          return shell.start(...args);
        },
      });
      await expectEqual(bed, await sync(bed, { shell: drifting }));
      assert.ok(drifts > 0);
    });
  });
}

async function sync(bed: SyncBed, changes: Partial<SyncRequest> = {}): Promise<SyncOutcome> {
  return syncTree(await bed.request(changes));
}

interface Edit {
  side: string;
  kind: string;
  path: string;
  content: string;
}

/** Makes edits; those that a file system refuses are none. */
async function edits(
  bed: SyncBed,
  outcome: SyncOutcome,
  list: readonly Edit[],
): Promise<Map<string, string>> {
  const made = new Map<string, string>();
  for (const { side, kind, path, content } of list) {
    const root = side === 'source' ? bed.source : outcome.directory;
    const file = join(root, path);
    try {
      if (kind === 'delete') await rm(file, { recursive: true, force: true });
      else if (kind === 'mode') await utimes(file, 1_600_000_000, 1_600_000_000);
      else {
        await mkdir(join(file, '..'), { recursive: true });
        if (kind === 'folder') await mkdir(file);
        else if (kind === 'link') await symlink('a', file);
        else await writeFile(file, content);
      }
      if (side === 'run' && kind === 'write') made.set(path, content);
    } catch {
      continue;
    }
  }
  for (const [path, content] of made) {
    const found = await readFile(join(outcome.directory, path), 'utf8').catch(() => undefined);
    if (found !== content) made.delete(path);
  }
  return made;
}

/** All of the source is there; more may be, of runs. */
async function expectEqual(bed: SyncBed, outcome: SyncOutcome): Promise<void> {
  const wanted = await snapshot(bed.source);
  const found = await snapshot(outcome.directory);
  for (const path of wanted.keys()) {
    if (path.startsWith('checkpoints/')) continue;
    assert.equal(found.get(path), wanted.get(path), JSON.stringify(path));
  }
  assert.ok(!found.has('hacked'), tmpdir());
}

/** What a run wrote is where it was, or kept aside. */
async function expectKept(made: Map<string, string>, outcome: SyncOutcome): Promise<void> {
  const work = outcome.directory.slice(0, -2);
  const aside = await snapshot(join(work, 'aside')).catch(() => new Map<string, string>());
  for (const [path, content] of made) {
    const found = await readFile(join(outcome.directory, path), 'utf8').catch(() => undefined);
    const kept = [...aside.keys()].filter((name) => name.endsWith(`/${path}`));
    const contents = await Promise.all(kept.map((name) => readFile(join(work, 'aside', name), 'utf8')));
    assert.ok(found === content || contents.includes(content), `lost: ${JSON.stringify(path)}`);
  }
}
