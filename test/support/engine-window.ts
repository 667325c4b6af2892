import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Intent } from '../../src/core/model/records.ts';
import type { Run } from '../../src/core/model/run.ts';
import type { RunView } from '../../src/resources/account-snapshot.ts';

/** Where a launch can be cut off, or go wrong, in the child. */
export type LaunchPoint =
  /** Nothing is written yet. */
  | 'before-intent'
  /** The wish is stored, the machine knows nothing. */
  | 'after-intent'
  /** The machine was asked and did not answer yet. */
  | 'asked'
  /** The machine answered, the ledger does not know. */
  | 'answered'
  /** The run was started, its answer is lost. */
  | 'answer-lost'
  /** The run was started, its answer is lost and the look-up fails too. */
  | 'silent'
  /** The machine was never reached. */
  | 'unreached';

export interface LaunchRequest {
  readonly argv: readonly string[];
  readonly directory: string;
  readonly shared?: boolean;
  readonly point?: LaunchPoint;
}

/** How a child's engine is made. */
export interface ChildOptions {
  readonly storage: string;
  readonly home: string;
  readonly mayWatch?: boolean;
  /** Dollars an hour; nothing unless told. */
  readonly rate?: number;
}

export interface ChildError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** What a child can be asked to do. Errors arrive as `ChildFailure`. */
export interface EngineCalls {
  readonly launch: (request: LaunchRequest) => Promise<Run>;
  readonly stop: (id: string, graceSeconds?: number) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  /** Runs as the engine's views show them. */
  readonly views: () => Promise<readonly RunView[]>;
  readonly openIntents: () => Promise<readonly Intent[]>;
  /** Whether this engine is the one that watches; takes a free lease. */
  readonly campaign: () => Promise<number | null>;
  /** Tries a write under an epoch. */
  readonly act: (id: string, epoch: number) => Promise<void>;
  readonly setAside: () => Promise<string | null>;
  readonly refresh: () => Promise<void>;
  /** Periods of the engine's clock that have not ended, in milliseconds. */
  readonly periods: () => Promise<readonly number[]>;
  /** Sets the wall clock on or back. */
  readonly jump: (ms: number) => Promise<void>;
  readonly log: () => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

export interface ChildRequest {
  readonly id: number;
  readonly call: keyof EngineCalls;
  readonly args: readonly unknown[];
}

export interface ChildMessage {
  readonly id?: number;
  readonly value?: unknown;
  readonly error?: ChildError;
  /** A launch has come to its point and goes no further. */
  readonly point?: LaunchPoint;
  readonly ready?: boolean;
}

/** An error of a child's call. */
export class ChildFailure extends Error {
  readonly code: string;

  constructor({ name, code, message }: ChildError) {
    super(`${name}: ${message}`);
    this.code = code;
  }
}

/** One process with an engine of its own, as a VS Code window has. */
export class EngineWindow {
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, (answer: ChildMessage) => void>();
  private readonly ended: Promise<void>;
  private readonly started: Promise<void>;
  private onPoint: () => void = () => undefined;
  private next = 1;
  private stderr = '';

  private constructor(child: ChildProcess) {
    this.child = child;
    this.pid = child.pid ?? 0;
    this.ended = once(child, 'exit').then(() => undefined);
    this.started = new Promise((resolve) => {
      this.waiting.set(0, () => resolve());
    });
    child.on('message', (message: ChildMessage) => this.hear(message));
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.stderr += chunk));
  }

  /** Starts the process without waiting for its engine. */
  static spawn(options: ChildOptions): EngineWindow {
    const child = fork(join(import.meta.dirname, 'engine-child.ts'), [JSON.stringify(options)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    return new EngineWindow(child);
  }

  async ready(): Promise<void> {
    await Promise.race([
      this.started,
      this.ended.then(() => assert.fail(`the child ended: ${this.stderr}`)),
    ]);
  }

  async call<K extends keyof EngineCalls>(
    call: K,
    ...args: Parameters<EngineCalls[K]>
  ): Promise<Awaited<ReturnType<EngineCalls[K]>>> {
    const id = this.next++;
    const answered = new Promise<ChildMessage>((resolve) => {
      this.waiting.set(id, resolve);
    });
    this.child.send({ id, call, args } satisfies ChildRequest);
    const answer = await Promise.race([
      answered,
      this.ended.then(() => assert.fail(`the child ended in ${call}: ${this.stderr}`)),
    ]);
    if (answer.error !== undefined) throw new ChildFailure(answer.error);
    return answer.value as Awaited<ReturnType<EngineCalls[K]>>;
  }

  /** Launches, and resolves once the launch hangs at its point for ever. */
  async launchUntil(request: LaunchRequest & { point: LaunchPoint }): Promise<void> {
    const reached = new Promise<void>((resolve) => (this.onPoint = resolve));
    this.send('launch', request);
    await reached;
  }

  /** Asks and never hears: for a child that will be killed. */
  send<K extends keyof EngineCalls>(call: K, ...args: Parameters<EngineCalls[K]>): void {
    this.child.send({ id: this.next++, call, args } satisfies ChildRequest);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it at once; a child that ended by itself has failed. */
  async kill(): Promise<void> {
    assert.ok(this.isAlive(), `the child had ended by itself: ${this.stderr}`);
    this.child.kill('SIGKILL');
    await this.ended;
    assert.equal(this.child.signalCode, 'SIGKILL', this.stderr);
  }

  /** Closes its engine and demands that nothing keeps or fails the process. */
  async close(): Promise<void> {
    await this.call('close');
    this.child.disconnect();
    await this.ended;
    assert.deepEqual([this.child.exitCode, this.child.signalCode], [0, null], this.stderr);
  }

  isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** For cleaning up: whatever state it is in. */
  async end(): Promise<void> {
    if (this.isAlive()) {
      this.child.kill('SIGKILL');
      await this.ended;
    }
  }

  private hear(message: ChildMessage): void {
    if (message.point !== undefined) this.onPoint();
    const id = message.ready === true ? 0 : message.id;
    if (id !== undefined) {
      this.waiting.get(id)?.(message);
      this.waiting.delete(id);
    }
  }
}
