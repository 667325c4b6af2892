import type { Run } from '../../core/model/run.ts';
import { isActive } from '../../core/model/run.ts';
import type { AccountSnapshot } from '../../resources/account-snapshot.ts';

/** Where the states of runs are told. */
export interface RunsSource {
  snapshot(): AccountSnapshot;
  onDidChange(listener: (snapshot: AccountSnapshot) => void): { dispose(): unknown };
}

/**
 * Waits for the end of a run.
 *
 * @param run - under way or ended
 * @param source - tells the states
 * @param signal - ends the wait
 * @returns the run in its final state, `undefined` when aborted
 */
export function untilRunEnds(
  run: Run,
  source: RunsSource,
  signal: AbortSignal,
): Promise<Run | undefined> {
  if (!isActive(run) || signal.aborted) {
    return Promise.resolve(signal.aborted ? undefined : run);
  }
  return new Promise((resolve) => {
    const settle = (ended: Run | undefined): void => {
      subscription.dispose();
      signal.removeEventListener('abort', onAbort);
      resolve(ended);
    };
    const onAbort = (): void => settle(undefined);
    const look = ({ runs }: AccountSnapshot): void => {
      const found = runs.find((view) => view.run.id === run.id)?.run;
      if (found !== undefined && !isActive(found)) {
        settle(found);
      }
    };
    const subscription = source.onDidChange(look);
    signal.addEventListener('abort', onAbort);
    look(source.snapshot());
  });
}
