import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from './core/clock.ts';
import { describeError } from './core/error-chain.ts';
import type { LedgerError } from './core/errors.ts';
import type { Event } from './core/events.ts';
import { DisposableStore } from './core/events.ts';
import { installationId } from './core/installation.ts';
import type { Logger } from './core/logger.ts';
import { componentLogger } from './core/logger.ts';
import type { Starter } from './core/model/run.ts';
import type { MicroDollarsPerHour } from './core/money.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { LedgerSetAside } from './ledger/open-ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { createLocalProvider } from './providers/local/create-local-provider.ts';
import type { LocalPlatform } from './providers/local/local-platform.ts';
import { LOCAL_MACHINE } from './providers/local/local-provider.ts';
import { ProviderRegistry } from './providers/provider-registry.ts';
import type { SshHost } from './providers/ssh/create-ssh-provider.ts';
import { createSshProvider } from './providers/ssh/create-ssh-provider.ts';
import type { SshProvider } from './providers/ssh/ssh-provider.ts';
import type { AgentSource } from './remote/agent/agent-script.ts';
import { Inventory } from './resources/inventory.ts';
import { RunReader } from './resources/run-reader.ts';
import { ResultFiles } from './training/after/result-files.ts';
import { WindowSaver } from './training/after/window-saver.ts';
import { CheckpointKeeper } from './training/checkpoint-keeper.ts';
import { CheckpointSettler } from './training/checkpoint-settler.ts';
import { CodeKeeper } from './training/code-keeper.ts';
import { createObserver } from './training/create-observer.ts';
import type { AskAboutFound } from './training/found-runs.ts';
import { FoundRuns } from './training/found-runs.ts';
import { Launcher } from './training/launcher.ts';
import { LogFiles } from './training/log/log-files.ts';
import { LogCopies } from './training/log/machine-logs.ts';
import { RunControl } from './training/run-control.ts';
import { RunMonitor } from './training/run-monitor.ts';
import type { RebuildParts } from './training/run-rebuilder.ts';
import { rebuildRuns } from './training/run-rebuilder.ts';

/** How often other windows' writes are looked for. */
const WATCH_MS = 1000;

/** What the engine needs from its host. */
export interface EngineOptions {
  /** Absolute directory of ours on this host; made when missing. */
  readonly storage: string;
  /** The agent script. */
  readonly agentSource: AgentSource;
  readonly platform: LocalPlatform;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Price of the local machine, read at each listing. */
  readonly localRate: () => MicroDollarsPerHour;
  /** Whose file systems to show, read at each listing. */
  readonly directories: () => readonly string[];
  /** How machines are reached by SSH; `null` where that is not wanted. */
  readonly ssh: SshHost | null;
  /** False in an untrusted workspace: such a window never does the watching. */
  readonly mayWatch: () => boolean;
  /** Asks before the first act on a run that another installation started. */
  readonly askAboutFound: AskAboutFound;
}

/**
 * Everything that works without an editor: the ledger, the providers, the
 * runs. The user interface is one client of it, tests are another.
 */
export interface Engine {
  readonly ledger: Ledger;
  readonly registry: ProviderRegistry;
  /** `null` where machines are not reached by SSH. */
  readonly ssh: SshProvider | null;
  readonly inventory: Inventory;
  readonly launcher: Launcher;
  readonly control: RunControl;
  /** Care for runs that other installations started. */
  readonly found: FoundRuns;
  readonly code: CodeKeeper;
  readonly checkpoints: CheckpointKeeper;
  readonly monitor: RunMonitor;
  /**
   * Puts runs that machines know and the ledger does not back into it.
   *
   * @returns when all machines were asked; never rejects
   */
  findRuns(): Promise<void>;
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
  const { clock, storage } = options;
  const opened = await openLedger(join(storage, 'ledger.sqlite'), {
    clock,
    logger: componentLogger(options.logger, 'ledger'),
  });
  const { ledger } = opened;
  const starter = { installation: await installationId(storage), host: hostname() };
  const registry = new ProviderRegistry();
  registry.register(createLocalProvider(options));
  const ssh = options.ssh === null ? null : startSsh(options, options.ssh, ledger, starter);
  if (ssh !== null) {
    registry.register(ssh);
  }
  const engine = assemble(options, starter, { ledger, registry, ssh, setAside: opened.setAside });
  try {
    await engine.inventory.reload();
  } catch (error) {
    await engine.close();
    throw error;
  }
  background(engine.findRuns(), options.logger);
  background(engine.inventory.refresh(), options.logger);
  background(engine.monitor.wake(), options.logger);
  return engine;
}

