import * as vscode from 'vscode';
import type { SecretMasker } from '../core/mask.ts';

/** Scheme of the read-only documents the extension writes. */
export const DOCUMENT_SCHEME = 'runctl';

interface PublishedText {
  readonly text: () => string;
  shown: boolean;
}

/**
 * Read-only documents whose text is made when they are shown, so that closing
 * them never asks to save.
 */
export class GeneratedDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly texts = new Map<string, PublishedText>();
  private readonly registration: vscode.Disposable;
  private readonly masker: SecretMasker;

  constructor(masker: SecretMasker) {
    this.masker = masker;
    this.registration = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(DOCUMENT_SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.forget(uri)),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    const published = this.texts.get(uri.path);
    if (published === undefined) {
      return '';
    }
    published.shown = true;
    // They show commands, environments and patches, where secrets may stand.
    return this.masker.mask(published.text());
  }

  /**
   * Names a document and says how its text is made.
   *
   * @param path - shown as its title, such as `/machine.processes.txt`
   * @param text - makes the text, each time anew
   * @returns the address to open
   */
  publish(path: string, text: () => string): vscode.Uri {
    this.texts.set(path, { text, shown: false });
    const uri = vscode.Uri.from({ scheme: DOCUMENT_SCHEME, path });
    this.changed.fire(uri);
    return uri;
  }

  /** Makes the texts of all documents anew. */
  refresh(): void {
    for (const path of this.texts.keys()) {
      this.changed.fire(vscode.Uri.from({ scheme: DOCUMENT_SCHEME, path }));
    }
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }

  // Patches may be large. A text published anew while the old one was closing
  // has yet to be shown and stays.
  private forget(uri: vscode.Uri): void {
    if (uri.scheme === DOCUMENT_SCHEME && this.texts.get(uri.path)?.shown === true) {
      this.texts.delete(uri.path);
    }
  }
}

/**
 * Opens a document beside nothing else changed.
 *
 * @param uri - its address
 */
export async function showDocument(uri: vscode.Uri): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { preview: true });
}

/**
 * Makes a name fit for the path of a document.
 *
 * @param name - any text
 * @returns the text without separators
 */
export function safeName(name: string): string {
  return name.replaceAll(/[\\/:?#%]+/g, '-');
}
