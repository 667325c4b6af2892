import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, RunError } from '../../core/errors.ts';
import { isActive } from '../../core/model/run.ts';
import type { App } from '../app.ts';
import { COMMANDS } from '../commands/ids.ts';
import type { CommandTable } from '../commands/register.ts';
import { connectMachine, sshOf } from './connect.ts';
import { askNewMachine, machineIdOf } from './pick-machine.ts';
import { showSync } from './show-sync.ts';

type MachineCommands = Pick<
  CommandTable,
  | typeof COMMANDS.addMachine
  | typeof COMMANDS.connectMachine
  | typeof COMMANDS.forgetMachine
  | typeof COMMANDS.showSync
>;

/**
 * Commands about machines reached by SSH.
 *
 * @param app - the window's parts
 * @returns handlers by command id
 */
export function machineCommands(app: App): MachineCommands {
  return {
    [COMMANDS.addMachine]: async () => connect(app, await askNewMachine(app)),
    [COMMANDS.connectMachine]: async (argument) =>
      connect(app, machineIdOf(argument) ?? (await askNewMachine(app))),
    [COMMANDS.forgetMachine]: (argument) => forget(app, argument),
    [COMMANDS.showSync]: (argument) => showSync(app, argument),
  };
}

async function connect(app: App, machineId: string): Promise<string> {
  const { probe } = await connectMachine(app, machineId);
  const python = probe.uv ?? probe.python;
  void vscode.window.showInformationMessage(
    python === null
      ? l10n.t('Connected to {0}. It has no Python 3.', machineId)
      : l10n.t('Connected to {0}. Scripts will run with {1}.', machineId, python),
  );
  return machineId;
}

async function forget(app: App, argument: unknown): Promise<void> {
  const machineId = machineIdOf(argument);
  if (machineId === undefined) {
    throw new CancelledError();
  }
  const { inventory } = await app.engine();
  const runs = inventory.snapshot().runs.filter(({ run }) => run.machine === machineId && run.provider === 'ssh');
  const active = runs.filter(({ run }) => isActive(run)).length;
  if (active > 0) {
    throw new RunError('machine-busy', l10n.t('{0} still has runs under way: {1}', machineId, active), {
      steps: [l10n.t('Stop them, or wait for their end, before you forget the machine.')],
    });
  }
  const yes = l10n.t('Forget Machine');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('Forget {0}?', machineId),
    { modal: true, detail: l10n.t('Nothing on it is deleted. runctl asks again before it is used the next time.') },
    yes,
  );
  if (choice !== yes) {
    throw new CancelledError();
  }
  const { forwardedPorts } = await import('./forwarded-ports.ts');
  await forwardedPorts(app).forwarder.stopMachine(machineId);
  await (await sshOf(app)).forget(machineId);
  await inventory.refresh();
}
