import * as vscode from 'vscode';
import type { ConfigCompletion } from '../../core/config/completion.ts';
import { anotherTomlExtension } from './selector.ts';

/** Characters after which something new can be chosen. */
export const COMPLETION_TRIGGERS = ['[', '.', '"', "'", '=', '{', ','];

const KINDS: Record<ConfigCompletion['kind'], vscode.CompletionItemKind> = {
  section: vscode.CompletionItemKind.Module,
  key: vscode.CompletionItemKind.Property,
  value: vscode.CompletionItemKind.Value,
};

/** Offers sections, keys and values. */
export class ConfigCompletionProvider implements vscode.CompletionItemProvider {
  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.CompletionItem[]> {
    if (anotherTomlExtension()) {
      return [];
    }
    const { completionsAt } = await import('../config/late-config.ts');
    return completionsAt(document.getText(), document.offsetAt(position)).map((one, index) =>
      toItem(one, index, document),
    );
  }
}

function toItem(
  completion: ConfigCompletion,
  index: number,
  document: vscode.TextDocument,
): vscode.CompletionItem {
  const item = new vscode.CompletionItem(completion.label, KINDS[completion.kind]);
  item.insertText = new vscode.SnippetString(completion.snippet);
  item.filterText = completion.filterText;
  item.detail = completion.detail;
  item.documentation = new vscode.MarkdownString(completion.documentation);
  item.range = new vscode.Range(
    document.positionAt(completion.start),
    document.positionAt(completion.end),
  );
  // Keeps the order of the core: required keys first, then as documented.
  item.sortText = String(index).padStart(4, '0');
  return item;
}
