import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { RunId } from '../../src/core/ids.ts';
import type { Logger } from '../../src/core/logger.ts';
import { NULL_LOGGER } from '../../src/core/logger.ts';
import { ZERO_DOLLARS } from '../../src/core/money.ts';
import type { Engine } from '../../src/engine.ts';
import { startEngine } from '../../src/engine.ts';
import { localPlatform } from '../../src/providers/local/local-platform.ts';
import type { SshHost } from '../../src/providers/ssh/create-ssh-provider.ts';
import type { RunView } from '../../src/resources/account-snapshot.ts';
import type { AskAboutFound } from '../../src/training/found-runs.ts';
import type { LaunchPlan } from '../../src/training/launch-plan.ts';
import { planScript } from '../../src/training/launch-plan.ts';
import { readAgent } from './agent-source.ts';

const SYNC = join(import.meta.dirname, '../../src/sync/transfer/sync.sh');
const DIGITS = join(import.meta.dirname, '../../examples/digits');
const POLL_MS = 25;

/** A home, a ledger and a copy of the example of one's own. */
export interface EngineBed {
  readonly root: string;
  readonly storage: string;
  readonly home: string;
  /** A copy of examples/digits. */
  readonly project: string;
  /** Starts an engine on this bed; several may run at once. */
  start(logger?: Logger, ssh?: Omit<SshHost, 'syncSource'>, clock?: Clock): Promise<Engine>;
  /** Ends every engine and run, and removes everything. */
  dispose(): Promise<void>;
  /** What the user says of acts on runs of other installations; no unless told. */
  agree: AskAboutFound;
}

export async function createEngineBed(): Promise<EngineBed> {
  const root = await mkdtemp(join(tmpdir(), 'runctl-engine-'));
  const [storage, home, project] = ['storage', 'home', 'project'].map((name) => join(root, name));
  if (storage === undefined || home === undefined || project === undefined) {
    throw new Error('unreachable');
  }
  await cp(DIGITS, project, {
    recursive: true,
    filter: (path) => !/checkpoints|__pycache__/.test(path.slice(DIGITS.length)),
  });
  const engines: Engine[] = [];
  const askAboutFound: AskAboutFound = (run, act) => bed.agree(run, act);
  const start: EngineBed['start'] = async (logger = NULL_LOGGER, ssh, clock = new SystemClock()) => {
    const engine = await startEngine({
      storage,
      agentSource: await readAgent(),
      ssh: ssh === undefined ? null : { ...ssh, syncSource: await readFile(SYNC) },
      platform: localPlatform('linux', { RUNCTL_HOME: home }),
      clock,
      logger,
      localRate: () => ZERO_DOLLARS,
      directories: () => [project],
      mayWatch: () => true,
      askAboutFound,
    });
    engines.push(engine);
    return engine;
  };
  const dispose = async (): Promise<void> => {
    for (const engine of engines) {
      await endRuns(engine);
      await engine.close();
    }
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  };
  const agree: AskAboutFound = () => Promise.resolve(false);
  const bed: EngineBed = { root, storage, home, project, start, dispose, agree };
  return bed;
}

/** Plans the example with arguments of one's own, on plain python3. */
export function digitsPlan(project: string, ...args: string[]): LaunchPlan {
  return planScript({
    script: join(project, 'train.py'),
    directory: project,
    workspaceFolder: project,
    argv: ['python3', 'train.py', ...args],
    checkpointDirectory: 'checkpoints',
    device: 'auto',
    exclude: [],
    provider: 'local',
    machine: 'local',
  });
}

/** Waits until the engine shows a run in a way. */
export async function untilRun(
  engine: Engine,
  id: string,
  what: string,
  holds: (view: RunView) => boolean,
  timeoutMs = 45_000,
): Promise<RunView> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const view = engine.inventory.snapshot().runs.find(({ run }) => run.id === id);
    if (view !== undefined && holds(view)) {
      return view;
    }
    if (performance.now() > deadline) {
      const agent = JSON.stringify(await askAgent(engine, id).catch(String));
      throw new Error(`run ${id} did not become ${what}; agent: ${agent}; ${JSON.stringify(view)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function askAgent(engine: Engine, id: string): Promise<unknown> {
  const machine = await engine.registry.get('local').connect('local');
  return machine.agent.status([id as RunId]);
}

async function endRuns(engine: Engine): Promise<void> {
  const machine = await engine.registry.get('local').connect('local');
  for (const status of await machine.agent.list()) {
    if (status.state !== 'ended') {
      await machine.agent.stop(status.id as RunId, 0);
    }
  }
}
