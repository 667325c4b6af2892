import { once } from 'node:events';
import type { RemoteShell } from '../../remote/remote-shell.ts';
import type { MachineScript } from './machine-script.ts';
import type { TransferWay } from './transfer-types.ts';

// More than a sender may have under way before the first word comes back.
const FIRST = 64 * 1024;
// The machine starts a program meanwhile, and a busy one takes its time: few bytes say little.
const LEAST = 448 * 1024;
const MOST = 4 * 1024 * 1024;
const SHARE = 20;
// What looks slow, and yet has this share of it, is looked at again: others may have been at work.
const DOUBTFUL = 0.4;
const KNOWN_MS = 300_000;

/** What the rate is wanted for. */
export interface RateUse {
  /** So many bytes are to be sent: the more, the more the measure may cost. */
  readonly bytes: number;
  /** Bytes a second from which on the link counts as fast. */
  readonly fast: number;
}

interface Known {
  readonly rate: number;
  /** So many bytes were measured. */
  readonly bytes: number;
  /** On the monotonic clock, milliseconds. */
  readonly at: number;
}

/** As last measured. */
const known = new WeakMap<RemoteShell, Known>();

/**
 * Measures how fast bytes go to a machine, whatever its programs do with them;
 * what was measured some minutes ago holds. A link that broke meanwhile counts as slow.
 *
 * @param way - the way to the machine
 * @param script - its other half
 * @param use - what it is wanted for
 * @returns bytes a second
 * @throws {MachineError} when the way broke
 */
export async function linkRate(
  way: TransferWay,
  script: MachineScript,
  use: RateUse,
): Promise<number> {
  const { shell, clock } = way;
  const bytes = Math.round(Math.min(MOST, Math.max(LEAST, use.bytes / SHARE)));
  const before = known.get(shell);
  if (
    before !== undefined &&
    before.bytes >= bytes &&
    clock.monotonic() - before.at < KNOWN_MS
  ) {
    return before.rate;
  }
  // Until it is known better: what breaks while it is measured would never get beyond that.
  known.set(shell, { rate: 0, bytes: MOST, at: clock.monotonic() });
  let rate = await measure(way, script, bytes);
  if (rate < use.fast && rate > use.fast * DOUBTFUL) {
    rate = Math.max(rate, await measure(way, script, bytes));
  }
  known.set(shell, { rate, bytes, at: clock.monotonic() });
  return rate;
}

async function measure(way: TransferWay, script: MachineScript, bytes: number): Promise<number> {
  const { shell, clock } = way;
  const child = await shell.start(['sh', script.path, 'rate', `${FIRST}`], way.signal);
  const zeros = Buffer.alloc(FIRST + bytes);
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
  return from === undefined ? Infinity : (bytes * 1000) / Math.max(0.1, at - from);
}
