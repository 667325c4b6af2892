import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { PortForwarder } from '../../remote/ssh/port-forwarder.ts';
import type { PortForward } from '../../remote/ssh/port-forwarder.ts';
import type { App } from '../app.ts';
import { COMMANDS } from '../commands/ids.ts';

/** The forwarded ports of this window, with their place in the status bar. */
export class ForwardedPorts implements vscode.Disposable {
  readonly forwarder = new PortForwarder();
  private readonly item: vscode.StatusBarItem;

  constructor() {
    this.item = vscode.window.createStatusBarItem('runctl.ports', vscode.StatusBarAlignment.Left);
    this.item.name = l10n.t('runctl: Forwarded Ports');
    this.item.command = COMMANDS.showForwardedPorts;
    this.forwarder.onDidChange((forwards) => this.show(forwards));
  }

  dispose(): void {
    this.item.dispose();
    void this.forwarder.close();
  }

  private show(forwards: readonly PortForward[]): void {
    const { item } = this;
    if (forwards.length === 0) {
      item.hide();
      return;
    }
    const broken = forwards.some(({ problem }) => problem !== null);
    item.text = `$(${broken ? 'warning' : 'radio-tower'}) ${forwards.length}`;
    item.tooltip = forwards.map(forwardText).join('\n');
    const spoken = l10n.t('Ports of machines forwarded to this computer: {0}', forwards.length);
    item.accessibilityInformation = { label: spoken };
    item.show();
  }
}

/**
 * Says where a forwarded port leads.
 *
 * @param forward - the port
 * @returns one line
 */
export function forwardText(forward: PortForward): string {
  return `127.0.0.1:${forward.localPort} ${leadsTo(forward)}`;
}

/**
 * Says where a forwarded port leads, without naming it.
 *
 * @param forward - the port
 * @returns words that follow its name
 */
export function leadsTo(forward: PortForward): string {
  const { label, machine, port, problem } = forward;
  const way =
    label === null
      ? l10n.t('leads to port {0} of {1}', port, machine)
      : l10n.t('leads to {0}, port {1} of {2}', label, port, machine);
  return problem === null ? way : `${way} (${problem})`;
}

const windows = new WeakMap<App, ForwardedPorts>();

/**
 * The forwarded ports of a window; they end with it.
 *
 * @param app - the window's parts
 * @returns always the same for the same window
 */
export function forwardedPorts(app: App): ForwardedPorts {
  const known = windows.get(app);
  if (known !== undefined) {
    return known;
  }
  const ports = new ForwardedPorts();
  windows.set(app, ports);
  app.context.subscriptions.push(ports);
  return ports;
}
