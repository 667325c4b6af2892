import * as vscode from 'vscode';
import type { Clock } from '../../core/clock.ts';
import { CONFIG_FILE_NAME } from '../../core/config/file-name.ts';
import type { ConfigProblem } from '../../core/config/problem.ts';
import type { Logger } from '../../core/logger.ts';
import { anotherTomlExtension, folderOf } from './selector.ts';
import { toRange } from './to-range.ts';

/** Long enough to finish a word, short enough to seem at once. */
const DEBOUNCE_MS = 250;

/** Problems of one file, for the text they were found in. */
interface Checked {
  /** Version of the document; `null` when it was read from disk. */
  readonly version: number | null;
  readonly problems: readonly ConfigProblem[];
}

/** What the checks need. */
export interface DiagnosticsDeps {
  readonly selector: vscode.DocumentSelector;
  /** Absolute path of the user's own file. */
  readonly userFile: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the Problems view in step with all configuration files, open or not. */
export class ConfigDiagnostics implements vscode.Disposable {
  private readonly deps: DiagnosticsDeps;
  private readonly collection = vscode.languages.createDiagnosticCollection('runctl');
  private readonly checked = new Map<string, Checked>();
  private readonly pending = new Map<string, AbortController>();
  private readonly subscriptions: vscode.Disposable;

  constructor(deps: DiagnosticsDeps) {
    this.deps = deps;
    const watcher = vscode.workspace.createFileSystemWatcher(`**/${CONFIG_FILE_NAME}`);
    const onDisk = (uri: vscode.Uri): void => this.fileChanged(uri);
    const all = (): void => this.checkAll();
    this.subscriptions = vscode.Disposable.from(
      this.collection,
      watcher,
      watcher.onDidCreate(onDisk),
      watcher.onDidChange(onDisk),
      watcher.onDidDelete(onDisk),
      vscode.workspace.onDidOpenTextDocument((document) => this.documentChanged(document, 0)),
      vscode.workspace.onDidChangeTextDocument(({ document }) =>
        this.documentChanged(document, DEBOUNCE_MS),
      ),
      vscode.workspace.onDidCloseTextDocument((document) => this.fileChanged(document.uri)),
      vscode.workspace.onDidSaveTextDocument((document) => this.saved(document)),
      vscode.workspace.onDidChangeWorkspaceFolders(all),
      vscode.extensions.onDidChange(all),
    );
    this.checkAll();
  }

  /**
   * Finds the problems of a document as it is now.
   *
   * @param document - a configuration file
   * @returns its problems; none while a newer text waits for its check
   */
  problemsOf(document: vscode.TextDocument): readonly ConfigProblem[] {
    const checked = this.checked.get(document.uri.toString());
    return checked?.version === document.version ? checked.problems : [];
  }

  dispose(): void {
    for (const controller of this.pending.values()) {
      controller.abort();
    }
    this.pending.clear();
    this.subscriptions.dispose();
  }

  private checkAll(): void {
    // A folder that left the window leaves no problems behind.
    for (const key of this.checked.keys()) {
      this.fileChanged(vscode.Uri.parse(key, true));
    }
    for (const document of vscode.workspace.textDocuments) {
      this.documentChanged(document, 0);
    }
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      this.fileChanged(vscode.Uri.joinPath(folder.uri, CONFIG_FILE_NAME));
    }
  }

  private documentChanged(document: vscode.TextDocument, delay: number): void {
    if (vscode.languages.match(this.deps.selector, document) > 0) {
      this.schedule(document.uri, delay, () =>
        Promise.resolve({ text: document.getText(), version: document.version }),
      );
    }
  }

  private saved(document: vscode.TextDocument): void {
    // What the user's own file provides is not missing in the others.
    if (document.uri.fsPath === this.deps.userFile) {
      this.checkAll();
    }
  }

  private fileChanged(uri: vscode.Uri): void {
    const open = vscode.workspace.textDocuments.find(
      (document) => document.uri.toString() === uri.toString() && !document.isClosed,
    );
    if (open !== undefined) {
      this.documentChanged(open, DEBOUNCE_MS);
    } else if (folderOf(uri) === undefined) {
      this.forget(uri);
    } else {
      this.schedule(uri, DEBOUNCE_MS, () => readFile(uri));
    }
  }

  private schedule(
    uri: vscode.Uri,
    delay: number,
    read: () => Promise<{ text: string; version: number | null } | undefined>,
  ): void {
    const key = uri.toString();
    this.pending.get(key)?.abort();
    const controller = new AbortController();
    const { signal } = controller;
    this.pending.set(key, controller);
    void this.later(delay, signal)
      .then(async (due) => (due ? this.check(uri, signal, await read()) : undefined))
      .catch((error: unknown) => this.deps.logger.error(`config check of ${key} failed`, error));
  }

  private async later(delay: number, signal: AbortSignal): Promise<boolean> {
    if (delay > 0) {
      await this.deps.clock.sleep(delay, signal).catch(() => undefined);
    }
    return !signal.aborted;
  }

  private async check(
    uri: vscode.Uri,
    signal: AbortSignal,
    file: { text: string; version: number | null } | undefined,
  ): Promise<void> {
    if (file === undefined) {
      this.forget(uri);
      return;
    }
    const { parseConfig, fileValues, mergeTables, withoutInherited } = await import('../config/late-config.ts');
    const { problems, values } = await parseConfig(file.text, uri.fsPath);
    const others = uri.fsPath === this.deps.userFile ? {} : await fileValues(this.deps.userFile);
    if (!signal.aborted) {
      const all = mergeTables(others, values ?? {});
      this.publish(uri, { version: file.version, problems: withoutInherited(problems, all) });
    }
  }

  private publish(uri: vscode.Uri, checked: Checked): void {
    this.checked.set(uri.toString(), checked);
    // The other extension reports syntax errors in its own words and checks against
    // our JSON schema: both would say everything twice. What only we can know stays.
    const shown = anotherTomlExtension()
      ? checked.problems.filter((problem) => problem.layer === 'rule')
      : checked.problems;
    this.collection.set(uri, shown.map(toDiagnostic));
  }

  private forget(uri: vscode.Uri): void {
    this.pending.get(uri.toString())?.abort();
    this.checked.delete(uri.toString());
    this.collection.delete(uri);
  }
}

async function readFile(uri: vscode.Uri): Promise<{ text: string; version: null } | undefined> {
  try {
    const bytes = await vscode.workspace.fs.readFile(uri);
    return { text: new TextDecoder().decode(bytes), version: null };
  } catch {
    // Gone, or not readable: then whoever needs it says so.
    return undefined;
  }
}

const severities = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};

function toDiagnostic(problem: ConfigProblem): vscode.Diagnostic {
  const severity = severities[problem.severity];
  const diagnostic = new vscode.Diagnostic(toRange(problem.range), problem.message, severity);
  diagnostic.source = 'runctl';
  diagnostic.code = problem.code;
  return diagnostic;
}
