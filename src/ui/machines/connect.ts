import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { UnsupportedError } from '../../core/errors.ts';
import type { PooledMachine } from '../../providers/ssh/machine-pool.ts';
import type { SshProvider } from '../../providers/ssh/ssh-provider.ts';
import type { App } from '../app.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { PERSON } from './person.ts';

/**
 * Connects to a machine, asking the person what must be asked: whether it may
 * be used, whether its key is right, the passphrase of theirs.
 *
 * @param app - the window's parts
 * @param machineId - `[user@]host[:port]`
 * @returns the machine
 * @throws {CancelledError} when the person does not want to
 * @throws {MachineError} when it cannot be reached
 */
export async function connectMachine(app: App, machineId: string): Promise<PooledMachine> {
  requireTrust();
  const ssh = await sshOf(app);
  const title = l10n.t('Connecting to {0}', machineId);
  const machine = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title },
    () => ssh.prepare(machineId, PERSON),
  );
  const { inventory } = await app.engine();
  void app.funnel.quietly('refresh', () => inventory.refresh());
  return machine;
}

/**
 * The provider of machines reached by SSH.
 *
 * @param app - the window's parts
 * @returns the provider
 * @throws {UnsupportedError} when this window has none
 */
export async function sshOf(app: App): Promise<SshProvider> {
  const { ssh } = await app.engine();
  if (ssh === null) {
    throw new UnsupportedError('no-ssh', l10n.t('Machines cannot be reached by SSH from here'));
  }
  return ssh;
}
