import { once } from 'node:events';
import type { RemoteShell } from '../../remote/remote-shell.ts';
import type { MachineScript } from './machine-script.ts';
import type { TransferWay } from './transfer-types.ts';

// More than a sender may have under way before the first word comes back.
const FIRST = 64 * 1024;
const REST = 448 * 1024;
const KNOWN_MS = 300_000;

interface Known {
  readonly rate: number;
  /** On the monotonic clock, milliseconds. */
  readonly at: number;
}

/** As last measured. */
const known = new WeakMap<RemoteShell, Known>();

/**
 * Measures how fast bytes go to a machine, whatever its programs do with them;
 * what was measured some minutes ago holds.
 *
 * @param way - the way to the machine
 * @param script - its other half
 * @returns bytes a second
 * @throws {MachineError} when the way broke
 */
export async function linkRate(way: TransferWay, script: MachineScript): Promise<number> {
  const { shell, clock } = way;
  const before = known.get(shell);
  if (before !== undefined && clock.monotonic() - before.at < KNOWN_MS) {
    return before.rate;
  }
  const child = await shell.start(['sh', script.path, 'rate', `${FIRST}`], way.signal);
  const zeros = Buffer.alloc(FIRST + REST);
  child.stdin.on('error', () => undefined);
  child.stderr.on('error', () => undefined).resume();
  child.stdin.end(zeros);
  let from: number | undefined;
  child.stdout.on('error', () => undefined);
  child.stdout.on('data', (piece: Buffer) => {
    if (piece.includes('go')) {
      from = clock.monotonic();
    }
  });
  const ended = child.stdout.readableEnded ? undefined : once(child.stdout, 'end');
  ended?.catch(() => undefined);
  await child.done;
  const at = clock.monotonic();
  // Without a word between it was over at once.
  const rate = from === undefined ? Infinity : (REST * 1000) / Math.max(0.1, at - from);
  known.set(shell, { rate, at });
  return rate;
}
