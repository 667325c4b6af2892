import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { JournalMode } from '../../../src/ledger/journal-mode.ts';

/** Short, so that a test need not wait ten seconds for a take-over. */
export const ELECTION_TTL_MS = 600;

/** What a child can be asked to do. */
export interface ChildCalls {
  /** Opens the ledger anew; tells why a file was set aside. */
  readonly open: () => Promise<string | null>;
  /** Appends events; tells the longest wait in ms. */
  readonly events: (count: number) => Promise<number>;
  /** Turns each "byte" of a log into one point, racing others; tells how many it stored. */
  readonly readLog: (end: number) => Promise<number>;
  /** Stores three points a time for ever, acknowledging each time. */
  readonly flood: () => Promise<never>;
  /** Holds a lock of SQLite without a turn of the event loop. */
  readonly hold: (mode: 'EXCLUSIVE' | 'IMMEDIATE', ms: number) => Promise<void>;
  readonly campaign: () => Promise<number | null>;
  /** Writes an event under an epoch, spending `holdMs` inside the transaction. */
  readonly act: (epoch: number, holdMs: number) => Promise<void>;
}

export interface ChildRequest {
  readonly id: number;
  readonly call: keyof ChildCalls;
  readonly args: readonly unknown[];
}

export interface ChildAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface ChildMessage extends Partial<ChildAnswer> {
  readonly acknowledged?: number;
  readonly holding?: boolean;
}

/** One process that plays a VS Code window. */
export class Window {
  readonly pid: number;
  /** Highest number the child acknowledged. */
  acknowledged = 0;
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: ChildAnswer) => void>();
  private onHolding: () => void = () => undefined;
  private next = 1;

  private constructor(child: ChildProcess) {
    this.child = child;
    this.pid = child.pid ?? 0;
    child.on('message', (message: ChildMessage) => this.hear(message));
  }

  static async start(path: string, journal: JournalMode, owner = 'child'): Promise<Window> {
    const program = fileURLToPath(new URL('ledger-child.ts', import.meta.url));
    const child = fork(program, [path, journal, owner], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    await once(child, 'message');
    return new Window(child);
  }

  /** Rejects with the code of the child's error as its message. */
  async call<K extends keyof ChildCalls>(
    call: K,
    ...args: Parameters<ChildCalls[K]>
  ): Promise<Awaited<ReturnType<ChildCalls[K]>>> {
    const id = this.next++;
    const answer = await new Promise<ChildAnswer>((resolve) => {
      this.waiting.set(id, resolve);
      this.child.send({ id, call, args } satisfies ChildRequest);
    });
    if (answer.error !== undefined) {
      throw new Error(answer.error);
    }
    return answer.value as Awaited<ReturnType<ChildCalls[K]>>;
  }

  /** Resolves when the child says that it holds a lock. */
  holding(): Promise<void> {
    return new Promise((resolve) => (this.onHolding = resolve));
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exit;
    }
  }

  private hear(message: ChildMessage): void {
    this.acknowledged = Math.max(this.acknowledged, message.acknowledged ?? 0);
    if (message.holding === true) {
      this.onHolding();
    }
    if (message.id !== undefined) {
      this.waiting.get(message.id)?.({ ...message, id: message.id });
      this.waiting.delete(message.id);
    }
  }
}

/** Polls until a condition holds; throws after `limitMs`. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  limitMs = 15_000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`not in time: ${what}`);
    }
    await pause(10);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
