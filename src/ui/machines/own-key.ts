import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import type { Engine } from '../../engine.ts';
import type { ReplacedKey } from '../../remote/ssh/own-key.ts';
import type { App } from '../app.ts';
import { chooseMachine } from './choose-machine.ts';
import { connectMachine, sshOf } from './connect.ts';

/**
 * Puts our public key into the clipboard; the key is made when there is none.
 *
 * @param app - the window's parts
 */
export async function copyPublicKey(app: App): Promise<void> {
  const line = await (await sshOf(app)).keys.own.publicKey();
  await vscode.env.clipboard.writeText(line);
  void vscode.window.showInformationMessage(
    l10n.t('The public key of runctl is in the clipboard. Paste it as a line of its own into ~/.ssh/authorized_keys on the machine, or where a provider asks for an SSH key.'),
  );
}

/**
 * Lets our key in on a machine, after asking.
 *
 * @param app - the window's parts
 * @param argument - the machine; asked for when it is none
 * @throws {CancelledError} when the person does not want to
 */
export async function installKey(app: App, argument: unknown): Promise<void> {
  const machineId = await chooseMachine(app, argument, l10n.t('Install the key on which machine?'));
  const { shell } = await connectMachine(app, machineId);
  const { user } = shell.connection.settings;
  const { keys } = await sshOf(app);
  const install = l10n.t('Install Key');
  const choice = await vscode.window.showInformationMessage(
    l10n.t('Let the key of runctl in on {0}?', machineId),
    {
      modal: true,
      detail: l10n.t('One line is added to ~/.ssh/authorized_keys of {0} there, and ~/.ssh is made readable by its owner alone. The private half stays in the secret storage of VS Code.', user),
    },
    install,
  );
  if (choice !== install) {
    throw new CancelledError();
  }
  const { added } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: l10n.t('Installing the key on {0}', machineId) },
    () => keys.install(shell),
  );
  void vscode.window.showInformationMessage(
    added
      ? l10n.t('{0} lets the key of runctl in: a login with that key alone has worked.', machineId)
      : l10n.t('{0} had the key of runctl already: a login with that key alone has worked.', machineId),
  );
}

/**
 * Takes our key out on a machine, after asking.
 *
 * @param app - the window's parts
 * @param argument - the machine; asked for when it is none
 * @throws {CancelledError} when the person does not want to
 */
export async function removeKey(app: App, argument: unknown): Promise<void> {
  const machineId = await chooseMachine(app, argument, l10n.t('Remove the key from which machine?'));
  const { shell } = await connectMachine(app, machineId);
  const isInUse = shell.connection.identity?.source === 'own';
  const remove = l10n.t('Remove Key');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('Take the key of runctl out on {0}?', machineId),
    {
      modal: true,
      detail: isInUse
        ? l10n.t('This window is logged in by that very key. Have another way in before you remove it.')
        : l10n.t('Its line is removed from ~/.ssh/authorized_keys there. Your other keys stay.'),
    },
    remove,
  );
  if (choice !== remove) {
    throw new CancelledError();
  }
  const { removed, isLeft } = await (await sshOf(app)).keys.remove(shell);
  if (isLeft) {
    void vscode.window.showWarningMessage(
      l10n.t('A line on {0} that runctl did not write still lets its key in. Edit ~/.ssh/authorized_keys there.', machineId),
    );
    return;
  }
  void vscode.window.showInformationMessage(
    removed === 0
      ? l10n.t('{0} did not have the key of runctl.', machineId)
      : l10n.t('The key of runctl is removed from {0}.', machineId),
  );
}

/**
 * Says when the key was lost and made anew.
 *
 * @param app - the window's parts
 * @returns ends it
 */
export function followOwnKey(app: App): vscode.Disposable {
  const tell = ({ old, now }: ReplacedKey): void => {
    app.logger.warn(`the own key was replaced: ${old} is now ${now}`);
    const copy = l10n.t('Copy Public Key');
    void vscode.window
      .showWarningMessage(
        l10n.t('The SSH key of runctl was gone from the secret storage, and another was made. Machines that had the old one need the new one: use Install Key on Machine… there.'),
        copy,
      )
      .then((choice) => (choice === copy ? vscode.env.clipboard.writeText(now) : undefined));
  };
  let watched: Engine | undefined;
  const watch = (engine: Engine): void => {
    if (engine !== watched) {
      watched = engine;
      engine.ssh?.keys.own.onDidReplace(tell);
    }
  };
  // This comes late: the first engine may stand already.
  void app.funnel.quietly('own key', async () => watch(await app.engine()));
  return app.host.onDidStart(watch);
}
