import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import type { Question } from './many-texts.ts';

/**
 * Asks before something is lost.
 *
 * @param asked - what is asked, and what is lost
 * @param yes - the button that does it
 * @throws {CancelledError} when the user does not press it
 */
export async function confirm(asked: Question, yes: string): Promise<void> {
  const options = { modal: true, detail: asked.detail };
  const answer = await vscode.window.showWarningMessage(asked.question, options, yes);
  if (answer !== yes) {
    throw new CancelledError();
  }
}
