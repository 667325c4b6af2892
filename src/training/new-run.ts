import * as l10n from '@vscode/l10n';
import type { RunId } from '../core/ids.ts';
import type { Run } from '../core/model/run.ts';
import type { Machine } from '../providers/training-provider.ts';
import type { LaunchPlan } from './launch-plan.ts';
import type { LauncherParts } from './launcher.ts';
import { outputFolders } from './placement.ts';

/**
 * Makes the run of a plan as it waits for its machine, its code captured.
 *
 * @param parts - of the launcher
 * @param id - of the run
 * @param plan - as it runs on the machine
 * @param machine - where
 * @param signal - gives up
 * @returns the run, stored nowhere yet
 */
export async function newRun(
  parts: Pick<LauncherParts, 'clock' | 'code' | 'logs' | 'rateOf' | 'starter'>,
  id: RunId,
  plan: LaunchPlan,
  machine: Machine,
  signal?: AbortSignal,
): Promise<Run> {
  const { clock, code, logs, rateOf, starter } = parts;
  const now = clock.now();
  const state = await code.capture(id, sourceOf(plan), outputFolders(plan.spec), signal);
  const { place } = plan.spec;
  if (state === null && place !== null && machine.placer !== null) {
    // Without git the list of what was sent is all that tells of the code.
    await code.keepList(id, (await machine.placer.sentList(place.manifest)) ?? null);
  }
  return {
    id,
    name: plan.name,
    note: '',
    provider: plan.provider,
    machine: plan.machine,
    profile: plan.profile,
    workspaceFolder: plan.workspaceFolder,
    spec: plan.spec,
    code: state,
    resumedFrom: plan.resumedFrom,
    state: 'queued',
    stateSince: now,
    stateReason: l10n.t('Waiting for its machine'),
    createdAt: now,
    startedAt: null,
    endedAt: null,
    exitCode: null,
    signal: null,
    rate: await rateOf(plan.provider, plan.machine),
    logPath: logs.pathOf(machine, id),
    leaseUntil: null,
    after: null,
    starter,
    foundAt: null,
  };
}

function sourceOf({ spec, workspaceFolder }: LaunchPlan): string {
  return spec.place?.source ?? workspaceFolder ?? spec.directory;
}
