import type { Resource, ResourceState, StateInterval } from '../core/model/records.ts';
import { isActive } from '../core/model/run.ts';
import type { Run } from '../core/model/run.ts';
import { sum } from '../core/money.ts';
import type { MicroDollars, MicroDollarsPerHour } from '../core/money.ts';
import type { MachineView, RunView } from '../resources/account-snapshot.ts';
import { costOfIntervals } from './meter.ts';
import type { MeteredCost } from './meter.ts';

/** What is billing at this moment. */
export interface CurrentRate {
  /** Sum of the known rates. */
  readonly known: MicroDollarsPerHour;
  /** How many bill at an unknown rate; more than 0 makes `known` a lower bound. */
  readonly unknown: number;
  /** How many machines and other resources bill, known or not. */
  readonly billing: number;
  /** How many of them at a known rate above zero; an own machine may cost nothing. */
  readonly paid: number;
  readonly activeRuns: number;
}

/** What there is now, as the views know it. */
export interface RateInput {
  readonly runs: readonly Pick<RunView, 'run'>[];
  readonly machines: readonly MachineView[];
  /** Billed things that are no machine. */
  readonly resources?: readonly Resource[];
}

/** What the ledger recorded. Storage counts as `running` as long as it exists. */
export interface SpendingInput {
  readonly intervals: Iterable<StateInterval>;
  /** The runs that `run:<id>` subjects speak of; unknown ones count by themselves. */
  readonly runs: Iterable<Pick<Run, 'id' | 'provider' | 'machine'>>;
  /** Wall clock, ms since the epoch. */
  readonly now: number;
}

/** The figures of the status bar and the dashboard. */
export interface CostSummary {
  readonly rate: CurrentRate;
  readonly today: MeteredCost;
  readonly total: MeteredCost;
}

/** Providers whose machines are there anyway and cost only while a run uses them. */
const OWN_PROVIDERS: ReadonlySet<string> = new Set(['local', 'ssh']);

/** Unknown and deleting bill until the provider says otherwise. */
const BILLING_RESOURCE_STATES: ReadonlySet<ResourceState> = new Set([
  'starting',
  'running',
  'stopping',
  'deleting',
  'unknown',
]);

/** A queued run uses no machine yet. */
const BILLING_RUN_STATES: ReadonlySet<string> = new Set(['starting', 'running', 'stopping']);

const BILLING_STATES: ReadonlySet<string> = new Set([
  ...BILLING_RESOURCE_STATES,
  ...BILLING_RUN_STATES,
]);

const STORAGE: ReadonlySet<Resource['kind']> = new Set(['volume', 'snapshot', 'bucket']);

const RUN_SUBJECT = 'run:';

/**
 * All figures at once.
 *
 * @param now - runs, machines and resources of the snapshot
 * @param spending - intervals of the ledger
 * @param dayStart - when the user's day began, ms since the epoch
 * @returns rate now, spent today, spent in all
 */
export function summarizeCosts(
  now: RateInput,
  spending: SpendingInput,
  dayStart: number,
): CostSummary {
  // Iterables may be read once only, and both figures need them.
  const input = { ...spending, intervals: [...spending.intervals], runs: [...spending.runs] };
  return { rate: currentRate(now), today: spent(input, dayStart), total: spent(input) };
}

/**
 * What bills now. A machine counts once, however many runs it carries; own
 * machines count while a run uses them; a run whose machine is not listed
 * counts it at the price of its launch.
 *
 * @param input - runs, machines and resources
 * @returns the rate
 */
export function currentRate(input: RateInput): CurrentRate {
  const active = input.runs.map(({ run }) => run).filter(isActive);
  const using = active.filter(({ state }) => BILLING_RUN_STATES.has(state));
  const rates = new Map<string, MicroDollarsPerHour | null>();
  for (const run of using) {
    const key = machineSubject(run.provider, run.machine);
    rates.set(key, rates.get(key) ?? run.rate);
  }
  for (const machine of input.machines) {
    const key = machineSubject(machine.provider, machine.id);
    if (OWN_PROVIDERS.has(machine.provider) ? rates.has(key) : isBilling(machine)) {
      rates.set(key, machine.rate ?? rates.get(key) ?? null);
    } else {
      // The provider's word that it stopped outweighs a run that seems to go on.
      rates.delete(key);
    }
  }
  for (const resource of input.resources?.filter(isBillingResource) ?? []) {
    rates.set(machineSubject(resource.provider, resource.id), resource.rate);
  }
  const known = [...rates.values()].filter((rate) => rate !== null);
  return {
    known: sum(known),
    unknown: rates.size - known.length,
    billing: rates.size,
    paid: known.filter((rate) => rate > 0).length,
    activeRuns: active.length,
  };
}

/**
 * What was spent. A machine with intervals of its own is costed by them alone,
 * an own machine or one never listed by the time its runs used it together.
 *
 * @param input - intervals, runs and the time
 * @param since - count nothing before this moment, ms since the epoch
 * @returns the cost
 */
export function spent(input: SpendingInput, since?: number): MeteredCost {
  const machineOf = new Map<string, string>();
  for (const run of input.runs) {
    machineOf.set(`${RUN_SUBJECT}${run.id}`, machineSubject(run.provider, run.machine));
  }
  const all = [...input.intervals];
  const ofResources = all.filter(({ subject }) => !isRun(subject) && !isOwn(subject));
  const listed = new Set(ofResources.map(({ subject }) => subject));
  const ofRuns = all
    // Ended states go first: a run that ended must not end another's time.
    .filter(({ subject, state }) => isRun(subject) && BILLING_RUN_STATES.has(state))
    .map((interval) => ({
      ...interval,
      subject: machineOf.get(interval.subject) ?? interval.subject,
    }))
    .filter(({ subject }) => !listed.has(subject));
  return costOfIntervals([...ofResources, ...ofRuns], {
    now: input.now,
    bills: BILLING_STATES,
    since,
  });
}

/**
 * What one run's time on its machine cost, the machine taken as its alone.
 *
 * @param intervals - the run's own
 * @param now - wall clock, ms since the epoch
 * @returns the cost; `null` when any of the time has no known price
 */
export function runCost(intervals: Iterable<StateInterval>, now: number): MicroDollars | null {
  const { known, unknownMs } = costOfIntervals(intervals, { now, bills: BILLING_RUN_STATES });
  return unknownMs > 0 ? null : known;
}

function machineSubject(provider: string, id: string): string {
  return `${provider}:${id}`;
}

function isRun(subject: string): boolean {
  return subject.startsWith(RUN_SUBJECT);
}

function isOwn(subject: string): boolean {
  return OWN_PROVIDERS.has(subject.slice(0, subject.indexOf(':')));
}

function isBilling({ state }: { readonly state: ResourceState }): boolean {
  return BILLING_RESOURCE_STATES.has(state);
}

// A stopped machine costs nothing; storage that is merely there does.
function isBillingResource(resource: Resource): boolean {
  return STORAGE.has(resource.kind) ? resource.state !== 'gone' : isBilling(resource);
}
