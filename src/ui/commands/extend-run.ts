import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import { formatDuration } from '../../core/format.ts';
import { formatDate } from '../../core/locale.ts';
import type { Run } from '../../core/model/run.ts';
import { isActive } from '../../core/model/run.ts';
import type { App } from '../app.ts';
import { endOf } from '../tree/after-text.ts';
import { pickRun } from './pick-run.ts';

const HOUR_SECONDS = 3600;

/**
 * Puts off the end of a run's lease, or takes the lease away. Of a run that has
 * ended: puts off the end of its machine.
 *
 * @param app - the window's parts
 * @param argument - first argument of the command
 */
export async function extendRun(app: App, argument: unknown): Promise<void> {
  const engine = await app.engine();
  const { run } = await pickRun(argument, engine.inventory.snapshot(), {
    title: l10n.t('Extend which run?'),
    accepts: (view) => endOf(view.run) !== null,
    none: l10n.t('No active run has a lease'),
  });
  await engine.found.agree(run, 'extend');
  const picked = await vscode.window.showQuickPick(choices(run, app.clock.now()), {
    title: l10n.t('Extend {0}', run.name),
  });
  if (picked === undefined) {
    throw new CancelledError();
  }
  // Counted from what is left now: the pick may have been open for long.
  const left = Math.max(0, (endOf(run) ?? 0) - app.clock.now()) / 1000;
  const seconds = picked.hours === null ? 0 : Math.ceil(left) + picked.hours * HOUR_SECONDS;
  await engine.inventory.whileBusy(run.id, l10n.t('extending…'), () =>
    engine.control.extend(run.id, seconds),
  );
}

interface Choice extends vscode.QuickPickItem {
  /** `null` takes the lease away. */
  readonly hours: number | null;
}

function choices(run: Run, now: number): Choice[] {
  const end = Math.max(now, endOf(run) ?? now);
  const longer = (hours: number, label: string): Choice => {
    const at = end + hours * HOUR_SECONDS * 1000;
    const description = l10n.t('ends in {0}, {1}', formatDuration(at - now), formatDate(at));
    return { hours, label, description };
  };
  return [
    longer(1, l10n.t('1 More Hour')),
    longer(4, l10n.t('4 More Hours')),
    longer(8, l10n.t('8 More Hours')),
    // What waits after a run needs an end: there is nobody else who would end the machine.
    ...(isActive(run) ? [{ hours: null, label: l10n.t('No End') }] : []),
  ];
}
