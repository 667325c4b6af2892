import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { ExistsError, MachineError, TransferError } from '../../core/errors.ts';
import { contentHasher } from '../content-hash.ts';
import type { HashedFile } from '../model.ts';
import { AttemptGuard } from './attempts.ts';
import type { NeededEntry } from './change-set.ts';
import { readCheck } from './check-answer.ts';
import { demandUnchanged } from './demand-unchanged.ts';
import { MachineScript, required } from './machine-script.ts';
import { manifestOf } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { finishPlan, makeText } from './plan.ts';
import { sendTree } from './send-tree.ts';
import type { SentStore } from './sent-store.ts';
import { readStaged } from './staged.ts';
import { algorithmOf, SumBook } from './sum-book.ts';
import { streamFrom } from './supply.ts';
import type { Supply } from './supply.ts';
import { diskTooSmall, sourceChanged, transferFailure } from './transfer-failure.ts';
import type { PutOutcome, PutRequest } from './transfer-types.ts';
import { Transport } from './transport.ts';
import { callsOf } from './words.ts';

/**
 * Copies a file or folder to a machine: beside its place, proved by hash, then
 * renamed. What has arrived is not sent again.
 *
 * @param request - what and where to
 * @returns what went
 * @throws {ExistsError} when something is at the destination
 * @throws {TransferError} when the machine or the source refuses
 * @throws {MachineError} when the way to the machine stays broken
 */
export async function putPath(request: PutRequest): Promise<PutOutcome> {
  const put = new Put(request, await readSource(request));
  const guard = new AttemptGuard(request);
  for (;;) {
    try {
      const outcome = await put.attempt();
      if (outcome !== undefined) {
        return outcome;
      }
      guard.again(put.sentBytes);
    } catch (error) {
      if (!(error instanceof MachineError)) {
        throw error;
      }
      put.breaks += 1;
      await guard.broken(error, put.sentBytes);
    }
  }
}

interface Source {
  readonly root: string;
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, HashedFile>;
  readonly isSingle: boolean;
}

class Put {
  private readonly request: PutRequest;
  private readonly source: Source;
  private readonly script: MachineScript;
  private readonly stage: string;
  private readonly lock: string;
  private readonly resent = new Set<string>();
  private isSent = false;
  /** How often the way broke. */
  breaks = 0;
  sentBytes = 0;

  constructor(request: PutRequest, source: Source) {
    this.request = request;
    this.source = source;
    this.script = new MachineScript(request);
    const { destination } = request;
    const parent = destination.slice(0, destination.lastIndexOf('/'));
    const name = createHash('sha256').update(destination).digest('hex').slice(0, 16);
    this.stage = `${parent}/.runctl-put-${name}`;
    this.lock = `${this.stage}.lock`;
  }

  async attempt(): Promise<PutOutcome | undefined> {
    const { request, source, script, stage, lock } = this;
    const common = [request.client, lock, stage];
    const records = await script.call(['staged', ...common, request.destination]);
    const check = readCheck(records);
    const { tools, free } = check;
    const isThere = records.some((record) => record.key === 'dest');
    if (isThere && this.isSent && !records.some((record) => record.key === 'begun')) {
      // Only the answer was lost: what was staged has gone to its place.
      return this.outcome(tools.sum);
    }
    if (isThere && !request.replace) {
      throw this.exists();
    }
    if (tools.sum === 'none' || !tools.tar) {
      throw transferFailure(tools.tar ? 'no-hash' : 'no-tar', '', '');
    }
    const files = source.manifest.entries.filter((entry) => entry.kind === 'file');
    const sums = new SumBook(tools.sum, NO_MEMORY);
    await sums.learn(source.root, files, request.signal);
    const needed = source.manifest.entries.map(
      (entry): NeededEntry => ({
        entry,
        stagePath: source.isSingle ? 'f/it' : `f/it/${entry.path}`,
        how: 'fresh',
      }),
    );
    const staged = await readStaged(request.shell, stage, check.stages, needed, sums);
    const supply = supplyOf(
      needed.filter((item) => !staged.right.has(item.stagePath)),
      streamFrom(this.breaks),
    );
    const bytes = [...supply.packed, ...supply.streamed.map((item) => item.needed)].reduce(
      (sum, { entry }) => sum + (entry.kind === 'file' ? entry.size : 0),
      0,
    );
    if (free !== undefined && bytes > free) {
      throw diskTooSmall(bytes, free);
    }
    const make = callsOf('drop', [], staged.junk) + makeText('/', supply);
    const texts = new Map([['make', make]]);
    const algorithm = algorithmOf(tools.sum);
    const plan = finishPlan(texts, new Map(), needed, { sums, algorithm, supply });
    const transport = new Transport(request, script, tools);
    const before = this.sentBytes;
    this.isSent = true;
    try {
      const said = await sendTree({
        transport,
        root: source.root,
        plan,
        supply,
        bigs: check.bigs,
        reset: staged.reset,
        append: ['append', ...common],
        commit: ['place', ...common, plan.id],
        after: [request.destination, request.replace ? '1' : '0'],
      });
      if (said?.failure?.code === 'verify') {
        await this.learnFrom(said.records, plan.proved);
        return undefined;
      }
      if (said === undefined || said.failure?.code === 'no-plan') {
        return undefined;
      }
      if (said.failure?.code === 'exists') {
        throw this.exists();
      }
      required(said);
    } finally {
      this.sentBytes = before + transport.sentBytes;
    }
    return this.outcome(tools.sum);
  }