function startSsh(
  { storage, clock, logger, agentSource, mayWatch }: EngineOptions,
  host: SshHost,
  ledger: Ledger,
  { installation }: Starter,
): SshProvider {
  return createSshProvider({
    ...host,
    storage,
    clock,
    ledger,
    agentSource,
    mayContact: mayWatch,
    logger: componentLogger(logger, 'ssh'),
    client: installation,
  });
}

function assemble(
  options: EngineOptions,
  starter: Starter,
  parts: Pick<Engine, 'ledger' | 'registry' | 'ssh' | 'setAside'>,
): Engine {
  const { clock, storage } = options;
  const { ledger, registry } = parts;
  const logger = (component: string): Logger => componentLogger(options.logger, component);
  const inventory = new Inventory({
    registry,
    runs: new RunReader(ledger, clock),
    clock,
    logger: logger('inventory'),
  });
  const code = new CodeKeeper(join(storage, 'code'));
  const logs = new LogFiles(join(storage, 'logs'));
  const monitorLogger = logger('monitor');
  const settler = new CheckpointSettler(ledger, registry, clock);
  const copies = new LogCopies({ clock, logger: logger('logs') });
  const results = new ResultFiles(join(storage, 'results'));
  const monitor = new RunMonitor({
    ledger,
    registry,
    clock,
    logger: monitorLogger,
    mayWatch: options.mayWatch,
    settler,
    saver: new WindowSaver({ ledger, clock, files: results, settler }),
    observe: (run, machine, guard) =>
      createObserver(run, machine, { ledger, clock, logger: monitorLogger, guard, copies }),
  });
  const checkpoints = new CheckpointKeeper(ledger, registry, settler);
  const found = new FoundRuns({ ledger, clock, ask: options.askAboutFound });
  const control = new RunControl({ ledger, registry, code, logs, results, clock, found });
  const rebuilding: RebuildParts = {
    ledger,
    logs,
    clock,
    logger: logger('rebuild'),
    installation: starter.installation,
  };
  const store = new DisposableStore();
  store.add(inventory);
  store.add(monitor);
  store.add(ledger.watch(WATCH_MS));
  if (parts.ssh !== null) {
    // Runs started from another computer, or before the ledger was lost.
    store.add(
      parts.ssh.onDidOpen((machine) => {
        if (options.mayWatch()) {
          background(rebuildRuns(machine, rebuilding), options.logger);
        }
      }),
    );
  }
  store.add(
    ledger.onDidChange(() => {
      background(inventory.reload(), options.logger);
      background(monitor.wake(), options.logger);
    }),
  );
  return {
    ...parts,
    inventory,
    launcher: new Launcher({
      ledger,
      registry,
      code,
      logs,
      settler,
      starter,
      found,
      clock,
      logger: logger('launch'),
      rateOf: (provider, machine) => inventory.rateOf(provider, machine),
    }),
    control,
    found,
    code,
    checkpoints,
    monitor,
    findRuns: () => rebuild(options, registry, rebuilding),
    onDidLoseLedger: ledger.onDidLose,
    close: async () => {
      store.dispose();
      await monitor.settled();
      await parts.ssh?.close();
      await ledger.close();
    },
  };
}

// A machine that does not answer must not keep the rest from starting.
async function rebuild(
  options: EngineOptions,
  registry: ProviderRegistry,
  parts: RebuildParts,
): Promise<void> {
  const { logger } = parts;
  for (const provider of options.mayWatch() ? registry.all() : []) {
    try {
      const { available } = await provider.availability();
      if (available && provider.id === 'local') {
        const machine = await provider.connect(LOCAL_MACHINE);
        const added = await rebuildRuns(machine, parts);
        logger.info(`${added} runs found on ${provider.id} that the ledger did not have`);
      }
    } catch (error) {
      logger.warn(`looking for runs on ${provider.id}: ${describeError(error)}`);
    }
  }
}

// Nobody waits for it: a failure is told in the log, and the next change tries again.
function background(work: Promise<unknown>, logger: Logger): void {
  work.catch((error: unknown) => logger.warn(`in the background: ${describeError(error)}`));
}
