import { posix } from 'node:path';
import type { CheckpointEntry, FilePiece } from './checkpoint-files.ts';
import {
  isZip,
  MAX_HEADER_BYTES,
  safetensorsHeaderLength,
  safetensorsStructure,
  ZIP_TAIL_BYTES,
  zipStructure,
} from './completeness.ts';
import type { Look, Structure } from './completeness.ts';
import type { CheckpointCandidate, CheckpointProblem } from './discovery.ts';
import { isShard, isWeights } from './layout.ts';
import { MAX_SIDE_BYTES, parseSide } from './side-facts.ts';
import type { SideFacts } from './side-facts.ts';

/** Remembered of a checkpoint between looks. */
export interface Memory {
  readonly look: Look;
  readonly structure: Structure;
  readonly side: SideFacts | null;
  readonly sideStamp: string;
  /** Last change of the side JSON, ms. */
  readonly sideModifiedAt: number;
  readonly problems: readonly CheckpointProblem[];
}

/** A checkpoint to be looked into, as far as it has changed. */
export interface Visit {
  readonly candidate: CheckpointCandidate;
  readonly before: Memory | undefined;
  readonly look: Look;
  /** What it is known to be; `undefined`: its file must be opened. */
  readonly structure: Structure | undefined;
  readonly sideFile: CheckpointEntry | null;
  readonly sideStamp: string;
}

/** The start of a safetensors file that is read at once; few headers are longer. */
const FIRST_BYTES = 256 * 1024;

/** What was read, by place. */
export type Pieces = Map<string, Uint8Array | null>;

const LENGTH_BYTES = 8;

/**
 * Names a piece among those that were read.
 *
 * @param piece - path and start count
 * @returns its key in `Pieces`
 */
export function keyOf(piece: FilePiece): string {
  return `${String(piece.start)} ${piece.path}`;
}

function isSafetensors(candidate: CheckpointCandidate): boolean {
  return candidate.path.endsWith('.safetensors');
}

function firstPiece(candidate: CheckpointCandidate): FilePiece {
  const length = isSafetensors(candidate) ? FIRST_BYTES : LENGTH_BYTES;
  return { path: candidate.path, start: 0, length };
}

function tailPiece({ path }: CheckpointCandidate): FilePiece {
  return { path, start: -ZIP_TAIL_BYTES, length: ZIP_TAIL_BYTES };
}

// One byte more than it had, so that one that grew too large is seen.
function sidePiece({ path, size }: CheckpointEntry): FilePiece {
  return { path, start: 0, length: Math.min(size, MAX_SIDE_BYTES) + 1 };
}

/**
 * Tells what must be read of a checkpoint.
 *
 * @param visit - as far as it is known
 * @returns pieces of it and of its side JSON; none when neither has changed
 */
export function wantedPieces(visit: Visit): FilePiece[] {
  const { candidate, before, structure, sideFile, sideStamp } = visit;
  const pieces: FilePiece[] = [];
  if (structure === undefined) {
    pieces.push(firstPiece(candidate));
    if (!isSafetensors(candidate)) {
      pieces.push(tailPiece(candidate));
    }
  }
  if (sideFile !== null && before?.sideStamp !== sideStamp && sideFile.size <= MAX_SIDE_BYTES) {
    pieces.push(sidePiece(sideFile));
  }
  return pieces;
}

/**
 * Tells which headers were longer than the start that was read.
 *
 * @param visits - all of a scan
 * @param pieces - what was read of them
 * @returns those headers
 */
export function longHeaders(visits: readonly Visit[], pieces: Pieces): FilePiece[] {
  return visits.flatMap(({ candidate, structure }) => {
    const first = pieces.get(keyOf(firstPiece(candidate)));
    if (structure !== undefined || first == null || !isSafetensors(candidate)) {
      return [];
    }
    const length = safetensorsHeaderLength(first);
    return length === null || length + LENGTH_BYTES <= first.length || length > MAX_HEADER_BYTES
      ? []
      : [{ path: candidate.path, start: LENGTH_BYTES, length }];
  });
}

/**
 * Puts together what one visit found.
 *
 * @param visit - the checkpoint
 * @param pieces - what was read of all
 * @returns what the next scan starts from
 */
export function remember(visit: Visit, pieces: Pieces): Memory {
  const { candidate, before, look, sideFile, sideStamp } = visit;
  const structure = visit.structure ?? fileStructure(candidate, pieces);
  if (before?.sideStamp === sideStamp) {
    return { ...before, look, structure };
  }
  const { side, problems } = readSide(candidate, sideFile, pieces);
  const sideModifiedAt = sideFile?.modifiedAt ?? 0;
  return { look, structure, side, sideStamp, sideModifiedAt, problems };
}

function readSide(
  candidate: CheckpointCandidate,
  file: CheckpointEntry | null,
  pieces: Pieces,
): { side: SideFacts | null; problems: CheckpointProblem[] } {
  if (file === null) {
    return { side: null, problems: [] };
  }
  const bytes = pieces.get(keyOf(sidePiece(file))) ?? null;
  if (bytes === null || bytes.length > MAX_SIDE_BYTES) {
    const isLarge = bytes !== null || file.size > MAX_SIDE_BYTES;
    const reason = isLarge ? 'larger than 8 MiB' : 'cannot be read';
    return { side: null, problems: [{ path: file.path, reason }] };
  }
  const { facts, reason } = parseSide(Buffer.from(bytes).toString('utf8'), candidate.path);
  return { side: facts, problems: reason === null ? [] : [{ path: file.path, reason }] };
}

function fileStructure(candidate: CheckpointCandidate, pieces: Pieces): Structure {
  const first = pieces.get(keyOf(firstPiece(candidate))) ?? null;
  if (first === null) {
    return 'unknown';
  }
  if (isSafetensors(candidate)) {
    const length = safetensorsHeaderLength(first);
    const header = length === null ? null : headerText(candidate.path, first, length, pieces);
    return safetensorsStructure(length, header, candidate.size);
  }
  if (!isZip(first)) {
    return 'unknown';
  }
  const tail = pieces.get(keyOf(tailPiece(candidate))) ?? null;
  return tail === null ? 'unknown' : zipStructure(tail, candidate.size);
}

function headerText(
  path: string,
  first: Uint8Array,
  length: number,
  pieces: Pieces,
): string | null {
  const bytes =
    length + LENGTH_BYTES <= first.length
      ? first.subarray(LENGTH_BYTES, LENGTH_BYTES + length)
      : (pieces.get(keyOf({ path, start: LENGTH_BYTES, length })) ?? null);
  return bytes === null ? null : Buffer.from(bytes).toString('utf8');
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
