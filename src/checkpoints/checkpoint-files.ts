import { isTemporary } from './layout.ts';

/** One thing below a listed directory. Links are told, never followed. */
export interface CheckpointEntry {
  /** Relative to the listed directory, `/` between parts. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'other';
  /** Bytes; 0 for what is no file. */
  readonly size: number;
  /** Last change, ms since the epoch, by the machine's clock. */
  readonly modifiedAt: number;
}

/** A piece of a file. */
export interface FilePiece {
  /** Absolute path. */
  readonly path: string;
  /** Offset in bytes; negative counts from the end. */
  readonly start: number;
  /** The most that is read. */
  readonly length: number;
}

/** How checkpoints are looked at on a machine; small enough for a plain shell. */
export interface CheckpointFiles {
  /**
   * Lists what is below a directory, in any order. A directory that does not
   * exist has nothing below it; what vanishes while listing is left out.
   *
   * @param directory - absolute path; followed when it is itself a link
   * @param depth - levels to go down, 1 for the direct children alone
   * @returns everything found, links as `other`
   * @throws {IoError} when it cannot be read or holds too much to list
   */
  list(directory: string, depth: number): Promise<CheckpointEntry[]>;

  /**
   * Reads a small text file.
   *
   * @param path - absolute path
   * @param maxBytes - the most that is read
   * @returns its text, or `null` when it is missing, larger, or no plain file
   */
  readText(path: string, maxBytes: number): Promise<string | null>;

  /**
   * Reads a piece of a file.
   *
   * @param path - absolute path
   * @param start - offset in bytes; negative counts from the end
   * @param length - the most that is read
   * @returns what was there (shorter near the end), or `null` when it cannot be read
   */
  readBytes(path: string, start: number, length: number): Promise<Uint8Array | null>;

  /**
   * Reads pieces of files, together: over a slow link that is one round trip.
   *
   * @param pieces - what to read
   * @returns for each what `readBytes` would
   */
  readMany(pieces: readonly FilePiece[]): Promise<readonly (Uint8Array | null)[]>;
}

/** What a clean-up must know of a path right before it deletes it. */
export interface RemovableEntry {
  /** The path with every link resolved. */
  readonly realPath: string;
  /** Of the path itself: a link is `other`. */
  readonly kind: 'file' | 'directory' | 'other';
  /** Bytes, all files of a directory together. */
  readonly size: number;
  /** Last change, of a directory the newest of all within it. */
  readonly modifiedAt: number;
}

/** How checkpoints are removed from a machine. */
export interface RemovableFiles {
  /**
   * Looks at a path without following it.
   *
   * @param path - absolute path
   * @returns what is there, or `null` when nothing is
   */
  inspect(path: string): Promise<RemovableEntry | null>;

  /**
   * Renames within one directory; never replaces what is there.
   *
   * @param from - absolute path
   * @param to - absolute path in the same directory
   */
  rename(from: string, to: string): Promise<void>;

  /**
   * Deletes a file, or a directory with all in it; links within are deleted, not followed.
   *
   * @param path - absolute path
   */
  remove(path: string): Promise<void>;
}

/**
 * Size and age of a directory as one thing.
 *
 * @param ownModifiedAt - last change of the directory itself, ms since the epoch
 * @param inside - everything below it
 * @returns bytes of all files and the newest change of anything, links and temporary files apart
 */
export function directoryTotals(
  ownModifiedAt: number,
  inside: readonly CheckpointEntry[],
): { readonly size: number; readonly modifiedAt: number } {
  let size = 0;
  let modifiedAt = Math.trunc(ownModifiedAt);
  for (const entry of inside) {
    if (entry.kind === 'other' || isTemporary(entry.path)) {
      continue;
    }
    size += entry.kind === 'file' ? entry.size : 0;
    modifiedAt = Math.max(modifiedAt, entry.modifiedAt);
  }
  return { size, modifiedAt };
}
