import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { pack } from '../../../src/sync/transfer/pack.ts';
import type { Member } from '../../../src/sync/transfer/pack.ts';

describe('packed files', function () {
  this.timeout(20_000);
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'runctl-pack-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  for (const [how, count] of [['here', 9], ['on a thread', 700]] as const) {
    it(`are what tar reads, packed ${how}`, async () => {
      const members = await make(count);
      const out = join(directory, 'out');
      await mkdir(out);
      execFileSync('tar', ['-xpf', '-', '-C', out], { input: await packed(members) });
      assert.equal((await readdir(out)).length, count);
      for (const { head, content } of members) {
        const expected = content.kind === 'file' ? await readFile(content.path) : undefined;
        assert.deepEqual(await readFile(join(out, head.path)), expected, head.path);
      }
    });

    it(`are refused when one has another size by now, packed ${how}`, async () => {
      const members = await make(count);
      const last = members.at(-1);
      assert.ok(last?.content.kind === 'file');
      for (const change of [
        () => writeFile(join(directory, 'f3'), 'longer than it was '.repeat(9)),
        () => writeFile(join(directory, 'f3'), ''),
        () => rm(join(directory, 'f3')),
      ]) {
        await change();
        await assert.rejects(packed(members), { code: 'source-changed' });
      }
    });
  }

  it('end their thread when nobody takes the rest', async () => {
    const before = threads();
    for await (const piece of pack(await make(700))) {
      assert.ok(piece.length > 0);
      assert.ok(threads() > before);
      break;
    }
    assert.equal(threads(), before);
  });

  async function make(count: number): Promise<Member[]> {
    const members: Member[] = [];
    for (let at = 0; at < count; at += 1) {
      // Some that are larger than a piece, one that is empty.
      const size = at % 100 === 5 ? 300_000 : at * 7;
      const path = join(directory, `f${at}`);
      await writeFile(path, Buffer.alloc(size, at));
      const head = { path: `${at}`, type: 'file', size, mode: 0o644, stamp: 5 } as const;
      members.push({ head, content: { kind: 'file', path } });
    }
    return members;
  }
});

async function packed(members: readonly Member[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of pack(members)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function threads(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
}
