import assert from 'node:assert/strict';
import { appendFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, it } from 'mocha';

import { SystemClock } from '../../../../src/core/clock.ts';
import { SecretMasker } from '../../../../src/core/mask.ts';
import {
  feedLogChannel,
  type ChannelFeedOptions,
  type LogChannelFeed,
} from '../../../../src/training/log/log-channel-feed.ts';

import { inDirectory, until } from './support.ts';

describe('feedLogChannel', () => {
  it('shows what the file holds, then what comes, in the order of the file', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'before\n');
      const view = show(path);
      await until(() => view.text() === 'before\n', 'the old text');
      await appendFile(path, '\u001b[32mafter\u001b[0m\n');
      await until(() => view.text() === 'before\nafter\n', 'the new text');
      await appendFile(path, 'rest');
      await view.feed.finish();
      assert.equal(view.text(), 'before\nafter\nrest');
    }));

  it('empties the view first, so that showing it again does not double it', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'once\n');
      const calls: string[] = [];
      const feed = feedLogChannel({
        ...base(path),
        sink: { append: (text) => calls.push(text), clear: () => calls.push('(clear)') },
      });
      await feed.finish();
      assert.deepEqual(calls, ['(clear)', 'once\n']);
    }));

  it('shows the end of a long log only, from a whole line on, and says so', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      const lines = Array.from({ length: 3000 }, (_, index) => `line number ${index}\n`);
      await writeFile(path, lines.join(''));
      const view = show(path, { replayBytes: 1000 });
      await view.feed.finish();
      const shown = view.text().split('\n').slice(0, -1);
      assert.match(shown[0] ?? '', /^\[runctl\] .*not shown/);
      assert.deepEqual(
        shown.slice(1).map((line) => `${line}\n`),
        lines.slice(lines.length - shown.length + 1),
      );
      assert.ok(shown.length > 40);
    }));

  it('says where the log was cut', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'first\nhalf');
      const view = show(path);
      await until(() => view.text().includes('first'), 'the first text');
      await truncate(path, 0);
      await until(() => view.text().includes('[runctl]'), 'the notice');
      await appendFile(path, 'new\n');
      await view.feed.finish();
      assert.match(view.text(), /^first\nhalf\n\[runctl\] .*\nnew\n$/);
    }));

  it('appends much text in few batches of bounded size', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      const content = 'x'.repeat(99).concat('\n').repeat(12_000);
      await writeFile(path, content);
      const view = show(path);
      await view.feed.finish();
      assert.equal(view.text(), content);
      assert.ok(view.appends.length <= 12, `${view.appends.length} appends`);
      assert.ok(view.appends.every(({ text }) => text.length <= 400_000));
    }));

  it('does not append more often than every 50 ms', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, '');
      const view = show(path);
      for (let turn = 0; turn < 100; turn++) {
        await appendFile(path, `${turn}\n`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await until(() => view.text().endsWith('99\n'), 'the last line');
      const times = view.appends.map(({ at }) => at);
      for (const [index, at] of times.slice(1).entries()) {
        assert.ok(at - (times[index] ?? 0) >= 48, 'two appends too near');
      }
      await view.feed.finish();
    }));

  it('shows a prompt that waits without a line end', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'Continue? ');
      const view = show(path);
      await until(() => view.text() === 'Continue? ', 'the prompt');
      await view.feed.finish();
      assert.equal(view.text(), 'Continue? ');
    })).timeout(15_000);

  it('hides a secret that comes in two pieces, however long the pause', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'key is s3cr3t-VAL');
      const view = show(path, { masker: masker() });
      await until(() => view.text() !== '', 'the unfinished line');
      assert.equal(view.text(), 'key is ');
      await appendFile(path, 'UE-123456\nnext\n');
      await view.feed.finish();
      assert.equal(view.text(), 'key is ***\nnext\n');
    })).timeout(15_000);

  it('hides the rest of a token whose first character was shown before a pause', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'token h');
      const view = show(path, { masker: masker() });
      await until(() => view.text() === 'token h', 'the unfinished line');
      await appendFile(path, 'f_abcdefghijklmnopqrstuvwxyz\nnext\n');
      await view.feed.finish();
      assert.equal(view.text(), 'token h***\nnext\n');
    })).timeout(15_000);

  it('hides a secret at the edge of a very long line, and one in a bar', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      const long = 'x'.repeat(64 * 1024 - 5);
      await writeFile(path, `${long}s3cr3t-VALUE-123456\n50% s3cr3t-V\r50% s3cr3t-VALUE-123456\n`);
      const view = show(path, { masker: masker() });
      await view.feed.finish();
      assert.equal(view.text(), `${long}***\n50% ***\n`);
    }));

  it('shows the end of a line that only began like a secret', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'half s3cr3t\r');
      const view = show(path, { masker: masker() });
      await until(() => view.text() === 'half ', 'the frame');
      await view.feed.finish();
      assert.equal(view.text(), 'half s3cr3t');
    })).timeout(15_000);

  it('hides a private key that comes line by line', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'a\n-----BEGIN PRIVATE KEY-----\n');
      const view = show(path, { masker: masker() });
      await until(() => view.text() === 'a\n', 'the first line');
      await appendFile(path, 'bGluZQ\n-----END PRIVATE KEY-----\nb\n');
      await view.feed.finish();
      assert.equal(view.text(), 'a\n***\nb\n');
    }));

  it('shows nothing more once aborted', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'log');
      await writeFile(path, 'seen\n');
      const abort = new AbortController();
      const view = show(path, { signal: abort.signal });
      await until(() => view.text() === 'seen\n', 'the text');
      abort.abort();
      await appendFile(path, 'unseen\n');
      await view.feed.done;
      assert.equal(view.text(), 'seen\n');
    }));
});

function masker(): SecretMasker {
  const known = new SecretMasker();
  known.add('s3cr3t-VALUE-123456');
  return known;
}

interface Shown {
  readonly feed: LogChannelFeed;
  readonly appends: { readonly text: string; readonly at: number }[];
  text(): string;
}

function show(path: string, options: Partial<ChannelFeedOptions> = {}): Shown {
  const appends: { text: string; at: number }[] = [];
  const sink = { append: (text: string) => void appends.push({ text, at: performance.now() }) };
  const feed = feedLogChannel({ ...base(path), sink, ...options });
  return { feed, appends, text: () => appends.map(({ text }) => text).join('') };
}

function base(path: string): Omit<ChannelFeedOptions, 'sink'> {
  return { path, clock: new SystemClock(), signal: new AbortController().signal };
}
