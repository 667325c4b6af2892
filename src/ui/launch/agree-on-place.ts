import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CONFIG_FILE_NAME } from '../../core/config/file-name.ts';
import { CancelledError } from '../../core/errors.ts';
import { WINDOW_PLACE } from '../../core/model/run-after.ts';
import type { Run } from '../../core/model/run.ts';
import { parseS3Uri } from '../../core/validation-cloud.ts';
import type { App } from '../app.ts';
import { settings } from '../settings.ts';

/** What says where results go. */
type Wish = Pick<Run, 'profile' | 'workspaceFolder' | 'spec'>;

/**
 * Asks once whether results may go to a bucket that the file of a workspace
 * names; what the user's own file names is agreed to already.
 *
 * @param app - the window's parts
 * @param wish - a plan or a run
 * @throws {CancelledError} when the person does not want it
 */
export async function agreeOnPlace(app: App, wish: Wish): Promise<void> {
  const { durable } = wish.spec.after;
  if (durable === null || durable === WINDOW_PLACE || (await isOwnWish(app, wish))) {
    return;
  }
  const { ledger } = await app.engine();
  const { KnownBuckets } = await import('../late.ts');
  const known = new KnownBuckets(ledger, app.clock);
  const { bucket } = parseS3Uri(durable, 'durable');
  const folder = wish.workspaceFolder ?? '';
  if (await known.isAgreed(bucket, folder)) {
    return;
  }
  const file = folder === '' ? CONFIG_FILE_NAME : join(folder, CONFIG_FILE_NAME);
  const use = l10n.t('Use This Bucket');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('Send results to {0}?', durable),
    { modal: true, detail: await detailOf(file, bucket) },
    use,
  );
  if (choice !== use) {
    throw new CancelledError();
  }
  await known.remember(bucket, folder);
}

async function detailOf(file: string, bucket: string): Promise<string> {
  const { endpointOf } = await import('../late.ts');
  const store = endpointOf(settings.storageEndpoints(), bucket);
  return [
    l10n.t('It is named in {0}.', file),
    l10n.t('When a run has ended, however it ended, its machine sends there: the log, the exit record and the newest whole checkpoint.'),
    store === null
      ? l10n.t('The bucket is at Amazon S3.')
      : l10n.t('The bucket is at {0}, as your settings say.', store.endpoint),
  ].join('\n\n');
}

async function isOwnWish(app: App, { profile, workspaceFolder, spec }: Wish): Promise<boolean> {
  if (profile === null) {
    return false;
  }
  const { config, originOf } = await app.configs.load(workspaceFolder);
  const isSame = config?.runs[profile]?.durable === spec.after.durable;
  return isSame && originOf(['runs', profile, 'durable']) === 'user';
}
