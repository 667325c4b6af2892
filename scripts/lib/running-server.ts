import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerInstall } from '../vscode-server.ts';
import { isAlive, run, waitFor } from './process.ts';

/** A VS Code server that answers on the loopback interface. */
export interface RunningServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  url: string;
  port: number;
  pid: number;
  dataDir: string;
  /** Ends the server and everything it started; resolves when its process is gone. */
  stop: () => Promise<void>;
}

export interface ServerOptions {
  /** Settings, extensions and logs of this server; made when missing. */
  dataDir: string;
  /** Extra environment of the server and so of its extension hosts. */
  env?: NodeJS.ProcessEnv;
  /** User settings on top of {@link TEST_SETTINGS}. */
  settings?: Record<string, unknown>;
  /** Any free one when missing. */
  port?: number;
  /** Lets a page name tests to run in the extension host; such windows show no notifications. */
  hostTests?: boolean;
}

/** Quiet defaults: no welcome page, no trust question, no AI panels, no gallery look-ups. */
export const TEST_SETTINGS: Readonly<Record<string, unknown>> = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'window.commandCenter': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'git.openRepositoryInParentFolders': 'never',
};

/** Starts VS Code's own server, the one that tests drive. */
export async function startTestServer(
  install: ServerInstall,
  options: ServerOptions,
): Promise<RunningServer> {
  await writeSettings(options.dataDir, { ...TEST_SETTINGS, ...options.settings });
  const args = [
    install.serverMain,
    ...['--host', '127.0.0.1', '--port', String(options.port ?? 0)],
    ...['--server-data-dir', options.dataDir, '--without-connection-token'],
    ...['--accept-server-license-terms', '--telemetry-level', 'off'],
    ...(options.hostTests === true ? ['--enable-smoke-test-driver'] : []),
  ];
  return await launch(install.node, args, options, /Extension host agent listening on (\d+)/);
}

/** Starts code-server for a person: it keeps secrets, and its page needs no driver. */
export async function startPersonServer(
  install: ServerInstall,
  options: ServerOptions,
): Promise<RunningServer> {
  await mkdir(options.dataDir, { recursive: true });
  const args = [
    install.entry,
    ...['--auth', 'none', '--bind-addr', `127.0.0.1:${options.port ?? 0}`],
    ...['--disable-update-check', '--disable-telemetry', ...personFolders(options.dataDir)],
  ];
  return await launch(install.node, args, options, /listening on http:\/\/127\.0\.0\.1:(\d+)/);
}

/** Installs a VSIX for {@link startTestServer} (`test`) or {@link startPersonServer}. */
export async function installVsix(
  install: ServerInstall,
  kind: 'test' | 'person',
  dataDir: string,
  vsix: string,
): Promise<void> {
  const start =
    kind === 'test'
      ? [install.serverMain, '--accept-server-license-terms', '--server-data-dir', dataDir]
      : [install.entry, ...personFolders(dataDir)];
  await run(install.node, [...start, '--install-extension', vsix, '--force'], {
    env: serverEnvironment({}),
    timeoutMs: 120_000,
  });
}

/** Ids of the extensions installed for a person's server. */
export async function listExtensions(install: ServerInstall, dataDir: string): Promise<string[]> {
  const args = [install.entry, ...personFolders(dataDir), '--list-extensions'];
  const output = await run(install.node, args, { env: serverEnvironment({}), timeoutMs: 60_000 });
  return output.split('\n').map((line) => line.trim());
}

/**
 * Replaces the settings. The user's file is read when a window loads; the machine's
 * one is watched, so an open window follows, and settings of machine scope count
 * only there. Written to both, a setting works whatever its scope.
 */
export async function writeSettings(
  dataDir: string,
  settings: Record<string, unknown>,
): Promise<void> {
  for (const owner of ['User', 'Machine']) {
    const folder = join(dataDir, 'data', owner);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'settings.json'), `${JSON.stringify(settings, undefined, 2)}\n`);
  }
}

function personFolders(dataDir: string): string[] {
  return [
    ...['--config', join(dataDir, 'config.yaml')],
    ...['--user-data-dir', join(dataDir, 'data')],
    ...['--extensions-dir', join(dataDir, 'extensions')],
  ];
}

async function launch(
  node: string,
  args: readonly string[],
  options: ServerOptions,
  listening: RegExp,
): Promise<RunningServer> {
  // A group of its own, so that stop() reaches extension hosts and terminals' host too.
  const child = spawn(node, args, {
    env: serverEnvironment(options.env ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`could not start ${node}`);
  const endGroup = (): void => signalGroup(pid, 'SIGKILL');
  process.on('exit', endGroup);
  endOnSignals();
  const output = keepOutput(child, join(options.dataDir, 'server.log'));
  try {
    const port = await waitFor(
      'the VS Code server to listen',
      () => {
        if (child.exitCode !== null) throw new Error(`the server ended:\n${output()}`);
        return listening.exec(output())?.[1];
      },
      60_000,
    );
    const url = `http://127.0.0.1:${port}`;
    await waitFor(`an answer from ${url}`, () => answers(url), 60_000);
    const stop = async (): Promise<void> => {
      await end(child, pid);
      process.off('exit', endGroup);
    };
    return { url, port: Number(port), pid, dataDir: options.dataDir, stop };
  } catch (error) {
    endGroup();
    throw error;
  }
}

/** What of our own environment would mislead a VS Code server is left out. */
function serverEnvironment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^(VSCODE_|npm_|NODE_OPTIONS$|PORT$|ELECTRON_)/.test(name)) env[name] = value;
  }
  return { ...env, ...extra };
}

function keepOutput(child: ChildProcess, file: string): () => string {
  const log = createWriteStream(file, { flags: 'a' });
  let text = '';
  const keep = (chunk: Buffer): void => {
    log.write(chunk);
    // Only the start is looked at (port, early errors); the file has it all.
    if (text.length < 100_000) text += chunk.toString();
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.on('close', () => log.end());
  return () => text;
}

async function answers(url: string): Promise<true | undefined> {
  const response = await fetch(url, { redirect: 'manual' }).catch(() => undefined);
  return response !== undefined && response.status < 500 ? true : undefined;
}

async function end(child: ChildProcess, pid: number): Promise<void> {
  const gone = (): true | undefined =>
    child.exitCode !== null || child.signalCode !== null ? true : undefined;
  signalGroup(pid, 'SIGTERM');
  await waitFor('the server to end', gone, 5000).catch(() => undefined);
  // Extension hosts may outlive the server by a moment; none may outlive this call.
  signalGroup(pid, 'SIGKILL');
  await waitFor('the server to end', gone, 5000);
  await waitFor('its children to end', () => (isAlive(-pid) ? undefined : true), 5000);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

let endsOnSignals = false;

function endOnSignals(): void {
  if (endsOnSignals) return;
  endsOnSignals = true;
  // The default handling would skip `exit` listeners and leave servers behind.
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
}
