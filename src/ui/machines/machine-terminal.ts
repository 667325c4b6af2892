import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { TerminalSize } from '../../remote/ssh/machine-shell.ts';
import { TerminalSession } from '../../remote/ssh/terminal-session.ts';
import type { TerminalWay } from '../../remote/ssh/terminal-session.ts';
import type { App } from '../app.ts';
import { chooseMachine } from './choose-machine.ts';
import { connectMachine } from './connect.ts';

const USUAL: TerminalSize = { columns: 80, rows: 24 };

/**
 * Opens a terminal on a machine, over the connection that stands.
 *
 * @param app - the window's parts
 * @param argument - the machine; asked for when it is none
 */
export async function openMachineTerminal(app: App, argument: unknown): Promise<void> {
  const machineId = await chooseMachine(app, argument, l10n.t('Open a terminal on which machine?'));
  // Before there is a terminal: what must be asked is asked in the open.
  await connectMachine(app, machineId);
  const terminal = vscode.window.createTerminal({
    name: machineId,
    iconPath: new vscode.ThemeIcon('remote'),
    isTransient: true,
    pty: new MachinePseudoterminal(async () => (await connectMachine(app, machineId)).shell),
  });
  terminal.show();
}

class MachinePseudoterminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly closed = new vscode.EventEmitter<void>();
  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;
  private readonly way: () => Promise<TerminalWay>;
  private session: TerminalSession | undefined;

  constructor(way: () => Promise<TerminalWay>) {
    this.way = way;
  }

  open(size: vscode.TerminalDimensions | undefined): void {
    const { way, written, closed } = this;
    const session = new TerminalSession(
      { way, write: (text) => written.fire(text), end: () => closed.fire() },
      size ?? USUAL,
    );
    this.session = session;
    void session.open();
  }

  handleInput(text: string): void {
    this.session?.input(text);
  }

  setDimensions(size: vscode.TerminalDimensions): void {
    this.session?.resize(size);
  }

  close(): void {
    this.session?.close();
    this.written.dispose();
    this.closed.dispose();
  }
}
