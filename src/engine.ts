import { join } from 'node:path';
import { CheckpointScanner } from './checkpoints/checkpoint-scanner.ts';
import type { Clock } from './core/clock.ts';
import { describeError } from './core/error-chain.ts';
import type { LedgerError } from './core/errors.ts';
import type { Disposable, Event } from './core/events.ts';
import { DisposableStore } from './core/events.ts';
import type { Logger } from './core/logger.ts';
import { componentLogger } from './core/logger.ts';
import type { Run } from './core/model/run.ts';
import type { MicroDollarsPerHour } from './core/money.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { LedgerSetAside } from './ledger/open-ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import type { LocalPlatform } from './providers/local/local-platform.ts';
import { LocalProvider } from './providers/local/local-provider.ts';
import { MachineFactsReader } from './providers/local/machine-facts.ts';
import { ProviderRegistry } from './providers/provider-registry.ts';
import { AgentClient } from './remote/agent/agent-client.ts';
import { LocalShell } from './remote/local-shell.ts';
import { Inventory } from './resources/inventory.ts';
import { RunReader } from './resources/run-reader.ts';
import { CodeKeeper } from './training/code-keeper.ts';
import { Launcher } from './training/launcher.ts';
import { MetricsTap } from './training/metrics-tap.ts';
import { RunControl } from './training/run-control.ts';
import { RunMonitor } from './training/run-monitor.ts';
import { RunObserver } from './training/run-observer.ts';
import { rebuildRuns } from './training/run-rebuilder.ts';

/** What the engine needs from its host. */
export interface EngineOptions {
  /** Absolute directory of ours on this host; made when missing. */
  readonly storage: string;
  /** The agent script. */
  readonly agentSource: Buffer;
  readonly platform: LocalPlatform;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Price of the local machine, read at each listing. */
  readonly localRate: () => MicroDollarsPerHour;
  /** Whose file systems to show, read at each listing. */
  readonly directories: () => readonly string[];
  /** False in an untrusted workspace: such a window never does the watching. */
  readonly mayWatch: () => boolean;
}

/**
 * Everything that works without an editor: the ledger, the providers, the
 * runs. The user interface is one client of it, tests are another.
 */
export interface Engine extends Disposable {
  readonly ledger: Ledger;
  readonly registry: ProviderRegistry;
  readonly inventory: Inventory;
  readonly launcher: Launcher;
  readonly control: RunControl;
  readonly code: CodeKeeper;
  readonly checkpoints: CheckpointKeeper;
  readonly monitor: RunMonitor;
  /** A ledger file that could not be used and was kept aside. */
  readonly setAside: LedgerSetAside | null;
  /** Fires once when the ledger's file was deleted; start another engine then. */
  readonly onDidLoseLedger: Event<LedgerError>;
  /** Ends everything, in order. */
  close(): Promise<void>;
}

/**
 * Starts an engine.
 *
 * @param options - see the fields
 * @returns the engine, with its first snapshot read
 * @throws {UnsupportedError} when this host has no `node:sqlite`
 * @throws {LedgerError} when the ledger cannot be opened
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { clock, logger, storage } = options;
  const opened = await openLedger(join(storage, 'ledger.sqlite'), {
    clock,
    logger: componentLogger(logger, 'ledger'),
  });
  const { ledger } = opened;
  const registry = new ProviderRegistry();
  registry.register(localProvider(options));
  const inventory = new Inventory({
    registry,
    runs: new RunReader(ledger, clock),
    clock,
    logger: componentLogger(logger, 'inventory'),
  });
  const code = new CodeKeeper(join(storage, 'code'));
  const launcher = new Launcher({
    ledger,
    registry,
    code,
    clock,
    logger: componentLogger(logger, 'launch'),
    rateOf: (provider, machine) => inventory.rateOf(provider, machine),
  });
  const monitor = new RunMonitor({
    ledger,
    registry,
    clock,
    logger: componentLogger(logger, 'monitor'),
    mayWatch: options.mayWatch,
    observe: (run, machine, guard) => observer(options, ledger, run, machine, guard),
  });
  const store = new DisposableStore();
  store.add(inventory);
  store.add(monitor);
  store.add(
    ledger.onDidChange(() => {
      void inventory.reload();
      void monitor.wake();
    }),
  );
  await rebuild(registry, ledger, componentLogger(logger, 'rebuild'));
  await inventory.reload();
  void inventory.refresh();
  void monitor.wake();
  const close = async (): Promise<void> => {
    store.dispose();
    await ledger.close();
  };
  return {
    ledger,
    registry,
    inventory,
    launcher,
    control: new RunControl(ledger, registry, clock),
    code,
    monitor,
    setAside: opened.setAside,
    onDidLoseLedger: ledger.onDidLose,
    close,
    dispose: () => {
      void close().catch((error: unknown) => {
        logger.warn(`closing: ${describeError(error)}`);
      });
    },
  };
}
