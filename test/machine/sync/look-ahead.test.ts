import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import type { RemoteShell } from '../../../src/remote/remote-shell.ts';
import type { HashedTree } from '../../../src/sync/model.ts';
import { syncTree } from '../../../src/sync/transfer/sync-tree.ts';
import type { SyncOutcome, SyncRequest } from '../../../src/sync/transfer/transfer-types.ts';
import { until } from '../../support/proc.ts';
import { hashTree, snapshot, syncBed } from '../../support/sync-bed.ts';
import type { SyncBed } from '../../support/sync-bed.ts';

describe('a machine that is looked at while the folder is read', function () {
  this.timeout(60_000);
  let bed: SyncBed;
  let calls: string[][];
  let beforeStream: () => Promise<void>;
  let shell: RemoteShell;

  beforeEach(async () => {
    const local = new LocalShell();
    bed = await syncBed(local);
    calls = [];
    beforeStream = () => Promise.resolve();
    shell = Object.assign(Object.create(local) as RemoteShell, {
      exec: (...args: Parameters<RemoteShell['exec']>) => {
        calls.push([...args[0]]);
        return local.exec(...args);
      },
      start: async (...args: Parameters<RemoteShell['start']>) => {
        calls.push([...args[0]]);
        await beforeStream();
        return await local.start(...args);
      },
    });
  });
  afterEach(() => bed.dispose());

  it('is asked before the folder is known, and not again when nothing changed', async () => {
    await bed.write('train.py', 'print(1)\n');
    await sync(await hashTree(bed.source));
    calls = [];
    let tell: (tree: HashedTree) => void = () => undefined;
    const reading = new Promise<HashedTree>((resolve) => {
      tell = resolve;
    });
    const syncing = sync(reading);
    await until('it is asked', () => Promise.resolve(calls.length > 0 ? true : undefined));
    assert.deepEqual(verbs(), ['check']);
    tell(await hashTree(bed.source));
    assert.equal((await syncing).method.kind, 'none');
    assert.deepEqual(verbs(), ['check']);
  });

  it('gets what changed, with that one look', async () => {
    await bed.write('train.py', 'print(1)\n');
    await bed.write('data/a', 'a');
    await sync(hashTree(bed.source));
    calls = [];
    await bed.write('train.py', 'print(2)\n');
    const outcome = await sync(hashTree(bed.source));
    assert.deepEqual(verbs(), ['check', 'commit']);
    await expectEqual(outcome);
  });

  it('is looked at again where another slot holds what is wanted', async () => {
    await bed.write('train.py', 'print(1)\n');
    const first = await sync(hashTree(bed.source));
    await bed.write('train.py', 'print(2)\n');
    const second = await sync(hashTree(bed.source), [first.slot]);
    assert.notEqual(second.slot, first.slot);
    await bed.write('train.py', 'print(1)\n');
    calls = [];
    const third = await sync(withTimesOf(first, await hashTree(bed.source)));
    assert.equal(third.slot, first.slot);
    assert.equal(third.method.kind, 'none');
    assert.deepEqual(verbs(), ['check', 'check']);
  });

  it('fails as the reading does', async () => {
    let fail: (error: Error) => void = () => undefined;
    const reading = new Promise<HashedTree>((_resolve, reject) => {
      fail = reject;
    });
    const failing = assert.rejects(sync(reading), /cannot be read/);
    await until('it is asked', () => Promise.resolve(calls.length > 0 ? true : undefined));
    fail(new Error('cannot be read'));
    await failing;
    await until('nobody is at work there', () =>
      Promise.resolve(existsSync(join(bed.home, 'trees/abc123/lock')) ? undefined : true),
    );
  });

  it('never takes for ours what a run changes between the look and the switch', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await bed.write(`src/${name}.py`, `${name}\n`);
    await symlink('a.py', join(bed.source, 'src/link.py'));
    const { directory } = await sync(hashTree(bed.source));
    await bed.write('src/a.py', 'a2\n');
    beforeStream = () => appendFile(join(directory, 'src/c.py'), 'of the run\n');
    await sync(hashTree(bed.source));
    beforeStream = () => Promise.resolve();
    const outcome = await sync(hashTree(bed.source));
    await expectEqual(outcome);
    assert.deepEqual(outcome.movedAside.map(({ path, why }) => [path, why]), [['src/c.py', 'drift']]);
    assert.equal(await readFile(outcome.movedAside[0]?.backup ?? '', 'utf8'), 'c\nof the run\n');
    assert.equal((await sync(hashTree(bed.source))).method.kind, 'none');
  });

  it('knows after a switch all that was put, removed or moved, without a second one', async () => {
    for (let at = 0; at < 20; at += 1) await bed.write(`d${at % 3}/f${at}`, `${at}`);
    await sync(hashTree(bed.source));
    await bed.write('d0/f3', 'changed');
    await bed.write('d0/a new one', 'new');
    await bed.write('d1/f4', '4', 0o755);
    await symlink('f5', join(bed.source, 'd2/link'));
    await expectEqual(await sync(hashTree(bed.source)));
    const stats = await readFile(join(bed.home, 'trees/abc123/meta/a/stats'), 'utf8');
    assert.equal(stats.trimEnd().split('\n').length, 22);
    const outcome = await sync(hashTree(bed.source));
    assert.equal(outcome.method.kind, 'none');
    assert.equal(outcome.movedAside.length, 0);
  });

  async function sync(
    tree: SyncRequest['tree'],
    busyTrees: readonly string[] = [],
  ): Promise<SyncOutcome> {
    return syncTree(await bed.request({ shell, tree, busyTrees }));
  }

  function verbs(): string[] {
    return calls.flatMap(([, path, verb]) =>
      path?.endsWith('/sync.sh') === true && verb !== undefined ? [verb] : [],
    );
  }

  // Written anew, a file has another time: what is wanted again is the old tree.
  async function withTimesOf(old: SyncOutcome, tree: HashedTree): Promise<HashedTree> {
    const there = await snapshot(old.directory);
    const entries = tree.entries.map((entry) => {
      const seconds = Number(there.get(entry.path)?.split(' ')[2]);
      return entry.kind === 'file' ? { ...entry, modifiedAt: seconds * 1000 } : entry;
    });
    return { ...tree, entries };
  }

  async function expectEqual({ directory }: SyncOutcome): Promise<void> {
    const found = await snapshot(directory);
    found.delete('checkpoints');
    assert.deepEqual(found, await snapshot(bed.source));
  }
});
