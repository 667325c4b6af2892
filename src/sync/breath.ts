import { setImmediate } from 'node:timers/promises';

const LONGEST_STRETCH_MS = 10;

let lastPause = 0;

/**
 * Lets other work of this thread go first when this has gone on for a while;
 * call it between small pieces of synchronous work.
 *
 * @param signal - gives up
 * @throws {Error} the reason of the signal when it is aborted
 */
export async function pause(signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  // The stretch is real time, whatever clock the rest lives by.
  if (performance.now() - lastPause < LONGEST_STRETCH_MS) {
    return;
  }
  await setImmediate();
  lastPause = performance.now();
  signal?.throwIfAborted();
}
