import { join } from 'node:path';
import { MachineError } from '../../src/core/errors.ts';
import { NULL_LOGGER } from '../../src/core/logger.ts';
import type { Engine, EngineOptions } from '../../src/engine.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { LocalProvider } from '../../src/providers/local/local-provider.ts';
import { MachineFactsReader } from '../../src/providers/machine-facts.ts';
import { ProviderRegistry } from '../../src/providers/provider-registry.ts';
import { AgentClient } from '../../src/remote/agent/agent-client.ts';
import { LocalShell } from '../../src/remote/local-shell.ts';
import type { ExecOptions, ExecResult } from '../../src/remote/remote-shell.ts';
import { CheckpointSettler } from '../../src/training/checkpoint-settler.ts';
import { Launcher } from '../../src/training/launcher.ts';
import { LogFiles } from '../../src/training/log/log-files.ts';
import type { LaunchPoint } from './engine-window.ts';

/** Called where a launch shall hang. */
type Reached = (point: LaunchPoint) => void;

/** A launcher on an engine's own parts that is cut off, or fails, at one point. */
export function faultyLauncher(
  engine: Engine,
  options: EngineOptions,
  point: LaunchPoint,
  reached: Reached,
): Launcher {
  const shell = new FaultyShell(point, reached);
  const agent = new AgentClient(shell, options.agentSource, options.platform.agentHome);
  const registry = new ProviderRegistry();
  registry.register(
    new LocalProvider({
      platform: options.platform,
      shell,
      agent,
      facts: new MachineFactsReader(agent, options.clock),
      directories: options.directories,
      rate: options.localRate,
    }),
  );
  return new Launcher({
    ledger: cutLedger(engine.ledger, point, reached),
    registry,
    code: engine.code,
    logs: new LogFiles(join(options.storage, 'logs')),
    settler: new CheckpointSettler(engine.ledger, registry, options.clock),
    clock: options.clock,
    starter: { installation: 'a'.repeat(16), host: 'workstation' },
    found: engine.found,
    logger: NULL_LOGGER,
    rateOf: (provider, machine) => engine.inventory.rateOf(provider, machine),
  });
}

function cutLedger(ledger: Ledger, point: LaunchPoint, reached: Reached): Ledger {
  const insert: Ledger['runs']['insertWithIntent'] = async (...args) => {
    if (point === 'before-intent') await hang(point, reached);
    await ledger.runs.insertWithIntent(...args);
    if (point === 'after-intent') await hang(point, reached);
  };
  const runs = replaced(ledger.runs, 'insertWithIntent', insert);
  return replaced(ledger, 'runs', runs);
}

class FaultyShell extends LocalShell {
  private readonly point: LaunchPoint;
  private readonly reached: Reached;

  constructor(point: LaunchPoint, reached: Reached) {
    super();
    this.point = point;
    this.reached = reached;
  }

  override async exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    const { point } = this;
    const verb = argv[4];
    if (verb === 'status' && point === 'silent') throw unreachable();
    if (verb !== 'start') return super.exec(argv, options);
    if (point === 'unreached') throw unreachable();
    const asked = super.exec(argv, options);
    if (point === 'asked') {
      asked.catch(() => undefined);
      await hang(point, this.reached);
    }
    const answer = await asked;
    if (point === 'answered') await hang(point, this.reached);
    if (point === 'answer-lost' || point === 'silent') throw unreachable();
    return answer;
  }
}

function hang(point: LaunchPoint, reached: Reached): Promise<never> {
  reached(point);
  return new Promise(() => undefined);
}

function unreachable(): MachineError {
  return new MachineError('exec-failed', 'the connection broke');
}

/** The same object, but for one member. */
function replaced<T extends object, K extends keyof T>(target: T, key: K, value: T[K]): T {
  return new Proxy(target, {
    get: (object, name): unknown => (name === key ? value : Reflect.get(object, name)),
  });
}
