import { existsSync } from 'node:fs';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import type { LaunchPlan } from '../../training/launch-plan.ts';
import type { LaunchOptions } from '../../training/launcher.ts';
import type { App } from '../app.ts';
import { agreeOnPlace } from './agree-on-place.ts';
import { confirmFirstSend } from './confirm-first-send.ts';
import { confirmSecrets } from './confirm-secrets.ts';
import { storeSecretsOf } from './store-secrets.ts';

/**
 * Asks all that must be asked before a plan is launched, whichever way that is.
 *
 * @param app - the window's parts
 * @param plan - about to be launched
 * @param isSeen - whether the person has just agreed to a summary of what is sent
 * @returns what the run and its durable place are given
 * @throws {CancelledError} when the person does not want to
 */
export async function prepareLaunch(
  app: App,
  plan: LaunchPlan,
  isSeen = false,
): Promise<Required<Pick<LaunchOptions, 'secrets' | 'storeSecrets'>>> {
  await confirmFolder(plan);
  if (!isSeen) {
    await confirmFirstSend(app, plan);
  }
  await confirmSecrets(app, plan);
  await agreeOnPlace(app, plan);
  const secrets = await app.secrets.values(plan.spec.secrets, plan);
  return { secrets, storeSecrets: await storeSecretsOf(plan.spec.after.durable, secrets) };
}

// A run found on a machine names its folder itself: that must not decide what is sent there.
async function confirmFolder({ machine, spec }: LaunchPlan): Promise<void> {
  const source = spec.place?.source;
  if (
    source === undefined ||
    vscode.workspace.getWorkspaceFolder(vscode.Uri.file(source)) !== undefined ||
    !existsSync(source)
  ) {
    return;
  }
  const send = l10n.t('Send Folder');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('Send {0} to {1}?', source, machine),
    {
      modal: true,
      detail: l10n.t('That folder is not open in this window; the run says that its code was there. All that git does not ignore in it is sent.'),
    },
    send,
  );
  if (choice !== send) {
    throw new CancelledError();
  }
}
