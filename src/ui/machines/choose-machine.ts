import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, NotFoundError } from '../../core/errors.ts';
import { SSH_PROVIDER } from '../../providers/ssh/known-machines.ts';
import type { MachineView } from '../../resources/account-snapshot.ts';
import type { App } from '../app.ts';
import { COMMANDS } from '../commands/ids.ts';
import { machineIdOf } from './pick-machine.ts';

/**
 * Finds the machine a command is about, asking when the command does not say.
 *
 * @param app - the window's parts
 * @param argument - first argument of the command: a row, an id, or the host of an error
 * @param title - of the question
 * @returns `[user@]host[:port]`
 * @throws {CancelledError} when the person picks none
 * @throws {NotFoundError} when there is none
 */
export async function chooseMachine(app: App, argument: unknown, title: string): Promise<string> {
  const { inventory } = await app.engine();
  const machines = inventory
    .snapshot()
    .providers.filter(({ id }) => id === SSH_PROVIDER)
    .flatMap((part) => part.machines);
  const said = machineIdOf(argument);
  if (said !== undefined) {
    return machines.find((machine) => isMeant(machine, said))?.id ?? said;
  }
  const [only] = machines;
  if (only === undefined) {
    throw new NotFoundError('no-machine', l10n.t('There is no SSH machine yet'), {
      nextAction: { title: l10n.t('Add SSH Machine…'), command: COMMANDS.addMachine },
    });
  }
  if (machines.length === 1) {
    return only.id;
  }
  const rows = machines.map(({ id, name }) => ({ id, label: name, description: id }));
  const picked = await vscode.window.showQuickPick(rows, { title, matchOnDescription: true });
  if (picked === undefined) {
    throw new CancelledError();
  }
  return picked.id;
}

// Errors of the way to a machine know it by the name that ssh was given.
function isMeant({ id, name }: MachineView, said: string): boolean {
  return id === said || name === said || id.replace(/^[^@]*@/, '').replace(/:\d+$/, '') === said;
}
