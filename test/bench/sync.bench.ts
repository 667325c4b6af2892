import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';
import { SystemClock } from '../../src/core/clock.ts';
import type { SshShell } from '../../src/remote/ssh/ssh-shell.ts';
import { SourceReader } from '../../src/sync/source-reader.ts';
import { FileSentStore } from '../../src/sync/transfer/sent-store.ts';
import { syncTree } from '../../src/sync/transfer/sync-tree.ts';
import { proxyThread } from '../support/ssh/proxy-thread.ts';
import { SshBed } from '../support/ssh/ssh-bed.ts';
import { SshClient } from '../support/ssh/ssh-client.ts';
import { SYNC_SCRIPT } from '../support/sync-bed.ts';
import { alone, paired } from './bench-case.ts';
import type { BenchCase } from './bench-case.ts';
import { copies } from './copies.ts';
import { writeNoise } from './noise-file.ts';

const SMALL_FILES = 10_000;
const LARGE_FILES = 50;
const LARGE_BYTES = 4_000_000;
const HUGE_BYTES = Number(process.env['RUNCTL_BENCH_HUGE_MIB'] ?? 1024) * 1024 ** 2;
const RUNS = Number(process.env['RUNCTL_BENCH_RUNS'] ?? 3);

interface Pair { readonly ours: number; readonly peer: number }

interface Place {
  readonly bed: SshBed;
  readonly link: string;
  readonly port: number;
  readonly base: string;
  readonly reader: SourceReader;
  readonly shell: SshShell;
  /** A connection of its own to the machine. */
  readonly anew: (port: number) => SshShell;
  /** Of the thread that syncs, while it does. */
  readonly delay: IntervalHistogram;
}

/** Syncs over a real sshd, against rsync on the same one. */
export async function* bench(): AsyncIterable<BenchCase> {
  const base = await mkdtemp(join(tmpdir(), 'runctl-bench-sync-'));
  const bed = await SshBed.create();
  const reader = new SourceReader(join(base, 'index'));
  const proxy = await proxyThread(bed.port, {
    latencyUpMs: 25,
    latencyDownMs: 25,
    bandwidthUp: 12_500_000,
    bandwidthDown: 12_500_000,
  });
  const client = new SshClient(bed);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  try {
    const links = [
      ['loopback', bed.port],
      ['25 ms, 100 Mbit/s', proxy.port],
    ] as const;
    for (const [link, port] of links) {
      const anew = (to: number): SshShell => client.shell({ port: to });
      const place: Place = { bed, link, port, base, reader, delay, anew, shell: anew(port) };
      await place.shell.exec(['true']);
      yield* many(place);
      yield* huge(place);
    }
    const shell = client.shell({ port: bed.port });
    await shell.exec(['true']);
    yield* copies({ bed, shell, base, bytes: HUGE_BYTES });
    yield alone('sync', 'event loop delay, p99', [delay.percentile(99) / 1e6 - 5], 'ms', 50);
  } finally {
    await client.dispose();
    await reader.close();
    await proxy.dispose();
    await bed.dispose();
    await rm(base, { recursive: true, force: true });
  }
}

/** Many files: the first time, without a change, with few changes. */
async function* many(place: Place): AsyncIterable<BenchCase> {
  const source = join(place.base, 'many');
  await makeMany(source);
  const firsts: Pair[] = [];
  let key = '';
  for (let run = 0; run < Math.min(RUNS, 2); run += 1) {
    key = randomBytes(4).toString('hex');
    firsts.push(await pair(place, source, key));
  }
  const goal = place.link === 'loopback' ? 1.5 : 1;
  yield told('first sync, 10,000 small files and 200 MB', place, firsts, goal);
  const change = async (count: number): Promise<Pair[]> => {
    const pairs: Pair[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      for (let at = 0; at < count; at += 1) {
        await writeFile(join(source, `d${at % 100}`, `f${at}.py`), randomBytes(2000));
      }
      pairs.push(await pair(place, source, key));
    }
    return pairs;
  };
  yield told('no change', place, await change(0), 0.5);
  const fresh: Pair[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const shell = place.anew(place.port);
    fresh.push(await pair({ ...place, shell }, source, key));
    await shell.close();
  }
  yield told('no change, connecting anew', place, fresh, 1);
  yield told('1 changed file', place, await change(1), 0.5);
  yield told('100 changed files', place, await change(100), 1);
  await rm(source, { recursive: true });
}

