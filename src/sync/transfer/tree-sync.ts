import { pause } from '../breath.ts';
import type { HashedFile, HashedTree } from '../model.ts';
import { changeSet, isNothing } from './change-set.ts';
import type { ChangeSet } from './change-set.ts';
import { readAside } from './check-answer.ts';
import type { Aside, CheckAnswer, TreeReport } from './check-answer.ts';
import { checkRoom } from './check-room.ts';
import { demandUnchanged } from './demand-unchanged.ts';
import { keepSent } from './keep-sent.ts';
import { keepLastId, look, workOf } from './look-ahead.ts';
import type { LookAhead } from './look-ahead.ts';
import { MachineScript, required } from './machine-script.ts';
import type { ScriptAnswer } from './machine-script.ts';
import { formatManifest, manifestId, manifestOf } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import { keepRecent, readOldManifest } from './old-manifest.ts';
import type { Plan } from './plan.ts';
import { treePlan } from './plan.ts';
import { sendTree } from './send-tree.ts';
import { readStaged } from './staged.ts';
import { algorithmOf, isBlake2b, SumBook } from './sum-book.ts';
import { chooseSupply } from './supply.ts';
import type { Supply } from './supply.ts';
import { sourceChanged, transferFailure } from './transfer-failure.ts';
import type { MovedAside, SyncOutcome, SyncRequest } from './transfer-types.ts';
import { Transport } from './transport.ts';
import { treeState } from './tree-state.ts';
import type { TreeState } from './tree-state.ts';

/** A sync of a tree that is known. */
export interface KnownTreeRequest extends SyncRequest {
  readonly tree: HashedTree;
}

/** One sync of one tree, over as many attempts as it takes. */
export class TreeSync {
  private readonly request: KnownTreeRequest;
  private readonly script: MachineScript;
  private readonly wanted: Manifest;
  private readonly text: string;
  private readonly id: string;
  private readonly work: string;
  private readonly files: ReadonlyMap<string, HashedFile>;
  private readonly resend = new Set<string>();
  private readonly movedAside: MovedAside[] = [];
  private readonly driftedEver = new Set<string>();
  private trustsLists = true;
  private ahead: LookAhead | undefined;
  private kept: Promise<unknown> | undefined;
  private counted = { files: 0, deleted: 0, deltas: 0, compressed: false, worked: false };
  /** Bytes that went over the link. */
  sentBytes = 0;
  /** How often the way broke. */
  breaks = 0;

  private constructor(request: KnownTreeRequest, wanted: Manifest, ahead?: LookAhead) {
    this.request = request;
    this.ahead = ahead;
    this.script = new MachineScript(request);
    this.wanted = wanted;
    this.text = formatManifest(wanted);
    this.id = manifestId(this.text);
    this.work = workOf(request);
    const files = request.tree.entries.filter((entry) => entry.kind === 'file');
    this.files = new Map(files.map((file) => [file.path, file]));
  }

  /**
   * Gets ready for a sync.
   *
   * @param request - what to do
   * @param ahead - a look at the machine that has begun
   * @returns the sync, nothing done yet
   * @throws {TransferError} when a name of the tree cannot be sent
   */
  static async of(request: KnownTreeRequest, ahead?: LookAhead): Promise<TreeSync> {
    const wanted = manifestOf(request.tree, request.persistent);
    await pause(request.signal);
    formatManifest(wanted);
    await pause(request.signal);
    return new TreeSync(request, wanted, ahead);
  }

  /**
   * Goes once through it: look, plan, send, prove, switch.
   *
   * @returns what was done; `undefined` when another round has to follow
   */
  async attempt(): Promise<SyncOutcome | undefined> {
    const { request } = this;
    const answer = await this.check();
    const { tree, tools } = answer;
    if (tree === undefined) {
      throw transferFailure('answer', '', '');
    }
    this.tellAsides(answer.asides);
    if (tree.id === this.id && tree.state === 'here' && isQuiet(tree)) {
      if (this.sentBytes > 0) {
        // Only the answer was lost, or the machine finished it now.
        this.counted.worked = true;
        await this.remember();
      }
      return this.outcome(answer, tree.slot);
    }
    if (tools.sum === 'none') {
      throw transferFailure('no-hash', '', '');
    }
    const sums = new SumBook(tools.sum, request.sent);
    await sums.learn(request.tree.root, this.wanted.entries.filter((entry) => entry.kind === 'file'), request.signal);
    await pause(request.signal);
    const own = await this.stateOf(tree);
    await pause(request.signal);
    const from = answer.from === undefined ? undefined : await this.stateOf(answer.from);
    const changes = changeSet(this.wanted, own, sums);
    await pause(request.signal);
    changes.drifted.forEach((path) => this.driftedEver.add(path));
    if (tree.id === this.id && isNothing(changes) && tree.badKeeps.size === 0) {
      return this.outcome(answer, tree.slot);
    }
    if (!tools.tar) {
      throw transferFailure('no-tar', '', '');
    }
    return this.send(answer, { own, from, changes, sums });
  }

  private async check(): Promise<CheckAnswer> {
    const { ahead } = this;
    this.ahead = undefined;
    return (await ahead?.take(this.id)) ?? (await look(this.request, this.id));
  }

