/** What two looks at a checkpoint, and one into it, tell. */
export interface WritingFacts {
  /** Bytes now. */
  readonly size: number;
  /** Last change, ms by the machine's clock. */
  readonly modifiedAt: number;
  /** The machine's time of this look, ms since the epoch. */
  readonly now: number;
  /** The look before, `null` on the first. */
  readonly previous: Look | null;
  /** What the side JSON says; `null` when it is silent. */
  readonly declared: boolean | null;
  readonly structure: Structure;
  /** `alive` unless told. */
  readonly writer?: Writer;
}

/** Whether the program still writes, has ended well, or may have been cut off in a write. */
export type Writer = 'alive' | 'done' | 'cut-off';

/** Size and change of a checkpoint at one moment; times in ms. */
export interface Look {
  readonly size: number;
  readonly modifiedAt: number;
  /** When it was looked at, the machine's clock. */
  readonly at: number;
}

/** What the format itself proves: whole, cut short, or nothing. */
export type Structure = 'whole' | 'cut' | 'unknown';

/** The verdict, and the word for it in logs. */
export interface Completeness {
  readonly complete: boolean;
  readonly why: 'declared' | 'empty' | 'moving' | 'recent' | 'settled' | 'structure';
}

/** A file untouched this long counts as finished when nothing else tells. */
export const SETTLE_MS = 10_000;
/** Two looks closer than this prove nothing: writers pause. */
const MIN_GAP_MS = 2_000;

/**
 * Decides whether a checkpoint can be resumed from or is still being written.
 * In doubt it is not complete: resuming from half a file costs a run, waiting
 * for the next look costs seconds.
 *
 * @param facts - what is known of it
 * @param settleMs - age after which an unchanged file counts as finished
 * @returns the verdict
 */
export function completenessOf(facts: WritingFacts, settleMs = SETTLE_MS): Completeness {
  const { previous, size, modifiedAt, writer = 'alive' } = facts;
  if (size === 0) {
    return { complete: false, why: 'empty' };
  }
  if (facts.structure === 'cut') {
    return { complete: false, why: 'structure' };
  }
  if (facts.declared === false) {
    return { complete: false, why: 'declared' };
  }
  const age = facts.now - modifiedAt;
  // After KILL a file stops growing without being whole: only a good end spares the wait.
  const recent = writer !== 'done' && age < settleMs;
  const moved = previous !== null && (previous.size !== size || previous.modifiedAt !== modifiedAt);
  // A size that moved long ago is a file replaced between two looks far apart.
  const proven = facts.structure === 'whole' || (writer !== 'alive' && facts.declared === true);
  if (recent && previous !== null && previous.size !== size && !proven) {
    return { complete: false, why: 'moving' };
  }
  if (facts.structure === 'whole') {
    return { complete: true, why: 'structure' };
  }
  if (facts.declared === true) {
    return { complete: true, why: 'declared' };
  }
  const stood = previous !== null && !moved && facts.now - previous.at >= MIN_GAP_MS;
  return recent && !stood ? { complete: false, why: 'recent' } : { complete: true, why: 'settled' };
}

/** The first bytes of a ZIP archive, which is what torch and Keras write. */
const ZIP_START = [0x50, 0x4b, 0x03, 0x04];
const ZIP_END = [0x50, 0x4b, 0x05, 0x06];
const ZIP_END_BYTES = 22;
/** Bytes of the file's end that must be read to find the end record. */
export const ZIP_TAIL_BYTES = 1024;

/**
 * Tells a ZIP archive by its start.
 *
 * @param head - the file's first bytes
 * @returns true for an archive that has at least one member
 */
export function isZip(head: Uint8Array): boolean {
  return ZIP_START.every((byte, index) => head[index] === byte);
}

/**
 * Looks for a ZIP archive's end record, which is written last.
 *
 * @param tail - the file's last bytes, up to `ZIP_TAIL_BYTES`
 * @param size - bytes of the whole file
 * @returns `whole` when a record ends exactly where the file does, else `cut`
 */
export function zipStructure(tail: Uint8Array, size: number): Structure {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = tail.length - ZIP_END_BYTES; at >= 0; at -= 1) {
    if (!ZIP_END.every((byte, index) => tail[at + index] === byte)) {
      continue;
    }
    const directorySize = view.getUint32(at + 12, true);
    const commentLength = view.getUint16(at + 20, true);
    const endsHere = at + ZIP_END_BYTES + commentLength === tail.length;
    // 0xffffffff stands for "see the ZIP64 record".
    const fits = directorySize === 0xffffffff || directorySize + ZIP_END_BYTES <= size;
    return endsHere && fits ? 'whole' : 'cut';
  }
  return 'cut';
}

const LENGTH_BYTES = 8;
/** A header longer than this is not read to its end. */
export const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/**
 * Reads how long a safetensors header is.
 *
 * @param head - the file's first eight bytes or more
 * @returns bytes of the header, or `null` when the file is too short or no such file
 */
export function safetensorsHeaderLength(head: Uint8Array): number | null {
  if (head.length < LENGTH_BYTES) {
    return null;
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = Number(view.getBigUint64(0, true));
  return Number.isSafeInteger(length) ? length : null;
}

/**
 * Compares a safetensors file's size with what its header promises.
 *
 * @param headerLength - from `safetensorsHeaderLength`
 * @param header - the header's text, `null` when it was not read
 * @param size - bytes of the whole file
 * @returns `whole` only when the size is exactly as promised
 */
export function safetensorsStructure(
  headerLength: number | null,
  header: string | null,
  size: number,
): Structure {
  if (headerLength === null || size < LENGTH_BYTES + headerLength) {
    return 'cut';
  }
  const dataBytes = header === null ? null : tensorBytes(header);
  if (dataBytes === null) {
    return header === null ? 'unknown' : 'cut';
  }
  return size === LENGTH_BYTES + headerLength + dataBytes ? 'whole' : 'cut';
}

function tensorBytes(header: string): number | null {
  try {
    let end = 0;
    for (const tensor of Object.values(JSON.parse(header) as Record<string, unknown>)) {
      const offsets: unknown =
        typeof tensor === 'object' && tensor !== null && 'data_offsets' in tensor
          ? tensor.data_offsets
          : [];
      const last: unknown = Array.isArray(offsets) ? offsets[1] : undefined;
      end = typeof last === 'number' ? Math.max(end, last) : end;
    }
    return end;
  } catch {
    return null;
  }
}
