import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { indexPath } from '../../../src/sync/file-index.ts';
import { SourceJobs } from '../../../src/sync/source-jobs.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TreeBed } from './tree-bed.ts';

const HOUR = 3_600_000;

describe('the index of file hashes', () => {
  let bed: TreeBed;
  let store: TreeBed;
  // What was written a moment ago is long settled for this clock.
  let clock: FakeClock;
  beforeEach(() => {
    bed = new TreeBed();
    store = new TreeBed();
    clock = new FakeClock(Date.now() + HOUR);
  });
  afterEach(() => {
    bed.remove();
    store.remove();
  });

  it('spares reading what has not changed, and nothing that has', async () => {
    bed.write({ a: 'one', b: 'two', __proto__x: '' });
    assert.equal((await hashes())['a'], hashOf('one'));
    forge();
    assert.deepEqual(await hashes(), { a: 'forged', b: 'forged', __proto__x: 'forged' });
    appendFileSync(join(bed.root, 'a'), '!');
    assert.deepEqual(await hashes(), { a: hashOf('one!'), b: 'forged', __proto__x: 'forged' });
    const { mtimeMs } = statOf('b');
    bed.write({ b: 'TWO' });
    utimesSync(join(bed.root, 'b'), mtimeMs / 1000, mtimeMs / 1000);
    assert.equal((await hashes())['b'], hashOf('TWO'), 'same size and time, another content');
    rmSync(join(bed.root, 'b'));
    await hashes();
    assert.deepEqual(Object.keys(records()), ['__proto__x', 'a']);
  });

  it('knows no file that was changed within two seconds of its reading', async () => {
    bed.write({ a: 'one' });
    clock = new FakeClock(statOf('a').mtimeMs + 1990);
    await hashes();
    assert.ok(!('a' in records()));
    clock = new FakeClock(statOf('a').mtimeMs + 2010);
    await hashes();
    assert.ok('a' in records());
  });

  it('knows no file whose time lies ahead', async () => {
    bed.write({ a: 'one' });
    utimesSync(join(bed.root, 'a'), 4_000_000_000, 4_000_000_000);
    await hashes();
    assert.ok(!('a' in records()));
  });

  for (const [what, change] of [
    ['damaged', (old: string) => old.replace('"a"', '"b"')],
    ['half', (old: string) => old.slice(0, 40)],
    ['empty', () => ''],
    ['of a newer format', (old: string) => old.replace(/^1 /, '2 ')],
    ['of another shape', () => whole('{"a":5}')],
  ] as const) {
    it(`is made anew when it is ${what}`, async () => {
      bed.write({ a: 'one' });
      await hashes();
      const path = indexPath(store.root, bed.root);
      writeFileSync(path, change(readFileSync(path, 'utf8')));
      assert.deepEqual(await hashes(), { a: hashOf('one') });
      assert.deepEqual(Object.keys(records()), ['a']);
    });
  }

  it('does without a place to be written to', async () => {
    bed.write({ a: 'one' });
    assert.deepEqual(await hashes('/dev/null/nowhere'), { a: hashOf('one') });
  });

  it('is whole after two windows wrote it at once', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `f${index}`);
    bed.write(Object.fromEntries(names.map((name) => [name, name])));
    const both = await Promise.all([hashes(), hashes()]);
    assert.deepEqual(both[0], both[1]);
    assert.equal(readdirSync(store.root).length, 1, 'no temporary file stays');
    assert.equal(Object.keys(records()).length, 500);
  });

  it('keeps what was hashed before it was given up', async () => {
    bed.write({ a: 'one' });
    await hashes();
    bed.write(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, 'x'])));
    bed.write({ z: 'x'.repeat(9_000_000) });
    const cancel = new AbortController();
    const progress = (): void => cancel.abort();
    clock = new FakeClock(Date.now() + HOUR);
    const ticking = Object.assign(Object.create(clock) as FakeClock, {
      now: () => clock.now(),
      monotonic: () => (ticks += 1000),
    });
    let ticks = 0;
    const jobs = new SourceJobs(store.root, ticking);
    const output = { kept: () => undefined, entries: () => Promise.resolve(), progress };
    const job = { kind: 'hash', root: bed.root, options: {} } as const;
    await assert.rejects(jobs.run(job, output, cancel.signal));
    assert.ok('a' in records());
    assert.ok(!('z' in records()));
  });

  async function hashes(storage = store.root): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    const jobs = new SourceJobs(storage, clock);
    const output = {
      progress: () => undefined,
      kept: () => undefined,
      entries: (part: readonly { readonly path: string; readonly hash?: string }[]) => {
        Object.assign(found, Object.fromEntries(part.map(({ path, hash }) => [path, hash])));
        return Promise.resolve();
      },
    };
    const job = { kind: 'hash', root: bed.root, options: {} } as const;
    await jobs.run(job, output, new AbortController().signal);
    return found;
  }

  function records(): Record<string, [string, string]> {
    try {
      const [, body = ''] = readFileSync(indexPath(store.root, bed.root), 'utf8').split('\n');
      return JSON.parse(body) as Record<string, [string, string]>;
    } catch {
      return {};
    }
  }

  // Puts a mark in place of every hash that the index holds.
  function forge(): void {
    const forged = Object.entries(records()).map(([name, [stamp]]) => [name, [stamp, 'forged']]);
    const body = JSON.stringify(Object.fromEntries(forged));
    writeFileSync(indexPath(store.root, bed.root), whole(body));
  }

  function statOf(path: string) {
    return statSync(join(bed.root, path));
  }
});

function hashOf(text: string): string {
  return createHash('blake2b512').update(text).digest('hex');
}

function whole(body: string): string {
  return `1 ${createHash('sha256').update(body).digest('hex')}\n${body}`;
}
