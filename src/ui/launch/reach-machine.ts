import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { describeError, toRunctlError } from '../../core/error-chain.ts';
import { CancelledError } from '../../core/errors.ts';
import type { NextAction } from '../../core/errors.ts';
import type { App } from '../app.ts';
import { COMMANDS } from '../commands/ids.ts';

/**
 * Does what needs a machine, as often as the person wants to try.
 *
 * @param app - the window's parts
 * @param machineId - the machine
 * @param reach - throws when there is no way to it
 * @returns its result, or `undefined` when the person wants another machine
 * @throws {CancelledError} when the person leaves, or looks into what is wrong instead
 */
export async function reachOrTell<T>(
  app: App,
  machineId: string,
  reach: () => Promise<T>,
): Promise<T | undefined> {
  for (;;) {
    try {
      return await reach();
    } catch (error) {
      if (!(await wantsAgain(app, machineId, error))) {
        return undefined;
      }
    }
  }
}

async function wantsAgain(app: App, machineId: string, error: unknown): Promise<boolean> {
  const failure = toRunctlError(error);
  if (failure.kind !== 'machine') {
    throw error;
  }
  app.logger.error(`reaching ${machineId} failed: ${describeError(error)}`);
  const again = l10n.t('Try Again');
  const another = l10n.t('Choose Another');
  const wayOut = failure.nextAction ?? checkOf(machineId);
  const choice = await vscode.window.showErrorMessage(
    failure.message,
    { modal: true, detail: failure.steps.join('\n') },
    again,
    wayOut.title,
    another,
  );
  const { command, arguments: words = [] } = wayOut;
  if (command !== undefined && choice === wayOut.title) {
    void app.funnel.run('way-out', () => vscode.commands.executeCommand(command, ...words));
  } else if (choice === again || choice === another) {
    return choice === again;
  }
  throw new CancelledError();
}

function checkOf(machineId: string): NextAction {
  return { title: l10n.t('Check Machine'), command: COMMANDS.doctor, arguments: [machineId] };
}
