import { randomUUID } from 'node:crypto';
import { SystemClock } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { ChunkCache } from './chunk-cache.ts';
import type { Chunk } from './cut-chunks.ts';
import { entryParts } from './entry-diff.ts';
import type { KeptEntry } from './entry-diff.ts';
import { FileIndex } from './file-index.ts';
import { hashTree } from './hash-tree.ts';
import type { HashProgress, HashedStampedFile } from './hash-tree.ts';
import { missingImports } from './import-check.ts';
import type { ImportQuestion, MissingImport } from './import-check.ts';
import { listLeftOut } from './left-out.ts';
import type { LeftOutItem } from './left-out.ts';
import { lookAtFiles } from './look-at-files.ts';
import type { HashedFile, SourceFile, SourceLink } from './model.ts';
import type { SelectOptions } from './own-rules.ts';
import type { FoundProblem, RawTree } from './raw-source.ts';
import { readChunks } from './read-content.ts';
import { scanTree } from './scan-tree.ts';

/** What a job may be asked to do. */
export type SourceJob =
  | { readonly kind: 'select'; readonly root: string; readonly options: SelectOptions }
  | {
      readonly kind: 'hash';
      readonly root: string;
      readonly options: SelectOptions;
      /** Names what the asker still has of this root; only what differs comes over. */
      readonly known?: string | undefined;
    }
  | { readonly kind: 'chunks'; readonly root: string; readonly file: HashedFile }
  | { readonly kind: 'left-out'; readonly root: string; readonly options: SelectOptions }
  | {
      readonly kind: 'imports';
      readonly root: string;
      readonly options: SelectOptions;
      readonly question: ImportQuestion;
    };

/** What jobs answer. */
export interface SourceAnswers {
  select: TreeAnswer;
  hash: HashedTreeAnswer;
  /** `null` when the file is not what it was. */
  chunks: readonly Chunk[] | null;
  'left-out': readonly LeftOutItem[];
  imports: readonly MissingImport[];
}

/** A tree; its entries went ahead in parts. */
export interface TreeAnswer {
  readonly rule: RawTree['rule'];
  readonly problems: readonly FoundProblem[];
}

/** A tree with hashes. */
export interface HashedTreeAnswer extends TreeAnswer {
  /** Names it, for the next question. */
  readonly version: string;
}

/** What a job hands over before it ends. */
export interface JobOutput {
  /** Entries of the version the asker has, which are as they were. */
  readonly kept: (from: number, count: number) => void;
  readonly entries: (part: readonly (SourceFile | HashedFile | SourceLink)[]) => Promise<void>;
  readonly progress: (progress: HashProgress) => void;
}

interface KnownTree {
  readonly index: FileIndex;
  readonly version: string;
  readonly entries: readonly KeptEntry[];
}

// Each is one message, which the receiver reads in one go.
const ENTRIES_PER_PART = 1000;
const PROGRESS_MS = 100;

/** The jobs of a thread that reads source trees. */
export class SourceJobs {
  private readonly storage: string;
  private readonly clock: Clock;
  private readonly chunks: ChunkCache;
  /** What the last look at each workspace left. */
  private readonly trees = new Map<string, KnownTree>();
  private tidied = false;

  /**
   * @param storage - absolute directory of ours
   * @param clock - to know what has changed just now
   */
  constructor(storage: string, clock: Clock = new SystemClock()) {
    this.storage = storage;
    this.clock = clock;
    this.chunks = new ChunkCache(storage);
  }

  /**
   * @param job - what to do
   * @param output - takes entries and progress
   * @param signal - gives up
   * @returns the answer of its kind
   */
  async run(
    job: SourceJob,
    output: JobOutput,
    signal: AbortSignal,
  ): Promise<SourceAnswers[SourceJob['kind']]> {
    switch (job.kind) {
      case 'select': {
        const tree = await scanTree(job.root, job.options, signal);
        await handOver(tree.entries, output);
        return answerOf(tree);
      }
      case 'hash':
        return await this.hash(job, output, signal);
      case 'chunks':
        return await this.chunksOf(job.root, job.file, signal);
      case 'left-out':
        return await listLeftOut(job.root, job.options, signal);
      case 'imports':
        return await this.imports(job, signal);
    }
  }

