import { posix } from 'node:path';
import type { RunId } from '../core/ids.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { CheckpointEntry, CheckpointFiles } from './checkpoint-files.ts';
import {
  completenessOf,
  isZip,
  MAX_HEADER_BYTES,
  safetensorsHeaderLength,
  safetensorsStructure,
  SETTLE_MS,
  ZIP_TAIL_BYTES,
  zipStructure,
} from './completeness.ts';
import type { Look, Structure, Writer } from './completeness.ts';
import { discoverCheckpoints } from './discovery.ts';
import type { CheckpointCandidate, CheckpointProblem } from './discovery.ts';
import { isShard, isWeights } from './layout.ts';
import { markCheckpoints } from './marks.ts';
import type { BestRule, MarkableCheckpoint } from './marks.ts';
import { factsFromName } from './naming.ts';
import { MAX_SIDE_BYTES, parseSide, sidePaths } from './side-facts.ts';
import type { SideFacts } from './side-facts.ts';

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

/** Remembered of a checkpoint between looks. */
interface Memory {
  readonly look: Look;
  readonly structure: Structure;
  readonly side: SideFacts | null;
  readonly sideStamp: string;
  /** Last change of the side JSON, ms. */
  readonly sideModifiedAt: number;
  readonly problems: readonly CheckpointProblem[];
}

/**
 * Looks at one checkpoint directory again and again. It remembers the look
 * before (a growing file is not finished) and opens only what has changed.
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
   * @param now - the machine's time, ms since the epoch
   * @param options - who writes there, and whose checkpoints count
   * @returns every checkpoint there is, and what was ignored
   * @throws {IoError} when the directory cannot be read
   */
  async scan(now: number, options: LookOptions = {}): Promise<ScanResult> {
    const { directory, globs, best } = this.options;
    const found = await discoverCheckpoints(this.files, directory, globs);
    const next = new Map<string, Memory>();
    const markable: MarkableCheckpoint[] = [];
    const others: string[] = [];
    const problems = [...found.problems];
    for (const candidate of found.candidates) {
      if (options.own?.(candidate) === false) {
        others.push(candidate.path);
        continue;
      }
      const previous = this.memory.get(candidate.path)?.look ?? null;
      const memory = await this.look(candidate, found.entries, now);
      next.set(candidate.path, memory);
      problems.push(...memory.problems);
      markable.push(this.describe(candidate, memory, previous, now, options.writer ?? 'alive'));
    }
    this.memory = next;
    return { checkpoints: markCheckpoints(markable, best).map(asCheckpoint), others, problems };
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

  private async look(
    candidate: CheckpointCandidate,
    entries: ReadonlyMap<string, CheckpointEntry>,
    now: number,
  ): Promise<Memory> {
    const { path, size, modifiedAt } = candidate;
    const before = this.memory.get(path);
    const sideFile = this.sideFile(candidate, entries);
    const sideStamp =
      sideFile === null ? '' : `${sideFile.path}|${sideFile.size}|${sideFile.modifiedAt}`;
    const same = before?.look.size === size && before.look.modifiedAt === modifiedAt;
    // The look itself stays the first one of an unchanged stretch, so its age can grow.
    const look = same ? before.look : { size, modifiedAt, at: now };
    const structure = same ? before.structure : await this.structureOf(candidate);
    if (before?.sideStamp === sideStamp) {
      return { ...before, look, structure };
    }
    const { side, problems } = await this.readSide(candidate, sideFile);
    const sideModifiedAt = sideFile?.modifiedAt ?? 0;
    return { look, structure, side, sideStamp, sideModifiedAt, problems };
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

  private async readSide(
    candidate: CheckpointCandidate,
    file: CheckpointEntry | null,
  ): Promise<{ side: SideFacts | null; problems: CheckpointProblem[] }> {
    if (file === null) {
      return { side: null, problems: [] };
    }
    const text = await this.files.readText(file.path, MAX_SIDE_BYTES);
    if (text === null) {
      const reason = file.size > MAX_SIDE_BYTES ? 'larger than 8 MiB' : 'cannot be read';
      return { side: null, problems: [{ path: file.path, reason }] };
    }
    const { facts, reason } = parseSide(text, candidate.path);
    return { side: facts, problems: reason === null ? [] : [{ path: file.path, reason }] };
  }

  private async structureOf(candidate: CheckpointCandidate): Promise<Structure> {
    if (candidate.kind === 'directory') {
      return directoryStructure(candidate);
    }
    const head = await this.files.readBytes(candidate.path, 0, 8);
    if (head === null) {
      return 'unknown';
    }
    if (candidate.path.endsWith('.safetensors')) {
      const length = safetensorsHeaderLength(head);
      const bytes =
        length === null || length > MAX_HEADER_BYTES
          ? null
          : await this.files.readBytes(candidate.path, 8, length);
      const header = bytes === null ? null : Buffer.from(bytes).toString('utf8');
      return safetensorsStructure(length, header, candidate.size);
    }
    if (!isZip(head)) {
      return 'unknown';
    }
    const tail = await this.files.readBytes(candidate.path, -ZIP_TAIL_BYTES, ZIP_TAIL_BYTES);
    return tail === null ? 'unknown' : zipStructure(tail, candidate.size);
  }
}

/**
 * What a directory's own files prove of it.
 *
 * @param candidate - a directory checkpoint
 * @returns `cut` for a Hugging Face one without weights or `trainer_state.json` (written
 * last), or one with shards missing; `whole` for orbax, which renames into place; else `unknown`
 */
export function directoryStructure(candidate: CheckpointCandidate): Structure {
  const names = candidate.inside.map((entry) => posix.basename(entry.path));
  if (missingShards(names)) {
    return 'cut';
  }
  switch (candidate.layout) {
    case 'huggingface':
      return names.some(isWeights) && names.includes('trainer_state.json') ? 'unknown' : 'cut';
    case 'orbax':
      return 'whole';
    default:
      return 'unknown';
  }
}

function missingShards(names: readonly string[]): boolean {
  const seen = new Map<string, Set<string>>();
  for (const name of names.filter(isShard)) {
    const group = name.replace(/-\d{5}(-of-\d{5}\.[^.]+)$/, '$1');
    seen.set(group, (seen.get(group) ?? new Set()).add(name));
  }
  return [...seen].some(([group, members]) => {
    const total = Number(/-of-(\d{5})\./.exec(group)?.[1]);
    return members.size < total;
  });
}

function asCheckpoint(checkpoint: MarkableCheckpoint & Pick<Checkpoint, 'marks'>): Checkpoint {
  const { path, runId, kind, size, modifiedAt, step, epoch, loss, complete, marks } = checkpoint;
  return { path, runId, kind, size, modifiedAt, step, epoch, loss, complete, marks };
}
