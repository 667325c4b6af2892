import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import type { App } from '../app.ts';
import { sshOf } from './connect.ts';

/**
 * Lists the keys whose passphrase is kept, or that are not asked about, and
 * forgets those the person picks.
 *
 * @param app - the window's parts
 * @throws {CancelledError} when the person picks none
 */
export async function forgetPassphrases(app: App): Promise<void> {
  const { keys } = await sshOf(app);
  const entries = await keys.passphrases.list();
  if (entries.length === 0) {
    void vscode.window.showInformationMessage(l10n.t('No passphrase is kept'));
    return;
  }
  const rows = entries.map(({ name, fingerprint, kept }) => ({
    label: name,
    description: kept ? l10n.t('kept') : l10n.t('never kept, and not asked about'),
    detail: fingerprint,
    fingerprint,
  }));
  const picked = await vscode.window.showQuickPick(rows, {
    title: l10n.t('Forget which passphrases?'),
    canPickMany: true,
    matchOnDetail: true,
  });
  if (picked === undefined || picked.length === 0) {
    throw new CancelledError();
  }
  await keys.forgetPassphrases(picked.map(({ fingerprint }) => fingerprint));
  void vscode.window.showInformationMessage(l10n.t('Passphrases forgotten: {0}', picked.length));
}
