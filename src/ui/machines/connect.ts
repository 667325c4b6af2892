import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { UnsupportedError } from '../../core/errors.ts';
import type { PooledMachine } from '../../providers/ssh/machine-pool.ts';
import type { SshProvider } from '../../providers/ssh/ssh-provider.ts';
import type { App } from '../app.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { personOf } from './person.ts';

/** Before this nothing is told of a connection under way, in milliseconds. */
const QUIET_MS = 500;

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
  const { inventory } = await app.engine();
  // Also when it failed: the machine's row tells how.
  const connecting = ssh.prepare(machineId, personOf(app)).finally(() => {
    void app.funnel.quietly('refresh', () => inventory.refresh());
  });
  // One that stands already answers at once, without a message that comes and goes.
  const isQuick = await Promise.race([connecting.then(() => true), after(QUIET_MS)]);
  return isQuick
    ? connecting
    : vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title },
        () => connecting,
      );
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

function after(ms: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), ms);
  });
}