/** One file of a gibibyte, changed here and there. */
async function* huge(place: Place): AsyncIterable<BenchCase> {
  const source = join(place.base, 'huge');
  await mkdir(source);
  const path = join(source, 'data.bin');
  await writeNoise(path, HUGE_BYTES);
  const key = randomBytes(4).toString('hex');
  const direct = place.anew(place.bed.port);
  await pair({ ...place, port: place.bed.port, shell: direct }, source, key);
  await direct.close();
  const file = await open(path, 'r+');
  const part = Math.floor(HUGE_BYTES / 1000);
  for (let at = 0; at < 10; at += 1) {
    await file.write(randomBytes(part), 0, part, Math.floor(HUGE_BYTES / 10.7) * at + 999);
  }
  await file.close();
  const size = `${HUGE_BYTES / 1024 ** 2} MiB`;
  yield told(`${size}, 1 % changed in place`, place, [await pair(place, source, key)], 1);
  const whole = await readFile(path);
  const middle = Math.floor(HUGE_BYTES / 3) + 1;
  await writeFile(path, whole.subarray(0, middle));
  const more = await open(path, 'a');
  await more.write(randomBytes(1000));
  await more.write(whole, middle);
  await more.close();
  yield told(`${size}, with an insertion`, place, [await pair(place, source, key)], 1);
  await rm(source, { recursive: true });
}

function told(name: string, place: Place, pairs: readonly Pair[], goal: number): BenchCase {
  return paired('sync', `${name} (${place.link})`, pairs, 'rsync -az -e ssh', 's', goal);
}

async function pair(place: Place, source: string, key: string): Promise<Pair> {
  // What was changed just now is not trusted to stay: that is not what is measured.
  await new Promise((resolve) => setTimeout(resolve, 2100));
  place.delay.enable();
  const began = performance.now();
  const { reader, shell, bed, base } = place;
  const tree = reader.read(source, {});
  await syncTree({
    shell,
    script: await readFile(SYNC_SCRIPT),
    home: `${bed.home}/.runctl`,
    client: 'be',
    clock: new SystemClock(),
    workspaceKey: key,
    tree,
    chunks: { chunksOf: (file) => reader.chunksOf(source, file) },
    sent: new FileSentStore(join(base, 'sent')),
    persistent: ['checkpoints'],
    busyTrees: [],
  });
  const ours = (performance.now() - began) / 1000;
  place.delay.disable();
  return { ours, peer: await rsync(place, source, key) };
}

async function rsync(place: Place, source: string, key: string): Promise<number> {
  const { bed, port } = place;
  const ssh = `ssh -p ${port} -i ${bed.keyFile} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -F none`;
  const began = performance.now();
  const target = `${bed.user}@${bed.host}:${bed.home}/rsync-${key}/`;
  const child = spawn('rsync', ['-az', '--delete', '-e', ssh, `${source}/`, target], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`rsync ended with ${code}`);
  return (performance.now() - began) / 1000;
}

// Like a project: source text in many folders, and data that cannot be shrunk.
async function makeMany(source: string): Promise<void> {
  await rm(source, { recursive: true, force: true });
  const words = (await readFile(SYNC_SCRIPT, 'utf8')).split(/\s+/u);
  for (let folder = 0; folder < 100; folder += 1) {
    await mkdir(join(source, `d${folder}`), { recursive: true });
  }
  for (let at = 0; at < SMALL_FILES; at += 1) {
    const text = Array.from({ length: 500 }, (_item, word) =>
      words[(at * 31 + word * (1 + (at % 17))) % words.length],
    ).join(' ');
    await writeFile(join(source, `d${at % 100}`, `f${at}.py`), `${at}\n${text}\n`);
  }
  for (let at = 0; at < LARGE_FILES; at += 1) {
    await writeNoise(join(source, `data${at}.bin`), LARGE_BYTES);
  }
}
