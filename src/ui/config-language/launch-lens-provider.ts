import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { launchLines } from '../../core/config/launch-lines.ts';
import { outlineToml } from '../../core/config/line-scan.ts';
import { COMMANDS } from '../commands/ids.ts';
import { folderOf } from './selector.ts';

/** Puts "Launch" over each run profile of a workspace folder's file. */
export class LaunchLensProvider implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscription: vscode.Disposable;
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor() {
    const look = (): void => this.changed.fire();
    this.subscription = vscode.Disposable.from(
      this.changed,
      vscode.workspace.onDidGrantWorkspaceTrust(look),
      vscode.workspace.onDidChangeWorkspaceFolders(look),
    );
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const folder = folderOf(document.uri);
    if (folder === undefined || !vscode.workspace.isTrusted) {
      return [];
    }
    return launchLines(outlineToml(document.getText())).map(({ profile, start }) => {
      const place = document.positionAt(start);
      return new vscode.CodeLens(new vscode.Range(place, place), {
        title: `$(play) ${l10n.t('Launch')}`,
        tooltip: l10n.t('Launch the run profile "{0}"', profile),
        command: COMMANDS.launchProfile,
        arguments: [{ folder: folder.uri.toString(), profile }],
      });
    });
  }

  dispose(): void {
    this.subscription.dispose();
  }
}
