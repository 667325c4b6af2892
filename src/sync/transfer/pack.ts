import { readFile } from 'node:fs';
import { promisify } from 'node:util';
import type { NeededEntry } from './change-set.ts';
import type { FileRange } from './local-content.ts';
import { localPath, readRanges } from './local-content.ts';
import { tarEnd, tarHead, tarPadding } from './tar.ts';
import type { TarHead } from './tar.ts';
import { sourceChanged } from './transfer-failure.ts';

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

// Without file handles of their own: ten thousand of those cost a second.
const readBytes: (path: string) => Promise<Buffer> = promisify(readFile);

const SMALL = 256 * 1024;
const AHEAD = 48;
const PIECE = 256 * 1024;

/**
 * Packs members into one stream. Small files are read ahead, many at a time.
 *
 * @param members - what to pack
 * @yields {Buffer} pieces of about 256 KiB or more
 * @throws {TransferError} with code `source-changed` when a file has another size now
 */
export async function* pack(members: readonly Member[]): AsyncGenerator<Buffer> {
  const ahead = readAhead(members);
  let held: Buffer[] = [];
  let heldBytes = 0;
  let total = 0;
  const hold = (piece: Buffer): void => {
    held.push(piece);
    heldBytes += piece.length;
    total += piece.length;
  };
  for (const [at, member] of members.entries()) {
    hold(tarHead(member.head));
    const { content } = member;
    if (isSmall(member)) {
      hold(await ahead(at));
    } else if (content.kind === 'file' || content.kind === 'parts') {
      const whole = [{ offset: 0, length: member.head.size }];
      const ranges = content.kind === 'parts' ? content.ranges : whole;
      for await (const piece of readRanges(content.path, ranges)) {
        hold(piece);
        if (heldBytes >= PIECE) {
          yield Buffer.concat(held);
          held = [];
          heldBytes = 0;
        }
      }
    }
    hold(tarPadding(member.head.size));
    if (heldBytes >= PIECE) {
      yield Buffer.concat(held);
      held = [];
      heldBytes = 0;
    }
  }
  hold(tarEnd(total));
  yield Buffer.concat(held);
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

function isSmall({ head, content }: Member): boolean {
  return content.kind === 'file' ? head.size <= SMALL : content.kind !== 'parts';
}

// Gives member by member, in order, while the next ones are read.
function readAhead(members: readonly Member[]): (at: number) => Promise<Buffer> {
  const reads = new Map<number, Promise<Buffer>>();
  let next = 0;
  return (at) => {
    next = Math.max(next, at);
    for (; next < Math.min(members.length, at + AHEAD); next += 1) {
      const member = members[next];
      if (member !== undefined && isSmall(member)) {
        const read = readWhole(member);
        // Whoever takes it hears of its failure; nobody may take it at all.
        read.catch(() => undefined);
        reads.set(next, read);
      }
    }
    const read = reads.get(at);
    reads.delete(at);
    return read ?? Promise.resolve(Buffer.alloc(0));
  };
}

async function readWhole({ head, content }: Member): Promise<Buffer> {
  if (content.kind === 'none' || content.kind === 'parts') {
    return Buffer.alloc(0);
  }
  if (content.kind === 'bytes') {
    return content.bytes;
  }
  const bytes = await readBytes(content.path).catch((cause: unknown) => {
    throw sourceChanged(content.path, cause);
  });
  if (bytes.length !== head.size) {
    throw sourceChanged(content.path);
  }
  return bytes;
}
