import type { Clock } from '../core/clock.ts';
import { describeError, toRunctlError } from '../core/error-chain.ts';
import type { Disposable, Event } from '../core/events.ts';
import { Emitter } from '../core/events.ts';
import type { Logger } from '../core/logger.ts';
import type { MicroDollarsPerHour } from '../core/money.ts';
import type { ProviderRegistry } from '../providers/provider-registry.ts';
import type { TrainingProvider } from '../providers/training-provider.ts';
import type { AccountSnapshot, MachineView, ProviderPart } from './account-snapshot.ts';
import type { RunReader } from './run-reader.ts';

const LIST_TIMEOUT_MS = 20_000;
const SETTLE_MS = 250;

/** What the inventory is built from. */
export interface InventoryParts {
  readonly registry: ProviderRegistry;
  readonly runs: RunReader;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps the newest snapshot: the providers' listings joined with the ledger.
 * Each part fails and ages alone; changes that come together make one event.
 */
export class Inventory implements Disposable {
  private readonly parts: InventoryParts;
  private readonly changed = new Emitter<AccountSnapshot>();
  private readonly busy = new Map<string, string>();
  private readonly listed = new Map<string, ProviderPart>();
  private current: AccountSnapshot;
  private pending: Promise<void> | undefined;
  private refreshing: Promise<void> | undefined;
  private following: Promise<void> | undefined;
  private again = false;
  private disposed = false;

  /** Fires after each change with the new snapshot. */
  readonly onDidChange: Event<AccountSnapshot> = this.changed.event;

  constructor(parts: InventoryParts) {
    this.parts = parts;
    this.current = { at: parts.clock.now(), providers: [], runs: [] };
  }

  /**
   * The newest snapshot.
   *
   * @returns an immutable value
   */
  snapshot(): AccountSnapshot {
    return this.current;
  }

  /**
   * Asks every provider again, side by side. A listing under way may have asked
   * before what the caller has just done: one more follows it for all who came meanwhile.
   *
   * @returns when all have answered or failed after this call, and the snapshot is new
   */
  refresh(): Promise<void> {
    const underWay = this.refreshing;
    if (underWay === undefined) {
      return this.begin();
    }
    this.following ??= this.listAfter(underWay);
    return this.following;
  }

  /**
   * Makes the snapshot anew, as after a change of the ledger; calls that come together are one.
   *
   * @returns when the snapshot is new
   */
  reload(): Promise<void> {
    if (this.disposed) {
      return Promise.resolve();
    }
    this.again = true;
    this.pending ??= this.rebuild();
    return this.pending;
  }

  /**
   * Shows that something is happening to a run while `action` runs.
   *
   * @param runId - the run
   * @param text - such as "Stopping…"
   * @param action - what is happening
   * @returns its result
   */
  async whileBusy<T>(runId: string, text: string, action: () => Promise<T>): Promise<T> {
    this.busy.set(runId, text);
    void this.show();
    try {
      return await action();
    } finally {
      this.busy.delete(runId);
      await this.show();
    }
  }

  /**
   * Price of a machine, asking its provider when it was never listed.
   *
   * @param provider - its provider
   * @param machine - its id
   * @returns the price per hour; `null` when unknown
   */
  async rateOf(provider: string, machine: string): Promise<MicroDollarsPerHour | null> {
    if (!this.listed.has(provider)) {
      await this.list(this.parts.registry.get(provider));
    }
    return this.machine(provider, machine)?.rate ?? null;
  }

  /**
   * A machine of the newest listing.
   *
   * @param provider - its provider
   * @param machine - its id
   * @returns the machine, or `undefined`
   */
  machine(provider: string, machine: string): MachineView | undefined {
    return this.listed.get(provider)?.machines.find((item) => item.id === machine);
  }

  dispose(): void {
    this.disposed = true;
    this.changed.dispose();
  }

  // What is shown must not change how an action ended.
  private async show(): Promise<void> {
    try {
      await this.reload();
    } catch (error) {
      this.parts.logger.warn(`reading runs failed: ${describeError(error)}`);
    }
  }

  private async rebuild(): Promise<void> {
    try {
      do {
        this.again = false;
        await this.readOnce();
        if (this.askedAgain()) {
          // Others asked meanwhile; a short rest joins them into one.
          await this.parts.clock.sleep(SETTLE_MS);
        }
      } while (this.askedAgain());
    } finally {
      // In the same turn as the last look at `again`: a request in between would be lost.
      this.pending = undefined;
    }
  }

  private askedAgain(): boolean {
    return this.again && !this.disposed;
  }

  private async readOnce(): Promise<void> {
    const runs = await this.parts.runs.read(this.busy);
    const providers = this.parts.registry.all().map((provider) => this.partOf(provider));
    this.current = { at: this.parts.clock.now(), providers, runs };
    if (!this.disposed) {
      this.changed.fire(this.current);
    }
  }

  // One at a time: a machine that hangs must not gather questions.
  private begin(): Promise<void> {
    this.refreshing ??= this.listAll().finally(() => {
      this.refreshing = undefined;
    });
    return this.refreshing;
  }

  private async listAfter(underWay: Promise<void>): Promise<void> {
    // Whoever asked for it hears how it went.
    await underWay.catch(() => undefined);
    this.following = undefined;
    await (this.disposed ? undefined : this.begin());
  }

  private async listAll(): Promise<void> {
    await Promise.all(this.parts.registry.all().map((provider) => this.list(provider)));
    await this.reload();
  }

  private async list(provider: TrainingProvider): Promise<void> {
    const before = this.partOf(provider);
    try {
      const listing = await provider.list(AbortSignal.timeout(LIST_TIMEOUT_MS));
      const seenAt = this.parts.clock.now();
      this.listed.set(provider.id, { ...before, ...listing, seenAt, problem: null });
    } catch (error) {
      this.parts.logger.warn(`listing ${provider.id} failed: ${describeError(error)}`);
      // What was seen stays, with its age: unknown is not gone.
      this.listed.set(provider.id, { ...before, problem: toRunctlError(error).message });
    }
  }

  private partOf(provider: TrainingProvider): ProviderPart {
    const { id, name } = provider;
    const known = this.listed.get(id);
    return known ?? { id, name, seenAt: null, problem: null, machines: [], resources: [] };
  }
}
