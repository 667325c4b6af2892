import type { FileChunk } from './transfer-types.ts';

/** A step of making the new version of a file. */
export type DeltaStep =
  | { readonly kind: 'copy'; readonly offset: number; readonly length: number }
  /** Offset in the new version, where the bytes are read to be sent. */
  | { readonly kind: 'literal'; readonly offset: number; readonly length: number };

/** How the new version of a file comes from the old one. */
export interface Delta {
  readonly steps: readonly DeltaStep[];
  /** Bytes that have to be sent. */
  readonly literal: number;
  /** The pieces they consist of, by which the machine proves them. */
  readonly pieces: readonly FileChunk[];
}

/**
 * Finds what of a new version the old one holds already.
 *
 * @param old - pieces of the old version
 * @param now - pieces of the new version, in order, without gaps
 * @returns the steps, neighbours joined
 */
export function deltaOf(old: readonly FileChunk[], now: readonly FileChunk[]): Delta {
  const places = new Map<string, number[]>();
  for (const chunk of old) {
    const key = keyOf(chunk);
    const found = places.get(key);
    if (found === undefined) {
      places.set(key, [chunk.offset]);
    } else {
      found.push(chunk.offset);
    }
  }
  const steps: DeltaStep[] = [];
  const pieces: FileChunk[] = [];
  let literal = 0;
  for (const chunk of now) {
    const last = steps.at(-1);
    const { length } = chunk;
    const found = places.get(keyOf(chunk));
    if (found === undefined) {
      literal += length;
      pieces.push(chunk);
      if (last?.kind === 'literal') {
        steps[steps.length - 1] = { ...last, length: last.length + length };
      } else {
        steps.push({ kind: 'literal', offset: chunk.offset, length });
      }
      continue;
    }
    // Where the last copy ended, if the piece is there too: fewer, longer copies.
    const next = last?.kind === 'copy' ? last.offset + last.length : undefined;
    if (last !== undefined && next !== undefined && found.includes(next)) {
      steps[steps.length - 1] = { ...last, length: last.length + length };
    } else {
      steps.push({ kind: 'copy', offset: found[0] ?? 0, length });
    }
  }
  return { steps, literal, pieces };
}

/**
 * Writes the steps for the machine.
 *
 * @param delta - the steps
 * @returns lines `c OFFSET LENGTH` and `l LENGTH`
 */
export function formatRecipe(delta: Delta): string {
  return delta.steps
    .map((step) =>
      step.kind === 'copy' ? `c ${step.offset} ${step.length}\n` : `l ${step.length}\n`,
    )
    .join('');
}

/**
 * Writes the pieces of what is sent for the machine.
 *
 * @param delta - the steps
 * @returns lines `LENGTH SHA256`
 */
export function formatPieces(delta: Delta): string {
  return delta.pieces.map(({ length, hash }) => `${length} ${hash}\n`).join('');
}

function keyOf(chunk: FileChunk): string {
  return `${chunk.hash} ${chunk.length}`;
}
