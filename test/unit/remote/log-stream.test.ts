import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import { newRunId } from '../../../src/core/ids.ts';
import type { LogFrame } from '../../../src/remote/agent/log-stream.ts';
import { followLogs, readLogFrames } from '../../../src/remote/agent/log-stream.ts';
import type { ProcessEnd, RemoteProcess } from '../../../src/remote/remote-shell.ts';
import { FakeClock } from '../../support/fake-clock.ts';

describe('frames of followed logs', () => {
  it('are read alike however the output is cut into chunks', async () => {
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.constant('#beat'),
      fc.constant('#end r-2 17'),
      fc.constant('#cut r1 0'),
      fc.constant('#gone r1'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
        async (frames, sizes) => {
          const whole = Buffer.concat(
            frames.map((one) =>
              typeof one === 'string'
                ? Buffer.from(`${one}\n`)
                : Buffer.concat([Buffer.from(`#log r1 5 ${String(one.length)}\n`), one]),
            ),
          );
          const found = await collect(readLogFrames(Readable.from(chunks(whole, sizes))));
          const expected = frames.map((one) => (typeof one === 'string' ? one : one.toString('hex')));
          assert.deepEqual(joined(found), expected.filter((one) => one !== ''));
        },
      ),
      { seed: 7, numRuns: 300 },
    );
  });

  it('are refused when something else writes there, or a line never ends', async () => {
    for (const output of ['Welcome!\n', '#log r1 x 5\n', '#log r1 5 -1\n', '#end r1\n', 'x'.repeat(400)]) {
      const frames = readLogFrames(Readable.from([Buffer.from(output)]));
      await assert.rejects(collect(frames), { code: 'agent-answer' }, output);
    }
  });
});

describe('a follow of logs', () => {
  const id = newRunId(1_700_000_000_000);

  it('ends well when all runs have ended, and lets go of its process', async () => {
    const bed = new Bed();
    const frames = collect(bed.follow([id]));
    bed.write(`#log ${id} 0 3\nabc#end ${id} 3\n`);
    bed.finish({ code: 0, signal: null });
    assert.deepEqual((await frames).map(({ kind }) => kind), ['bytes', 'end']);
    assert.equal(bed.killed, 1);
  });

  it('says that it broke when it ends earlier', async () => {
    const bed = new Bed();
    const frames = collect(bed.follow([id]));
    bed.write(`#log ${id} 0 3\nab`);
    bed.stderr.write('sh: oh no');
    bed.finish({ code: 1, signal: null });
    await assert.rejects(frames, (error: unknown) => {
      const { code, details } = error as { code: string; details: Record<string, unknown> };
      assert.deepEqual([code, details['code'], details['stderr']], ['follow-broken', 1, 'sh: oh no']);
      return true;
    });
  });

  it('is broken, too, when the connection tears its output', async () => {
    const bed = new Bed();
    const frames = collect(bed.follow([id]));
    const broken = assert.rejects(frames, { code: 'follow-broken' });
    await new Promise(setImmediate);
    bed.stdout.destroy(new Error('connection lost'));
    await broken;
  });

  it('gives a silent machine up, but not one whose reader is slow', async () => {
    const bed = new Bed();
    const frames = bed.follow([id]);
    bed.write('#beat\n');
    assert.equal((await frames.next()).done, false);
    await bed.clock.advance(120_000);
    assert.equal(bed.killed, 0);
    const silent = assert.rejects(frames.next(), (error: unknown) => {
      assert.equal((error as { details: Record<string, unknown> }).details['silent'], true);
      return true;
    });
    await new Promise(setImmediate);
    await bed.clock.advance(31_000);
    await silent;
  });

  it('is silent about its end when it was given up', async () => {
    const bed = new Bed();
    const frames = collect(bed.follow([id]));
    bed.write('#beat\n');
    const given = assert.rejects(frames, { code: 'cancelled' });
    await new Promise(setImmediate);
    bed.abort();
    await given;
  });

  it('asks nothing where there is nothing to follow', async () => {
    const bed = new Bed();
    assert.deepEqual(await collect(bed.follow([])), []);
    assert.equal(bed.started, 0);
  });
});

/** A process that says what the test wants. */
class Bed {
  readonly clock = new FakeClock();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  killed = 0;
  started = 0;
  private readonly controller = new AbortController();
  private readonly end = Promise.withResolvers<ProcessEnd>();

  follow(ids: readonly RunId[]): AsyncGenerator<LogFrame, void> {
    const process: RemoteProcess = {
      stdin: new PassThrough(),
      stdout: this.stdout,
      stderr: this.stderr,
      done: this.end.promise,
      kill: () => {
        this.killed += 1;
        this.stdout.destroy();
      },
    };
    const agent = {
      follow: () => {
        this.started += 1;
        return Promise.resolve(process);
      },
    };
    const logs = ids.map((id) => ({ id, offset: 0 }));
    return followLogs(agent, logs, { clock: this.clock, signal: this.controller.signal });
  }

  write(text: string): void {
    this.stdout.write(text);
  }

  finish(end: ProcessEnd): void {
    this.stdout.end();
    this.end.resolve(end);
  }

  abort(): void {
    this.controller.abort();
    this.stdout.destroy();
  }
}

async function collect(frames: AsyncGenerator<LogFrame, void>): Promise<LogFrame[]> {
  const found: LogFrame[] = [];
  for await (const frame of frames) found.push(frame);
  return found;
}

/** Bytes of a frame put together again, checked for their offsets. */
function joined(frames: readonly LogFrame[]): string[] {
  const found: string[] = [];
  let next = 5;
  for (const frame of frames) {
    if (frame.kind !== 'bytes') {
      const { kind, ...more } = frame;
      found.push([`#${kind}`, ...Object.values(more)].join(' '));
      next = 5;
    } else if (frame.offset === 5 || next === 5) {
      assert.equal(frame.offset, 5);
      found.push(frame.bytes.toString('hex'));
      next = 5 + frame.bytes.length;
    } else {
      assert.equal(frame.offset, next);
      found.push(`${found.pop() ?? ''}${frame.bytes.toString('hex')}`);
      next += frame.bytes.length;
    }
  }
  return found;
}

function chunks(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  for (let n = 0; at < whole.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    found.push(whole.subarray(at, at + size));
    at += size;
  }
  return found;
}
