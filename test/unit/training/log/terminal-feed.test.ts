import assert from 'node:assert/strict';
import { appendFile, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { SystemClock } from '../../../../src/core/clock.ts';
import { SecretMasker } from '../../../../src/core/mask.ts';
import {
  feedLogTerminal,
  type TerminalFeedOptions,
} from '../../../../src/training/log/terminal-feed.ts';
import { inDirectory, until } from './support.ts';

const MEGABYTE = 1024 * 1024;

describe('feedLogTerminal', () => {
  it('shows a short log whole, with its colours, then what comes', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, '\u001b[32mbefore\u001b[0m\n');
      const view = show(path);
      const feed = await view.feed;
      await until(() => view.text() === '\u001b[32mbefore\u001b[0m\r\n', 'the old text');
      await appendFile(path, '50%\r100%');
      await feed.finish();
      assert.equal(view.text(), '\u001b[32mbefore\u001b[0m\r\n50%\r100%');
    }));

  for (const [kind, end] of [['lines', '\n'], ['Windows lines', '\r\n'], ['bars', '\r']] as const) {
    it(`shows the end of a long log only, from whole ${kind} on, and says so`, () =>
      inDirectory(async (directory) => {
        const path = join(directory, 'log');
        const lines = Array.from({ length: 3000 }, (_, index) => `Zeile für ${index}${end}`);
        // Also where the first chunk begins in the middle of a character, or of a line end.
        for (let replayBytes = 1000; replayBytes < 1020; replayBytes++) {
          await writeFile(path, lines.join(''));
          const view = show(path, { replayBytes });
          await (await view.feed).finish();
          const shownEnd = end === '\r' ? '\r' : '\r\n';
          const [notice, ...shown] = view.text().split(/\r\n|\r/).slice(0, -1);
          assert.match(notice ?? '', /^\[runctl\] The first 0\.0 MB are not shown/);
          assert.ok(shown.length >= 50 && shown.length < 80, `${shown.length} lines`);
          const expected = lines.slice(-shown.length).join('').replaceAll(end, shownEnd);
          assert.ok(view.text().endsWith(`.\r\n${expected}`), `${replayBytes}`);
        }
      })).timeout(20_000);
  }

  it('writes much text in batches of bounded size, with time between them', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      const content = 'x'.repeat(99).concat('\n').repeat(30_000);
      await writeFile(path, content);
      const view = show(path, { replayBytes: 8 * MEGABYTE });
      await (await view.feed).finish();
      assert.equal(view.text(), content.replaceAll('\n', '\r\n'));
      assert.ok(view.writes.every(({ text }) => text.length <= 400_000), 'a batch too large');
      // The last one does not wait: nothing comes after it.
      const times = view.writes.slice(0, -1).map(({ at }) => at);
      assert.ok(times.length >= 7, `${times.length} writes`);
      for (const [index, at] of times.slice(1).entries()) {
        assert.ok(at - (times[index] ?? 0) >= 48, 'two writes too near');
      }
    }));

  it('says where the log was cut, in no colour of its old content', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'first\n\u001b[31mhalf');
      const view = show(path);
      await until(() => view.text().includes('half'), 'the first text');
      await truncate(path, 0);
      await until(() => view.text().includes('[runctl]'), 'the notice');
      await appendFile(path, 'new\n');
      await (await view.feed).finish();
      const [before, after] = view.text().split('\u001b[0m');
      assert.equal(before, 'first\r\n\u001b[31mhalf');
      assert.match(after ?? '', /^\r\n\[runctl\] .*\r\nnew\r\n$/);
    }));

  it('hides a secret, also behind the left out beginning', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      const masker = new SecretMasker();
      masker.add('s3cr3t-VALUE-123456');
      await writeFile(path, `${'x'.repeat(2000)}\nkey s3cr3t-VALUE-123456\n`);
      const view = show(path, { replayBytes: 100, masker });
      await (await view.feed).finish();
      assert.match(view.text(), /shown here.*\r\nkey \*\*\*\r\n$/);
    }));

  it('fails when the log cannot be read', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await mkdir(path);
      const feed = await show(path).feed;
      await assert.rejects(feed.done, { code: 'log-unreadable' });
      await assert.rejects(feed.finish(), { code: 'log-unreadable' });
    }));

  it('writes nothing more once aborted, and does not hang', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'x'.repeat(99).concat('\n').repeat(30_000));
      const abort = new AbortController();
      const view = show(path, { signal: abort.signal });
      const feed = await view.feed;
      await until(() => view.writes.length > 1, 'the first text');
      abort.abort();
      const count = view.writes.length;
      await feed.done;
      assert.equal(view.writes.length, count);
    }));
});

interface View {
  readonly feed: ReturnType<typeof feedLogTerminal>;
  readonly writes: readonly { readonly at: number; readonly text: string }[];
  text(): string;
}

function show(path: string, options: Partial<TerminalFeedOptions> = {}): View {
  const clock = new SystemClock();
  const writes: { at: number; text: string }[] = [];
  const feed = feedLogTerminal({
    path,
    clock,
    signal: new AbortController().signal,
    masker: new SecretMasker(),
    replayBytes: 8 * MEGABYTE,
    write: (text) => void writes.push({ at: clock.monotonic(), text }),
    ...options,
  });
  return { feed, writes, text: () => writes.map(({ text }) => text).join('') };
}
