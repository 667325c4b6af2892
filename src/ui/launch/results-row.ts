import * as l10n from '@vscode/l10n';
import { isForWindow } from '../../training/after/after-state.ts';
import type { LaunchPlan } from '../../training/launch-plan.ts';

/** Where results go, for the person who launches. */
export interface ResultsRow {
  readonly label: string;
  readonly text: string;
  /** True when a machine that is lost takes them with it. */
  readonly isRisky: boolean;
}

/**
 * Says where the results of a launch go, or what will be on its machine alone.
 *
 * @param plan - what is about to be launched
 * @param machine - its machine's name for people
 * @returns the text; `null` for the local machine when nothing is sent anywhere
 */
export function resultsRow(plan: LaunchPlan, machine: string): ResultsRow | null {
  const { durable } = plan.spec.after;
  const isHere = plan.provider === 'local';
  if (isForWindow(plan)) {
    const text = l10n.t('newest checkpoint downloaded here once the run has ended, while VS Code is open');
    return isHere ? null : { label: l10n.t('Results'), text, isRisky: false };
  }
  if (durable !== null) {
    const text = l10n.t('log and newest checkpoint to {0} once the run has ended', durable);
    return { label: l10n.t('Results'), text, isRisky: false };
  }
  const text = l10n.t('checkpoints and outputs, unless you download them (no `durable` place is set)');
  return isHere ? null : { label: l10n.t('Only on {0}', machine), text, isRisky: true };
}
