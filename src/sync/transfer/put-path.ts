import { createHash } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import { ExistsError, MachineError, TransferError } from '../../core/errors.ts';
import { AttemptGuard } from './attempts.ts';
import type { NeededEntry } from './change-set.ts';
import { readCheck } from './check-answer.ts';
import type { CheckAnswer } from './check-answer.ts';
import { demandUnchanged } from './demand-unchanged.ts';
import { MachineScript, required } from './machine-script.ts';
import type { ScriptAnswer } from './machine-script.ts';
import { finishPlan, makeText, modeOf } from './plan.ts';
import { readPutSource } from './put-source.ts';
import type { PutSource } from './put-source.ts';
import { sendTree } from './send-tree.ts';
import type { SentStore } from './sent-store.ts';
import { readStaged } from './staged.ts';
import type { Staged } from './staged.ts';
import { algorithmOf, SumBook } from './sum-book.ts';
import { streamFrom } from './supply.ts';
import type { Supply } from './supply.ts';
import { diskTooSmall, ranOutOfRoom, sourceChanged, transferFailure } from './transfer-failure.ts';
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
  const put = new Put(request, await readPutSource(request));
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

/** What the machine tells before anything is sent. */
interface Look {
  readonly check: CheckAnswer;
  readonly free: number | undefined;
  /** Whether something is at the destination. */
  readonly isThere: boolean;
  readonly isBegun: boolean;
}

/** What has to be sent. */
interface Comparison {
  readonly sums: SumBook;
  readonly needed: readonly NeededEntry[];
  readonly staged: Staged;
  readonly supply: Supply;
  /** Bytes. */
  readonly missing: number;
}

class Put {
  private readonly request: PutRequest;
  private readonly source: PutSource;
  private readonly script: MachineScript;
  private readonly stage: string;
  private readonly lock: string;
  private readonly resent = new Set<string>();
  private isSent = false;
  /** How often the way broke. */
  breaks = 0;
  sentBytes = 0;

  constructor(request: PutRequest, source: PutSource) {
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
    const { request, stage, lock } = this;
    const look = await this.look();
    const { check, free } = look;
    const { tools } = check;
    if (look.isThere && this.isSent && !look.isBegun) {
      // Only the answer was lost: what was staged has gone to its place.
      return this.outcome(tools.sum);
    }
    if (look.isThere && !request.replace) {
      throw this.exists();
    }
    if (tools.sum === 'none' || !tools.tar) {
      throw transferFailure(tools.tar ? 'no-hash' : 'no-tar', '', '');
    }
    const { sums, needed, staged, supply, missing } = await this.compare(check);
    if (free !== undefined && missing > free) {
      throw diskTooSmall(missing, free);
    }
    const make =
      callsOf('drop', [], staged.junk) + foldersText(this.source) + makeText('/', supply);
    const texts = new Map([['make', make]]);
    const algorithm = algorithmOf(tools.sum);
    const plan = finishPlan(texts, new Map(), needed, { sums, algorithm, supply });
    const transport = new Transport(request, this.script, tools);
    const before = this.sentBytes;
    const common = [request.client, lock, stage];
    this.isSent = true;
    try {
      const said = await sendTree({
        transport,
        root: this.source.root,
        plan,
        supply,
        bigs: check.bigs,
        reset: staged.reset,
        append: ['append', ...common],
        commit: ['place', ...common, plan.id],
        after: [request.destination, request.replace ? '1' : '0'],
      });
      return (await this.isDone(said, plan.proved)) ? this.outcome(tools.sum) : undefined;
    } catch (error) {
      throw isNoRoom(error) ? await this.noRoom(error) : error;
    } finally {
      this.sentBytes = before + transport.sentBytes;
    }
  }

  private async look(): Promise<Look> {
    const { destination, replace, client } = this.request;
    const records = await this.script.call([
      'staged',
      client,
      this.lock,
      this.stage,
      destination,
      replace ? '1' : '0',
    ]);
    const check = readCheck(records);
    const has = (key: string): boolean => records.some((record) => record.key === key);
    return { check, free: check.free, isThere: has('dest'), isBegun: has('begun') };
  }

  private async compare(check: CheckAnswer): Promise<Comparison> {
    const { source, stage, request } = this;
    const files = source.manifest.entries.filter((entry) => entry.kind === 'file');
    const sums = new SumBook(check.tools.sum, NO_MEMORY);
    await sums.learn(source.root, files, request.signal);
    const needed = source.manifest.entries.map(
      (entry): NeededEntry => ({
        entry,
        stagePath: source.isSingle ? 'f/it' : `f/it/${entry.path}`,
        how: 'fresh',
      }),
    );
    const way = { shell: request.shell, root: source.root };
    const staged = await readStaged(way, stage, check.stages, needed, sums);
    const supply = supplyOf(
      needed.filter((item) => !staged.right.has(item.stagePath)),
      streamFrom(this.breaks),
      staged.begun,
    );
    return { sums, needed, staged, supply, missing: missingBytes(supply, check.bigs) };
  }

  private async isDone(
    said: ScriptAnswer | undefined,
    proved: readonly string[],
  ): Promise<boolean> {
    if (said?.failure?.code === 'verify') {
      await this.learnFrom(said.records, proved);
      return false;
    }
    if (said === undefined || said.failure?.code === 'no-plan') {
      return false;
    }
    if (said.failure?.code === 'exists') {
      throw this.exists();
    }
    required(said);
    return true;
  }

  // It got full half-way: what has arrived stays, and how much lacks is told.
  private async noRoom(error: TransferError): Promise<TransferError> {
    try {
      const { check, free } = await this.look();
      const { missing } = await this.compare(check);
      return ranOutOfRoom(error, missing, free);
    } catch {
      // A disk so full that it takes not even the lock: what was said first counts.
      return error;
    }
  }

  private outcome(verifiedBy: string): PutOutcome {
    const { manifest, leftOut } = this.source;
    return { sentBytes: this.sentBytes, files: manifest.entries.length, leftOut, verifiedBy };
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

// Empty ones too, and none as open as an archive makes it.
function foldersText({ folders }: PutSource): string {
  const groups = Map.groupBy(folders, modeOf);
  const shelves = [...groups].map(([mode, members]) =>
    callsOf('shelf', [mode], members.map(({ path }) => (path === '' ? 'f/it' : `f/it/${path}`))),
  );
  return ['bare\n', ...shelves].join('');
}

function missingBytes({ packed, streamed }: Supply, bigs: ReadonlyMap<string, number>): number {
  const small = packed.reduce((sum, { entry }) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
  // What arrived of a stream lies on that disk already.
  return streamed.reduce((sum, { file }) => sum + file.size - (bigs.get(file.hash) ?? 0), small);
}

function isNoRoom(error: unknown): error is TransferError {
  return error instanceof TransferError && (error.code === 'disk-full' || error.code === 'quota');
}

function supplyOf(
  items: readonly NeededEntry[],
  limit: number,
  begins: ReadonlyMap<string, number>,
): Supply {
  const packed: NeededEntry[] = [];
  const streamed: Supply['streamed'][number][] = [];
  const names = new Set<string>();
  for (const item of items) {
    const { entry } = item;
    const begun = begins.get(item.stagePath) ?? 0;
    const isStreamed = entry.kind === 'file' && (entry.size >= limit || begun > 0);
    if (isStreamed && !names.has(entry.hash)) {
      names.add(entry.hash);
      streamed.push({ needed: item, file: entry, begun });
    } else {
      packed.push(item);
    }
  }
  return { packed, streamed, built: [], copied: [], alike: [] };
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
