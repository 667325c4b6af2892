import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdir, open, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { it } from 'mocha';
import type { LogFrame } from '../../../src/remote/agent/log-stream.ts';
import { readLogFrames } from '../../../src/remote/agent/log-stream.ts';
import type { TestAgent } from '../../support/agent.ts';
import { AGENT_SCRIPT, R1, R2, refusal, underEachShell } from '../../support/agent.ts';
import { isRunning, until } from '../../support/proc.ts';

const MIB = 1024 * 1024;

underEachShell('following logs', (agent) => {
  it('tells every byte of several runs once, as they write, and ends with them', async () => {
    await agent().start(R1, { argv: ['sh', '-c', 'for i in 1 2 3; do echo "a $i"; sleep 0.2; done'] });
    await agent().start(R2, {
      argv: ['sh', '-c', 'printf "b\\000\\377"; sleep 0.5; printf "#log x 0 5\\n"'],
      lines: ['shared 1'],
    });
    const follow = start(agent(), [`${R1}:2`, `${R2}:0`, 'none:7']);
    const frames = await collect(follow);
    assert.equal(text(frames, R1), '1\na 2\na 3\n');
    assert.equal(text(frames, R2), 'b\0\xff#log x 0 5\n');
    assert.deepEqual(
      frames.filter(({ kind }) => kind !== 'bytes' && kind !== 'beat').map(short).sort(),
      [`end ${R1} 12`, `end ${R2} 14`, 'gone none'],
    );
    assert.deepEqual(short(frames[0]), 'beat');
    assert.equal(await ended(follow), 0);
  });

  it('tells a new line within a few tenths of a second', async () => {
    await makeRun(agent(), R1, '');
    const follow = start(agent(), [`${R1}:0`]);
    const times: number[] = [];
    let written = 0;
    const done = (async () => {
      for await (const frame of readLogFrames(follow.stdout)) {
        if (frame.kind === 'bytes') times.push(performance.now() - written);
      }
    })();
    for (let n = 0; n < 8; n++) {
      await delay(230);
      written = performance.now();
      await appendFile(agent().file(R1, 'log'), `line ${n}\n`);
      await until('it was told', () => Promise.resolve(times.length > n ? true : undefined));
    }
    follow.kill('SIGKILL');
    await done;
    // The best half: others share this machine.
    const half = times.sort((one, other) => one - other).slice(0, 4);
    assert.ok((half.at(-1) ?? 0) < 400, times.join(' '));
  });

  it('sends a backlog of 200 MB, one line, byte for byte, fast', async () => {
    await makeRun(agent(), R1, '', true);
    const block = randomBytes(MIB).map((byte) => (byte === 10 ? 11 : byte));
    const file = await open(agent().file(R1, 'log'), 'w');
    for (let n = 0; n < 200; n++) await file.write(block);
    await file.write('\n');
    await file.close();
    const began = performance.now();
    const follow = start(agent(), [`${R1}:12345`]);
    const hash = createHash('sha256');
    let next = 12345;
    let end = 0;
    for await (const frame of readLogFrames(follow.stdout)) {
      if (frame.kind === 'bytes') {
        assert.equal(frame.offset, next);
        next += frame.bytes.length;
        hash.update(frame.bytes);
      } else if (frame.kind === 'end') {
        end = frame.size;
      }
    }
    const ms = performance.now() - began;
    const expected = createHash('sha256').update(block.subarray(12345));
    for (let n = 1; n < 200; n++) expected.update(block);
    assert.deepEqual([next, end], [200 * MIB + 1, 200 * MIB + 1]);
    assert.equal(hash.digest('hex'), expected.update('\n').digest('hex'));
    process.stdout.write(`      ${((200 * 1000) / ms).toFixed(0)} MB/s\n`);
    assert.ok(ms < 10_000, `${ms} ms`);
  });

  it('says that a log was cut, and tells the new one from its start', async () => {
    await makeRun(agent(), R1, 'a long old text\n');
    const follow = start(agent(), [`${R1}:0`]);
    const frames: LogFrame[] = [];
    const done = (async () => {
      for await (const frame of readLogFrames(follow.stdout)) frames.push(frame);
    })();
    await until('told', () => Promise.resolve(text(frames, R1).length === 16 || undefined));
    await truncate(agent().file(R1, 'log'), 0);
    await appendFile(agent().file(R1, 'log'), 'new\n');
    await until('told', () => Promise.resolve(text(frames, R1).endsWith('new\n') || undefined));
    assert.ok(frames.some(({ kind }) => kind === 'cut'));
    await rm(join(agent().home, 'runs', R1), { recursive: true });
    await done;
    assert.equal(short(frames.at(-1)), `gone ${R1}`);
    assert.equal(await ended(follow), 0);
  });

  it('ends by itself soon after nobody reads any more, be it idle or in a backlog', async () => {
    await makeRun(agent(), R1, '');
    await makeRun(agent(), R2, Buffer.alloc(5 * MIB, 'x').toString());
    for (const [id, ignores] of [
      [R1, false],
      [R2, false],
      [R1, true],
      [R2, true],
    ] as const) {
      const follow = start(agent(), [`${id}:0`], ignores);
      await new Promise((resolve) => follow.stdout.once('data', resolve));
      follow.stdout.destroy();
      follow.stderr.resume();
      const began = performance.now();
      await until(`the follow of ${id} has ended`, () =>
        Promise.resolve(isRunning(follow.pid ?? 0) ? undefined : true),
      );
      assert.ok(performance.now() - began < 8000);
      await until('nothing is left', () =>
        Promise.resolve(agent().processes().length === 0 ? true : undefined),
      );
    }
  });

  it('refuses what it cannot follow', async () => {
    for (const words of [[], [R1], [`${R1}:`], [`${R1}:-1`], ['R:1'], [`${R1}:1:2`]]) {
      const answer = await agent().call(['follow', ...words]);
      assert.deepEqual(refusal(answer), { exit: 2, code: 'usage' }, words.join(' '));
    }
    const answer = await agent().call(['follow', `${R1}:0`]);
    assert.deepEqual(refusal(answer), { exit: 5, code: 'no-home' });
  });
});

