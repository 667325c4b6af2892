import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach } from 'mocha';
import type { Run } from '../../src/core/model/run.ts';
import type { RunView } from '../../src/resources/account-snapshot.ts';
import { EngineWindow, type ChildOptions } from './engine-window.ts';
import { environment, pids, signal, until } from './proc.ts';
import { ScaledClock } from './scaled-clock.ts';

/**
 * Makes a bed that is fresh for each test of the suite around. Hooks of the
 * suite that must run before it goes are declared before this.
 */
export function crashBed(): CrashBed {
  const bed = new CrashBed();
  afterEach(() => bed.dispose());
  return bed;
}

/**
 * A ledger, a machine and directories that several windows share; made at the
 * first use, and anew at the first use after `dispose`.
 */
export class CrashBed {
  private made: string | undefined;
  private windows: EngineWindow[] = [];
  private directories = 0;

  get root(): string {
    this.made ??= realpathSync(mkdtempSync(join(tmpdir(), 'runctl-crash-')));
    return this.made;
  }

  get storage(): string {
    return join(this.root, 'storage');
  }

  get home(): string {
    return join(this.root, 'home');
  }

  get ledgerPath(): string {
    return join(this.storage, 'ledger.sqlite');
  }

  async start(changes: Partial<ChildOptions> = {}): Promise<EngineWindow> {
    const window = this.spawn(changes);
    await window.ready();
    return window;
  }

  spawn(changes: Partial<ChildOptions> = {}): EngineWindow {
    const { storage, home } = this;
    const window = EngineWindow.spawn({ storage, home, ...changes });
    this.windows.push(window);
    return window;
  }

  /** A directory that no run was in yet. */
  directory(): string {
    const path = join(this.root, `project-${++this.directories}`);
    mkdirSync(path);
    return path;
  }

  /** Reads the ledger past all code of ours. */
  rows(sql: string, ...values: (string | number)[]): Record<string, unknown>[] {
    const connection = new DatabaseSync(this.ledgerPath, { readOnly: true });
    try {
      connection.exec('PRAGMA busy_timeout = 5000');
      return connection.prepare(sql).all(...values);
    } finally {
      connection.close();
    }
  }

  /** The window that watches, and how often that changed. */
  election(): { readonly owner: string; readonly epoch: number } | undefined {
    const [row] = this.rows('SELECT owner, epoch FROM election WHERE ttl > 0');
    return row === undefined ? undefined : { owner: String(row['owner']), epoch: Number(row['epoch']) };
  }

  /** What is locked now; a lapsed lock binds nobody. */
  locks(): unknown[] {
    const now = new ScaledClock().monotonic();
    return this.rows('SELECT resource FROM resource_locks WHERE expires_at > ?', now);
  }

  /** Ids of the run directories on the machine. */
  onMachine(): string[] {
    return existing(join(this.home, 'runs'));
  }

  runFile(id: string, name: string): string {
    return join(this.home, 'runs', id, name);
  }

  log(id: string): string {
    return readFileSync(this.runFile(id, 'log'), 'utf8');
  }

  /** Processes whose environment names this machine; of one run when told. */
  processes(run?: string): number[] {
    return pids().filter((pid) => {
      const variables = environment(pid);
      const ours = variables.includes(`RUNCTL_HOME=${this.home}`);
      return ours && (run === undefined || variables.includes(`RUNCTL_RUN_ID=${run}`));
    });
  }

  /** Ends every window and run, and removes everything. */
  async dispose(): Promise<void> {
    if (this.made === undefined) return;
    await Promise.all(this.windows.map((window) => window.end()));
    await until('nothing of the test is left', () => {
      const left = this.processes();
      for (const pid of left) signal(pid, 'SIGKILL');
      return Promise.resolve(left.length === 0 ? true : undefined);
    });
    rmSync(this.made, { recursive: true, force: true, maxRetries: 5 });
    this.made = undefined;
    this.windows = [];
    this.directories = 0;
  }
}

/** Waits until a window shows a run in a way. */
export async function untilView(
  window: EngineWindow,
  id: string,
  what: string,
  holds: (view: RunView) => boolean,
  timeoutMs = 20_000,
): Promise<RunView> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const view = (await window.call('views')).find(({ run }) => run.id === id);
    if (view !== undefined && holds(view)) return view;
    if (performance.now() > deadline) {
      const log = (await window.call('log')).slice(-20).join('\n');
      throw new Error(`${id} is not ${what}: ${JSON.stringify(view)}\n${log}`);
    }
    await pause(25);
  }
}

export async function untilState(
  window: EngineWindow,
  id: string,
  state: Run['state'],
  timeoutMs?: number,
): Promise<RunView> {
  return untilView(window, id, state, ({ run }) => run.state === state, timeoutMs);
}

function existing(folder: string): string[] {
  try {
    // An id that was forbidden is a file in their place.
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    // No run was started yet.
    return [];
  }
}
