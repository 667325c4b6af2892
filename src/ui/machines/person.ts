import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { SshMachine } from '../../providers/ssh/ssh-machine.ts';
import type { SshPerson } from '../../providers/ssh/ssh-person.ts';
import type { KeepOffer, PassphraseQuestion } from '../../remote/ssh/key-ring.ts';
import type { HostKeyQuestion } from '../../remote/ssh/ssh-connection.ts';
import type { App } from '../app.ts';

/** How long the status bar says that a passphrase is kept, in milliseconds. */
const KEPT_TEXT_MS = 8000;

/**
 * The person in front of this window, asked for what only they can know.
 *
 * @param app - the window's parts
 * @returns who answers
 */
export function personOf(app: App): SshPerson {
  return {
    confirmMachine,
    askHostKey,
    askPassphrase,
    offerToKeep: (offer) => {
      void app.funnel.run('keep passphrase', () => offerToKeep(offer));
    },
  };
}

async function confirmMachine(machine: SshMachine): Promise<boolean> {
  const use = l10n.t('Use This Machine');
  const where = machine.namedIn === null ? null : l10n.t('It is named in {0}.', machine.namedIn);
  const what = l10n.t('runctl will log in, put its agent into ~/.runctl and your code into {0}, and keep checkpoints there.', machine.directory);
  const choice = await vscode.window.showWarningMessage(
    l10n.t('Train on {0}?', nameOf(machine)),
    { modal: true, detail: [where, what].filter((line) => line !== null).join('\n\n') },
    use,
  );
  return choice === use;
}

async function askHostKey(question: HostKeyQuestion): Promise<boolean> {
  const { alias, host, port, keyType, fingerprint } = question;
  const trust = l10n.t('Trust This Key');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('{0} is not known yet. Is this its key?', alias),
    {
      modal: true,
      detail: l10n.t('{0}\n{1}\n\nAt {2}, port {3}. Compare it with what the machine’s owner tells you. Once trusted, a changed key is refused.', fingerprint, keyType, host, port),
    },
    trust,
  );
  return choice === trust;
}

async function askPassphrase(question: PassphraseQuestion): Promise<string | undefined> {
  return vscode.window.showInputBox({
    title: l10n.t('Passphrase of {0}', question.key),
    prompt: question.wrong
      ? l10n.t('That did not open the key. Try again.')
      : l10n.t('To log in to {0}. It is kept in memory until this window closes.', question.alias),
    password: true,
    ignoreFocusOut: true,
  });
}

async function offerToKeep({ key, decide }: KeepOffer): Promise<void> {
  const keep = l10n.t('Keep in Secret Storage');
  const never = l10n.t('Never for This Key');
  const choice = await vscode.window.showInformationMessage(
    l10n.t('Keep the passphrase of {0}, so that you are not asked again?', key),
    keep,
    l10n.t('This Time Only'),
    never,
  );
  if (choice === keep || choice === never) {
    await decide(choice === keep ? 'keep' : 'never');
  }
  if (choice === keep) {
    vscode.window.setStatusBarMessage(`$(check) ${l10n.t('Passphrase kept')}`, KEPT_TEXT_MS);
  }
}

function nameOf({ name, id }: SshMachine): string {
  return name === id ? name : `${name} (${id})`;
}
