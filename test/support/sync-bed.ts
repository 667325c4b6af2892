import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../scripts/lib/paths.ts';
import { SystemClock } from '../../src/core/clock.ts';
import { LocalShell } from '../../src/remote/local-shell.ts';
import type { RemoteShell } from '../../src/remote/remote-shell.ts';
import type { HashedFile, HashedTree, SourceLink } from '../../src/sync/model.ts';
import { FileSentStore } from '../../src/sync/transfer/sent-store.ts';
import type {
  ChunkSource,
  FileChunk,
  SyncRequest,
} from '../../src/sync/transfer/transfer-types.ts';

export const SYNC_SCRIPT = join(ROOT, 'src/sync/transfer/sync.sh');

/** A source tree and a machine, both in one temporary directory. */
export interface SyncBed {
  readonly directory: string;
  readonly source: string;
  readonly home: string;
  request(changes?: Partial<SyncRequest>): Promise<SyncRequest>;
  write(path: string, content: string | Buffer, mode?: number): Promise<void>;
  dispose(): Promise<void>;
}

export async function syncBed(shell: RemoteShell = new LocalShell()): Promise<SyncBed> {
  const directory = await mkdtemp(join(tmpdir(), 'runctl-sync-'));
  const source = join(directory, 'source');
  const home = join(directory, 'machine/.runctl');
  await mkdir(source);
  await mkdir(join(directory, 'machine'));
  const script = await readFile(SYNC_SCRIPT);
  const sent = new FileSentStore(join(directory, 'sent'));
  const client = randomBytes(4).toString('hex');
  return {
    directory,
    source,
    home,
    request: async (changes = {}) => ({
      shell,
      script,
      home,
      client,
      clock: new SystemClock(),
      workspaceKey: 'abc123',
      tree: await hashTree(source),
      chunks: chunksOf(source),
      sent,
      persistent: ['checkpoints'],
      busyTrees: [],
      ...changes,
    }),
    write: async (path, content, mode = 0o644) => {
      const file = join(source, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content, { mode });
    },
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}

/** All of a directory, hashed: what the local half gives. */
export async function hashTree(root: string): Promise<HashedTree> {
  const entries: (HashedFile | SourceLink)[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const found of await readdir(join(root, at), { withFileTypes: true })) {
      const path = at === '' ? found.name : `${at}/${found.name}`;
      if (found.isDirectory()) await walk(path);
      else entries.push(await entryOf(root, path));
    }
  };
  await walk('');
  entries.sort((left, right) => Buffer.compare(Buffer.from(left.path), Buffer.from(right.path)));
  const bytes = entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
  return { root, rule: 'ignore-files', entries, problems: [], bytes };
}

async function entryOf(root: string, path: string): Promise<HashedFile | SourceLink> {
  const file = join(root, path);
  const info = await lstat(file);
  if (info.isSymbolicLink()) return { kind: 'link', path, target: await readlink(file) };
  return {
    kind: 'file',
    path,
    size: info.size,
    modifiedAt: Math.floor(info.mtimeMs),
    mode: info.mode & 0o777,
    identity: `${info.dev}:${info.ino}`,
    hash: blake2b(await readFile(file)),
  };
}

export function blake2b(content: Buffer | string): string {
  return createHash('blake2b512').update(content).digest('hex');
}

/** Bytes that no program can shrink, the same in every run. */
export function noise(length: number, seed = 0): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(length));
}

/** Pieces cut where the content says so, about 64 KiB each. */
export function chunksOf(root: string): ChunkSource {
  return {
    chunksOf: async (file) => cut(await readFile(join(root, file.path))),
  };
}

export function cut(content: Buffer): FileChunk[] {
  const chunks: FileChunk[] = [];
  let from = 0;
  let roll = 0;
  for (let at = 0; at < content.length; at += 1) {
    roll = ((roll << 1) + (content[at] ?? 0) * 0x9e3779b1) | 0;
    const length = at + 1 - from;
    if ((length >= 16_384 && (roll & 0xffff) === 0) || length >= 262_144) {
      chunks.push(chunk(content, from, length));
      from = at + 1;
    }
  }
  if (from < content.length) chunks.push(chunk(content, from, content.length - from));
  return chunks;
}

function chunk(content: Buffer, offset: number, length: number): FileChunk {
  const hash = createHash('sha256').update(content.subarray(offset, offset + length)).digest('hex');
  return { offset, length, hash };
}

/** Everything under a directory: path to what it is, links not followed. */
export async function snapshot(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const walk = async (at: string): Promise<void> => {
    for (const item of await readdir(join(root, at), { withFileTypes: true })) {
      const path = at === '' ? item.name : `${at}/${item.name}`;
      const file = join(root, path);
      if (item.isDirectory()) await walk(path);
      else if (item.isSymbolicLink()) found.set(path, `link ${await readlink(file)}`);
      else {
        const { mode, mtimeMs } = await lstat(file);
        const facts = `${(mode & 0o777).toString(8)} ${Math.floor(mtimeMs / 1000)}`;
        found.set(path, `file ${facts} ${blake2b(await readFile(file)).slice(0, 32)}`);
      }
    }
  };
  await walk('');
  return found;
}
