import { untilAborted } from '../core/cancellation.ts';
import { describeError } from '../core/error-chain.ts';
import type { Disposable } from '../core/events.ts';
import type { Run } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { ProviderRegistry } from '../providers/provider-registry.ts';
import type { Machine } from '../providers/training-provider.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';
import type { AfterWatch } from './after/after-watch.ts';
import { MachinePace } from './machine-pace.ts';
import type { RunAftercare } from './run-aftercare.ts';
import { isHomeless, statusOf } from './run-status.ts';
import type { RunWatchParts } from './run-watch.ts';
import { RunWatch } from './run-watch.ts';
import { noteReason } from './unseen-runs.ts';
import { newsIn } from './watch-list.ts';
import type { WatchList } from './watch-list.ts';

/** What watching a machine takes. */
export interface MachineWatchParts extends RunWatchParts {
  readonly registry: ProviderRegistry;
  readonly aftercare: RunAftercare;
  readonly results: AfterWatch;
}

/** How long a machine may think about an answer, in milliseconds. */
const ANSWER_MS = 40_000;

/** Asks one machine about its runs, at its own pace, whatever others do. */
export class MachineWatch implements Disposable {
  private readonly key: string;
  private readonly parts: MachineWatchParts;
  private readonly pace: MachinePace;
  private readonly runs = new Map<string, RunWatch>();
  private guard: Guard | undefined;
  private limit: AbortController | undefined;
  private tending = false;
  private saving = false;
  private saves = new AbortController();
  /** Active runs that the question under way is about. */
  private asked: readonly Run[] = [];
  /** What has come since that question. */
  private later: WatchList | undefined;
  private disposed = false;
  private complaint: string | undefined;

  /**
   * @param key - `provider/machine`, for the log
   * @param parts - see the fields
   */
  constructor(key: string, parts: MachineWatchParts) {
    this.key = key;
    this.parts = parts;
    this.pace = new MachinePace(parts.clock);
  }

  /** Whether something is under way that needs this window to stay elected. */
  get busy(): boolean {
    const isWorking = [...this.runs.values()].some((watch) => watch.busy);
    return this.limit !== undefined || this.tending || this.saving || isWorking;
  }

  /**
   * Begins anew under another right to write; what was under way is dropped.
   *
   * @param guard - refuses writes when this window no longer watches; `undefined` when it does not
   */
  elect(guard: Guard | undefined): void {
    this.guard = guard;
    for (const watch of this.runs.values()) {
      watch.dispose();
    }
    this.runs.clear();
    this.saves.abort();
    this.saves = new AbortController();
  }

  /**
   * Tells when the machine is to be asked next.
   *
   * @param list - its runs
   * @returns on the monotonic clock, ms; `Infinity` for never
   */
  dueAt(list: WatchList): number {
    const { aftercare, results, clock } = this.parts;
    const dues = list.unsettled.map((run) => aftercare.dueAt(run));
    dues.push(...list.unsaved.map((run) => results.dueAt(run)));
    if (list.active.length > 0) {
      dues.push(clock.monotonic());
    }
    return Math.max(this.pace.silentUntil, Math.min(this.pace.lostDueAt(list.lost), ...dues));
  }

  /**
   * Asks the machine about the runs whose time has come, and acts on it.
   *
   * @param list - its runs
   * @returns when everything learnt is stored; at once while an answer is awaited
   */
  async look(list: WatchList): Promise<void> {
    const { aftercare, results, clock } = this.parts;
    this.forgetOthers(list.active);
    this.pace.has(list.active);
    const now = clock.monotonic();
    if (this.limit !== undefined && newsIn(this.asked, list.active).length > 0) {
      // Its answer may be older than the run.
      this.later = list;
    }
    if (this.limit !== undefined || now < this.pace.silentUntil) {
      return;
    }
    const lost = this.pace.lostDueAt(list.lost) <= now ? list.lost : [];
    const watched = [...list.active, ...lost].filter(({ id }) => this.runs.get(id)?.busy !== true);
    const cared = list.unsettled.filter((run) => !this.tending && aftercare.dueAt(run) <= now);
    const unsaved = list.unsaved.filter((run) => !this.saving && results.dueAt(run) <= now);
    if (watched.length + cared.length + unsaved.length === 0) {
      return;
    }
    if (lost.length > 0) {
      this.pace.askedLost(lost);
    }
    this.asked = list.active;
    this.later = undefined;
    const answer = await this.ask([...watched, ...cared, ...unsaved]);
    if (answer === undefined) {
      for (const run of cared) {
        aftercare.postpone(run);
      }
      for (const run of unsaved) {
        results.postpone(run);
      }
      return;
    }
    const takes = new Map(watched.map((run) => [run.id, this.take(run, answer)]));
    await Promise.all([
      ...takes.values(),
      this.tend(cared, answer),
      this.save(unsaved, answer),
      this.lookAgain(takes),
    ]);
  }

