import { homedir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, ConfigError, UnsupportedError } from '../../core/errors.ts';
import type { PooledMachine } from '../../providers/ssh/machine-pool.ts';
import { entryName, includeLine } from '../../remote/ssh/remote-ssh-config.ts';
import {
  addInclude,
  askSsh,
  isSamePlace,
  isUsingKey,
  needsInclude,
  writeEntry,
} from '../../remote/ssh/remote-ssh-handoff.ts';
import type { SshProgram } from '../../remote/ssh/remote-ssh-handoff.ts';
import type { App } from '../app.ts';
import { chooseMachine } from './choose-machine.ts';
import { connectMachine, sshOf } from './connect.ts';
import { hasRemoteSsh } from './has-remote-ssh.ts';
import { remoteSshConfig, writeOwnKeyFile } from './own-key-file.ts';

/** What an address may hold as it is; anything else gets a name of ours. */
const PLAIN = /^[a-z0-9._-]+$/;

/**
 * Opens a machine in a window of its own by Remote-SSH.
 *
 * @param app - the window's parts
 * @param argument - the machine; asked for when it is none
 * @throws {UnsupportedError} where there is no Remote-SSH, or this window is itself remote
 */
export async function openRemoteSsh(app: App, argument: unknown): Promise<void> {
  if (!hasRemoteSsh()) {
    throw new UnsupportedError(
      'no-remote-ssh',
      l10n.t('This needs a window on your own computer and the extension Remote-SSH'),
    );
  }
  const machineId = await chooseMachine(app, argument, l10n.t('Open which machine by Remote-SSH?'));
  const machine = await connectMachine(app, machineId);
  const host = await hostFor(app, machine);
  const path = await folderOf(app, machine);
  const folder = vscode.Uri.from({ scheme: 'vscode-remote', authority: `ssh-remote+${host}`, path });
  await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: true });
}

// A name that ssh already takes for the same place needs nothing from us.
async function hostFor(app: App, { id, shell }: PooledMachine): Promise<string> {
  const { settings } = shell.connection;
  const ssh = program();
  // What only we hold must be given to ssh, whatever it knows of the name.
  const isOwnKey = shell.connection.identity?.source === 'own';
  if (!isOwnKey && PLAIN.test(settings.alias) && isSamePlace(await askSsh(settings.alias, ssh), settings)) {
    return settings.alias;
  }
  const name = entryName(id);
  const file = remoteSshConfig(app);
  const configFile = ssh.configFile ?? join(homedir(), '.ssh', 'config');
  const isNew = await needsInclude(configFile, file);
  if (isNew) {
    await askInclude(configFile, file);
  }
  const keyFile = isOwnKey ? await writeOwnKeyFile(app, id) : undefined;
  const knownHostsFile = join(dirname(file), 'known_hosts');
  await writeEntry(file, { name, machine: id, settings, knownHostsFile, keyFile });
  if (isNew) {
    const backup = await addInclude(configFile, file);
    app.logger.info(`${configFile}: one line added; ${backup ?? 'nothing'} was there`);
  }
  const answer = await askSsh(name, ssh);
  if (!isSamePlace(answer, settings)) {
    const place = `${answer.user}@${answer.host}:${answer.port}`;
    throw new ConfigError('ssh-elsewhere', l10n.t('ssh would take {0} for {1}', name, place), {
      steps: [l10n.t('Look for a `Host *` or `Match` above the Include line in {0}.', configFile)],
    });
  }
  if (keyFile !== undefined && !isUsingKey(answer, keyFile)) {
    throw new ConfigError('ssh-other-key', l10n.t('ssh would not use {0} for {1}', keyFile, name), {
      steps: [l10n.t('Look for a `Host *` or `Match` above the Include line in {0}.', configFile)],
    });
  }
  return name;
}

async function askInclude(configFile: string, file: string): Promise<void> {
  const add = l10n.t('Add This Line');
  const answer = await vscode.window.showInformationMessage(
    l10n.t('Add one line to {0}?', configFile),
    {
      modal: true,
      detail: l10n.t('{0}\n\nIt goes to the top and lets ssh read the machines of runctl. What is there now is kept beside it.', includeLine(file)),
    },
    add,
  );
  if (answer !== add) {
    throw new CancelledError();
  }
}

// Remote-SSH may be told to use another ssh, or another file.
function program(): SshProgram {
  const settings = vscode.workspace.getConfiguration('remote.SSH');
  const path = settings.get<string>('path') ?? '';
  const file = settings.get<string>('configFile') ?? '';
  return {
    program: path === '' ? 'ssh' : path,
    configFile: file === '' ? null : file.replace(/^~(?=[/\\])/, homedir()),
  };
}

async function folderOf(app: App, { id, shell, probe }: PooledMachine): Promise<string> {
  const home = probe.home === '' ? '/' : probe.home;
  const { directory } = await (await sshOf(app)).describe(id);
  const path = directory.startsWith('~') ? posix.join(home, directory.slice(1)) : directory;
  const { code } = await shell.exec(['test', '-d', path], { idempotent: true });
  return code === 0 ? path : home;
}
