import type { RunId } from '../../src/core/ids.ts';
import type { Checkpoint } from '../../src/core/model/records.ts';
import type { Run, RunSpec } from '../../src/core/model/run.ts';
import type { MicroDollars } from '../../src/core/money.ts';
import type {
  AccountSnapshot,
  MachineView,
  RunView,
} from '../../src/resources/account-snapshot.ts';

/** A moment all samples agree on. */
export const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);

export function sampleSpec(changes: Partial<RunSpec> = {}): RunSpec {
  return {
    argv: ['python3', 'train.py'],
    env: {},
    secrets: [],
    directory: '/work/project',
    checkpointDirectory: '/work/project/checkpoints',
    checkpointGlobs: [],
    best: null,
    metricsPattern: null,
    resumeArgs: ['--resume', '{checkpoint}'],
    setup: [],
    setupKey: null,
    setupOutputs: [],
    graceSeconds: 30,
    leaseSeconds: null,
    idleSeconds: null,
    sharedDirectory: false,
    after: { durable: null, webhook: null, holdSeconds: 0 },
    place: null,
    ...changes,
  };
}

export function sampleRun(changes: Partial<Run> = {}): Run {
  return {
    id: 'r0mf3k2p1a-9f31c0d2ee' as RunId,
    name: 'digits',
    note: '',
    provider: 'local',
    machine: 'localhost',
    profile: null,
    workspaceFolder: '/work/project',
    spec: sampleSpec(),
    code: null,
    resumedFrom: null,
    state: 'running',
    stateSince: NOW - 60_000,
    stateReason: 'Running',
    createdAt: NOW - 61_000,
    startedAt: NOW - 60_000,
    endedAt: null,
    exitCode: null,
    signal: null,
    rate: 0 as MicroDollars,
    logPath: '/home/u/.runctl/runs/x/log',
    leaseUntil: null,
    after: null,
    starter: { installation: 'a'.repeat(16), host: 'workstation' },
    foundAt: null,
    ...changes,
  };
}

export function sampleView(changes: Partial<RunView> = {}): RunView {
  return {
    run: sampleRun(),
    checkpoints: [],
    latest: {},
    progress: null,
    cost: 0 as MicroDollars,
    busy: null,
    ...changes,
  };
}

export function sampleCheckpoint(changes: Partial<Checkpoint> = {}): Checkpoint {
  return {
    path: '/work/project/checkpoints/step-000400.ckpt',
    runId: sampleRun().id,
    kind: 'file',
    size: 112_000,
    modifiedAt: NOW - 30_000,
    step: 400,
    epoch: 9,
    loss: 0.25,
    complete: true,
    marks: ['newest'],
    ...changes,
  };
}

export function sampleMachine(changes: Partial<MachineView> = {}): MachineView {
  return {
    provider: 'local',
    id: 'localhost',
    name: 'workstation',
    state: 'running',
    rate: 0 as MicroDollars,
    rateSource: 'your setting',
    facts: null,
    problem: null,
    trouble: null,
    ...changes,
  };
}

export function sampleSnapshot(
  runs: readonly RunView[] = [],
  machines: readonly MachineView[] = [sampleMachine()],
): AccountSnapshot {
  return {
    at: NOW,
    providers: [
      { id: 'local', name: 'Local', seenAt: NOW, problem: null, machines, resources: [] },
    ],
    runs,
  };
}
