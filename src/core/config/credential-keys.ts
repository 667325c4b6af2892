import * as l10n from '@vscode/l10n';

const API_KEYS = /^(api_?key|token|access_?token|auth_?token|bearer)$/;
const AWS_KEYS = /^(aws_)?(access_key(_id)?|secret_access_key|secret_key|session_token|profile)$/;
const SSH_KEYS = /^(identity_file|key_file|private_key|ssh_key(_path)?|password|passphrase)$/;
const ENDPOINTS = /^(endpoint(_url)?|base_url|api_url|url)$/;
const SECRET_NAMES = /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY)(_|$)/i;

/**
 * Says why a key that names a credential, or where credentials go, is not
 * allowed in a file that is shared with the code.
 *
 * @param key - the unknown key
 * @returns the message with what to do instead, or `undefined` for other keys
 */
export function credentialKeyMessage(key: string): string | undefined {
  const name = key.replaceAll('-', '_').toLowerCase();
  if (API_KEYS.test(name)) {
    return l10n.t(
      'Keys do not belong in this file. Use the command "runctl: Set Secret…"; it keeps the key in the secret storage of VS Code.',
    );
  }
  if (AWS_KEYS.test(name)) {
    return l10n.t(
      'AWS credentials and profiles do not belong in this file. They come from your own AWS configuration.',
    );
  }
  if (SSH_KEYS.test(name)) {
    return l10n.t(
      'SSH keys and passwords do not belong in this file. Name the key in your own SSH configuration.',
    );
  }
  if (ENDPOINTS.test(name)) {
    return l10n.t(
      'A workspace cannot say where credentials are sent.',
    );
  }
  return undefined;
}

/**
 * Tells whether an environment variable looks like a secret.
 *
 * @param name - such as `HF_TOKEN`
 * @returns true when its value should come from `secrets`
 */
export function looksSecret(name: string): boolean {
  return SECRET_NAMES.test(name);
}
