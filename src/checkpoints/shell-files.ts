import { posix } from 'node:path';
import { MachineError } from '../core/errors.ts';
import type { AgentClient } from '../remote/agent/agent-client.ts';
import type { EntryList, ListedEntry } from '../remote/agent/entry-lists.ts';
import { parseEntryList } from '../remote/agent/entry-lists.ts';
import { directoryTotals } from './checkpoint-files.ts';
import type {
  CheckpointEntry,
  CheckpointFiles,
  FilePiece,
  RemovableEntry,
  RemovableFiles,
} from './checkpoint-files.ts';
import { DIRECTORY_DEPTH, SEARCH_DEPTH } from './layout.ts';
import { MAX_ENTRIES, tooMany, unreadable } from './list-failures.ts';

/** More bytes than this for each entry on average are no list of checkpoints. */
const ENTRY_BYTES = 240;
const TIMEOUT_MS = 120_000;

/** The most that one look asks for: what it brings is held in memory. */
const PEEK_BYTES = 32 * 1024 * 1024;
/** Far below what a command line may hold anywhere. */
const PEEK_WORDS = 60_000;

/**
 * Checkpoints on a machine that only a shell reaches, through its agent. One
 * list is one round trip, and so are many reads together.
 */
export class ShellCheckpointFiles implements CheckpointFiles, RemovableFiles {
  private readonly agent: Pick<AgentClient, 'ask'>;
  private readonly maxEntries: number;

  constructor(agent: Pick<AgentClient, 'ask'>, maxEntries = MAX_ENTRIES) {
    this.agent = agent;
    this.maxEntries = maxEntries;
  }

  async list(directory: string, depth: number): Promise<CheckpointEntry[]> {
    const limit = this.maxEntries * ENTRY_BYTES;
    const words = ['entries', directory, String(depth), String(limit)];
    const output = await this.agent.ask(words, { timeoutMs: TIMEOUT_MS });
    return this.checked(directory, output).map((entry) =>
      entry.kind === 'file' ? entry : { ...entry, size: 0 },
    );
  }

  async readText(path: string, maxBytes: number): Promise<string | null> {
    const bytes = await this.readBytes(path, 0, maxBytes + 1);
    return bytes === null || bytes.length > maxBytes ? null : Buffer.from(bytes).toString('utf8');
  }

  async readBytes(path: string, start: number, length: number): Promise<Uint8Array | null> {
    const [bytes] = await this.readMany([{ path, start, length }]);
    return bytes ?? null;
  }

  async readMany(pieces: readonly FilePiece[]): Promise<(Uint8Array | null)[]> {
    const found: (Uint8Array | null)[] = [];
    while (found.length < pieces.length) {
      const batch = nextBatch(pieces, found.length);
      const words = batch.flatMap(({ path, start, length }) => [
        path,
        String(start),
        String(length),
      ]);
      const output = await this.agent.ask(['peek', ...words], { timeoutMs: TIMEOUT_MS });
      found.push(...parsePeek(output, batch.length));
    }
    return found;
  }

  async inspect(path: string): Promise<RemovableEntry | null> {
    const depth = SEARCH_DEPTH + DIRECTORY_DEPTH;
    const limit = this.maxEntries * ENTRY_BYTES;
    const words = ['inspect', path, String(depth), String(limit)];
    const output = await this.agent.ask(words, { timeoutMs: TIMEOUT_MS }).catch(noFile);
    if (output === null) {
      return null;
    }
    const cut = output.indexOf(0);
    const realPath = output.toString('utf8', 0, cut);
    const entries = this.checked(path, output.subarray(cut + 1));
    const name = posix.basename(path);
    const own = entries.find((entry) => entry.path === name);
    if (own === undefined) {
      return null;
    }
    const { kind, size, modifiedAt } = own;
    if (kind !== 'directory') {
      return { realPath, kind, size, modifiedAt };
    }
    const inside = entries
      .filter((entry) => entry !== own)
      .map((entry) => ({ ...entry, path: entry.path.slice(name.length + 1) }));
    return { realPath, kind, ...directoryTotals(modifiedAt, inside) };
  }

  async rename(from: string, to: string): Promise<void> {
    if (posix.dirname(from) !== posix.dirname(to)) {
      throw new RangeError('a rename stays within its directory');
    }
    await this.agent.ask(['rename', from, to]);
  }

  async remove(path: string): Promise<void> {
    await this.agent.ask(['delete', path], { timeoutMs: TIMEOUT_MS });
  }

  private checked(path: string, output: Uint8Array): readonly CheckpointEntry[] {
    const { entries, complaint } = listOf(path, output);
    if (entries.length > this.maxEntries || output.length > this.maxEntries * ENTRY_BYTES) {
      throw tooMany(path, this.maxEntries);
    }
    if (complaint !== null) {
      throw unreadable(path, new Error(complaint));
    }
    return entries.map(asCheckpointEntry);
  }
}

function asCheckpointEntry(entry: ListedEntry): CheckpointEntry {
  return { ...entry, kind: entry.kind === 'link' ? 'other' : entry.kind };
}

function listOf(path: string, output: Uint8Array): EntryList {
  try {
    return parseEntryList(output);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function noFile(error: unknown): null {
  if (error instanceof MachineError && error.code === 'no-file') {
    return null;
  }
  throw error;
}

function nextBatch(pieces: readonly FilePiece[], from: number): FilePiece[] {
  const batch: FilePiece[] = [];
  let words = 0;
  let bytes = 0;
  for (const piece of pieces.slice(from)) {
    words += Buffer.byteLength(piece.path) + 40;
    bytes += piece.length;
    if (batch.length > 0 && (words > PEEK_WORDS || bytes > PEEK_BYTES)) {
      break;
    }
    batch.push(piece);
  }
  return batch;
}

// A file that shrank while it was read ends the answer: it cannot be read, and
// those after it are asked for again.
function parsePeek(output: Buffer, count: number): (Uint8Array | null)[] {
  const found: (Uint8Array | null)[] = [];
  let at = 0;
  while (found.length < count) {
    const end = output.indexOf(0x0a, at);
    const head = end < 0 ? '' : output.toString('latin1', at, end);
    const length = Number(head);
    if (head === '-') {
      found.push(null);
      at = end + 1;
    } else if (/^\d+$/.test(head) && end + 1 + length <= output.length) {
      found.push(output.subarray(end + 1, end + 1 + length));
      at = end + 1 + length;
    } else if (found.length > 0 && end < 0) {
      return found;
    } else {
      return [...found, null];
    }
  }
  return found;
}
