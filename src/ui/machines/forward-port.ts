import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import { listeningPorts } from '../../remote/ssh/listening-ports.ts';
import type { ListeningPort } from '../../remote/ssh/listening-ports.ts';
import type { PortForward } from '../../remote/ssh/port-forwarder.ts';
import type { App } from '../app.ts';
import { chooseMachine } from './choose-machine.ts';
import { connectMachine, sshOf } from './connect.ts';
import { forwardedPorts, leadsTo } from './forwarded-ports.ts';

interface PortRow extends vscode.QuickPickItem {
  readonly listening?: ListeningPort;
}

/**
 * Forwards a port of a machine to this computer and opens it in a browser.
 *
 * @param app - the window's parts
 * @param argument - the machine; asked for when it is none
 */
export async function forwardPort(app: App, argument: unknown): Promise<void> {
  const machineId = await chooseMachine(app, argument, l10n.t('Forward a port of which machine?'));
  const { shell } = await connectMachine(app, machineId);
  const { port, host, name, path } = await askPort(machineId, listeningPorts(shell));
  const forward = await forwardedPorts(app).forwarder.start({
    machine: machineId,
    host,
    port,
    label: name,
    // Asks nobody: a connection that was lost is made again by itself.
    way: async () => (await (await sshOf(app)).connect(machineId)).shell,
  });
  await openForward(forward, path);
}

/**
 * Shows the forwarded ports: picking one opens it, its button ends it.
 *
 * @param app - the window's parts
 */
export async function showForwardedPorts(app: App): Promise<void> {
  const { forwarder } = forwardedPorts(app);
  const picked = await new Promise<PortForward | undefined>((resolve) => {
    const input = vscode.window.createQuickPick<vscode.QuickPickItem & { forward: PortForward }>();
    const stop = { iconPath: new vscode.ThemeIcon('debug-stop'), tooltip: l10n.t('Stop Forwarding') };
    const fill = (forwards: readonly PortForward[]): void => {
      input.items = forwards.map((forward) => ({
        forward,
        label: `127.0.0.1:${forward.localPort}`,
        description: leadsTo(forward),
        buttons: [stop],
      }));
      input.placeholder =
        forwards.length === 0
          ? l10n.t('No port is forwarded')
          : l10n.t('Open a forwarded port, or stop it by its button');
    };
    fill(forwarder.list());
    const listening = forwarder.onDidChange(fill);
    input.title = l10n.t('Forwarded Ports');
    input.onDidTriggerItemButton(({ item }) => void forwarder.stop(item.forward.id));
    input.onDidAccept(() => {
      resolve(input.activeItems[0]?.forward);
      input.hide();
    });
    input.onDidHide(() => {
      listening.dispose();
      resolve(undefined);
      input.dispose();
    });
    input.show();
  });
  if (picked === undefined) {
    throw new CancelledError();
  }
  await openForward(picked, '/');
}

async function openForward({ localPort }: PortForward, path: string): Promise<void> {
  const here = vscode.Uri.parse(`http://127.0.0.1:${localPort}${path}`, true);
  await vscode.env.openExternal(await vscode.env.asExternalUri(here));
}

// What listens is shown as soon as it is known; a number can be typed before.
function askPort(machineId: string, found: Promise<readonly ListeningPort[]>): Promise<ListeningPort> {
  return new Promise((resolve, reject) => {
    const input = vscode.window.createQuickPick<PortRow>();
    let rows: readonly PortRow[] = [];
    const fill = (): void => {
      const typed = typedPort(input.value);
      const isNew = typed !== undefined && !rows.some(({ listening }) => listening?.port === typed.port);
      input.items = isNew
        ? [{ label: String(typed.port), description: l10n.t('forward this port'), listening: typed, alwaysShow: true }, ...rows]
        : rows;
    };
    input.title = l10n.t('Forward a Port of {0}', machineId);
    input.placeholder = l10n.t('A port number, or what was found there');
    input.matchOnDescription = true;
    input.busy = true;
    input.onDidChangeValue(fill);
    input.onDidAccept(() => {
      const chosen = input.activeItems[0]?.listening;
      if (chosen !== undefined) {
        resolve(chosen);
        input.hide();
      }
    });
    input.onDidHide(() => {
      reject(new CancelledError());
      input.dispose();
    });
    input.show();
    found
      .then(
        (ports) => {
          rows = ports.map(rowOf);
          fill();
        },
        // A number can be given all the same.
        () => undefined,
      )
      .finally(() => (input.busy = false));
  });
}

function rowOf(listening: ListeningPort): PortRow {
  const { port, name, command } = listening;
  return {
    label: name === null ? String(port) : `$(globe) ${port}`,
    description: name ?? command?.slice(0, 80) ?? '',
    ...(name === null || command === null ? {} : { detail: command.slice(0, 120) }),
    listening,
  };
}

function typedPort(text: string): ListeningPort | undefined {
  const port = Number(text.trim());
  return Number.isInteger(port) && port >= 1 && port <= 65_535
    ? { port, host: 'localhost', name: null, command: null, path: '/' }
    : undefined;
}
