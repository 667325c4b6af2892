import * as l10n from '@vscode/l10n';
import { WINDOW_PLACE } from '../../core/model/run-after.ts';
import type { Run } from '../../core/model/run.ts';
import type { App } from '../app.ts';
import { agreeOnPlace } from '../launch/agree-on-place.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { storeSecretsOf } from '../launch/store-secrets.ts';
import { canSaveAgain } from '../tree/after-text.ts';
import { pickRun } from './pick-run.ts';

/**
 * Has the results of an ended run saved once more, with the credentials of now.
 *
 * @param app - the window's parts
 * @param argument - first argument of the command
 */
export async function saveAgain(app: App, argument: unknown): Promise<void> {
  requireTrust();
  const engine = await app.engine();
  const { run } = await pickRun(argument, engine.inventory.snapshot(), {
    title: l10n.t('Save the results of which run again?'),
    accepts: (view) => canSaveAgain(view.run),
    none: l10n.t('No run has results that could not be saved'),
  });
  // Whom the machine tells of the end was agreed on at the launch.
  const { after } = run.spec;
  await agreeOnPlace(app, { ...run, spec: { ...run.spec, after: { ...after, webhook: null } } });
  const secrets = await storeSecretsOf(run.spec.after.durable, await secretsOf(app, run));
  await engine.inventory.whileBusy(run.id, l10n.t('saving again…'), () =>
    engine.control.saveAgain(run.id, secrets),
  );
}

// The profile may name by now what it did not when the run began.
async function secretsOf(app: App, run: Run): Promise<Readonly<Record<string, string>>> {
  if (run.spec.after.durable === WINDOW_PLACE) {
    return {};
  }
  const { storeSecretNames } = await import('../late.ts');
  const { config } = await app.configs.load(run.workspaceFolder);
  const now = run.profile === null ? [] : (config?.runs[run.profile]?.secrets ?? []);
  return app.secrets.values(storeSecretNames([...run.spec.secrets, ...now]), run);
}