  private outcome(verifiedBy: string): PutOutcome {
    const files = this.source.manifest.entries.length;
    return { sentBytes: this.sentBytes, files, verifiedBy };
  }

  private exists(): ExistsError {
    return new ExistsError(
      'destination-exists',
      l10n.t('Something stands at {0} already', this.request.destination),
      { steps: [l10n.t('Choose another name, or say that it may be replaced.')] },
    );
  }

  private async learnFrom(
    records: readonly { readonly key: string; readonly value: string }[],
    proved: readonly string[],
  ): Promise<void> {
    const { root, files, isSingle, manifest } = this.source;
    for (const { key, value } of records) {
      const stagePath = key === 'bad' ? proved[Number(value) - 1] : undefined;
      if (stagePath !== undefined) {
        const single = manifest.entries[0]?.path ?? '';
        const path = isSingle ? single : stagePath.slice('f/it/'.length);
        if (this.resent.has(path)) {
          throw sourceChanged(path);
        }
        this.resent.add(path);
        await demandUnchanged(root, files, path);
      }
    }
  }
}

function supplyOf(needed: readonly NeededEntry[], limit: number): Supply {
  const packed: NeededEntry[] = [];
  const streamed: Supply['streamed'][number][] = [];
  const names = new Set<string>();
  for (const item of needed) {
    const { entry } = item;
    if (entry.kind === 'file' && entry.size >= limit && !names.has(entry.hash)) {
      names.add(entry.hash);
      streamed.push({ needed: item, file: entry });
    } else {
      packed.push(item);
    }
  }
  return { packed, streamed, built: [], copied: [], alike: [] };
}

async function readSource(request: PutRequest): Promise<Source> {
  const { source, signal } = request;
  const info = await lstat(source).catch((cause: unknown) => {
    const message = l10n.t('There is nothing at {0}', source);
    throw new TransferError('missing', message, { cause });
  });
  const isSingle = !info.isDirectory();
  const root = isSingle ? dirname(source) : source;
  const entries: (HashedFile | { kind: 'link'; path: string; target: string })[] = [];
  const add = async (path: string): Promise<void> => {
    signal?.throwIfAborted();
    const file = join(root, ...path.split('/'));
    const found = await lstat(file);
    if (found.isDirectory()) {
      for (const name of await readdir(file)) {
        await add(path === '' ? name : `${path}/${name}`);
      }
    } else if (found.isSymbolicLink()) {
      entries.push({ kind: 'link', path, target: await readlink(file) });
    } else if (found.isFile()) {
      entries.push({
        kind: 'file',
        path,
        size: found.size,
        modifiedAt: Math.floor(found.mtimeMs),
        mode: found.mode & 0o777,
        identity: `${found.dev}:${found.ino}`,
        hash: await hashFile(file),
      });
    } else {
      throw new TransferError('special', l10n.t('{0} is no file and no folder', path));
    }
  };
  await add(isSingle ? basename(source) : '');
  const tree = { root, rule: 'ignore-files', entries, problems: [], bytes: 0 } as const;
  const files = entries.filter((entry) => entry.kind === 'file');
  return {
    root,
    manifest: manifestOf(tree, []),
    files: new Map(files.map((file) => [file.path, file])),
    isSingle,
  };
}

async function hashFile(path: string): Promise<string> {
  const hash = await contentHasher();
  const stream: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1024 * 1024 });
  for await (const piece of stream) {
    hash.update(piece);
  }
  return hash.digest();
}

/** Copies are too different to be worth remembering. */
const NO_MEMORY: SentStore = {
  manifest: () => Promise.resolve(undefined),
  keepManifest: () => Promise.resolve(),
  chunks: () => Promise.resolve(undefined),
  keepChunks: () => Promise.resolve(),
  otherSums: () => Promise.resolve(new Map()),
  keepOtherSums: () => Promise.resolve(),
};
