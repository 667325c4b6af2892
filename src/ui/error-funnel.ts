import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { describeError, toRunctlError } from '../core/error-chain.ts';
import type { NextAction, RunctlError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { COMMANDS } from './commands/ids.ts';

const REPEAT_MS = 5000;

/** Answers that are no failure: there is just nothing to do, and no details to show. */
const EXPECTED: ReadonlySet<string> = new Set([
  'no-run',
  'no-checkpoint',
  'one-run',
  'resumed-from',
  'protected',
]);

/** A button, and what it does. */
interface WayOut {
  readonly title: string;
  readonly follow: () => Thenable<unknown>;
}

/**
 * The one place where failures meet the user: a cancel is silent, everything
 * else is one message with the next action as its button and its details in
 * the log.
 */
export class ErrorFunnel {
  private readonly logger: Logger;
  private last: { readonly text: string; readonly at: number } | undefined;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  /**
   * Runs an action of the user.
   *
   * @param name - operation name for the log
   * @param action - what to do
   * @returns its result, or `undefined` when it failed or was cancelled
   */
  async run<T>(name: string, action: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.report(name, error, () => this.run(name, action));
      return undefined;
    }
  }

  /**
   * Runs what nobody asked for right now: a failure goes to the log alone.
   *
   * @param name - operation name for the log
   * @param action - what to do
   */
  async quietly(name: string, action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.logger.warn(`${name} in the background: ${describeError(error)}`);
    }
  }

  /**
   * Tells the user of a failure.
   *
   * @param name - operation name for the log
   * @param error - what was thrown
   * @param again - does it once more; an action that says so has no button without
   */
  report(name: string, error: unknown, again?: () => Promise<unknown>): void {
    const failure = toRunctlError(error);
    if (failure.kind === 'cancelled') {
      this.logger.debug(`${name}: cancelled`);
      return;
    }
    this.logger.error(`${name} failed: ${describeError(error)}`);
    const text = messageOf(failure);
    const now = performance.now();
    // The same message twice in a row is noise, and the log has both.
    if (this.last?.text === text && now - this.last.at < REPEAT_MS) {
      return;
    }
    this.last = { text, at: now };
    void this.show(failure, text, again).catch((reason: unknown) => {
      this.logger.warn(`the way out of ${name} failed: ${describeError(reason)}`);
    });
  }

  private async show(
    failure: RunctlError,
    text: string,
    again: (() => Promise<unknown>) | undefined,
  ): Promise<void> {
    const details = l10n.t('Show Details');
    const wayOut = this.wayOut(failure.nextAction, again);
    const buttons = wayOut === undefined ? [details] : [wayOut.title, details];
    const choice = EXPECTED.has(failure.code)
      ? await vscode.window.showInformationMessage(text, ...buttons.slice(0, -1))
      : await vscode.window.showErrorMessage(text, ...buttons);
    if (choice === details) {
      await vscode.commands.executeCommand(COMMANDS.showOutput);
    } else if (wayOut !== undefined && choice === wayOut.title) {
      await wayOut.follow();
    }
  }

  private wayOut(
    action: NextAction | undefined,
    again: (() => Promise<unknown>) | undefined,
  ): WayOut | undefined {
    if (action === undefined) {
      return undefined;
    }
    const { title, command, url, arguments: words = [] } = action;
    if (command !== undefined) {
      return { title, follow: () => vscode.commands.executeCommand(command, ...words) };
    }
    if (url !== undefined) {
      return { title, follow: () => vscode.env.openExternal(vscode.Uri.parse(url, true)) };
    }
    if (again === undefined) {
      return undefined;
    }
    const follow = (): Promise<unknown> => {
      // Who asked for it hears of it, also when it fails as before.
      this.last = undefined;
      return again();
    };
    return { title, follow };
  }
}

function messageOf(failure: RunctlError): string {
  const [step] = failure.steps;
  // Texts of parsers end as they like.
  return step === undefined ? failure.message : `${failure.message.replace(/\.$/, '')}. ${step}`;
}
