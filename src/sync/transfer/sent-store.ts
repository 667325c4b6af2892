import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { FileChunk } from './transfer-types.ts';

/** What this host remembers of earlier sends. Only a memory: losing it costs time. */
export interface SentStore {
  /** @param id - of a manifest that was sent */
  manifest(id: string): Promise<Manifest | undefined>;
  /**
   * @param id - of a manifest
   * @param text - the manifest
   */
  keepManifest(id: string, text: string): Promise<void>;
  /** @param hash - of a file's content */
  chunks(hash: string): Promise<readonly FileChunk[] | undefined>;
  /**
   * @param hash - of a file's content
   * @param chunks - its pieces
   */
  keepChunks(hash: string, chunks: readonly FileChunk[]): Promise<void>;
  /** Other hashes of contents, by BLAKE2b: for machines that cannot compute that. */
  otherSums(): Promise<Map<string, string>>;
  /** @param sums - all of them */
  keepOtherSums(sums: ReadonlyMap<string, string>): Promise<void>;
}

const MANIFESTS_KEPT = 40;
const CHUNK_LISTS_KEPT = 400;
const NAME = /^[0-9a-f]{1,128}$/u;

const chunksSchema = z.array(z.tuple([z.number(), z.number(), z.string()]));
const sumsSchema = z.array(z.tuple([z.string(), z.string()]));

/** A memory in files, shared by all windows of this host. */
export class FileSentStore implements SentStore {
  private readonly directory: string;

  /** @param directory - absolute path; made when missing */
  constructor(directory: string) {
    this.directory = directory;
  }

  manifest(id: string): Promise<Manifest | undefined> {
    return this.read('manifests', id, parseManifest);
  }

  keepManifest(id: string, text: string): Promise<void> {
    return this.write('manifests', id, text, MANIFESTS_KEPT);
  }

  chunks(hash: string): Promise<readonly FileChunk[] | undefined> {
    return this.read('chunks', hash, (text) =>
      chunksSchema.parse(JSON.parse(text)).map(([offset, length, sum]) => ({
        offset,
        length,
        hash: sum,
      })),
    );
  }

  keepChunks(hash: string, chunks: readonly FileChunk[]): Promise<void> {
    const text = JSON.stringify(chunks.map((chunk) => [chunk.offset, chunk.length, chunk.hash]));
    return this.write('chunks', hash, text, CHUNK_LISTS_KEPT);
  }

  async otherSums(): Promise<Map<string, string>> {
    const sums = await this.read('sums', '256', (text) => sumsSchema.parse(JSON.parse(text)));
    return new Map(sums);
  }

  keepOtherSums(sums: ReadonlyMap<string, string>): Promise<void> {
    return this.write('sums', '256', JSON.stringify([...sums]), 1);
  }

  // A file that cannot be read, or is not as it was written, is as good as none:
  // a wrong list of pieces would cost a delta that does not prove, a wrong manifest more.
  private async read<T>(
    kind: string,
    name: string,
    parse: (text: string) => T,
  ): Promise<T | undefined> {
    if (!NAME.test(name)) {
      return undefined;
    }
    try {
      const text = await readFile(join(this.directory, kind, name), 'utf8');
      const end = text.indexOf('\n');
      const body = text.slice(end + 1);
      return text.slice(0, end) === sealOf(kind, name, body) ? parse(body) : undefined;
    } catch {
      return undefined;
    }
  }

  private async write(kind: string, name: string, text: string, kept: number): Promise<void> {
    if (!NAME.test(name)) {
      throw new RangeError(`no name for a file: ${name}`);
    }
    const folder = join(this.directory, kind);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const temporary = join(folder, `.${randomBytes(6).toString('hex')}`);
    await writeFile(temporary, `${sealOf(kind, name, text)}\n${text}`, { mode: 0o600 });
    await rename(temporary, join(folder, name));
    await prune(folder, kept);
  }
}

// Of the name, too: what was moved or restored to another place says nothing about this one.
function sealOf(kind: string, name: string, text: string): string {
  return createHash('sha256').update(`${kind} ${name}\n`).update(text).digest('hex');
}

async function prune(folder: string, kept: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name));
  if (names.length <= kept) {
    return;
  }
  const aged = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, at: await stat(path).then((found) => found.mtimeMs, () => 0) };
    }),
  );
  const old = aged.sort((left, right) => right.at - left.at).slice(kept);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}
