import * as vscode from 'vscode';
import type { TextRange } from '../../core/config/text-range.ts';

/**
 * Converts a range of the core to one of VS Code; both count from 0.
 *
 * @param range - of the core
 * @returns the same place
 */
export function toRange(range: TextRange): vscode.Range {
  return new vscode.Range(range.startLine, range.startColumn, range.endLine, range.endColumn);
}
