import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { describe, it } from 'mocha';

import { IoError } from '../../../../src/core/errors.ts';
import { FileWaker } from '../../../../src/training/log/file-waker.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

import { inDirectory, record, until } from './support.ts';

describe('followLog', () => {
  it('reads what is there, then what comes, every byte once and in order', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'one\n');
      const seen = record(path);
      await until(() => seen.text() === 'one\n', 'the first line');
      await appendFile(path, 'two\n');
      await until(() => seen.text() === 'one\ntwo\n', 'the second line');
      const { dev, ino } = await stat(path);
      assert.deepEqual(seen.follower.position(), { identity: `${dev}:${ino}`, offset: 8 });
      await seen.stop();
      assert.deepEqual(seen.resets, []);
    }));

  it('is woken by the write, not by the next poll', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, '');
      const seen = record(path, { pollMs: 600_000 });
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (let turn = 1; turn <= 5; turn++) {
        await appendFile(path, 'x');
        await until(() => seen.text().length === turn, 'a byte long before the poll', 5000);
      }
      await seen.stop();
    }));

  it('waits for a file that does not exist yet, in a folder that does not either', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'later', 'log');
      const seen = record(path);
      await mkdir(join(directory, 'later'));
      await writeFile(path, 'here\n');
      await until(() => seen.text() === 'here\n', 'the late file');
      await seen.stop();
    }));

  it('goes on from a stored position of the same file', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'read before\nnew\n');
      const { dev, ino } = await stat(path);
      const seen = record(path, { offset: 12, identity: `${dev}:${ino}` });
      await seen.follower.finish();
      assert.equal(seen.text(), 'new\n');
      assert.equal(seen.chunks[0]?.at.offset, 12);
      assert.deepEqual(seen.resets, []);
    }));

  it('reads another file from its start and says so', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'other content\n');
      const seen = record(path, { offset: 5, identity: '1:1' });
      await seen.follower.finish();
      assert.equal(seen.text(), 'other content\n');
      assert.deepEqual(
        seen.resets.map(({ reason, from, to }) => [reason, from.offset, to.offset]),
        [['replaced', 5, 0]],
      );
    }));

  it('says when the file was cut', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'a long first line\n');
      const seen = record(path);
      await until(() => seen.text().length === 18, 'the first line');
      await truncate(path, 0);
      await until(() => seen.resets.length === 1, 'the cut');
      await appendFile(path, 'new\n');
      await seen.follower.finish();
      assert.equal(seen.text(), 'a long first line\nnew\n');
      assert.equal(seen.resets[0]?.reason, 'truncated');
      assert.equal(seen.resets[0].from.offset, 18);
    }));

  it('notices a file cut and grown longer than before between two looks', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'old\n');
      let release: (() => void) | undefined;
      const seen = record(path, {
        onChunk: (bytes, at) => {
          seen.chunks.push({ bytes, at });
          return release === undefined
            ? new Promise((resolve) => (release = resolve))
            : undefined;
        },
      });
      await until(() => release !== undefined, 'the first chunk');
      await writeFile(path, 'entirely new\n');
      release?.();
      await seen.follower.finish();
      assert.equal(seen.text(), 'old\nentirely new\n');
      assert.deepEqual(seen.resets.map((reset) => reset.reason), ['truncated']);
    }));

  it('reads the renamed file to its end before it takes the new one', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'old 1\n');
      const seen = record(path);
      await until(() => seen.text() !== '', 'the old file');
      await appendFile(path, 'old 2\n');
      await rename(path, `${path}.1`);
      await writeFile(path, 'new 1\n');
      await until(() => seen.text().includes('new 1'), 'the new file');
      await seen.stop();
      assert.equal(seen.text(), 'old 1\nold 2\nnew 1\n');
      assert.deepEqual(seen.resets.map((reset) => reset.reason), ['replaced']);
    }));

  it('gives chunks of at most 64 KiB, one at a time', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      const content = Buffer.alloc(300_000, 'abcdefghij');
      await writeFile(path, content);
      let inside = 0;
      const seen = record(path, {
        onChunk: async (bytes, at) => {
          assert.equal(++inside, 1);
          await new Promise((resolve) => setImmediate(resolve));
          inside--;
          seen.chunks.push({ bytes, at });
        },
      });
      await seen.follower.finish();
      assert.ok(seen.chunks.every(({ bytes }) => bytes.length <= 64 * 1024));
      assert.equal(seen.text(), content.toString());
      let offset = 0;
      for (const { bytes, at } of seen.chunks) {
        assert.equal(at.offset, offset);
        offset += bytes.length;
      }
    }));

  it('does not count a chunk as taken before its receiver is done', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'x'.repeat(100));
      const seen = record(path, {
        onChunk: () => Promise.reject(new Error('disk full')),
      });
      await assert.rejects(seen.follower.done, /disk full/);
      assert.equal(seen.follower.position().offset, 0);
    }));

  it('marks a backlog as not live and what comes later as live', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'backlog\n');
      const seen = record(path);
      await until(() => seen.chunks.length === 1, 'the backlog');
      await appendFile(path, 'now\n');
      await until(() => seen.chunks.length === 2, 'the new line');
      await seen.stop();
      assert.deepEqual(seen.chunks.map((chunk) => chunk.at.live), [false, true]);
    }));

  it('finishes at the present end, also where there is no file', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      const nothing = record(path);
      await nothing.follower.finish();
      assert.equal(nothing.text(), '');
      await writeFile(path, 'last words');
      const seen = record(path);
      await seen.follower.finish();
      assert.equal(seen.text(), 'last words');
    }));

  it('stops silently when aborted', () =>
    inDirectory(async (directory) => {
      const seen = record(join(directory, 'log'), { pollMs: 600_000 });
      await seen.stop();
    }));

  it('fails with a next step where the path is no file', () =>
    inDirectory(async (directory) => {
      const seen = record(directory);
      await assert.rejects(seen.follower.done, (error: unknown) => {
        assert.ok(error instanceof IoError);
        assert.equal(error.code, 'log-unreadable');
        return error.steps.length > 0;
      });
    }));

  it('follows a real writer over rotation and truncation with no line lost or doubled', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      const writer = await startWriter(path);
      const seen = record(path);
      await writer.say('write 500');
      await writer.say('rotate');
      await writer.say('write 500');
      await until(() => seen.text().includes('line 999 '), 'the lines after the rotation');
      await writer.say('truncate');
      await until(() => seen.resets.length === 2, 'the truncation');
      await writer.say('write 500');
      await writer.stop();
      await seen.follower.finish();
      assert.deepEqual(
        seen.text().split('\n').slice(0, -1),
        Array.from({ length: 1500 }, (_, index) => `line ${index} é😀`),
      );
      assert.deepEqual(seen.resets.map((reset) => reset.reason), ['replaced', 'truncated']);
    })).timeout(30_000);
});

describe('FileWaker', () => {
  it('wakes by its time limit where nothing can be watched', async () => {
    const clock = new FakeClock();
    const waker = new FileWaker(clock);
    waker.watch('/nonexistent/file');
    let woken = false;
    const waiting = waker.wait(250).then(() => (woken = true));
    await clock.advance(249);
    assert.equal(woken, false);
    await clock.advance(1);
    assert.equal(woken, true);
    await waiting;
  });

  it('does not sleep when it was woken before, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const waker = new FileWaker(clock);
    waker.wake();
    await waker.wait(250);
    const waiting = waker.wait(250);
    waker.wake();
    await waiting;
    assert.equal(clock.pending, 0);
  });
});

interface Writer {
  /** Sends a command and waits until it is done. */
  say(command: string): Promise<void>;
  stop(): Promise<void>;
}

async function startWriter(path: string): Promise<Writer> {
  const script = join(import.meta.dirname, 'writer.ts');
  const child = spawn(process.execPath, [script, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout });
  await once(child, 'spawn');
  return {
    say: async (command) => {
      const answered = once(answers, 'line');
      child.stdin.write(`${command}\n`);
      await answered;
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}
