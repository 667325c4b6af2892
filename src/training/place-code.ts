import { stat } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import { LedgerError, RunError } from '../core/errors.ts';
import type { RunSpec } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CodePlacer, MovedFile } from '../providers/training-provider.ts';
import type { TransferProgress } from '../sync/model.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { keptFolders, placeSpec } from './placement.ts';

/** How code is brought to a machine. */
export interface PlaceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Hears of what a run had changed there, and where it is kept. */
  readonly onMoved?: ((moved: MovedFile) => void) | undefined;
}

/**
 * Brings the code of a plan to its machine and goes on with the plan as it
 * runs there. Until `action` is done no other launch is given the same tree.
 *
 * @param ledger - tells which trees active runs use
 * @param plan - with paths of this host, or of a run that goes on
 * @param placer - of the machine
 * @param options - cancellation and progress
 * @param action - starts the run
 * @returns what the action returned
 * @throws {RunError} `sending` when another window sends the same folder there
 * @throws {TransferError} when folder or machine refuses
 */
export async function withPlacedCode<T>(
  ledger: Ledger,
  plan: LaunchPlan,
  placer: CodePlacer,
  options: PlaceOptions,
  action: (placed: LaunchPlan) => Promise<T>,
): Promise<T> {
  const { spec } = plan;
  const source = spec.place?.source ?? plan.workspaceFolder ?? spec.directory;
  // A run that goes on may come from a folder that is gone: its code is still there.
  if (spec.place !== null && !(await isDirectory(source))) {
    return action(plan);
  }
  try {
    return await ledger.locks.withLock(`code:${plan.provider}:${plan.machine}:${source}`, async (scope) => {
      const signals = [scope.signal, ...(options.signal === undefined ? [] : [options.signal])];
      const place = await placer.place({
        onProgress: options.onProgress,
        onMoved: options.onMoved,
        signal: AbortSignal.any(signals),
        source,
        kept: keptFolders(spec, source),
        exclude: plan.exclude,
        busy: await treesInUse(ledger, plan),
      });
      // Asleep meanwhile: another launch may have been given this very tree.
      if (scope.signal.aborted) {
        throw new LedgerError('locked', 'the lock of the code was lost');
      }
      return action({ ...plan, spec: placeSpec(spec, place) });
    });
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'locked')) {
      throw error;
    }
    throw new RunError('sending', l10n.t('The folder {0} is being sent there already', source), {
      cause: error,
      steps: [l10n.t('Wait until that launch has started, then launch again.')],
    });
  }
}

async function treesInUse(ledger: Ledger, { provider, machine }: LaunchPlan): Promise<string[]> {
  const active = await ledger.runs.list({ active: true });
  const there = active.filter((run) => run.provider === provider && run.machine === machine);
  return there.map(({ spec }) => treeOf(spec)).filter((tree) => tree !== null);
}

function treeOf({ place }: RunSpec): string | null {
  return place?.tree ?? null;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