  private async hash(
    { root, options, known }: Extract<SourceJob, { readonly kind: 'hash' }>,
    output: JobOutput,
    signal: AbortSignal,
  ): Promise<HashedTreeAnswer> {
    const { clock } = this;
    const before = this.trees.get(root);
    const reading = FileIndex.open(this.storage, root, before?.index);
    const tree = await scanTree(root, options, signal);
    const index = await reading;
    const onProgress = seldom(clock, output.progress);
    const hashed = await hashTree(tree, { index, chunks: this.chunks, clock, signal, onProgress });
    const { entries } = hashed;
    const old = known !== undefined && before?.version === known ? before.entries : [];
    const version = randomUUID();
    this.trees.set(root, { index, version, entries });
    for (const part of entryParts(old, entries)) {
      if ('entries' in part) {
        await handOver(part.entries, output);
      } else {
        output.kept(part.from, part.count);
      }
    }
    this.tidy();
    return { ...answerOf(hashed), version };
  }

  // Once is enough for a thread, and nobody waits for it.
  private tidy(): void {
    if (!this.tidied) {
      this.tidied = true;
      void this.chunks.tidy(this.clock.now());
    }
  }

  private async imports(
    { root, options, question }: Extract<SourceJob, { readonly kind: 'imports' }>,
    signal: AbortSignal,
  ): Promise<readonly MissingImport[]> {
    const { entries } = this.trees.get(root) ?? (await scanTree(root, options, signal));
    const sent = new Set(entries.map(({ path }) => path));
    return await missingImports(root, question, sent, signal);
  }

  private async chunksOf(
    root: string,
    file: HashedFile,
    signal: AbortSignal,
  ): Promise<readonly Chunk[] | null> {
    const known = await this.chunks.find(file.hash, this.clock.now());
    if (known !== undefined) {
      return known;
    }
    // Hashing the whole again can be spared where it surely is as it was.
    const [now] = (await lookAtFiles(root, [file.path], signal)).entries;
    const stamped = now?.kind === 'file' ? now : undefined;
    const index = this.trees.get(root)?.index;
    const trusted = stamped !== undefined && index?.hashOf(stamped) === file.hash;
    const read = await readChunks(root, file.path, { whole: !trusted }, { signal });
    const same = trusted ? read?.file.stamp === stamped.stamp : read?.hash === file.hash;
    if (read?.steady !== true || !same) {
      return null;
    }
    await this.chunks.keep(file.hash, read.chunks);
    return read.chunks;
  }
}

async function handOver(entries: RawTree['entries'], output: JobOutput): Promise<void> {
  for (let from = 0; from < entries.length; from += ENTRIES_PER_PART) {
    await output.entries(entries.slice(from, from + ENTRIES_PER_PART).map(withoutStamp));
  }
}

function answerOf({ rule, problems }: RawTree): TreeAnswer {
  return { rule, problems };
}

function withoutStamp(
  entry: RawTree['entries'][number] | HashedStampedFile,
): SourceFile | HashedFile | SourceLink {
  if (entry.kind === 'link') {
    return entry;
  }
  const { kind, path, size, modifiedAt, mode, identity } = entry;
  const file = { kind, path, size, modifiedAt, mode, identity };
  return 'hash' in entry ? { ...file, hash: entry.hash } : file;
}

function seldom(clock: Clock, tell: (progress: HashProgress) => void) {
  let last = clock.monotonic();
  return (progress: HashProgress): void => {
    if (clock.monotonic() - last >= PROGRESS_MS) {
      last = clock.monotonic();
      tell(progress);
    }
  };
}
