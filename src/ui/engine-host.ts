import * as vscode from 'vscode';
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-chain.ts';
import { CancelledError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import type { Run } from '../core/model/run.ts';
import type { Engine } from '../engine.ts';
import type { AccountSnapshot } from '../resources/account-snapshot.ts';

/** How an engine is started. */
export interface EngineHostParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly start: () => Promise<Engine>;
}

const RESTART_MS = 1000;

/**
 * Keeps one engine running: starts it on first use and again when its ledger
 * was deleted under it. Views hear of snapshots without knowing which engine
 * they come from.
 */
export class EngineHost implements vscode.Disposable {
  private readonly parts: EngineHostParts;
  private readonly changed = new vscode.EventEmitter<AccountSnapshot>();
  private readonly ended = new vscode.EventEmitter<Run>();
  private readonly unsaved = new vscode.EventEmitter<Run>();
  private readonly started = new vscode.EventEmitter<Engine>();
  private running: Promise<Engine> | undefined;
  private current: AccountSnapshot;
  private known = false;
  private disposed = false;

  /** A new snapshot is there. */
  readonly onDidChange = this.changed.event;
  /** A run has ended, as seen by this window. */
  readonly onDidEndRun = this.ended.event;
  /** Results of a run could not be saved, as seen by this window. */
  readonly onDidNotSave = this.unsaved.event;
  /** An engine has started, for the first time or again. */
  readonly onDidStart = this.started.event;

  constructor(parts: EngineHostParts) {
    this.parts = parts;
    this.current = { at: parts.clock.now(), providers: [], runs: [] };
  }

  /**
   * The newest snapshot; empty until the engine runs.
   *
   * @returns an immutable value
   */
  snapshot(): AccountSnapshot {
    return this.current;
  }

  /**
   * The newest snapshot once there is one.
   *
   * @returns `null` until the engine runs
   */
  knownSnapshot(): AccountSnapshot | null {
    return this.known ? this.current : null;
  }

  /**
   * The engine, started on first use. A failed start is tried again next time.
   *
   * @returns the running engine
   */
  engine(): Promise<Engine> {
    if (this.disposed) {
      return Promise.reject(new CancelledError());
    }
    this.running ??= this.launch().catch((error: unknown) => {
      this.running = undefined;
      throw error;
    });
    return this.running;
  }

  /**
   * Ends the engine and waits for it.
   *
   * @returns when the ledger is closed
   */
  async close(): Promise<void> {
    this.disposed = true;
    const { running } = this;
    this.running = undefined;
    // An engine that never started has nothing to close; its failure was told.
    const engine = await running?.catch(() => undefined);
    await engine?.close();
  }

  dispose(): void {
    this.changed.dispose();
    this.ended.dispose();
    this.unsaved.dispose();
    this.started.dispose();
  }

  private async launch(): Promise<Engine> {
    const engine = await this.parts.start();
    engine.inventory.onDidChange((snapshot) => this.show(snapshot));
    engine.monitor.onDidEnd((run) => this.ended.fire(run));
    engine.monitor.onDidNotSave((run) => this.unsaved.fire(run));
    engine.onDidLoseLedger((error) => {
      this.parts.logger.warn(`the ledger is gone: ${describeError(error)}; starting again`);
      void this.restart(engine);
    });
    this.show(engine.inventory.snapshot());
    this.started.fire(engine);
    return engine;
  }

  private async restart(lost: Engine): Promise<void> {
    this.running = undefined;
    try {
      await lost.close();
    } catch (error) {
      this.parts.logger.warn(`closing the lost ledger: ${describeError(error)}`);
    }
    while (!this.disposed) {
      try {
        await this.engine();
        return;
      } catch (error) {
        this.parts.logger.error(`starting again failed: ${describeError(error)}`);
        await this.parts.clock.sleep(RESTART_MS);
      }
    }
  }

  private show(snapshot: AccountSnapshot): void {
    this.current = snapshot;
    this.known = true;
    if (!this.disposed) {
      this.changed.fire(snapshot);
    }
  }
}
