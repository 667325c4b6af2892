import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NULL_LOGGER } from '../../src/core/logger.ts';
import type { RunAfter } from '../../src/core/model/run-after.ts';
import type { Run } from '../../src/core/model/run.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { CopyPathRequest } from '../../src/providers/training-provider.ts';
import type { AfterStatus, RunStatus } from '../../src/remote/agent/agent-answers.ts';
import { ResultFiles } from '../../src/training/after/result-files.ts';
import { WindowSaver } from '../../src/training/after/window-saver.ts';
import { CheckpointSettler } from '../../src/training/checkpoint-settler.ts';
import { CodeKeeper } from '../../src/training/code-keeper.ts';
import { createObserver } from '../../src/training/create-observer.ts';
import { FoundRuns } from '../../src/training/found-runs.ts';
import { LogFiles } from '../../src/training/log/log-files.ts';
import { LogCopies } from '../../src/training/log/machine-logs.ts';
import { RunControl } from '../../src/training/run-control.ts';
import { RunMonitor } from '../../src/training/run-monitor.ts';
import { FakeClock } from './fake-clock.ts';
import { LedgerFiles } from './ledger-files.ts';
import { NOW, sampleCheckpoint, sampleRun, sampleSpec } from './samples.ts';
import { ScriptedMachine } from './scripted-machine.ts';

const EXIT = { code: 0, signal: null, ended: NOW / 1000 - 60, phase: 'command', stop: null } as const;

/** Ended runs on a scripted machine, and a window that looks after them. */
export class AfterBed {
  readonly clock: FakeClock;
  readonly machine = new ScriptedMachine();
  readonly files: LedgerFiles;
  readonly results: ResultFiles;
  readonly ledger: Ledger;
  readonly control: RunControl;
  /** Downloads asked for. */
  readonly fetched: CopyPathRequest[] = [];
  monitor: RunMonitor;

  static async open(): Promise<AfterBed> {
    const files = new LedgerFiles();
    const clock = new FakeClock(NOW);
    return new AfterBed(files, clock, await files.open({ clock }));
  }

  private constructor(files: LedgerFiles, clock: FakeClock, ledger: Ledger) {
    this.files = files;
    this.clock = clock;
    this.results = new ResultFiles(join(files.folder, 'results'));
    this.ledger = ledger;
    this.machine.provider.fetcher = {
      fetch: async (request) => {
        this.fetched.push(request);
        await this.fetch(request);
        return { files: 1, leftOut: [] };
      },
    };
    this.control = new RunControl({
      ledger,
      registry: this.machine.registry,
      code: new CodeKeeper(files.folder),
      logs: new LogFiles(files.folder),
      results: this.results,
      clock,
      found: new FoundRuns({ ledger, clock, ask: () => Promise.resolve(false) }),
    });
    this.monitor = this.newMonitor();
  }

  /** What the next downloads do. */
  fetch: (request: CopyPathRequest) => Promise<void> = async ({ source, destination }) =>
    writeFile(destination, await readFile(source));

  /** Another window, as after a reload. */
  newMonitor(): RunMonitor {
    const { ledger, clock, results } = this;
    const { registry } = this.machine;
    const settler = new CheckpointSettler(ledger, registry, clock);
    const copies = new LogCopies({ clock, logger: NULL_LOGGER });
    this.monitor = new RunMonitor({
      ledger,
      registry,
      clock,
      logger: NULL_LOGGER,
      mayWatch: () => true,
      settler,
      saver: new WindowSaver({ ledger, clock, files: results, settler }),
      observe: (run, on, guard) =>
        createObserver(run, on, { ledger, clock, logger: NULL_LOGGER, guard, copies }),
    });
    return this.monitor;
  }

  async close(): Promise<void> {
    this.monitor.dispose();
    await this.monitor.settled();
    await this.files.dispose();
  }

  /** A run that ended a minute ago. */
  async insert(after: Run['spec']['after'], changes: Partial<Run> = {}): Promise<Run> {
    const spec = sampleSpec({ checkpointDirectory: join(this.files.folder, 'checkpoints'), after });
    const ended = { state: 'succeeded', stateSince: NOW - 60_000, endedAt: NOW - 60_000 } as const;
    const run = sampleRun({ spec, logPath: null, ...ended, ...changes });
    await this.ledger.runs.insert(run);
    return run;
  }

  says({ id }: Run, status: Partial<RunStatus>): void {
    this.machine.statuses.set(id, { id, state: 'ended', exit: EXIT, orphans: 0, ...status });
  }

  saysAfter(run: Run, after: Partial<AfterStatus>): void {
    this.says(run, { after: { state: 'saving', saved: [], tries: 0, ...after } });
  }

  async afterOf({ id }: Run): Promise<RunAfter | null | undefined> {
    return (await this.ledger.runs.get(id))?.after;
  }

  /** Kinds of what its timeline tells, but for its states. */
  async kinds({ id }: Run): Promise<string[]> {
    return (await this.ledger.events.list(id)).map(({ kind }) => kind).filter((kind) => kind !== 'state');
  }

  /** How often the machine was asked for states of runs. */
  get looks(): number {
    return this.machine.asked.filter((line) => line.startsWith('status')).length;
  }

  /** Lets `ms` pass, and whatever that sets off end. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.monitor.settled();
  }

  /** A whole checkpoint, on the machine and in the ledger. */
  async checkpoint(run: Run, name: string, step: number): Promise<string> {
    const folder = run.spec.checkpointDirectory;
    await mkdir(folder, { recursive: true });
    const path = join(folder, name);
    await writeFile(path, `weights of step ${step}`);
    await utimes(path, NOW / 1000 - 90, NOW / 1000 - 90);
    const { size } = await stat(path);
    const known = await this.ledger.checkpoints.list(run.id);
    const found = sampleCheckpoint({ path, size, step, modifiedAt: NOW - 90_000, complete: true, marks: [] });
    await this.ledger.checkpoints.replace(run.id, [...known, found]);
    return path;
  }
}
