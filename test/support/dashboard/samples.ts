import type { RunId } from '../../../src/core/ids.ts';
import type { Run, RunState } from '../../../src/core/model/run.ts';
import type { MicroDollars } from '../../../src/core/money.ts';
import type { AccountSnapshot, RunView } from '../../../src/resources/account-snapshot.ts';
import type { SeriesData, SeriesPoint } from '../../../src/ui/dashboard/chart-model.ts';
import { NOW, sampleCheckpoint, sampleRun, sampleView } from '../samples.ts';

const MINUTE = 60_000;

interface Facts {
  readonly name: string;
  readonly state: RunState;
  readonly minutesAgo: number;
  readonly minutes?: number;
  readonly loss?: number;
  readonly cost?: number | null;
  readonly step?: number;
  readonly total?: number;
  readonly steps?: readonly number[];
  readonly reason?: string;
}

/** A run a few words describe; its id is `r-NAME`. */
export function runView(facts: Facts): RunView {
  const { name, state, minutesAgo, minutes, loss, step, total } = facts;
  const startedAt = NOW - minutesAgo * MINUTE;
  const ended = minutes !== undefined;
  const run: Run = sampleRun({
    id: `r-${name}` as RunId,
    name,
    state,
    stateReason: facts.reason ?? state,
    startedAt: state === 'queued' ? null : startedAt,
    createdAt: startedAt,
    endedAt: ended ? startedAt + minutes * MINUTE : null,
  });
  const fraction = step === undefined || total === undefined ? null : step / total;
  return sampleView({
    run,
    latest: loss === undefined ? {} : { loss: { name: 'loss', value: loss, step: null, at: NOW } },
    cost: facts.cost === null ? null : ((facts.cost ?? 0) as MicroDollars),
    progress:
      step === undefined
        ? null
        : { step, total: total ?? null, fraction, remainingMs: ended ? null : 26 * MINUTE },
    checkpoints: (facts.steps ?? []).map((at, index) =>
      sampleCheckpoint({
        path: `/work/${name}/step-${at}.ckpt`,
        runId: run.id,
        step: at,
        size: 48_200_000,
        marks: index === 0 ? ['newest'] : [],
      }),
    ),
  });
}

/** What a busy account may look like. */
export function busyRuns(): RunView[] {
  return [
    runView({ name: 'vit-small-finetune', state: 'queued', minutesAgo: 1 }),
    runView({ name: 'digits-cosine', state: 'running', minutesAgo: 52, loss: 0.1642, cost: 412_000,
      step: 12_400, total: 18_000, steps: [12_000, 8000, 4000] }),
    runView({ name: 'digits-baseline', state: 'running', minutesAgo: 95, loss: 0.2387,
      cost: 1_310_000, step: 15_100, total: 18_000, steps: [14_000, 10_000] }),
    runView({ name: 'lr-sweep-3e-4', state: 'succeeded', minutesAgo: 300, minutes: 121,
      loss: 0.0971, cost: 1_980_000, step: 18_000, total: 18_000, steps: [18_000, 16_000] }),
    runView({ name: 'lr-sweep-1e-2', state: 'failed', minutesAgo: 340, minutes: 9, loss: NaN,
      cost: 148_000, step: 700, total: 18_000, reason: 'Exit code 1: loss is not a number' }),
    runView({ name: 'resnet-warmup', state: 'stopped', minutesAgo: 1700, minutes: 64,
      loss: 0.4419, cost: 920_000, step: 6200, total: 18_000, steps: [6000] }),
    runView({ name: 'night-run', state: 'lost', minutesAgo: 3100, minutes: 410, loss: 0.1288,
      cost: null, steps: [9000], reason: 'The machine was restarted' }),
  ];
}

/** Many ended runs, for pages. */
export function manyRuns(count: number): RunView[] {
  return Array.from({ length: count }, (_, index) =>
    runView({ name: `sweep-${String(index).padStart(3, '0')}`, state: 'succeeded',
      minutesAgo: 10 + index, minutes: 5, loss: (index * 7) % 100, cost: 1000 * index }),
  );
}

export function snapshotOf(runs: readonly RunView[]): AccountSnapshot {
  return {
    at: NOW,
    providers: [
      {
        id: 'local',
        name: 'This computer',
        seenAt: NOW,
        problem: null,
        machines: [
          { provider: 'local', id: 'localhost', name: 'This computer', state: 'running',
            rate: 480_000 as MicroDollars, rateSource: 'setting', facts: null, problem: null, trouble: null },
        ],
        resources: [],
      },
    ],
    runs: [...runs],
  };
}

/** A curve that falls and wavers; the same for the same run. */
export function curve(runId: string, name: string, length = 180): SeriesData {
  const seed = Buffer.from(runId).reduce((sum, byte) => sum * 3 + byte, 0) % 11;
  const points = Array.from({ length }, (_, index): SeriesPoint => {
    const step = (index + 1) * 70;
    const waver = Math.sin(index * 1.7 + seed) * 0.05 + Math.sin(index * 0.37) * 0.04;
    const falling = 2.2 * Math.exp(-index / (18 + seed * 4)) + 0.1 + seed * 0.02;
    const value = name === 'accuracy' ? 1 - falling / 2.6 : falling * (1 + waver);
    return { step, at: NOW - 50 * MINUTE + index * 15_000, value };
  });
  return { runId, name, points };
}
