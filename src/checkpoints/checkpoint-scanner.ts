import { posix } from 'node:path';
import type { RunId } from '../core/ids.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { CheckpointEntry, CheckpointFiles, FilePiece } from './checkpoint-files.ts';
import {
  directoryStructure,
  keyOf,
  longHeaders,
  remember,
  wantedPieces,
} from './checkpoint-visits.ts';
import type { Memory, Pieces, Visit } from './checkpoint-visits.ts';
import { completenessOf, SETTLE_MS } from './completeness.ts';
import type { Look, Writer } from './completeness.ts';
import { discoverCheckpoints } from './discovery.ts';
import type { CheckpointCandidate, CheckpointProblem } from './discovery.ts';
import { markCheckpoints } from './marks.ts';
import type { BestRule, MarkableCheckpoint } from './marks.ts';
import { factsFromName } from './naming.ts';
import { sidePaths } from './side-facts.ts';

/** What to look for, and where. */
export interface ScanOptions {
  readonly runId: RunId | null;
  /** Absolute path on the machine. */
  readonly directory: string;
  /** Relative to the directory; none for the defaults. */
  readonly globs: readonly string[];
  readonly best: BestRule | null;
  /** Age in ms after which an unchanged file counts as finished. */
  readonly settleMs?: number;
}

/** What is known at one look. */
export interface LookOptions {
  /** `alive` unless told. */
  readonly writer?: Writer;
  /** Which ones count; all unless told. The others are not marked, nor opened. */
  readonly own?: (candidate: CheckpointCandidate) => boolean;
  /** Milliseconds by which the machine's clock is ahead of this host's; 0 unless told. */
  readonly clockAhead?: number;
}

/** What one look found. */
export interface ScanResult {
  /** Newest first, marked among themselves. */
  readonly checkpoints: readonly Checkpoint[];
  /** Absolute paths of those that do not count. */
  readonly others: readonly string[];
  /** What was ignored and why; English, for the log. */
  readonly problems: readonly CheckpointProblem[];
}

/**
 * Looks at one checkpoint directory again and again. It remembers the look
 * before (a growing file is not finished) and opens only what has changed, all
 * together: over a slow link a scan is two round trips, rarely three.
 */
export class CheckpointScanner {
  private memory = new Map<string, Memory>();
  private readonly files: CheckpointFiles;
  private readonly options: ScanOptions;

  constructor(files: CheckpointFiles, options: ScanOptions) {
    this.files = files;
    this.options = options;
  }

  /**
   * Looks once.
   *
   * @param time - this host's, ms since the epoch
   * @param options - who writes there, by which clock, and whose checkpoints count
   * @returns every checkpoint there is, and what was ignored
   * @throws {IoError} when the directory cannot be read
   */
  async scan(time: number, options: LookOptions = {}): Promise<ScanResult> {
    const { directory, globs, best } = this.options;
    const { clockAhead = 0 } = options;
    const now = time + clockAhead;
    const found = await discoverCheckpoints(this.files, directory, globs);
    const next = new Map<string, Memory>();
    const markable: MarkableCheckpoint[] = [];
    const others: string[] = [];
    const problems = [...found.problems];
    const visits: Visit[] = [];
    for (const candidate of found.candidates) {
      if (options.own?.(candidate) === false) {
        others.push(candidate.path);
      } else {
        visits.push(this.visit(candidate, found.entries, now));
      }
    }
    const pieces = await this.read(visits.flatMap(wantedPieces));
    for (const [key, bytes] of await this.read(longHeaders(visits, pieces))) {
      pieces.set(key, bytes);
    }
    for (const visit of visits) {
      const { candidate } = visit;
      const previous = visit.before?.look ?? null;
      const memory = remember(visit, pieces);
      next.set(candidate.path, memory);
      problems.push(...memory.problems);
      markable.push(this.describe(candidate, memory, previous, now, options.writer ?? 'alive'));
    }
    this.memory = next;
    const checkpoints = markCheckpoints(markable, best).map(asCheckpoint);
    return { checkpoints: byClock(checkpoints, clockAhead), others, problems };
  }

  private describe(
    candidate: CheckpointCandidate,
    memory: Memory,
    previous: Look | null,
    now: number,
    writer: Writer,
  ): MarkableCheckpoint {
    const { path, kind, size, modifiedAt } = candidate;
    const { side, structure } = memory;
    const name = factsFromName(path);
    // A side JSON older than the checkpoint speaks of the one before it.
    const stale = memory.sideModifiedAt < modifiedAt && side?.complete === true;
    const declared = stale ? null : (side?.complete ?? null);
    const { complete } = completenessOf(
      { size, modifiedAt, now, previous, structure, declared, writer },
      this.options.settleMs ?? SETTLE_MS,
    );
    return {
      path,
      runId: this.options.runId,
      kind,
      size,
      modifiedAt,
      step: side?.step ?? name.step,
      epoch: side?.epoch ?? name.epoch,
      loss: side?.loss ?? name.loss,
      complete,
      metrics: side?.metrics ?? {},
      declaredBest: side?.best ?? false,
      namedBest: name.best,
      final: name.final || (side?.final ?? false),
    };
  }

  private visit(
    candidate: CheckpointCandidate,
    entries: ReadonlyMap<string, CheckpointEntry>,
    now: number,
  ): Visit {
    const { path, size, modifiedAt } = candidate;
    const before = this.memory.get(path);
    const sideFile = this.sideFile(candidate, entries);
    const sideStamp =
      sideFile === null ? '' : `${sideFile.path}|${sideFile.size}|${sideFile.modifiedAt}`;
    const same = before?.look.size === size && before.look.modifiedAt === modifiedAt;
    // The look itself stays the first one of an unchanged stretch, so its age can grow.
    const look = same ? before.look : { size, modifiedAt, at: now };
    const known = same ? before.structure : undefined;
    const structure = candidate.kind === 'directory' && !same ? directoryStructure(candidate) : known;
    return { candidate, before, look, structure, sideFile, sideStamp };
  }

  private sideFile(
    candidate: CheckpointCandidate,
    entries: ReadonlyMap<string, CheckpointEntry>,
  ): CheckpointEntry | null {
    const within =
      candidate.kind === 'directory' ? [posix.join(candidate.path, 'trainer_state.json')] : [];
    for (const path of [...within, ...sidePaths(candidate.path)]) {
      const entry = entries.get(path);
      if (entry?.kind === 'file') {
        return { ...entry, path };
      }
    }
    return null;
  }

  private async read(pieces: readonly FilePiece[]): Promise<Pieces> {
    const read = pieces.length === 0 ? [] : await this.files.readMany(pieces);
    return new Map(pieces.map((piece, index) => [keyOf(piece), read[index] ?? null]));
  }
}

function byClock(checkpoints: readonly Checkpoint[], clockAhead: number): readonly Checkpoint[] {
  return clockAhead === 0 ? checkpoints : checkpoints.map((item) => ({ ...item, clockAhead }));
}

function asCheckpoint(checkpoint: MarkableCheckpoint & Pick<Checkpoint, 'marks'>): Checkpoint {
  const { path, runId, kind, size, modifiedAt, step, epoch, loss, complete, marks } = checkpoint;
  return { path, runId, kind, size, modifiedAt, step, epoch, loss, complete, marks };
}
