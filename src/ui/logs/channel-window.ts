import * as vscode from 'vscode';
import type { ChannelWindow } from './log-channels.ts';

/** The output panel of this window. */
export const channelWindow: ChannelWindow = {
  create: (name) => vscode.window.createOutputChannel(name),
  folders: () => (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath),
  isShown: (part) =>
    vscode.workspace.textDocuments.some(
      ({ uri }) => uri.scheme === 'output' && uri.path.includes(part),
    ),
  feed: async (options) => {
    const { feedLogChannel } = await import('../late.ts');
    return feedLogChannel(options);
  },
};
