import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import type { SecretMasker } from '../../core/mask.ts';
import type { Run } from '../../core/model/run.ts';
import { validateEnvName } from '../../core/validation.ts';
import { problemOf } from '../problem-of.ts';

const PREFIX = 'runctl.secret.';
const INDEX_KEY = 'runctl.secretNames';
const AGREED_KEY = 'runctl.secretUses';

/** Whose code gets a value, and where. */
export type SecretUse = Pick<Run, 'provider' | 'machine' | 'workspaceFolder'>;

/**
 * Values runs need and nobody else should see: kept in SecretStorage, asked
 * for once, masked in every log of ours. Only names are kept in the clear.
 */
export class SecretStore {
  private readonly context: vscode.ExtensionContext;
  private readonly masker: SecretMasker;

  constructor(context: vscode.ExtensionContext, masker: SecretMasker) {
    this.context = context;
    this.masker = masker;
  }

  /**
   * Learns what is kept, so that logs of runs started by an earlier or another
   * window are masked too.
   */
  async learn(): Promise<void> {
    for (const name of this.names()) {
      const value = await this.context.secrets.get(PREFIX + name);
      if (value !== undefined) {
        this.masker.add(value);
      }
    }
  }

  /**
   * Learns a secret that another window has set.
   *
   * @returns ends it
   */
  follow(): vscode.Disposable {
    return this.context.secrets.onDidChange(({ key }) => {
      if (key.startsWith(PREFIX)) {
        void this.context.secrets.get(key).then((value) => this.masker.add(value ?? ''));
      }
    });
  }

  /**
   * Lists what is kept.
   *
   * @returns names, sorted
   */
  names(): readonly string[] {
    const names = this.context.globalState.get<readonly string[]>(INDEX_KEY, []);
    return [...names].sort();
  }

  /**
   * Gives values to a run, asking for those not yet known. Files of a workspace
   * and records on a machine name what they want: a value given to one folder
   * and machine goes to no other unasked.
   *
   * @param names - environment names
   * @param use - whose they are to be
   * @returns values by name
   * @throws {CancelledError} when the user gives none
   */
  async values(names: readonly string[], use: SecretUse): Promise<Readonly<Record<string, string>>> {
    const agreed = this.context.globalState.get<readonly string[]>(AGREED_KEY, []);
    const wanted = names.map((name) => useOf(name, use));
    const values: Record<string, string> = {};
    const unasked: string[] = [];
    for (const name of names) {
      const known = await this.context.secrets.get(PREFIX + name);
      if (known !== undefined && !agreed.includes(useOf(name, use))) {
        unasked.push(name);
      }
      values[name] = known ?? '';
    }
    if (unasked.length > 0) {
      await confirmUse(unasked, use);
    }
    for (const name of names) {
      values[name] ||= await this.ask(name);
      this.masker.add(values[name]);
    }
    if (wanted.some((one) => !agreed.includes(one))) {
      await this.context.globalState.update(AGREED_KEY, [...new Set([...agreed, ...wanted])]);
    }
    return values;
  }

  /**
   * Asks for a value and keeps it.
   *
   * @param name - environment name
   * @returns the value
   * @throws {CancelledError} when the user gives none
   */
  async ask(name: string): Promise<string> {
    const value = await vscode.window.showInputBox({
      title: l10n.t('Secret {0}', name),
      prompt: l10n.t('Kept in the secret storage of VS Code and given to runs that name it.'),
      password: true,
      ignoreFocusOut: true,
      validateInput: (text) => (text === '' ? l10n.t('Enter a value') : undefined),
    });
    if (value === undefined) {
      throw new CancelledError();
    }
    await this.context.secrets.store(PREFIX + name, value);
    await this.context.globalState.update(INDEX_KEY, [...new Set([...this.names(), name])]);
    this.masker.add(value);
    return value;
  }

  /**
   * Asks for a name, then for its value.
   */
  async askNamed(): Promise<void> {
    const name = await vscode.window.showInputBox({
      title: l10n.t('Set Secret'),
      prompt: l10n.t('Name of the environment variable, such as HF_TOKEN'),
      ignoreFocusOut: true,
      validateInput: (text) => problemOf(validateEnvName, text),
    });
    if (name === undefined) {
      throw new CancelledError();
    }
    await this.ask(name);
  }

  /**
   * Forgets values for good.
   *
   * @param names - which
   */
  async forget(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.context.secrets.delete(PREFIX + name);
    }
    const rest = this.names().filter((name) => !names.includes(name));
    await this.context.globalState.update(INDEX_KEY, rest);
  }
}

function useOf(name: string, { provider, machine, workspaceFolder }: SecretUse): string {
  return JSON.stringify([name, provider, machine, workspaceFolder]);
}

async function confirmUse(names: readonly string[], use: SecretUse): Promise<void> {
  const give = l10n.t('Give Secrets');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('Give {0} to code on {1}?', names.join(', '), use.machine),
    {
      modal: true,
      detail: l10n.t('For runs of {0}. Their code, and whoever administers that machine, can read what is given. You are not asked again for this folder and machine.', use.workspaceFolder ?? l10n.t('no folder')),
    },
    give,
  );
  if (choice !== give) {
    throw new CancelledError();
  }
}
