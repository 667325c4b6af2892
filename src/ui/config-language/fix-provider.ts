import * as vscode from 'vscode';
import type { ConfigDiagnostics } from './diagnostics.ts';
import { toRange } from './to-range.ts';

/** Offers the changes that mend a problem. */
export class ConfigFixProvider implements vscode.CodeActionProvider {
  static readonly kinds = [vscode.CodeActionKind.QuickFix];
  private readonly diagnostics: ConfigDiagnostics;

  constructor(diagnostics: ConfigDiagnostics) {
    this.diagnostics = diagnostics;
  }

  provideCodeActions(
    document: vscode.TextDocument,
    range: vscode.Range,
    context: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    return this.diagnostics.problemsOf(document).flatMap((problem) => {
      const place = toRange(problem.range);
      // Only what our own Problems show: another extension's fixes are its own.
      const shown = context.diagnostics.filter(
        (one) => one.source === 'runctl' && one.code === problem.code && one.range.isEqual(place),
      );
      if (problem.fix === null || shown.length === 0 || place.intersection(range) === undefined) {
        return [];
      }
      const action = new vscode.CodeAction(problem.fix.title, vscode.CodeActionKind.QuickFix);
      action.edit = new vscode.WorkspaceEdit();
      action.edit.replace(document.uri, toRange(problem.fix.range), problem.fix.text);
      action.diagnostics = shown;
      action.isPreferred = true;
      return [action];
    });
  }
}
