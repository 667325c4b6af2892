import type { NeededEntry } from './change-set.ts';
import type { FileRange } from './local-content.ts';
import { localPath, readRanges } from './local-content.ts';
import type { PackedFile } from './pack-files.ts';
import { packHere, PackThread } from './pack-thread.ts';
import { tarEnd, tarHead, tarPadding } from './tar.ts';
import type { TarHead } from './tar.ts';

/** Something to pack. */
export interface Member {
  readonly head: TarHead;
  /** What it holds: text, or parts of a file of this host. */
  readonly content:
    | { readonly kind: 'none' }
    | { readonly kind: 'bytes'; readonly bytes: Buffer }
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'parts'; readonly path: string; readonly ranges: readonly FileRange[] };
}

const SMALL = 256 * 1024;
const PIECE = 256 * 1024;
const HEAD_BYTES = 1024;
// A thread takes some time to start.
const WORTH_A_THREAD = 100;
/** Batches that are packed ahead, beside what goes out. */
const AHEAD = 16;

/**
 * Packs members into one stream. Small files are packed ahead, many of them on a
 * thread of their own.
 *
 * @param members - what to pack
 * @yields {Buffer} pieces of about 256 KiB or more
 * @throws {TransferError} with code `source-changed` when a file has another size now
 */
export async function* pack(members: readonly Member[]): AsyncGenerator<Buffer> {
  const packer = new AheadPacker(members);
  let held: Buffer[] = [];
  let heldBytes = 0;
  let total = 0;
  const hold = (piece: Buffer): void => {
    held.push(piece);
    heldBytes += piece.length;
    total += piece.length;
  };
  const take = (): Buffer => {
    const piece = held.length === 1 ? held[0] : undefined;
    const all = piece ?? Buffer.concat(held);
    held = [];
    heldBytes = 0;
    return all;
  };
  try {
    for (const stretch of packer.stretches) {
      for await (const piece of packer.piecesOf(stretch)) {
        hold(piece);
        if (heldBytes >= PIECE) {
          yield take();
        }
      }
    }
    hold(tarEnd(total));
    yield take();
  } finally {
    await packer.close();
  }
}

/**
 * Makes the member for something of a tree.
 *
 * @param root - absolute directory on this host
 * @param needed - what is needed
 * @returns the member
 */
export function memberOf(root: string, needed: NeededEntry): Member {
  const { entry, stagePath } = needed;
  if (entry.kind === 'link') {
    const { target } = entry;
    const head = { path: stagePath, type: 'link', size: 0, mode: 0o777, stamp: 0, target } as const;
    return { head, content: { kind: 'none' } };
  }
  const { size, mode, stamp } = entry;
  return {
    head: { path: stagePath, type: 'file', size, mode, stamp },
    content: { kind: 'file', path: localPath(root, entry.path) },
  };
}

/**
 * Makes the member for a text of a plan.
 *
 * @param path - stage path
 * @param text - its content
 * @returns the member
 */
export function textMember(path: string, text: string): Member {
  const bytes = Buffer.from(text, 'utf8');
  return {
    head: { path, type: 'file', size: bytes.length, mode: 0o600, stamp: 0 },
    content: { kind: 'bytes', bytes },
  };
}

type Stretch =
  | { readonly kind: 'batch'; readonly files: readonly PackedFile[] }
  | { readonly kind: 'member'; readonly member: Member };

/** Packs batches of small files before their turn. */
class AheadPacker {
  readonly stretches: readonly Stretch[];
  private readonly thread: PackThread | undefined;
  private readonly packed = new Map<Stretch, Promise<Buffer>>();
  private next = 0;

  constructor(members: readonly Member[]) {
    this.stretches = stretchesOf(members);
    const files = members.filter(isSmallFile).length;
    this.thread = files < WORTH_A_THREAD ? undefined : new PackThread();
  }

  async *piecesOf(stretch: Stretch): AsyncGenerator<Buffer> {
    if (stretch.kind === 'batch') {
      this.packAhead(stretch);
      const piece = await this.packed.get(stretch);
      this.packed.delete(stretch);
      if (piece !== undefined) {
        yield piece;
      }
      return;
    }
    const { head, content } = stretch.member;
    yield tarHead(head);
    if (content.kind === 'bytes') {
      yield content.bytes;
    } else if (content.kind !== 'none') {
      const whole = [{ offset: 0, length: head.size }];
      yield* readRanges(content.path, content.kind === 'parts' ? content.ranges : whole);
    }
    yield tarPadding(head.size);
  }

  async close(): Promise<void> {
    await this.thread?.close();
  }

  private packAhead(stretch: Stretch): void {
    const upTo = this.stretches.indexOf(stretch, Math.max(0, this.next - AHEAD)) + AHEAD;
    for (; this.next < Math.min(upTo, this.stretches.length); this.next += 1) {
      const batch = this.stretches[this.next];
      if (batch?.kind === 'batch') {
        const packed = this.pack(batch.files);
        // Whoever takes it hears of its failure; nobody may take it at all.
        packed.catch(() => undefined);
        this.packed.set(batch, packed);
      }
    }
  }

  private async pack(files: readonly PackedFile[]): Promise<Buffer> {
    return await (this.thread?.pack(files) ?? packHere(files));
  }
}

function stretchesOf(members: readonly Member[]): Stretch[] {
  const stretches: Stretch[] = [];
  let files: PackedFile[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (files.length > 0) {
      stretches.push({ kind: 'batch', files });
    }
    files = [];
    bytes = 0;
  };
  for (const member of members) {
    const { head, content } = member;
    if (!isSmallFile(member)) {
      flush();
      stretches.push({ kind: 'member', member });
      continue;
    }
    files.push({ head, path: content.kind === 'file' ? content.path : undefined });
    bytes += head.size + HEAD_BYTES;
    if (bytes >= PIECE) {
      flush();
    }
  }
  flush();
  return stretches;
}

function isSmallFile({ head, content }: Member): boolean {
  return content.kind === 'file' ? head.size <= SMALL : content.kind === 'none';
}
