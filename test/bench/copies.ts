import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { SystemClock } from '../../src/core/clock.ts';
import type { SshShell } from '../../src/remote/ssh/ssh-shell.ts';
import { fetchPath } from '../../src/sync/transfer/fetch-path.ts';
import { putPath } from '../../src/sync/transfer/put-path.ts';
import type { SshBed } from '../support/ssh/ssh-bed.ts';
import { SYNC_SCRIPT } from '../support/sync-bed.ts';
import { alone, paired } from './bench-case.ts';
import type { BenchCase } from './bench-case.ts';
import { writeNoise } from './noise-file.ts';

/** Where a copy is measured. */
export interface CopyPlace {
  readonly bed: SshBed;
  readonly shell: SshShell;
  /** Absolute directory on this host. */
  readonly base: string;
  /** Of the one file. */
  readonly bytes: number;
}

const TICK_MS = 5;
const WATCH_MS = 50;
const REST_MS = 3000;

/**
 * Copies one large file by hand, there and back, beside rsync; tells how long
 * the thread that draws was kept, and what it took of memory.
 */
export async function* copies(place: CopyPlace): AsyncIterable<BenchCase> {
  const { bed, shell, base, bytes } = place;
  const here = join(base, 'copies');
  await mkdir(here);
  const source = join(here, 'source.bin');
  const there = join(bed.home, 'copy.bin');
  await writeNoise(source, bytes);
  const way = {
    shell,
    script: await readFile(SYNC_SCRIPT),
    home: join(bed.home, '.runctl'),
    client: 'be',
    clock: new SystemClock(),
    replace: false,
  };
  const remote = `${bed.user}@${bed.host}:${bed.home}`;
  const ways = [
    [
      'upload',
      () => putPath({ ...way, source, destination: there }),
      [source, `${remote}/peer.bin`],
      join(bed.home, 'peer.bin'),
    ],
    [
      'download',
      () => fetchPath({ ...way, source: there, destination: join(here, 'back.bin') }),
      [`${remote}/copy.bin`, join(here, 'peer.bin')],
      join(here, 'peer.bin'),
    ],
  ] as const;
  const atRest = await watched(() => setTimeout(REST_MS));
  for (const [name, copy, peer, peerFile] of ways) {
    const title = `${name} ${bytes / 1024 ** 2} MiB (loopback)`;
    const seen = await watched(copy);
    yield paired('sync', title, [{ ours: seen.seconds, peer: await rsync(bed, peer) }], 'rsync -a -e ssh', 's', null);
    // On a busy host, a thread at rest waits too.
    const late = [{ ours: seen.p99, peer: atRest.p99 }];
    yield paired('sync', `${title}, event loop delay, p99`, late, 'at rest', 'ms', 50);
    yield alone('sync', `${title}, memory beyond before`, [seen.grownMiB], 'MiB', 256);
    if ((await stat(peerFile)).size !== bytes) throw new Error(`rsync brought another size to ${peerFile}`);
    await rm(peerFile);
  }
  await rm(here, { recursive: true });
  await rm(there);
}

interface Watched {
  readonly seconds: number;
  readonly p99: number;
  readonly grownMiB: number;
}

async function watched(action: () => Promise<unknown>): Promise<Watched> {
  const before = process.memoryUsage.rss();
  let most = before;
  const memory = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, WATCH_MS);
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  delay.enable();
  const began = performance.now();
  await action();
  const seconds = (performance.now() - began) / 1000;
  delay.disable();
  clearInterval(memory);
  const p99 = delay.percentile(99) / 1e6 - TICK_MS;
  return { seconds, p99, grownMiB: (most - before) / 1024 ** 2 };
}

async function rsync(bed: SshBed, paths: readonly [string, string]): Promise<number> {
  const ssh = `ssh -p ${bed.port} -i ${bed.keyFile} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -F none`;
  const began = performance.now();
  const child = spawn('rsync', ['-a', '-e', ssh, ...paths], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`rsync ended with ${code}`);
  return (performance.now() - began) / 1000;
}
