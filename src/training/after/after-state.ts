import * as l10n from '@vscode/l10n';
import type { RunAfter } from '../../core/model/run-after.ts';
import { wantsAfter, WINDOW_PLACE } from '../../core/model/run-after.ts';
import type { Run } from '../../core/model/run.ts';
import { isActive } from '../../core/model/run.ts';
import type { NewEvent } from '../../ledger/run-afters.ts';
import type { RunStatus } from '../../remote/agent/agent-answers.ts';

/** Whole seconds and the way there blur what a machine says, in milliseconds. */
const BLUR_MS = 5000;

/** Nothing has been done yet. */
export const NOT_BEGUN: RunAfter = {
  state: 'waiting',
  saved: [],
  place: null,
  error: null,
  webhook: null,
};

/**
 * Tells whether a run has ended and something is still to happen with its results.
 *
 * @param run - as the ledger has it
 * @returns false also when nothing was wanted, and when it is for the window of another computer
 */
export function isUnfinished(run: Run): boolean {
  return (
    !isActive(run) &&
    wantsAfter(run.spec.after) &&
    run.after?.state !== 'done' &&
    !isForOther(run)
  );
}

/**
 * Tells whether results are to be brought to the computer that started the
 * run: that is not done from here until the run is adopted.
 *
 * @param run - any
 * @returns false for a run of this installation
 */
export function isForOther(run: Pick<Run, 'foundAt' | 'spec'>): boolean {
  return run.foundAt !== null && isForWindow(run);
}

/**
 * Tells whether results are to be brought to this host.
 *
 * @param run - any
 * @returns false when its machine does all of it
 */
export function isForWindow(run: Pick<Run, 'spec'>): boolean {
  return run.spec.after.durable === WINDOW_PLACE;
}

/**
 * Tells whether results have reached their place, be it without something that
 * had to be left out.
 *
 * @param after - of a run
 * @returns false while they are under way, and when they never will
 */
export function isSaved(after: RunAfter | null): after is RunAfter & { readonly place: string } {
  return after !== null && after.place !== null && after.saved.length > 0 && !isUnderWay(after);
}

/**
 * Tells whether results are still on their way.
 *
 * @param after - of a run
 * @returns true before and while they are saved
 */
export function isUnderWay(after: RunAfter): boolean {
  return after.state === 'waiting' || after.state === 'saving';
}

/**
 * Reads what a machine says of the results of a run.
 *
 * @param run - that has ended
 * @param status - as its machine has it
 * @param now - ms since the epoch
 * @returns `undefined` while the machine cannot know
 */
export function afterOf(run: Run, status: RunStatus, now: number): RunAfter | undefined {
  const { after, state } = status;
  if (state !== 'ended' && state !== 'lost' && state !== 'missing') {
    return undefined;
  }
  const isExpected = run.spec.after.durable !== null && !isForWindow(run);
  if (after == null) {
    const error = isExpected ? l10n.t('its machine has no record of saving it') : null;
    return { ...NOT_BEGUN, state: 'done', error };
  }
  const { saved, place = null, error = null, webhook = null } = after;
  const isCut = after.state === 'lost' && isExpected && saved.length === 0;
  const lost = isCut ? l10n.t('its machine was restarted, or had its processes ended, before it was done') : null;
  return {
    state: after.state === 'lost' ? 'done' : after.state,
    saved,
    place,
    error: error ?? lost,
    webhook,
    ...(after.state === 'holding' ? { heldUntil: heldUntil(run, now + (after.left ?? 0) * 1000) } : {}),
  };
}

// As it is known, unless it was moved: each look would change it a little otherwise.
function heldUntil({ after }: Run, until: number): number {
  const known = after?.heldUntil;
  return known !== undefined && Math.abs(known - until) < BLUR_MS ? known : until;
}

/**
 * Says what happened between two looks, for the timeline.
 *
 * @param before - as it was stored; `null` at first
 * @param now - as it is
 * @returns events without secrets
 */
export function afterEvents(before: RunAfter | null, now: RunAfter): readonly NewEvent[] {
  const events: NewEvent[] = [];
  if (isSaved(now) && !isSaved(before)) {
    events.push({ kind: 'saved', data: { place: now.place, saved: now.saved } });
  }
  if (failureOf(now) !== null && failureOf(now) !== failureOf(before)) {
    events.push({ kind: 'not-saved', data: { why: now.error } });
  }
  if (now.webhook !== null && now.webhook !== before?.webhook) {
    events.push({ kind: 'webhook', data: { result: now.webhook } });
  }
  return events;
}

// While it saves, its machine tells of ways that failed, and tries the next.
function failureOf(after: RunAfter | null): string | null {
  return after === null || after.state === 'saving' ? null : after.error;
}
