import { stat } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Clock } from '../../core/clock.ts';
import { NotFoundError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { SecretMasker } from '../../core/mask.ts';
import type { Run } from '../../core/model/run.ts';
import { isActive } from '../../core/model/run.ts';
import type { MaskedLog, MaskedLogFacts } from '../../training/log/masked-log.ts';
import { parseLogAddress } from './log-address.ts';

/** Scheme of the documents that show logs of runs. */
export const LOG_SCHEME = 'runctl-log';

/** What the documents need from the rest. */
export interface LogDocumentParts {
  readonly clock: Clock;
  readonly masker: SecretMasker;
  /** Finds a run by its id; it may be one that no view shows any more. */
  readonly run: (id: RunId) => Promise<Run | undefined>;
}

const GONE = 'gone';
/** How often a log that is seen is looked at, in milliseconds. */
const LOOK_MS = 1000;
/** An editor reads all of a document anew: the larger, the less often. */
const BYTES_PER_MS = 1000;

/**
 * Shows logs as documents that cannot be changed, with secrets hidden. What is
 * shown lives in memory, a part of a log at a time, while its document is open.
 */
export class LogDocuments implements vscode.FileSystemProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changed.event;
  private readonly parts: LogDocumentParts;
  private readonly logs = new Map<string, Promise<MaskedLog>>();
  private readonly registration: vscode.Disposable;

  /**
   * @param parts - see the fields
   */
  constructor(parts: LogDocumentParts) {
    this.parts = parts;
    this.registration = vscode.Disposable.from(
      vscode.workspace.registerFileSystemProvider(LOG_SCHEME, this, {
        isCaseSensitive: true,
        isReadonly: new vscode.MarkdownString(
          l10n.t('The log of a run, with secrets masked. What you see here cannot be changed.'),
        ),
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === LOG_SCHEME) {
          this.forget(uri);
        }
      }),
    );
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { size, createdAt, modifiedAt } = await this.refresh(uri);
    return {
      type: vscode.FileType.File,
      ctime: createdAt,
      mtime: modifiedAt,
      size,
      permissions: vscode.FilePermission.Readonly,
    };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    if (!this.logs.has(uri.path)) {
      await this.refresh(uri);
    }
    // What the last look told the size of, whatever has come since.
    return (await this.log(uri)).content();
  }

  watch(uri: vscode.Uri): vscode.Disposable {
    const abort = new AbortController();
    void this.look(uri, abort.signal).catch(() => undefined);
    return new vscode.Disposable(() => abort.abort());
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.registration.dispose();
    for (const path of [...this.logs.keys()]) {
      this.forget(vscode.Uri.from({ scheme: LOG_SCHEME, path }));
    }
    this.changed.dispose();
  }

  private async look(uri: vscode.Uri, signal: AbortSignal): Promise<void> {
    const { clock } = this.parts;
    let before = await this.state(uri);
    while (!signal.aborted) {
      await clock.sleep(Math.max(LOOK_MS, before.size / BYTES_PER_MS), signal);
      const now = await this.state(uri);
      if (now.key !== before.key && now.key !== GONE) {
        this.changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
      }
      before = now;
    }
  }

  // Of a log that is gone nothing is told: its document stays as it was.
  private async state(uri: vscode.Uri): Promise<{ readonly key: string; readonly size: number }> {
    try {
      const run = await this.runOf(uri);
      const { size, mtimeMs, ino } = await stat(run.logPath);
      return { key: [size, mtimeMs, ino, isActive(run)].join(), size };
    } catch {
      return { key: GONE, size: 0 };
    }
  }

  private async refresh(uri: vscode.Uri): Promise<MaskedLogFacts> {
    try {
      const run = await this.runOf(uri);
      return await (await this.log(uri)).refresh(!isActive(run));
    } catch (error) {
      this.forget(uri);
      // Not "not found": the editor would offer to create the file.
      throw vscode.FileSystemError.Unavailable(error instanceof Error ? error.message : String(error));
    }
  }

  private log(uri: vscode.Uri): Promise<MaskedLog> {
    const known = this.logs.get(uri.path);
    if (known !== undefined) {
      return known;
    }
    const opened = this.open(uri);
    this.logs.set(uri.path, opened);
    return opened;
  }

  private async open(uri: vscode.Uri): Promise<MaskedLog> {
    const { logPath, part } = await this.runOf(uri);
    const { MaskedLog: Log } = await import('../late.ts');
    return new Log({ path: logPath, part, masker: this.parts.masker });
  }

  private async runOf(
    uri: vscode.Uri,
  ): Promise<Run & { readonly logPath: string; readonly part: number }> {
    const address = parseLogAddress(uri.path);
    const run = address === undefined ? undefined : await this.parts.run(address.runId);
    if (address === undefined || run === undefined) {
      const text = l10n.t('The run of this log was deleted, and the log with it');
      throw new NotFoundError('run-not-found', text);
    }
    if (run.logPath === null) {
      throw new NotFoundError('no-log', l10n.t('The log of this run is not on this computer yet'));
    }
    return { ...run, logPath: run.logPath, part: address.part };
  }

  private forget(uri: vscode.Uri): void {
    const log = this.logs.get(uri.path);
    this.logs.delete(uri.path);
    void log?.then((opened) => opened.close()).catch(() => undefined);
  }
}
