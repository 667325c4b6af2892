import * as vscode from 'vscode';
import type { SecretMasker } from '../core/mask.ts';
import { DocumentTexts } from './document-texts.ts';

/** Scheme of the read-only documents the extension writes. */
export const DOCUMENT_SCHEME = 'runctl';

/**
 * Read-only documents whose text is made when they are shown, so that closing
 * them never asks to save.
 */
export class GeneratedDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly texts = new DocumentTexts();
  private readonly registration: vscode.Disposable;
  private readonly masker: SecretMasker;

  constructor(masker: SecretMasker) {
    this.masker = masker;
    this.registration = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(DOCUMENT_SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === DOCUMENT_SCHEME) {
          this.texts.closed(uri.path);
        }
      }),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    // They show commands, environments and patches, where secrets may stand.
    return this.masker.mask(this.texts.show(uri.path));
  }

  /**
   * Names a document and says how its text is made.
   *
   * @param path - shown as its title, such as `/machine.processes.txt`
   * @param text - makes the text, each time anew
   * @returns the address to open
   */
  publish(path: string, text: () => string): vscode.Uri {
    this.texts.publish(path, text);
    const uri = vscode.Uri.from({ scheme: DOCUMENT_SCHEME, path });
    this.changed.fire(uri);
    return uri;
  }

  /** Makes the texts of all documents anew. */
  refresh(): void {
    for (const path of this.texts.paths()) {
      this.changed.fire(vscode.Uri.from({ scheme: DOCUMENT_SCHEME, path }));
    }
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
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
