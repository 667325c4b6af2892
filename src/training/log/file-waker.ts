import { watch, type FSWatcher } from 'node:fs';

import type { Clock } from '../../core/clock.ts';

/**
 * Sleeps until a file changes. The system's change notice wakes it early; the
 * time limit is the safety net where notices are late, lost or not to be had
 * (network file systems, exhausted inotify watches).
 */
export class FileWaker {
  private readonly clock: Clock;
  private watcher: FSWatcher | undefined;
  private target: string | undefined;
  private pending = false;
  private wakeSleeper: (() => void) | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Ends the present sleep, or the next one at once when none is under way. */
  readonly wake = (): void => {
    this.pending = true;
    this.wakeSleeper?.();
  };

  /**
   * Watches one file or directory in place of the last one. Nothing happens
   * when it is watched already.
   *
   * @param target - absolute path; need not exist
   * @param again - true watches anew, for a path that is another file now
   */
  watch(target: string, again = false): void {
    if (this.target === target && this.watcher !== undefined && !again) {
      return;
    }
    this.close();
    this.target = target;
    try {
      const watcher = watch(target, { persistent: false });
      watcher.on('change', this.wake);
      watcher.on('error', () => this.close());
      this.watcher = watcher;
    } catch {
      // Polling alone: the path is missing, or the system has no watch left.
    }
  }

  /**
   * Waits for a change, `wake()` or the time limit.
   *
   * @param ms - time limit in milliseconds
   * @returns when it is time to look
   */
  async wait(ms: number): Promise<void> {
    if (this.pending) {
      this.pending = false;
      return;
    }
    const timer = new AbortController();
    const slept = this.clock.sleep(ms, timer.signal).catch(() => undefined);
    const woken = new Promise<void>((resolve) => (this.wakeSleeper = resolve));
    await Promise.race([slept, woken]);
    timer.abort();
    this.wakeSleeper = undefined;
    this.pending = false;
  }

  /** Stops watching; a sleeper still wakes by its time limit. */
  close(): void {
    this.watcher?.close();
    this.watcher = undefined;
    this.target = undefined;
  }
}
