import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { runDoctor } from '../../providers/ssh/doctor.ts';
import type { DoctorLine } from '../../providers/ssh/doctor.ts';
import type { App } from '../app.ts';
import { safeName } from '../document-texts.ts';
import { showDocument } from '../documents.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { chooseMachine } from './choose-machine.ts';
import { sshOf } from './connect.ts';
import { doctorText } from './doctor-text.ts';
import { personOf } from './person.ts';

/**
 * Checks a machine step by step, in a document that fills meanwhile.
 *
 * @param app - the window's parts
 * @param argument - the machine; asked for when it is none
 */
export async function checkMachine(app: App, argument: unknown): Promise<void> {
  requireTrust();
  const machineId = await chooseMachine(app, argument, l10n.t('Check which machine?'));
  const check = await (await sshOf(app)).check(machineId, personOf(app));
  const path = `/check/${safeName(machineId)}.md`;
  const show = (lines: readonly DoctorLine[]): vscode.Uri =>
    app.documents.publish(path, () => doctorText(machineId, lines));
  await showDocument(show([]));
  const title = l10n.t('Checking {0}', machineId);
  const location = vscode.ProgressLocation.Notification;
  try {
    await vscode.window.withProgress({ location, title, cancellable: true }, async (_, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      const lines = await runDoctor(check.steps, {
        clock: app.clock,
        signal: abort.signal,
        onChange: (now) => void show(now),
      });
      for (const { id, cause } of lines.filter((line) => line.cause !== '')) {
        app.logger.info(`check of ${machineId}: ${id}: ${cause}`);
      }
    });
  } finally {
    await check.close();
    const { inventory } = await app.engine();
    void app.funnel.quietly('refresh', () => inventory.refresh());
  }
}