  private async send(
    answer: CheckAnswer,
    known: {
      readonly own: TreeState | undefined;
      readonly from: TreeState | undefined;
      readonly changes: ChangeSet;
      readonly sums: SumBook;
    },
  ): Promise<SyncOutcome | undefined> {
    const { request, work } = this;
    const { tools } = answer;
    const slot = answer.tree?.slot ?? 'a';
    const stage = `${work}/stage/${slot}`;
    const { changes, sums, own, from } = known;
    const way = { shell: request.shell, root: request.tree.root };
    const staged = await readStaged(way, stage, answer.stages, changes.needed, sums);
    const supply = await chooseSupply({
      changes,
      own,
      from,
      staged: staged.right,
      begun: staged.begun,
      resend: this.resend,
      hashedFiles: this.files,
      chunks: request.chunks,
      sent: request.sent,
      sum: tools.sum,
      breaks: this.breaks,
    });
    checkRoom(changes, staged.right, answer.free);
    const plan = await treePlan({
      slot,
      work,
      wanted: this.wanted,
      manifestId: this.id,
      old: own,
      patches: this.trustsLists,
      changes,
      supply,
      junk: staged.junk,
      sums,
      algorithm: algorithmOf(tools.sum),
    });
    this.kept ??= this.keep();
    await pause(request.signal);
    const transport = new Transport(request, this.script, tools);
    const before = this.sentBytes;
    let said: ScriptAnswer | undefined;
    try {
      said = await sendTree({
        transport,
        root: request.tree.root,
        plan,
        supply,
        bigs: answer.bigs,
        reset: staged.reset,
        append: ['append', request.client, `${work}/lock`, stage],
        commit: ['commit', request.client, work, slot, plan.id],
      });
    } finally {
      this.sentBytes = before + transport.sentBytes;
    }
    return this.finish(answer, said, { changes, supply, plan, transport, slot });
  }

  private async finish(
    check: CheckAnswer,
    said: ScriptAnswer | undefined,
    did: {
      readonly changes: ChangeSet;
      readonly supply: Supply;
      readonly plan: Plan;
      readonly transport: Transport;
      readonly slot: string;
    },
  ): Promise<SyncOutcome | undefined> {
    const { changes, supply, plan, transport } = did;
    this.counted.compressed ||= transport.compressed;
    if (said?.failure?.code === 'verify') {
      await this.learnFrom(said, plan);
      return undefined;
    }
    // Another window's plan came between, or a stream grew: look again.
    if (said === undefined || said.failure?.code === 'no-plan') {
      return undefined;
    }
    const records = required(said);
    this.counted.worked = true;
    this.counted.files += changes.needed.length;
    this.counted.deleted += changes.gone.length + changes.changed.length;
    this.counted.deltas += supply.built.length;
    this.tellAsides(
      records.filter((record) => record.key === 'aside').map((record) => readAside(record.value)),
    );
    if (records.some((record) => record.key === 'incomplete')) {
      return undefined;
    }
    await this.remember();
    return this.outcome(check, did.slot);
  }

  private async learnFrom(said: ScriptAnswer, plan: Plan): Promise<void> {
    for (const { key, value } of said.records) {
      const path = key === 'bad' ? plan.proved[Number(value) - 1] : undefined;
      if (path === undefined) {
        continue;
      }
      if (path.startsWith('plan-')) {
        this.trustsLists = false;
      } else if (this.resend.has(path)) {
        throw sourceChanged(path.replace(/^(?:f|seed)\//u, ''));
      } else {
        this.resend.add(path);
        await demandUnchanged(this.request.tree.root, this.files, path);
      }
    }
  }

  private async stateOf(report: TreeReport): Promise<TreeState | undefined> {
    if (report.state !== 'here') {
      return undefined;
    }
    const manifest =
      report.id === this.id
        ? this.wanted
        : await readOldManifest(this.request, `${this.work}/meta/${report.slot}`, report.id);
    return manifest === undefined ? undefined : treeState(report, manifest);
  }

  private keep(): Promise<unknown> {
    return keepSent(this.request, this.id, this.text, this.files.values());
  }

  private async remember(): Promise<void> {
    // After an answer that was lost nothing is under way.
    this.kept ??= this.keep();
    keepRecent(this.id, this.wanted);
    await this.kept;
  }

  private tellAsides(asides: readonly Aside[]): void {
    for (const { place, path } of asides) {
      this.movedAside.push({
        path,
        backup: `${this.work}/aside/${place}/${path}`,
        why: this.driftedEver.has(path) ? 'drift' : 'conflict',
      });
    }
  }

  private outcome(answer: CheckAnswer, slot: string): SyncOutcome {
    keepLastId(this.request, this.id);
    const { sum, assembler } = answer.tools;
    const { files, deleted, deltas, compressed, worked } = this.counted;
    return {
      directory: `${this.work}/${slot}`,
      slot,
      sentBytes: this.sentBytes,
      files,
      deleted,
      method: {
        kind: worked ? 'packed' : 'none',
        verifiedBy: sum,
        deltas,
        assembledBy: isBlake2b(sum) ? assembler : 'none',
        compressed,
      },
      movedAside: this.movedAside,
      manifestId: this.id,
    };
  }
}

function isQuiet(tree: TreeReport): boolean {
  const { gone, drift, touched, badFolders, badKeeps } = tree;
  return [gone, drift, touched, badFolders, badKeeps].every((found) => found.size === 0);
}
