import * as vscode from 'vscode';
import type { ErrorFunnel } from '../error-funnel.ts';
import type { CommandId } from './ids.ts';

/** What a command does with the arguments VS Code hands it. */
export type CommandHandler = (...args: readonly unknown[]) => unknown;

/** One handler for every contributed command, so that none can be forgotten. */
export type CommandTable = Readonly<Record<CommandId, CommandHandler>>;

/**
 * Registers every command through the error funnel.
 *
 * @param table - handler by id
 * @param funnel - where failures go
 * @returns disposes all of them
 */
export function registerCommands(table: CommandTable, funnel: ErrorFunnel): vscode.Disposable {
  const registered = Object.entries(table).map(([id, handler]) =>
    vscode.commands.registerCommand(id, (...args: unknown[]) =>
      funnel.run(id, () => handler(...args)),
    ),
  );
  return vscode.Disposable.from(...registered);
}
