import type * as vscode from 'vscode';
import type { SecretPlace } from '../../remote/ssh/secret-place.ts';

/**
 * The secret storage of VS Code for parts that do not know VS Code.
 *
 * @param secrets - of the extension
 * @returns the same storage
 */
export function secretPlace(secrets: vscode.SecretStorage): SecretPlace {
  return {
    get: async (key) => secrets.get(key),
    store: async (key, value) => secrets.store(key, value),
    delete: async (key) => secrets.delete(key),
  };
}
