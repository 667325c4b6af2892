import { chmod, lstat, mkdir, readdir, rename, rm, symlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { ExistsError, MachineError } from '../../core/errors.ts';
import { AttemptGuard } from './attempts.ts';
import type { Listing, ListedFile } from './fetch-listing.ts';
import { readListing } from './fetch-listing.ts';
import type { PartFile } from './fetch-writer.ts';
import { partOf, writeParts } from './fetch-writer.ts';
import { demandRoom, outOfRoom } from './local-room.ts';
import { MachineScript } from './machine-script.ts';
import { partPath } from './part-path.ts';
import { readStream } from './read-stream.ts';
import { algorithmOf } from './sum-book.ts';
import { sourceChanged, transferFailure } from './transfer-failure.ts';
import type { FetchOutcome, FetchRequest } from './transfer-types.ts';
import { callOf, callsOf } from './words.ts';

// Larger ones are read to their listed size and no further: a log may grow.
const EXACT_FROM = 1024 * 1024;

/**
 * Copies a file or folder from a machine: beside its place (see
 * `partPath`), proved by hash, then renamed. What has arrived is not fetched again.
 *
 * @param request - what and where to
 * @returns what came
 * @throws {ExistsError} when something is at the destination
 * @throws {IoError} with code `disk-full` or `quota` when this host has no room
 * @throws {TransferError} when it changes all the time or cannot be read
 * @throws {MachineError} when the way to the machine stays broken
 */
export async function fetchPath(request: FetchRequest): Promise<FetchOutcome> {
  await refuseExisting(request);
  const fetch = new Fetch(request);
  const guard = new AttemptGuard(request);
  for (;;) {
    try {
      const outcome = await fetch.attempt();
      if (outcome !== undefined) {
        return outcome;
      }
      guard.again(fetch.received);
    } catch (error) {
      if (!(error instanceof MachineError)) {
        throw error;
      }
      await guard.broken(error, fetch.received);
    }
  }
}

class Fetch {
  private readonly request: FetchRequest;
  private readonly script: MachineScript;
  private readonly part: string;
  /** Files that were whole and wrong: how often. */
  private readonly wrong = new Map<string, number>();
  received = 0;

  constructor(request: FetchRequest) {
    this.request = request;
    this.script = new MachineScript(request);
    this.part = partPath(request.destination);
  }

  async attempt(): Promise<FetchOutcome | undefined> {
    const { request, part } = this;
    const listing = readListing(await this.script.call(['list', request.source, '0']));
    if (listing === undefined) {
      return undefined;
    }
    if (listing.sum === 'none') {
      throw transferFailure('no-hash', '', '');
    }
    const parts = await this.prepare(listing);
    const total = listing.files.reduce((sum, file) => sum + file.size, 0);
    const there = parts.reduce((sum, item) => sum + item.offset, 0);
    await demandRoom(dirname(part), total - there);
    // While the bytes come, the machine hashes what it has.
    const proof = this.script.call(['list', request.source, '1']);
    proof.catch(() => undefined);
    const sums = await this.receive(listing, parts);
    const proved = readListing(await proof);
    if (proved === undefined || !(await this.isRight(parts, proved, sums))) {
      return undefined;
    }
    await this.finish(listing);
    await refuseExisting(request);
    await replace(part, request.destination);
    const { files, leftOut, sum } = listing;
    return { receivedBytes: this.received, files: files.length, leftOut, verifiedBy: sum };
  }

  private async prepare(listing: Listing): Promise<readonly PartFile[]> {
    const { part } = this;
    const isSingle = listing.kind === 'file';
    const found = await lstat(part).catch(() => undefined);
    if (found?.isDirectory() === isSingle) {
      await rm(part, { recursive: true });
    }
    await mkdir(isSingle ? dirname(part) : part, { recursive: true });
    const parts: PartFile[] = [];
    for (const file of listing.files) {
      parts.push(await partOf(part, file, isSingle));
    }
    return parts;
  }

  private async receive(
    listing: Listing,
    parts: readonly PartFile[],
  ): Promise<ReadonlyMap<string, string>> {
    const { request } = this;
    const total = listing.files.reduce((sum, file) => sum + file.size, 0);
    let sent = parts.reduce((sum, item) => sum + item.offset, 0);
    request.onProgress?.({ sent, total, what: request.source });
    const argv = ['sh', this.script.path, 'read', request.source];
    const child = await readStream(request, argv, this.planOf(parts));
    try {
      const sums = await writeParts(parts, child.stdout, algorithmOf(listing.sum), (bytes, what) => {
        this.received += bytes;
        sent += bytes;
        request.onProgress?.({ sent, total, what });
      });
      await child.ended();
      return sums;
    } catch (error) {
      // Nobody reads on: it would wait for ever.
      child.stop();
      throw outOfRoom(error, total - sent);
    }
  }

  private planOf(parts: readonly PartFile[]): string {
    let plan = '';
    let small: string[] = [];
    for (const { file, offset } of parts) {
      if (offset === file.size) {
        continue;
      }
      const name = `./${file.path}`;
      const isExact = offset > 0 || file.size >= EXACT_FROM || this.wrong.has(file.path);
      if (isExact) {
        plan += callsOf('c', [], small);
        small = [];
        plan += callOf('r', `${offset}`, `${file.size - offset}`, name);
      } else {
        small.push(name);
      }
    }
    return plan + callsOf('c', [], small);
  }

  private async isRight(
    parts: readonly PartFile[],
    proved: Listing,
    sums: ReadonlyMap<string, string>,
  ): Promise<boolean> {
    const proofs = new Map(proved.files.map((file) => [file.path, file]));
    let isRight = proofs.size === parts.length;
    for (const { file, path, offset } of parts) {
      const sum = sums.get(file.path);
      if (sum !== undefined && isProof(proofs.get(file.path), file, sum)) {
        continue;
      }
      isRight = false;
      await rm(path, { force: true });
      // An old part of another version is no fault of the source.
      if (sum !== undefined && offset === 0) {
        const times = (this.wrong.get(file.path) ?? 0) + 1;
        this.wrong.set(file.path, times);
        if (times > 1) {
          throw sourceChanged(file.path);
        }
      }
    }
    return isRight;
  }

  private async finish(listing: Listing): Promise<void> {
    const { part } = this;
    const at = (path: string): string => join(part, ...path.split('/'));
    if (listing.kind === 'directory') {
      await removeStrangers(part, listing);
      for (const folder of listing.folders) {
        await mkdir(at(folder), { recursive: true });
      }
    }
    for (const file of listing.files) {
      await dress(listing.kind === 'file' ? part : at(file.path), file);
    }
    for (const { path, target } of listing.links) {
      await rm(at(path), { recursive: true, force: true });
      await symlink(target, at(path));
    }
  }
}

function isProof(proof: ListedFile | undefined, file: ListedFile, sum: string): boolean {
  return proof?.size === file.size && proof.sum === sum;
}

async function dress(path: string, file: ListedFile): Promise<void> {
  await chmod(path, file.mode | 0o400);
  await utimes(path, file.stamp, file.stamp);
}

// Of an earlier copy, when the source had other files.
async function removeStrangers(part: string, listing: Listing): Promise<void> {
  const known = new Set([
    ...listing.files.map((file) => file.path),
    ...listing.folders,
    ...listing.links.map((link) => link.path),
  ]);
  const walk = async (at: string): Promise<void> => {
    for (const found of await readdir(join(part, at), { withFileTypes: true })) {
      const path = at === '' ? found.name : `${at}/${found.name}`;
      if (!known.has(path)) {
        await rm(join(part, path), { recursive: true });
      } else if (found.isDirectory()) {
        await walk(path);
      }
    }
  };
  await walk('');
}

async function refuseExisting(request: FetchRequest): Promise<void> {
  const found = await lstat(request.destination).catch(() => undefined);
  if (found !== undefined && !request.replace) {
    throw new ExistsError(
      'destination-exists',
      l10n.t('Something stands at {0} already', request.destination),
      { steps: [l10n.t('Choose another name, or say that it may be replaced.')] },
    );
  }
}

async function replace(part: string, destination: string): Promise<void> {
  const found = await lstat(destination).catch(() => undefined);
  const isPlain = found?.isFile() === true && (await lstat(part)).isFile();
  if (found === undefined || isPlain) {
    await rename(part, destination);
    return;
  }
  const old = `${destination}.before`;
  await rm(old, { recursive: true, force: true });
  await rename(destination, old);
  await rename(part, destination);
  await rm(old, { recursive: true, force: true });
}
