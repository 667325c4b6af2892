import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How SQLite keeps a transaction whole. */
export type JournalMode = 'truncate' | 'wal';

/** What decides the journal mode; tests pass their own answers. */
export interface JournalFacts {
  /** Such as `3.51.3`. */
  readonly sqliteVersion: string;
  readonly platform: NodeJS.Platform;
  /** Type of the file system that holds the file, as statfs(2) tells it. */
  readonly fileSystemType: number | undefined;
}

/**
 * File systems of Linux that certainly live in this host, by statfs type.
 * WAL shares memory between processes, so anything else (nfs, cifs, 9p, FUSE
 * with sshfs among it) must not use it.
 */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x9123683e, // btrfs
  0x58465342, // xfs
  0x01021994, // tmpfs
  0x2fc12fc1, // zfs
  0x794c7630, // overlayfs
  0xf2f52010, // f2fs
  0xca451a4e, // bcachefs
]);

/**
 * Chooses the journal mode. Older versions of SQLite can corrupt a file when
 * the write-ahead log is reset; a network file system cannot hold one at all.
 *
 * @param facts - version and place
 * @returns `wal` only where both are known to be safe
 */
export function chooseJournalMode(facts: JournalFacts): JournalMode {
  const local =
    facts.platform === 'linux' &&
    facts.fileSystemType !== undefined &&
    LOCAL_FILE_SYSTEMS.has(facts.fileSystemType);
  return local && hasSafeWal(facts.sqliteVersion) ? 'wal' : 'truncate';
}

/**
 * Asks the system which file system holds a file.
 *
 * @param path - the file; only its folder must exist
 * @returns the type, or `undefined` when the system does not tell
 */
export async function fileSystemType(path: string): Promise<number | undefined> {
  try {
    const { type } = await statfs(dirname(path));
    // Some systems sign-extend the 32-bit value.
    return type % 2 ** 32 >>> 0;
  } catch {
    return undefined;
  }
}

function hasSafeWal(version: string): boolean {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (match === null) {
    return false;
  }
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(Number);
  if (major !== 3) {
    return major > 3;
  }
  if (minor === 50) {
    return patch >= 7;
  }
  return minor > 51 || (minor === 51 && patch >= 3);
}
