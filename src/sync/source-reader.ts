import { stat } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import { cancelledBy } from '../core/cancellation.ts';
import { IoError } from '../core/errors.ts';
import type { Chunk } from './cut-chunks.ts';
import type { HashProgress } from './hash-tree.ts';
import type { ImportQuestion, MissingImport } from './import-check.ts';
import type { LeftOutItem } from './left-out.ts';
import type {
  HashedFile,
  HashedTree,
  SourceEntry,
  SourceFile,
  SourceLink,
  SourceTree,
} from './model.ts';
import type { SelectOptions } from './own-rules.ts';
import { describeProblem } from './problem-texts.ts';
import type { SourceAnswers, SourceJob } from './source-jobs.ts';
import type { SourceFailure } from './source-messages.ts';
import { SourceThread } from './source-thread.ts';

/** How a job goes on. */
export interface ReadTreeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: HashProgress) => void;
}

type AnyEntry = SourceFile | HashedFile | SourceLink;

interface LastRead {
  readonly version: string;
  readonly entries: HashedTree['entries'];
}

// Only trees that are being worked on: they take memory.
const LAST_READS = 2;

/**
 * Reads workspace folders for a sync, on a thread of its own that starts with
 * the first question and ends when nobody has asked for a while.
 */
export class SourceReader {
  private readonly thread: SourceThread;
  /** By root, the latest one last. */
  private readonly last = new Map<string, LastRead>();

  /**
   * @param storage - absolute directory of ours on this host; several windows may share it
   */
  constructor(storage: string) {
    this.thread = new SourceThread({ storage });
  }

  /**
   * Finds what would be sent, without reading any file.
   *
   * @param root - absolute path of a workspace folder
   * @param options - what a person chose
   * @param signal - gives up
   * @returns the tree
   * @throws {IoError} `source-unreadable` when there is no such directory
   */
  async select(root: string, options: SelectOptions, signal?: AbortSignal): Promise<SourceTree> {
    const entries: SourceEntry[] = [];
    const job = { kind: 'select', root, options } as const;
    const answer = await this.ask(job, { signal }, (part) => entries.push(...part));
    return { root, ...described(answer), entries, bytes: bytesOf(entries) };
  }

  /**
   * Finds what is sent, with the hash of every file.
   *
   * @param root - absolute path of a workspace folder
   * @param options - what a person chose
   * @param how - signal and progress
   * @returns the tree; its list of entries is the very same one as last time when none changed
   * @throws {IoError} `source-unreadable` when there is no such directory
   */
  async read(
    root: string,
    options: SelectOptions,
    how: ReadTreeOptions = {},
  ): Promise<HashedTree> {
    const before = this.last.get(root);
    const found: (HashedFile | SourceLink)[] = [];
    let isSame = true;
    const job = { kind: 'hash', root, options, known: before?.version } as const;
    const answer = await this.ask(
      job,
      how,
      (part) => {
        isSame = false;
        found.push(...part.filter((entry) => entry.kind === 'link' || 'hash' in entry));
      },
      (from, count) => {
        isSame &&= from === found.length;
        for (const entry of before?.entries.slice(from, from + count) ?? []) {
          found.push(entry);
        }
      },
    );
    isSame &&= found.length === before?.entries.length;
    const entries = isSame && before !== undefined ? before.entries : found;
    this.keep(root, { version: answer.version, entries });
    return { root, ...described(answer), entries, bytes: bytesOf(entries) };
  }

  /**
   * Cuts a file into chunks whose borders follow from its content.
   *
   * @param root - absolute path of the workspace folder
   * @param file - as {@link read} told it
   * @param signal - gives up
   * @returns all chunks in order; kept, so that a second call costs nothing
   * @throws {IoError} `source-changed` when it is no longer what it was
   */
  async chunksOf(
    root: string,
    file: HashedFile,
    signal?: AbortSignal,
  ): Promise<readonly Chunk[]> {
    const chunks = await this.ask({ kind: 'chunks', root, file }, { signal });
    if (chunks === null) {
      const message = l10n.t('{0} changed while it was sent.', file.path);
      throw new IoError('source-changed', message, { steps: [l10n.t('Send it again.')] });
    }
    return chunks;
  }

  /**
   * Lists what is not sent, largest first, and by which rule.
   *
   * @param root - absolute path of a workspace folder
   * @param options - what a person chose
   * @param signal - gives up
   * @returns files and whole directories
   */
  async leftOut(
    root: string,
    options: SelectOptions,
    signal?: AbortSignal,
  ): Promise<readonly LeftOutItem[]> {
    return await this.ask({ kind: 'left-out', root, options }, { signal });
  }

  /**
   * Looks for modules that a script imports and that are not sent.
   *
   * @param root - absolute path of a workspace folder
   * @param options - what a person chose, unless this root was {@link read} before
   * @param question - the script
   * @param signal - gives up
   * @returns imports that would fail on the machine
   */
  async missingImports(
    root: string,
    options: SelectOptions,
    question: ImportQuestion,
    signal?: AbortSignal,
  ): Promise<readonly MissingImport[]> {
    return await this.ask({ kind: 'imports', root, options, question }, { signal });
  }

  /** Whether something is under way. */
  get busy(): boolean {
    return this.thread.busy;
  }

  /** Ends the thread; what is under way fails. */
  async close(): Promise<void> {
    this.last.clear();
    await this.thread.close();
  }

  private keep(root: string, read: LastRead): void {
    this.last.delete(root);
    this.last.set(root, read);
    for (const oldest of this.last.keys()) {
      if (this.last.size > LAST_READS) {
        this.last.delete(oldest);
      }
    }
  }

  private async ask<Kind extends SourceJob['kind']>(
    job: SourceJob & { readonly kind: Kind },
    how: ReadTreeOptions,
    onEntries: (part: readonly AnyEntry[]) => void = () => undefined,
    onKept?: (from: number, count: number) => void,
  ): Promise<SourceAnswers[Kind]> {
    const { signal, onProgress } = how;
    if (isAborted(signal)) {
      throw cancelledBy(signal);
    }
    if (!(await isDirectory(job.root))) {
      throw unreadable(job.root, undefined);
    }
    const answer = await this.thread.ask(job, { signal, onProgress, onEntries, onKept });
    if ('failure' in answer) {
      throw isAborted(signal) ? cancelledBy(signal) : asIoError(job, answer.failure);
    }
    // The thread answers each kind with its own type.
    return answer.answer as SourceAnswers[Kind];
  }
}

function isAborted(signal: AbortSignal | undefined): signal is AbortSignal {
  return signal?.aborted === true;
}

function described({ rule, problems }: SourceAnswers['select']) {
  return { rule, problems: problems.map(describeProblem) };
}

function bytesOf(entries: readonly AnyEntry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function asIoError(job: SourceJob, failure: SourceFailure): IoError {
  const cause = Object.assign(new Error(failure.message), { code: failure.code });
  if (job.kind === 'chunks') {
    return new IoError('source-changed', l10n.t('{0} cannot be read.', job.file.path), { cause });
  }
  return unreadable(job.root, cause);
}

function unreadable(root: string, cause: unknown): IoError {
  const message = l10n.t('The folder {0} cannot be read.', root);
  return new IoError('source-unreadable', message, {
    cause,
    steps: [l10n.t('Look whether it still exists and may be read.')],
  });
}
