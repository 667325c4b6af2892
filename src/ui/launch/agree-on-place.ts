import { join } from 'node:path';
import * as vscode from 'vscode';
import { CONFIG_FILE_NAME } from '../../core/config/file-name.ts';
import { CancelledError } from '../../core/errors.ts';
import { WINDOW_PLACE } from '../../core/model/run-after.ts';
import type { Run } from '../../core/model/run.ts';
import { parseS3Uri } from '../../core/validation-cloud.ts';
import type { KnownBuckets } from '../../storage/known-buckets.ts';
import type { App } from '../app.ts';
import { settings } from '../settings.ts';
import type { PlaceWish } from './place-question.ts';
import { placeQuestion } from './place-question.ts';

/** What says where results go, and who is told. */
type Wish = Pick<Run, 'profile' | 'workspaceFolder' | 'spec'>;

/** Origins that may be told of runs, by workspace folder. */
const WEBHOOKS_AGREED = 'runctl.webhooksAgreed';

/**
 * Asks once whether results may go to a bucket, and the ends of runs be told to
 * an address, that the file of a workspace names; what the user's own file names
 * is agreed to already.
 *
 * @param app - the window's parts
 * @param wish - a plan or a run
 * @throws {CancelledError} when the person does not want it
 */
export async function agreeOnPlace(app: App, wish: Wish): Promise<void> {
  const folder = wish.workspaceFolder ?? '';
  const known = await knownBuckets(app);
  const bucket = await bucketToAsk(app, wish, known);
  const webhook = await webhookToAsk(app, wish);
  if (bucket === null && webhook === null) {
    return;
  }
  const file = folder === '' ? CONFIG_FILE_NAME : join(folder, CONFIG_FILE_NAME);
  const { title, detail, yes } = placeQuestion({ bucket, webhook }, file);
  const choice = await vscode.window.showWarningMessage(title, { modal: true, detail }, yes);
  if (choice !== yes) {
    throw new CancelledError();
  }
  if (bucket !== null) {
    await known.remember(bucketOf(bucket.durable), folder);
  }
  if (webhook !== null) {
    const agreed = agreedWebhooks(app);
    await app.context.workspaceState.update(WEBHOOKS_AGREED, {
      ...agreed,
      [folder]: [...(agreed[folder] ?? []), webhook],
    });
  }
}

async function knownBuckets(app: App): Promise<KnownBuckets> {
  const { ledger } = await app.engine();
  const { KnownBuckets } = await import('../late.ts');
  return new KnownBuckets(ledger, app.clock);
}

async function bucketToAsk(app: App, wish: Wish, known: KnownBuckets): Promise<PlaceWish['bucket']> {
  const { durable } = wish.spec.after;
  if (durable === null || durable === WINDOW_PLACE || (await isOwnWish(app, wish, 'durable'))) {
    return null;
  }
  const bucket = bucketOf(durable);
  if (await known.isAgreed(bucket, wish.workspaceFolder ?? '')) {
    return null;
  }
  const { endpointOf } = await import('../late.ts');
  return { durable, endpoint: endpointOf(settings.storageEndpoints(), bucket)?.endpoint ?? null };
}

async function webhookToAsk(app: App, wish: Wish): Promise<string | null> {
  const { webhook } = wish.spec.after;
  if (webhook === null || (await isOwnWish(app, wish, 'webhook'))) {
    return null;
  }
  const { origin } = new URL(webhook);
  const agreed = agreedWebhooks(app)[wish.workspaceFolder ?? ''] ?? [];
  return agreed.includes(origin) ? null : origin;
}

function agreedWebhooks(app: App): Readonly<Record<string, readonly string[]>> {
  return app.context.workspaceState.get(WEBHOOKS_AGREED, {});
}

function bucketOf(durable: string): string {
  return parseS3Uri(durable, 'durable').bucket;
}

async function isOwnWish(
  app: App,
  { profile, workspaceFolder, spec }: Wish,
  key: 'durable' | 'webhook',
): Promise<boolean> {
  if (profile === null) {
    return false;
  }
  const { config, originOf } = await app.configs.load(workspaceFolder);
  const isSame = config?.runs[profile]?.[key] === spec.after[key];
  return isSame && originOf(['runs', profile, key]) === 'user';
}
