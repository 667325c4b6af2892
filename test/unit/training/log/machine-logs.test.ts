import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { newRunId, type RunId } from '../../../../src/core/ids.ts';
import { NULL_LOGGER } from '../../../../src/core/logger.ts';
import type { LogStart } from '../../../../src/remote/agent/agent-client.ts';
import type { RemoteProcess } from '../../../../src/remote/remote-shell.ts';
import { LogCopy } from '../../../../src/training/log/log-copy.ts';
import { MachineLogs } from '../../../../src/training/log/machine-logs.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { until } from '../../../support/proc.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

/** A machine with logs; each follow is cut off when a test says so. */
class Machine {
  readonly logs = new Map<string, Buffer>();
  readonly ended = new Set<string>();
  readonly asked: (readonly LogStart[])[] = [];
  private open: { readonly stdout: PassThrough; readonly at: Map<string, number> } | undefined;

  follow(starts: readonly LogStart[], signal?: AbortSignal): Promise<RemoteProcess> {
    this.asked.push(starts);
    const stdout = new PassThrough();
    const { promise, resolve } = Promise.withResolvers<{ code: number; signal: null }>();
    const kill = (): void => {
      stdout.destroy();
      resolve({ code: 0, signal: null });
    };
    signal?.addEventListener('abort', kill);
    this.open = { stdout, at: new Map(starts.map(({ id, offset }) => [id, offset])) };
    this.tell();
    const stdin = new Writable({ write: (_chunk, _encoding, done) => done() });
    return Promise.resolve({ stdin, stdout, stderr: Readable.from([]), done: promise, kill });
  }

  append(id: string, text: string): void {
    this.logs.set(id, Buffer.concat([this.logs.get(id) ?? Buffer.alloc(0), Buffer.from(text)]));
    this.tell();
  }

  cut(): void {
    this.open?.stdout.destroy(new Error('cut'));
    this.open = undefined;
  }

  tell(): void {
    for (const [id, offset] of this.open?.at ?? []) {
      const log = this.logs.get(id) ?? Buffer.alloc(0);
      const bytes = log.subarray(offset);
      if (bytes.length > 0) {
        this.open?.stdout.write(`#log ${id} ${offset} ${bytes.length}\n`);
        this.open?.stdout.write(bytes);
        this.open?.at.set(id, log.length);
      }
      if (this.ended.has(id)) {
        this.open?.stdout.write(`#end ${id} ${log.length}\n`);
        this.open?.at.delete(id);
      }
    }
    if (this.open?.at.size === 0) this.open.stdout.end();
  }
}

describe('copying the logs of a machine', () => {
  let folder: string;
  let machine: Machine;
  let clock: FakeClock;
  let logs: MachineLogs;
  const ids: readonly RunId[] = [newRunId(1), newRunId(2), newRunId(3)];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-logs-'));
    machine = new Machine();
    clock = new FakeClock();
    logs = new MachineLogs(machine, { clock, logger: NULL_LOGGER });
  });

  afterEach(() => rm(folder, { recursive: true }));

  const path = (id: string): string => join(folder, id);
  const copyOf = (id: RunId): LogCopy =>
    new LogCopy(id, path(id), { read: () => Promise.reject(new Error('not asked')) });

  async function cutAndWait(): Promise<void> {
    const before = machine.asked.length;
    machine.cut();
    await until('it asks again', async () => {
      await clock.advance(20_000);
      return machine.asked.length > before ? true : undefined;
    });
  }

  async function untilCopied(id: string): Promise<void> {
    await until(`the log of ${id} is copied`, async () => {
      await clock.advance(20_000);
      const copied = await readFile(path(id)).catch(() => Buffer.alloc(0));
      return copied.equals(machine.logs.get(id) ?? Buffer.alloc(0)) ? true : undefined;
    });
  }

  it('takes one channel for all of them, and another when there is one more', async () => {
    const [one, two, three] = ids as [RunId, RunId, RunId];
    machine.append(one, 'one\n');
    machine.append(two, 'two\n');
    const adding = [logs.add(copyOf(one)), logs.add(copyOf(two))];
    await untilCopied(one);
    await untilCopied(two);
    machine.append(three, 'three\n');
    adding.push(logs.add(copyOf(three)));
    await untilCopied(three);
    assert.deepEqual(machine.asked.at(-1), [
      { id: one, offset: 4 },
      { id: two, offset: 4 },
      { id: three, offset: 0 },
    ]);
    for (const each of adding) each.dispose();
  });

  it('goes on where the copies end, wherever it was cut', async () => {
    const random = seededRandom(5);
    const [one, two] = ids as [RunId, RunId, RunId];
    const adding = [logs.add(copyOf(one)), logs.add(copyOf(two))];
    for (let line = 0; line < 300; line += 1) {
      machine.append(random() < 0.5 ? one : two, `line ${line} ${'x'.repeat(random() * 300)}\n`);
      if (random() < 0.1) await cutAndWait();
    }
    await untilCopied(one);
    await untilCopied(two);
    assert.ok(machine.asked.length > 20, String(machine.asked.length));
    assert.ok(machine.asked.some(([start]) => (start?.offset ?? 0) > 0));
    for (const each of adding) each.dispose();
  });

  it('asks no more for the log of a run that has ended, and rests when there is none', async () => {
    const [one, two] = ids as [RunId, RunId, RunId];
    machine.append(one, 'done\n');
    machine.ended.add(one);
    const first = logs.add(copyOf(one));
    await untilCopied(one);
    const count = machine.asked.length;
    await clock.advance(60_000);
    assert.equal(machine.asked.length, count);
    machine.append(two, 'more\n');
    const second = logs.add(copyOf(two));
    await untilCopied(two);
    assert.deepEqual(machine.asked.at(-1), [{ id: two, offset: 0 }]);
    first.dispose();
    second.dispose();
    await clock.advance(60_000);
    assert.ok(machine.asked.length <= count + 2);
  });
});
