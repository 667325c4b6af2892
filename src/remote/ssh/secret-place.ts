import * as l10n from '@vscode/l10n';
import { IoError } from '../../core/errors.ts';

/** Where secrets are kept, as the SecretStorage of VS Code: no transactions, no list. */
export interface SecretPlace {
  get(key: string): Promise<string | undefined>;
  store(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Acts while no other window acts under the same name. */
export type Alone = <T>(name: string, action: () => Promise<T>) => Promise<T>;

/**
 * A place that forgets everything with this process: for hosts that have no better one.
 *
 * @returns an empty place
 */
export function memorySecrets(): SecretPlace {
  const values = new Map<string, string>();
  return {
    get: (key) => Promise.resolve(values.get(key)),
    store: (key, value) => Promise.resolve(void values.set(key, value)),
    delete: (key) => Promise.resolve(void values.delete(key)),
  };
}

/**
 * A place whose failures say what to do about them.
 *
 * @param place - what may fail in ways of its own
 * @returns the same place; it throws an {@link IoError} with code `secret-storage`
 */
export function namingFailures(place: SecretPlace): SecretPlace {
  const named = async <T>(action: Promise<T>): Promise<T> => {
    try {
      return await action;
    } catch (error) {
      throw secretStorageError(l10n.t('The secret storage of VS Code does not answer'), error);
    }
  };
  return {
    get: (key) => named(place.get(key)),
    store: (key, value) => named(place.store(key, value)),
    delete: (key) => named(place.delete(key)),
  };
}

/**
 * Says that secrets cannot be kept.
 *
 * @param message - translated
 * @param cause - what was thrown, if anything
 * @returns the error
 */
export function secretStorageError(message: string, cause?: unknown): IoError {
  return new IoError('secret-storage', message, {
    cause,
    steps: [
      l10n.t('Unlock the keyring of your system (on Linux: gnome-keyring or KWallet), then try again.'),
      l10n.t('Run `Developer: Show Logs…` and look for “secret” when it goes on.'),
    ],
  });
}
