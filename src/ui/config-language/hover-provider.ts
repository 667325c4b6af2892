import * as vscode from 'vscode';
import { anotherTomlExtension } from './selector.ts';

/** Explains the key or section under the mouse. */
export class ConfigHoverProvider implements vscode.HoverProvider {
  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.Hover | undefined> {
    if (anotherTomlExtension()) {
      return undefined;
    }
    const { hoverAt } = await import('../config/late-config.ts');
    const hover = hoverAt(document.getText(), document.offsetAt(position));
    return (
      hover &&
      new vscode.Hover(
        new vscode.MarkdownString(hover.markdown),
        new vscode.Range(document.positionAt(hover.start), document.positionAt(hover.end)),
      )
    );
  }
}
