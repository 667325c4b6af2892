import { execFile } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { arch, platform, release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { describeError } from '../../core/error-chain.ts';
import type { App } from '../app.ts';
import { settings } from '../settings.ts';
import type { Fact, FactGroup } from './diagnostics-text.ts';
import {
  changedSettings,
  diagnosticsMarkdown,
  ledgerFacts,
  providerFacts,
  runFacts,
} from './diagnostics-text.ts';

interface Manifest {
  readonly version: string;
  readonly contributes: {
    readonly configuration: readonly { readonly properties: Readonly<Record<string, unknown>> }[];
  };
}

const run = promisify(execFile);
const PATIENCE_MS = 5000;
/** Of our own log; its end is cut to lines. */
const LOG_BYTES = 128 * 1024;

/**
 * Writes what a bug report needs. Secrets are masked; paths and names stay,
 * so the document says to read it before sending.
 *
 * @param app - the window's parts
 * @returns markdown
 */
export async function diagnosticsText(app: App): Promise<string> {
  const manifest = app.context.extension.packageJSON as Manifest;
  const note = l10n.t('Read it before you send it: names of files and runs are in it.');
  const groups: FactGroup[] = [
    { title: 'Window', facts: windowFacts(app, manifest) },
    { title: 'Settings that differ from the default', facts: settingFacts(manifest) },
    { title: 'Programs', facts: await programFacts() },
    ...(await engineGroups(app)),
  ];
  const log = await ownLog(app.context.logUri.fsPath).catch((error: unknown) => [describeError(error)]);
  return app.masker.mask(diagnosticsMarkdown(note, groups, log));
}

function windowFacts(app: App, manifest: Manifest): readonly Fact[] {
  return [
    ['runctl', manifest.version],
    ['VS Code', `${vscode.version} (${vscode.env.appName}, ${vscode.env.remoteName ?? 'local'})`],
    ['Language', vscode.env.language],
    ['Node', `${process.version}, ${platform()} ${release()} ${arch()}`],
    ['Trusted', String(vscode.workspace.isTrusted)],
    ['Folders', String(vscode.workspace.workspaceFolders?.length ?? 0)],
    ['Storage', app.context.globalStorageUri.fsPath],
    ['Secrets', app.secrets.names().join(', ') || '—'],
  ];
}

function settingFacts(manifest: Manifest): readonly Fact[] {
  const names = manifest.contributes.configuration.flatMap(({ properties }) =>
    Object.keys(properties),
  );
  return changedSettings(
    names.map((name) => {
      const found = vscode.workspace.getConfiguration().inspect(name);
      return {
        name,
        values: {
          default: found?.defaultValue,
          user: found?.globalValue,
          workspace: found?.workspaceValue,
          folder: found?.workspaceFolderValue,
        },
      };
    }),
  );
}

async function programFacts(): Promise<readonly Fact[]> {
  const { localPlatform } = await import('../late.ts');
  const python = settings.localPython() || localPlatform().python;
  const shell = await realpath('/bin/sh').catch(() => 'none');
  const versions = [python, 'uv', 'git'].map(async (program): Promise<Fact> => [
    program,
    await versionOf(program),
  ]);
  return [['sh', shell], ...(await Promise.all(versions))];
}

async function versionOf(program: string): Promise<string> {
  try {
    const { stdout, stderr } = await run(program, ['--version'], { timeout: PATIENCE_MS });
    return (stdout || stderr).trim();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not found' : describeError(error);
  }
}

async function engineGroups(app: App): Promise<readonly FactGroup[]> {
  try {
    const { ledger, registry, inventory } = await app.engine();
    const snapshot = inventory.snapshot();
    const [{ size: bytes }, storage, elected, agent] = await Promise.all([
      stat(ledger.path),
      ledger.storage(),
      ledger.election.elected(),
      agentFacts(registry).catch((error: unknown): Fact[] => [['Agent', describeError(error)]]),
    ]);
    return [
      { title: 'Agent of this computer', facts: agent },
      { title: 'Ledger', facts: ledgerFacts(ledger.path, { bytes, ...storage, elected }) },
      { title: 'Providers', facts: providerFacts(snapshot, app.clock.now()) },
      { title: 'Runs', facts: runFacts(snapshot.runs) },
    ];
  } catch (error) {
    return [{ title: 'Engine', facts: [['Engine', describeError(error)]] }];
  }
}

async function agentFacts(
  registry: Awaited<ReturnType<App['engine']>>['registry'],
): Promise<readonly Fact[]> {
  const { LOCAL_MACHINE } = await import('../late.ts');
  const machine = await registry.get('local').connect(LOCAL_MACHINE);
  const { agent, home, detach } = await machine.agent.version({
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return [
    ['Version', String(agent)],
    ['Home', home],
    ['Detach', detach],
  ];
}

// The file behind the output channel, which may have been begun anew when it was full.
async function ownLog(folder: string): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((name) => /^runctl(?:\.\d+)?\.log$/.test(name));
  const path = files.includes('runctl.log') ? 'runctl.log' : files.at(-1);
  return path === undefined ? [] : readEnd(join(folder, path));
}

async function readEnd(path: string): Promise<readonly string[]> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const from = Math.max(0, size - LOG_BYTES);
    const buffer = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const lines = buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n');
    return from === 0 ? lines : lines.slice(1);
  } finally {
    await file?.close();
  }
}
