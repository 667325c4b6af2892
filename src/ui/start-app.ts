import { readFile } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { SystemClock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { SecretMasker } from '../core/mask.ts';
import { maskingLogger } from '../core/masking-logger.ts';
import type { Engine } from '../engine.ts';
import type { App } from './app.ts';
import { askAboutFound } from './commands/adopt-run.ts';
import { registerCommands } from './commands/register.ts';
import { allCommands } from './commands/table.ts';
import { WorkspaceConfigs } from './config/workspace-configs.ts';
import { setContext } from './context-keys.ts';
import { GeneratedDocuments } from './documents.ts';
import { EngineHost } from './engine-host.ts';
import { ErrorFunnel } from './error-funnel.ts';
import { channelWindow } from './logs/channel-window.ts';
import { LogChannels } from './logs/log-channels.ts';
import { LogDocuments } from './logs/log-documents.ts';
import { secretPlace } from './secrets/secret-place.ts';
import { SecretStore } from './secrets/secret-store.ts';
import { settings } from './settings.ts';
import { CostBar } from './status-bar/cost-bar.ts';
import { tellRunEnd } from './tell-run-end.ts';
import { tellUnsaved } from './tell-unsaved.ts';
import { RunFilter } from './tree/run-filter.ts';
import { TreeViews } from './tree/views.ts';

/** A started extension. */
export interface RunningApp {
  /** For tests in the host only. */
  readonly testApi: App;
  close(): Promise<void>;
}

/** How often machines are asked while the Resources view is seen. */
const FACTS_MS = 10_000;

/**
 * Builds the user interface and starts the engine behind it.
 *
 * @param context - lifetime and storage, from VS Code
 * @returns the started extension
 */
export function startApp(context: vscode.ExtensionContext): RunningApp {
  const began = performance.now();
  const clock = new SystemClock();
  const output = vscode.window.createOutputChannel('runctl', { log: true });
  const masker = new SecretMasker();
  const logger = maskingLogger(output, masker);
  const funnel = new ErrorFunnel(logger);
  const secrets = new SecretStore(context, masker);
  const configs = new WorkspaceConfigs();
  const host = new EngineHost({
    clock,
    logger,
    start: async () => {
      // Before the first log is shown: it may hold what another window was told.
      // A keyring that fails must not keep the runs from showing.
      await funnel.quietly('secrets', () => secrets.learn());
      return start(context, configs, logger, clock);
    },
  });
  const channels = new LogChannels({
    window: channelWindow,
    clock,
    masker,
    replayBytes: settings.replayBytes,
    onError: (error) => funnel.report('log', error),
  });
  const views = new TreeViews(host, clock, () => app.filter);
  const app: App = {
    engine: () => host.engine(),
    host,
    clock,
    logger,
    output,
    funnel,
    channels,
    documents: new GeneratedDocuments(masker),
    configs,
    secrets,
    masker,
    filter: new RunFilter(context.workspaceState, () => views.refresh()),
    showMore: (parent, count) => views.showMore(parent, count),
    context,
  };
  // Disposed in reverse: commands and views vanish before what they use.
  context.subscriptions.push(
    output,
    secrets.follow(),
    host,
    channels,
    app.documents,
    new LogDocuments({ clock, masker, run: async (id) => (await app.engine()).ledger.runs.get(id) }),
    app.configs,
    views,
    new CostBar(host),
    ...followHost(app, views),
    registerCommands(allCommands(app), funnel),
  );
  logger.info(`activated in ${Math.round(performance.now() - began)} ms`);
  void loadFeatures(app);
  void begin(app);
  return { testApi: app, close: () => host.close() };
}

// What no user sees in the first moment is loaded after it.
async function loadFeatures(app: App): Promise<void> {
  await app.funnel.run('start', async () => {
    const { registerFeatures } = await import('./late.ts');
    app.context.subscriptions.push(registerFeatures(app));
  });
}

async function begin(app: App): Promise<void> {
  try {
    await app.engine();
  } catch (error) {
    setContext('runctl.broken', true);
    app.funnel.report('start', error);
  }
}

function tellSetAside(engine: Engine): void {
  const { setAside } = engine;
  if (setAside === null) {
    return;
  }
  void vscode.window.showWarningMessage(
    setAside.reason === 'newer'
      ? l10n.t(
          'The ledger was written by a newer version of runctl and was kept as {0}. A fresh one was started, and runs were found again on their machines.',
          setAside.path,
        )
      : l10n.t(
          'The ledger was damaged and was kept as {0}. A fresh one was started, and runs were found again on their machines.',
          setAside.path,
        ),
  );
}

function followHost(app: App, views: TreeViews): vscode.Disposable[] {
  const { host, channels } = app;
  const timer = setInterval(() => {
    if (views.resourcesVisible && vscode.window.state.focused) {
      void app.funnel.quietly('refresh', async () => (await app.engine()).inventory.refresh());
    }
  }, FACTS_MS);
  return [
    new vscode.Disposable(() => clearInterval(timer)),
    host.onDidChange(({ runs }) => channels.sync(runs.map(({ run }) => run))),
    host.onDidEndRun((run) => {
      void app.funnel.quietly('run end', async () => {
        const { ledger } = await app.engine();
        await tellRunEnd(run, settings.runEndMessage(), await ledger.events.list(run.id));
      });
    }),
    host.onDidNotSave((run) => void app.funnel.quietly('unsaved results', () => tellUnsaved(run))),
    host.onDidStart((engine) => {
      setContext('runctl.ready', true);
      setContext('runctl.broken', false);
      tellSetAside(engine);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      void app.funnel.quietly('trust', async () => {
        const engine = await app.engine();
        await engine.findRuns();
        await engine.monitor.wake();
      });
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('runctl.local')) {
        void app.funnel.quietly('settings', async () => (await app.engine()).inventory.refresh());
      }
    }),
  ];
}

async function start(
  context: vscode.ExtensionContext,
  configs: WorkspaceConfigs,
  logger: Logger,
  clock: SystemClock,
): Promise<Engine> {
  const { startEngine, localPlatform } = await import('./late.ts');
  const script = (name: string): Promise<Buffer> =>
    readFile(vscode.Uri.joinPath(context.extensionUri, 'dist', name).fsPath);
  await vscode.workspace.fs.createDirectory(context.globalStorageUri);
  return startEngine({
    storage: context.globalStorageUri.fsPath,
    agentSource: { script: await script('agent.sh'), helper: await script('after.py') },
    ssh: {
      syncSource: await script('sync.sh'),
      named: () => configs.machines(),
      secrets: secretPlace(context.secrets),
    },
    platform: localPlatform(),
    clock,
    logger,
    localRate: settings.localRate,
    directories: () => (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath),
    mayWatch: () => vscode.workspace.isTrusted,
    askAboutFound,
  });
}
