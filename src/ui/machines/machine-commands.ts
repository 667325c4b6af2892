import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { COMMANDS } from '../commands/ids.ts';
import type { CommandTable } from '../commands/register.ts';
import { connectMachine } from './connect.ts';
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
    [COMMANDS.forgetMachine]: async (argument) => (await import('./late-machines.ts')).forgetMachine(app, argument),
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
