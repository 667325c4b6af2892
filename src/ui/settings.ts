import * as vscode from 'vscode';
import type { MicroDollarsPerHour } from '../core/money.ts';
import { fromDollars, ZERO_DOLLARS } from '../core/money.ts';

/** When something is shown. */
export type StatusBarShow = 'always' | 'whenActive' | 'never';

/** When the end of a run is told. */
export type RunEndMessage = 'unfocused' | 'always' | 'never';

const MEGABYTE = 1024 * 1024;

/** The settings of the extension, read where they are used. */
export const settings = {
  // A value that is no price counts as none.
  localRate: (): MicroDollarsPerHour => {
    const dollars = read<number>('local.pricePerHour', 0);
    return Number.isFinite(dollars) && dollars > 0 ? fromDollars(dollars) : ZERO_DOLLARS;
  },
  // Interpreter chosen by the user, or empty.
  localPython: (): string => read('local.python', '').trim(),
  statusBarShow: (): StatusBarShow => read<StatusBarShow>('statusBar.show', 'always'),
  runEndMessage: (): RunEndMessage => read<RunEndMessage>('notifications.runEnd', 'unfocused'),
  // Addresses of stores by bucket; of any shape until `endpointOf` has read it.
  storageEndpoints: (): unknown => read<unknown>('storage.endpoints', {}),
  // How much of a long log an output channel shows from the past, in bytes.
  replayBytes: (): number => Math.max(1, read<number>('logs.replayMegabytes', 8)) * MEGABYTE,
};

function read<T>(key: string, fallback: T): T {
  return vscode.workspace.getConfiguration('runctl').get<T>(key, fallback);
}
