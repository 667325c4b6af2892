import { arch, platform, release } from 'node:os';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { describeError } from '../../core/error-chain.ts';
import { isActive } from '../../core/model/run.ts';
import type { App } from '../app.ts';

interface Manifest {
  readonly version: string;
}

/**
 * Writes what a bug report needs. Secrets are masked; paths and names stay,
 * so the document says to read it before sending.
 *
 * @param app - the window's parts
 * @returns markdown
 */
export async function diagnosticsText(app: App): Promise<string> {
  const manifest = app.context.extension.packageJSON as Manifest;
  const facts = [
    ['runctl', manifest.version],
    ['VS Code', `${vscode.version} (${vscode.env.appName}, ${vscode.env.remoteName ?? 'local'})`],
    ['Node', `${process.version}, ${platform()} ${release()} ${arch()}`],
    ['Trusted', String(vscode.workspace.isTrusted)],
    ['Folders', String(vscode.workspace.workspaceFolders?.length ?? 0)],
    ['Storage', app.context.globalStorageUri.fsPath],
    ['Secrets', app.secrets.names().join(', ') || '—'],
    ...(await engineFacts(app)),
  ];
  const lines = facts.map(([name, value]) => `- ${name ?? ''}: ${value ?? ''}`);
  const note = l10n.t('Read it before you send it: names of files and runs are in it.');
  return app.masker.mask(`# runctl diagnostics\n\n${note}\n\n${lines.join('\n')}\n`);
}

async function engineFacts(app: App): Promise<string[][]> {
  try {
    const engine = await app.engine();
    const snapshot = engine.inventory.snapshot();
    return [
      ['Ledger', engine.ledger.path],
      ['Runs', String(snapshot.runs.length)],
      ['Active', String(snapshot.runs.filter(({ run }) => isActive(run)).length)],
      ...snapshot.providers.map((part) => [
        `Provider ${part.id}`,
        part.problem ?? `${part.machines.length} machines, ${part.resources.length} resources`,
      ]),
      ...snapshot.runs
        .slice(0, 20)
        .map(({ run }) => [`Run ${run.id}`, `${run.state}: ${run.stateReason}`]),
    ];
  } catch (error) {
    return [['Engine', describeError(error)]];
  }
}
