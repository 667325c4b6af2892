import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ROOT } from '../../scripts/lib/paths.ts';
import { runForCode, waitFor } from '../../scripts/lib/process.ts';
import { environment, pids, signal } from './proc.ts';
import { Scenario, type ScenarioOptions } from './scenario.ts';

/** A computer that runs trainings, by the home of the user they run as. */
export interface RunHost {
  readonly home: string;
}

const EXAMPLE = join(ROOT, 'examples', 'digits');
const LEFTOVERS = new Set(['checkpoints', '__pycache__']);

/**
 * The example under the pace of the test: the training is the example's own, only
 * its pauses come from a file, so that no test depends on how fast this machine is.
 */
export const PROFILE = `
[runs.story] # 540 steps, 45 in each epoch
command = "train.py"
args = ["--epochs", "12", "--log-every", "1", "--save-every", "1"]
env = { PYTHONPATH = "pace" }
`;

const PACE = `
import pathlib, time
_sleep, _file, _steps = time.sleep, pathlib.Path(__file__).with_name('seconds'), 0
def _paced(_seconds):
    global _steps
    _steps += 1
    while True:
        wanted = float(_file.read_text() or 1)
        if wanted < 1:
            # While it is watched somebody will stop it, however slow their window is.
            return _sleep(wanted if wanted == 0 or _steps < 300 else 0.7)
        _sleep(0.05)  # held
time.sleep = _paced
`;

/** Pauses after each step, in seconds. */
export const PACES = {
  /** No further step until the pace changes. */
  held: 1,
  /** About 15 lines a second, near the end one or two: three minutes in all. */
  watched: 0.06,
  fast: 0,
} as const;

/** Starts a scenario whose workspace is a copy of the digits example, at the watched pace. */
export async function startDigits(name: string, options: ScenarioOptions = {}): Promise<Scenario> {
  const scenario = await Scenario.start(name, options);
  await copyDigits(scenario.workspace);
  return scenario;
}

/** Copies the example as a fresh checkout has it, and adds the paced profile. */
export async function copyDigits(folder: string): Promise<void> {
  await cp(EXAMPLE, folder, {
    recursive: true,
    filter: (path) => !LEFTOVERS.has(basename(path)),
  });
  await mkdir(join(folder, 'pace'));
  await writeFile(join(folder, 'pace', 'sitecustomize.py'), PACE);
  await setPace(folder, 'watched');
  await appendFile(join(folder, '.runctl.toml'), PROFILE);
}

/** Changes how fast the trainings of a workspace go; they notice at their next step. */
export async function setPace(folder: string, pace: keyof typeof PACES): Promise<void> {
  await writeFile(join(folder, 'pace', 'seconds'), String(PACES[pace]));
}

/** Ends every process of the scenario's runs, then the scenario. */
export async function endDigits(scenario: Scenario): Promise<void> {
  const home = `RUNCTL_HOME=${agentHome(scenario)}`;
  const left = (): number[] => pids().filter((pid) => environment(pid).includes(home));
  await waitFor('the runs of the scenario to end', () => {
    const found = left();
    for (const pid of found) signal(pid, 'SIGKILL');
    return found.length === 0 ? true : undefined;
  });
  await scenario.dispose();
}

/** Ids of the runs on a machine, oldest first. */
export function runIds(host: RunHost): string[] {
  try {
    return readdirSync(join(agentHome(host), 'runs')).sort();
  } catch {
    return [];
  }
}

/** Where the machine keeps a run. */
export function runDirectory(host: RunHost, id: string): string {
  return join(agentHome(host), 'runs', id);
}

/** What a run has written so far, as its file has it. */
export function logFile(host: RunHost, id: string): string {
  return readFileSync(join(runDirectory(host, id), 'log'), 'utf8');
}

/** Every file of the scenario, browser profile included, that holds a text; sorted. */
export async function filesWith(scenario: Scenario, text: string): Promise<string[]> {
  const { output } = await runForCode('grep', ['-rlaF', '--', text, scenario.folder]);
  return output.split('\n').filter((line) => line !== '').sort();
}

/** Numbers of the training steps a log tells, in its order; none for ends of epochs. */
export function stepsOf(log: string): number[] {
  return [...log.matchAll(/^step=(\d+) epoch=\d+ loss=/gm)].map((match) => Number(match[1]));
}

function agentHome(host: RunHost): string {
  return join(host.home, '.runctl');
}
