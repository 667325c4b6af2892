import type { Clock } from '../core/clock.ts';
import { pause } from './breath.ts';
import type { ChunkCache } from './chunk-cache.ts';
import { CHUNKED_FROM } from './cut-chunks.ts';
import type { FileIndex } from './file-index.ts';
import type { SourceLink } from './model.ts';
import type { FoundProblem, RawTree, StampedFile } from './raw-source.ts';
import { readChunks, readContent } from './read-content.ts';
import type { ReadContent } from './read-content.ts';

/** A file with its hash, and still with its stamp. */
export interface HashedStampedFile extends StampedFile {
  readonly hash: string;
}

/** A tree whose contents are known. */
export interface HashedRawTree extends Omit<RawTree, 'entries'> {
  readonly entries: readonly (HashedStampedFile | SourceLink)[];
}

/** How far hashing is. */
export interface HashProgress {
  /** Bytes read, of those that have to be. */
  readonly read: number;
  readonly total: number;
  /** Path of the file under way. */
  readonly path: string;
}

/** What hashing needs. */
export interface HashOptions {
  readonly index: FileIndex;
  /** Where chunks of former versions are, and those of new ones are kept. */
  readonly chunks?: ChunkCache | undefined;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: HashProgress) => void;
}

// Passed in one go: to ask for the time costs more than to find a known file.
const FEW = 50;
// They are gone, or no files any more.
const GONE = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EMLINK'];

/**
 * Hashes the files of a tree that the index does not know as they are. What
 * vanished since is left out, what cannot be read becomes a problem. The index
 * is saved, also when given up.
 *
 * @param tree - as it was found
 * @param options - index, clock, signal, progress
 * @returns the tree with hashes
 */
export async function hashTree(tree: RawTree, options: HashOptions): Promise<HashedRawTree> {
  const { index, signal } = options;
  const entries: (HashedStampedFile | SourceLink)[] = [];
  const problems: FoundProblem[] = [...tree.problems];
  const hasher = new Hasher(tree, options);
  let complete = false;
  try {
    for (const [at, entry] of tree.entries.entries()) {
      if (at % FEW === 0) {
        await pause(signal);
      }
      const known = hasher.known(entry, at);
      const found =
        known ?? (entry.kind === 'link' ? entry : await hasher.hash(entry));
      if (found === 'unreadable') {
        problems.push({ kind: 'unreadable', path: entry.path });
      } else if (found !== 'gone') {
        entries.push(found);
      }
    }
    complete = true;
  } finally {
    await index.save(complete);
  }
  return { root: tree.root, rule: tree.rule, entries, problems };
}

/** Hashes one file after the other. */
class Hasher {
  private readonly root: string;
  private readonly options: HashOptions;
  private readonly hashes: readonly (string | undefined)[];
  private readonly total: number;
  private read = 0;

  constructor(tree: RawTree, options: HashOptions) {
    this.root = tree.root;
    this.options = options;
    this.hashes = tree.entries.map((entry) =>
      entry.kind === 'file' ? options.index.hashOf(entry) : undefined,
    );
    this.total = tree.entries.reduce(
      (sum, one, at) => sum + (one.kind === 'file' && this.hashes[at] === undefined ? one.size : 0),
      0,
    );
  }

  known(entry: StampedFile | SourceLink, at: number): HashedStampedFile | SourceLink | undefined {
    const hash = this.hashes[at];
    return entry.kind === 'link' || hash === undefined ? undefined : { ...entry, hash };
  }

  async hash(file: StampedFile): Promise<HashedStampedFile | 'gone' | 'unreadable'> {
    const { index, clock, signal } = this.options;
    try {
      const readAt = clock.now();
      const content = await this.readOf(file);
      if (content === undefined) {
        return 'gone';
      }
      if (content.steady) {
        index.remember(content.file, content.hash, readAt);
      }
      return { ...content.file, hash: content.hash };
    } catch (error) {
      signal?.throwIfAborted();
      return GONE.includes((error as NodeJS.ErrnoException).code ?? '') ? 'gone' : 'unreadable';
    }
  }

  // A large file that was sent before is most probably sent by its chunks: one reading for both.
  private async readOf(file: StampedFile): Promise<ReadContent | undefined> {
    const { root, options } = this;
    const { chunks, index, clock, signal } = options;
    const how = { signal, onBytes: (bytes: number): void => this.tell(file.path, bytes) };
    const old = file.size < CHUNKED_FROM ? undefined : index.formerHashOf(file.path);
    const former = old === undefined ? undefined : await chunks?.find(old, clock.now());
    if (former !== undefined) {
      const read = await readChunks(root, file.path, { whole: true, former }, how);
      if (read === undefined || read.steady) {
        if (read !== undefined) {
          await chunks?.keep(read.hash, read.chunks);
        }
        return read;
      }
    }
    return await readContent(root, file.path, how);
  }

  private tell(path: string, bytes: number): void {
    this.read += bytes;
    const { onProgress } = this.options;
    onProgress?.({ read: this.read, total: Math.max(this.total, this.read), path });
  }
}
