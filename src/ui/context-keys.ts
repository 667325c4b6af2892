import * as vscode from 'vscode';

/** Every context key of the extension and the type of its value. */
export interface ContextKeys {
  /** The ledger is open and the first snapshot is there. */
  readonly 'runctl.ready': boolean;
  /** Starting failed; the views say so. */
  readonly 'runctl.broken': boolean;
  readonly 'runctl.runsFiltered': boolean;
  /** A folder of this window has a `.runctl.toml`. */
  readonly 'runctl.hasConfig': boolean;
  /** This window is local and has Remote-SSH. */
  readonly 'runctl.remoteSsh': boolean;
}

/**
 * Sets a context key for `when` clauses.
 *
 * @param key - one of ours
 * @param value - its value
 */
export function setContext<K extends keyof ContextKeys>(key: K, value: ContextKeys[K]): void {
  void vscode.commands.executeCommand('setContext', key, value);
}
