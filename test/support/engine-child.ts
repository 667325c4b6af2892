import { join } from 'node:path';
import { format } from 'node:util';
import { RunctlError } from '../../src/core/errors.ts';
import type { Logger } from '../../src/core/logger.ts';
import { fromDollars } from '../../src/core/money.ts';
import type { EngineOptions } from '../../src/engine.ts';
import { startEngine } from '../../src/engine.ts';
import { localPlatform } from '../../src/providers/local/local-platform.ts';
import type { LaunchPlan } from '../../src/training/launch-plan.ts';
import { planScript } from '../../src/training/launch-plan.ts';
import { readAgent } from './agent-source.ts';
import type {
  ChildError,
  ChildMessage,
  ChildOptions,
  ChildRequest,
  EngineCalls,
  LaunchRequest,
} from './engine-window.ts';
import { faultyLauncher } from './faulty-launcher.ts';
import { ScaledClock } from './scaled-clock.ts';

// Plays one VS Code window: `node engine-child.ts OPTIONS`, called over IPC. A
// rejection nobody handles ends it with a code of its own, as in plain Node.

// Written by EngineWindow alone.
const child = JSON.parse(process.argv[2] ?? '{}') as ChildOptions;
const clock = new ScaledClock();
const lines: string[] = [];
const options: EngineOptions = {
  storage: child.storage,
  agentSource: await readAgent(),
  ssh: null,
  platform: localPlatform('linux', { RUNCTL_HOME: child.home }),
  clock,
  logger: collect(lines),
  localRate: () => fromDollars(child.rate ?? 0),
  directories: () => [child.storage],
  mayWatch: () => child.mayWatch ?? true,
  askAboutFound: () => Promise.resolve(false),
};
const engine = await startEngine(options);
const { ledger } = engine;

const calls: EngineCalls = {
  launch(request) {
    const launcher =
      request.point === undefined
        ? engine.launcher
        : faultyLauncher(engine, options, request.point, (point) => send({ point }));
    return launcher.launch(planOf(request), { secrets: {} });
  },
  stop: (id, graceSeconds) => engine.control.stop(id, graceSeconds),
  remove: (id) => engine.control.delete(id),
  async views() {
    await engine.inventory.reload();
    return engine.inventory.snapshot().runs;
  },
  openIntents: () => ledger.intents.listOpen(),
  campaign: async () => (await ledger.election.campaign()) ?? null,
  async act(id, epoch) {
    const run = await engine.control.get(id);
    const guard = ledger.election.guard(epoch);
    await ledger.events.append(run.id, 'act', {}, clock.now(), { guard });
  },
  setAside: () => Promise.resolve(engine.setAside?.reason ?? null),
  refresh: () => engine.inventory.refresh(),
  periods: () => Promise.resolve(clock.periods()),
  jump(ms) {
    clock.jump(ms);
    return Promise.resolve();
  },
  log: () => Promise.resolve(lines),
  close: () => engine.close(),
};

process.on('message', (message: ChildRequest) => {
  void answer(message).then(send);
});
send({ ready: true });

async function answer({ id, call, args }: ChildRequest): Promise<ChildMessage> {
  try {
    // One function of many: their common type says nothing of the arguments.
    const action = calls[call] as (...given: readonly unknown[]) => Promise<unknown>;
    return { id, value: await action(...args) };
  } catch (error) {
    return { id, error: plain(error) };
  }
}

function send(message: ChildMessage): void {
  process.send?.(message);
}

function plain(error: unknown): ChildError {
  if (error instanceof RunctlError) {
    return { name: error.name, code: error.code, message: error.message };
  }
  return { name: 'Error', code: '', message: format(error) };
}

function planOf({ argv, directory, shared }: LaunchRequest): LaunchPlan {
  const plan = planScript({
    script: join(directory, 'train'),
    directory,
    workspaceFolder: null,
    argv,
    checkpointDirectory: 'checkpoints',
    device: 'auto',
    exclude: [],
    provider: 'local',
    machine: 'local',
  });
  return { ...plan, spec: { ...plan.spec, sharedDirectory: shared ?? false } };
}

function collect(into: string[]): Logger {
  const at =
    (level: string) =>
    (...parts: unknown[]): void =>
      void into.push(`${level} ${format(...parts)}`);
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