function start(
  agent: TestAgent,
  words: readonly string[],
  ignoresPipe = false,
): ChildProcessWithoutNullStreams {
  const trap = ignoresPipe ? 'trap "" PIPE; ' : '';
  const command = [...agent.shell, AGENT_SCRIPT, 'follow', ...words];
  return spawn('sh', ['-c', `${trap}exec "$@"`, 'sh', ...command], { env: agent.env });
}

function ended(follow: ChildProcessWithoutNullStreams): Promise<number | null> {
  if (follow.exitCode !== null) return Promise.resolve(follow.exitCode);
  return new Promise((resolve) => follow.on('close', resolve));
}

async function collect(follow: ChildProcessWithoutNullStreams): Promise<LogFrame[]> {
  const frames: LogFrame[] = [];
  for await (const frame of readLogFrames(follow.stdout)) frames.push(frame);
  return frames;
}

function text(frames: readonly LogFrame[], id: string): string {
  return frames
    .map((frame) => (frame.kind === 'bytes' && frame.id === id ? frame.bytes : Buffer.alloc(0)))
    .map((bytes) => bytes.toString('latin1'))
    .join('');
}

function short(frame: LogFrame | undefined): string {
  const { kind, ...more } = frame ?? { kind: 'none' };
  return [kind, ...Object.values(more)].join(' ');
}

async function makeRun(agent: TestAgent, id: string, log: string, hasEnded = false): Promise<void> {
  await mkdir(join(agent.home, 'runs', id), { recursive: true });
  const exit =
    '{"code":0,"signal":null,"ended":1,"uptime":1,"phase":"command","stop":null,"reason":null,"oom":false}';
  await writeFile(agent.file(id, 'exit'), `${(hasEnded ? exit : '').padEnd(255)}\n`);
  await writeFile(agent.file(id, 'log'), log);
}
