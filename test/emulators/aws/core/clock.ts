import { Agenda } from './agenda.ts';

/** Something that will happen at a moment of the emulator's clock. */
export interface Appointment {
  readonly at: number;
  cancel(): void;
}

interface Entry extends Appointment {
  readonly order: number;
  readonly act: () => void | Promise<void>;
  isCancelled: boolean;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The clock on which machines boot, pages expire and money is counted. It stands still until
 * it is moved (`speed` 0) or runs by itself, `speed` times as fast as the wall clock.
 */
export class EmulatorClock {
  private readonly speed: number;
  private readonly entries = new Agenda<Entry>();
  private readonly failures: unknown[] = [];
  private readonly acts = new Set<Promise<void>>();
  private readonly started = performance.now();
  private base: number;
  private order = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(start: number, speed = 0) {
    this.base = start;
    this.speed = speed;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.base + (performance.now() - this.started) * this.speed;
  }

  /** Acts in `ms` milliseconds of this clock. What it throws, `settled` and `advance` throw. */
  after(ms: number, act: () => void | Promise<void>): Appointment {
    const entry: Entry = {
      at: this.now() + Math.max(0, ms),
      order: this.order++,
      act,
      isCancelled: false,
      cancel: () => {
        entry.isCancelled = true;
      },
    };
    this.entries.add(entry);
    this.arm();
    return entry;
  }

  /** Resolves in `ms` milliseconds of this clock. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Moves the clock on, letting everything that falls due happen in order and end. */
  async advance(ms: number): Promise<void> {
    const target = this.now() + ms;
    for (let due = this.next(target); due !== undefined; due = this.next(target)) {
      this.base += Math.max(0, due.at - this.now());
      await this.run(due);
      await turn();
    }
    this.base += Math.max(0, target - this.now());
    this.rethrow();
  }

  /** Nothing happens by itself any more; resolves when what has begun is over. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.entries.clear();
    await Promise.all(this.acts);
  }

  private async run({ act }: Entry): Promise<void> {
    const done = (async () => act())().catch((error: unknown) => void this.failures.push(error));
    this.acts.add(done);
    await done;
    this.acts.delete(done);
  }

  /** Throws what an act has thrown since the last look. */
  rethrow(): void {
    const [first] = this.failures.splice(0);
    if (first !== undefined) throw first instanceof Error ? first : new Error('an act failed', { cause: first });
  }

  /** Takes out what is due first, if it is due by then. */
  private next(until: number): Entry | undefined {
    const first = this.peek();
    return first !== undefined && first.at <= until ? this.entries.take() : undefined;
  }

  private peek(): Entry | undefined {
    while (this.entries.peek()?.isCancelled === true) this.entries.take();
    return this.entries.peek();
  }

  private arm(): void {
    if (this.speed === 0 || this.stopped) return;
    clearTimeout(this.timer);
    const next = this.peek();
    if (next === undefined) return;
    const wait = Math.min((next.at - this.now()) / this.speed, LONGEST_TIMER_MS);
    this.timer = setTimeout(() => {
      const now = this.now();
      for (let due = this.next(now); due !== undefined; due = this.next(now)) {
          void this.run(due);
      }
      this.arm();
    }, Math.max(0, wait));
    this.timer.unref();
  }
}

// Lets chains of promises run to their next wait.
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