  dispose(): void {
    this.disposed = true;
    this.elect(undefined);
    this.limit?.abort();
  }

  private async lookAgain(takes: ReadonlyMap<string, Promise<void>>): Promise<void> {
    const { later } = this;
    if (later === undefined) {
      return;
    }
    // Of these alone: others may have a long log to read.
    for (const { id } of newsIn(this.asked, later.active)) {
      await takes.get(id);
    }
    if (!this.disposed) {
      await this.look(later);
    }
  }

  private async ask(runs: readonly Run[]): Promise<Answer | undefined> {
    try {
      const answer = await this.inTime(() => this.answer(runs));
      this.pace.answered();
      this.complaint = undefined;
      return answer;
    } catch (error) {
      if (this.disposed) {
        return undefined;
      }
      if (isHomeless(error)) {
        await this.note(runs, error.message);
      } else {
        // It ends nothing: the runs stay as they were.
        this.pace.silent();
      }
      const complaint = `${this.key} did not answer: ${describeError(error)}`;
      this.parts.logger[complaint === this.complaint ? 'debug' : 'warn'](complaint);
      this.complaint = complaint;
      return undefined;
    }
  }

  private async answer(runs: readonly Run[]): Promise<Answer | undefined> {
    const [first] = runs;
    if (first === undefined) {
      return undefined;
    }
    const machine = await this.parts.registry.get(first.provider).connect(first.machine);
    const ids = [...new Set(runs.map(({ id }) => id))];
    const statuses = await statusOf(this.parts.ledger, machine, ids);
    return { machine, statuses: new Map(statuses.map((status) => [status.id, status])) };
  }

  // What comes later is dropped: the machine is asked anew.
  private async inTime<T>(work: () => Promise<T>): Promise<T> {
    const limit = new AbortController();
    this.limit = limit;
    const stop = this.parts.clock.every(ANSWER_MS, () => {
      limit.abort(new Error(`no answer within ${ANSWER_MS} ms`));
    });
    try {
      return await untilAborted(limit.signal, work);
    } finally {
      stop();
      this.limit = undefined;
    }
  }

  private async note(runs: readonly Run[], reason: string): Promise<void> {
    const { ledger, clock, logger } = this.parts;
    const { guard } = this;
    if (guard === undefined) {
      return;
    }
    for (const run of runs) {
      await noteReason(ledger, clock, run, reason, guard).catch((error: unknown) => {
        logger.warn(`noting that ${run.id} cannot be seen: ${describeError(error)}`);
      });
    }
  }

  private async take(run: Run, { machine, statuses }: Answer): Promise<void> {
    const status = statuses.get(run.id);
    if (status === undefined || this.guard === undefined) {
      return;
    }
    const watch = this.runs.get(run.id) ?? new RunWatch(this.parts, this.guard);
    this.runs.set(run.id, watch);
    await watch.take(run, status, machine);
  }

  private async tend(runs: readonly Run[], { statuses }: Answer): Promise<void> {
    if (runs.length === 0) {
      return;
    }
    this.tending = true;
    try {
      for (const run of runs) {
        const status = statuses.get(run.id);
        if (status !== undefined && this.guard !== undefined) {
          await this.parts.aftercare.tend(run, status);
        }
      }
    } finally {
      this.tending = false;
    }
  }

  // One after the other: they share the way to the machine.
  private async save(runs: readonly Run[], { machine, statuses }: Answer): Promise<void> {
    const { guard } = this;
    const { signal } = this.saves;
    if (runs.length === 0 || guard === undefined) {
      return;
    }
    this.saving = true;
    try {
      for (const run of runs) {
        const status = statuses.get(run.id);
        if (status !== undefined && !signal.aborted) {
          await this.parts.results.tend(run, { status, machine, guard, signal });
        }
      }
    } finally {
      this.saving = false;
    }
  }

  private forgetOthers(active: readonly Run[]): void {
    const ids = new Set<string>(active.map(({ id }) => id));
    for (const [id, watch] of this.runs) {
      if (!ids.has(id) && !watch.busy) {
        watch.dispose();
        this.runs.delete(id);
      }
    }
  }
}

/** A machine that answered, and what it said by run. */
interface Answer {
  readonly machine: Machine;
  readonly statuses: ReadonlyMap<string, RunStatus>;
}
