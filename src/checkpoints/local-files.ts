import * as fs from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

/** Checkpoints on this host, straight from its file system. */
export class LocalCheckpointFiles implements CheckpointFiles, RemovableFiles {
  private readonly maxEntries: number;

  constructor(maxEntries = MAX_ENTRIES) {
    this.maxEntries = maxEntries;
  }

  async list(directory: string, depth: number): Promise<CheckpointEntry[]> {
    const entries: CheckpointEntry[] = [];
    let level = [''];
    for (let left = depth; left > 0 && level.length > 0; left -= 1) {
      const next: string[] = [];
      for (const parent of level) {
        const children = await this.children(directory, parent);
        if (entries.length + children.length > this.maxEntries) {
          throw tooMany(directory, this.maxEntries);
        }
        entries.push(...children);
        next.push(...children.filter((e) => e.kind === 'directory').map((e) => e.path));
      }
      level = next;
    }
    return entries;
  }

  async readText(path: string, maxBytes: number): Promise<string | null> {
    const bytes = await this.readBytes(path, 0, maxBytes + 1);
    return bytes === null || bytes.length > maxBytes ? null : Buffer.from(bytes).toString('utf8');
  }

  async readBytes(path: string, start: number, length: number): Promise<Uint8Array | null> {
    let file: fs.FileHandle | undefined;
    try {
      // Without this check a FIFO would block the open for ever.
      if (!(await fs.lstat(path)).isFile()) {
        return null;
      }
      file = await fs.open(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
      const { size } = await file.stat();
      const from = start < 0 ? Math.max(0, size + start) : start;
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - from)));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
      return buffer.subarray(0, bytesRead);
    } catch {
      return null;
    } finally {
      await file?.close();
    }
  }

  async readMany(pieces: readonly FilePiece[]): Promise<(Uint8Array | null)[]> {
    const found: (Uint8Array | null)[] = [];
    for (const { path, start, length } of pieces) {
      found.push(await this.readBytes(path, start, length));
    }
    return found;
  }

  async inspect(path: string): Promise<RemovableEntry | null> {
    try {
      const stats = await fs.lstat(path);
      const realPath = await fs.realpath(path);
      if (!stats.isDirectory()) {
        const kind = stats.isFile() ? 'file' : 'other';
        return { realPath, kind, size: stats.size, modifiedAt: Math.trunc(stats.mtimeMs) };
      }
      const inside = await this.list(path, SEARCH_DEPTH + DIRECTORY_DEPTH);
      return { realPath, kind: 'directory', ...directoryTotals(stats.mtimeMs, inside) };
    } catch (error) {
      if (isMissing(error)) {
        return null;
      }
      throw error;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    if (dirname(from) !== dirname(to)) {
      throw new RangeError('a rename stays within its directory');
    }
    if ((await this.inspect(to)) !== null) {
      throw new RangeError(`exists already: ${to}`);
    }
    await fs.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    await fs.rm(path, { recursive: true });
  }

  private async children(directory: string, parent: string): Promise<CheckpointEntry[]> {
    const absolute = join(directory, parent);
    let names: string[];
    try {
      names = await fs.readdir(absolute);
    } catch (error) {
      if (isMissing(error)) {
        return [];
      }
      throw unreadable(absolute, error);
    }
    if (names.length > this.maxEntries) {
      throw tooMany(directory, this.maxEntries);
    }
    const found = await Promise.all(
      names.map((name) => entryOf(join(absolute, name), parent === '' ? name : `${parent}/${name}`)),
    );
    return found.filter((entry) => entry !== null);
  }
}

async function entryOf(absolute: string, path: string): Promise<CheckpointEntry | null> {
  try {
    const stats = await fs.lstat(absolute);
    const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
    const size = kind === 'file' ? stats.size : 0;
    return { path, kind, size, modifiedAt: Math.trunc(stats.mtimeMs) };
  } catch {
    return null;
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
