import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { RetentionPolicy } from '../../checkpoints/retention.ts';
import { CONFIG_FILE_NAME } from '../../core/config/file-name.ts';
import type { LoadedConfig } from '../../core/config/load.ts';
import type { ResolvedProfile } from '../../core/config/resolve-profile.ts';
import type { RunctlConfig } from '../../core/config/schema.ts';
import { configErrorWithFix, notFoundWithSuggestions } from '../../core/error-helpers.ts';
import type { Run } from '../../core/model/run.ts';
import type { SshMachine } from '../../providers/ssh/ssh-machine.ts';
import { setContext } from '../context-keys.ts';

/** Reads the `.runctl.toml` of each workspace folder when it is needed. */
export class WorkspaceConfigs implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscriptions: vscode.Disposable;

  /** A configuration file came, went or changed. */
  readonly onDidChange = this.changed.event;

  constructor() {
    const watcher = vscode.workspace.createFileSystemWatcher(`**/${CONFIG_FILE_NAME}`);
    const look = (): void => {
      this.changed.fire();
      void this.tellPresence();
    };
    this.subscriptions = vscode.Disposable.from(
      this.changed,
      watcher,
      watcher.onDidCreate(look),
      watcher.onDidChange(look),
      watcher.onDidDelete(look),
      vscode.workspace.onDidChangeWorkspaceFolders(look),
    );
    void this.tellPresence();
  }

  /**
   * Reads the configuration that holds in a folder.
   *
   * @param folder - absolute path; `null` for the user's own file alone
   * @returns configuration and problems; half-right files have no configuration
   */
  async load(folder: string | null): Promise<LoadedConfig> {
    const { loadConfig } = await import('./late-config.ts');
    return loadConfig(folder);
  }

  /**
   * Reads a configuration that must be right, because something is launched.
   *
   * @param folder - absolute path; `null` for the user's own file alone
   * @returns the configuration
   * @throws {ConfigError} naming the first problem, with a button that goes there
   */
  async require(folder: string | null): Promise<RunctlConfig> {
    return configOf(await this.load(folder));
  }

  /**
   * Reads one run profile, ready to launch.
   *
   * @param folder - absolute path of its workspace folder
   * @param name - of the profile
   * @param home - what `~` stands for where it runs; this host's unless told
   * @returns the profile
   * @throws {NotFoundError} when there is no such profile
   */
  async profile(folder: string, name: string, home?: string): Promise<ResolvedProfile> {
    const { resolveProfile } = await import('./late-config.ts');
    const loaded = await this.load(folder);
    return resolveProfile(configOf(loaded), name, folder, home, loaded.problems);
  }

  /**
   * Finds the machine that a name of `[machines]` stands for.
   *
   * @param folder - absolute path of the workspace folder
   * @param name - as the file has it
   * @returns `[user@]host[:port]`
   * @throws {NotFoundError} with close names when there is none
   */
  async machineId(folder: string, name: string): Promise<string> {
    const { namedMachines } = await import('./late-config.ts');
    const machines = namedMachines(await this.load(folder));
    const machine = machines.find((one) => one.name === name);
    if (machine === undefined) {
      throw notFoundWithSuggestions(l10n.t('machine'), name, machines.map((one) => one.name));
    }
    return machine.id;
  }

  /**
   * Lists the SSH machines that files name: those of the person, and those of
   * every folder once the workspace is trusted.
   *
   * @returns machines, each id once; the nearer file says what holds
   */
  async machines(): Promise<readonly SshMachine[]> {
    const { namedMachines } = await import('./late-config.ts');
    const folders = vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []) : [];
    const byId = new Map<string, SshMachine>();
    for (const folder of [null, ...folders.map(({ uri }) => uri.fsPath)]) {
      for (const machine of namedMachines(await this.load(folder))) {
        byId.set(machine.id, machine);
      }
    }
    return [...byId.values()];
  }

  /**
   * Tells which checkpoints of a run a clean-up keeps.
   *
   * @param run - the run
   * @returns the policy of its profile, else of its folder
   */
  async retention(run: Run): Promise<RetentionPolicy> {
    const { workspaceFolder, profile } = run;
    const config = await this.require(workspaceFolder);
    const own = profile === null ? undefined : config.runs[profile];
    const keepLast = own?.keep_last ?? config.checkpoint.keep_last_n;
    return { keepLast, keepBest: true, keepFinal: true };
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  private async tellPresence(): Promise<void> {
    const found = await vscode.workspace.findFiles(CONFIG_FILE_NAME, null, 1);
    setContext('runctl.hasConfig', found.length > 0);
  }
}

function configOf({ config, problems }: LoadedConfig): RunctlConfig {
  if (config !== null) {
    return config;
  }
  const problem = problems.find((item) => item.severity === 'error');
  throw configErrorWithFix({
    file: problem?.file ?? CONFIG_FILE_NAME,
    line: (problem?.range.startLine ?? 0) + 1,
    column: (problem?.range.startColumn ?? 0) + 1,
    problem: problem?.message ?? l10n.t('it has a mistake'),
    fix: l10n.t('Mend it and try again.'),
  });
}
