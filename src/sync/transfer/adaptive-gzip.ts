import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

const LEVELS = [0, 1, 6] as const;
// So much waits when the link is what holds up.
const WAITING = 512 * 1024;
// What shrinks less than this is sent as it is, and the next so many pieces with it.
const WORTH = 0.95;
const PIECES_SPARED = 8;
/** Pieces that are compressed at a time, each on a thread of its own. */
const AHEAD = 3;

/**
 * Compresses as much as the link leaves time for: what goes out as quickly as
 * it comes is not compressed at all, nor is what cannot be shrunk.
 *
 * @param source - what to compress, in pieces of some hundred kibibytes
 * @param waiting - tells the bytes that wait for the link
 * @yields {Buffer} a gzip member for each piece; one after the other they are a
 *   stream that every `gzip` reads
 */
export async function* adaptiveGzip(
  source: AsyncIterable<Buffer>,
  waiting: () => number,
): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = [];
  let wish = 1;
  let spared = 0;
  let isEmpty = true;
  const pack = async (piece: Buffer, level: number): Promise<Buffer> => {
    const made = await compress(piece, { level });
    if (level > 0 && made.length > piece.length * WORTH) {
      spared = PIECES_SPARED;
    }
    return made;
  };
  for await (const piece of source) {
    isEmpty = false;
    const now = waiting();
    wish = clamp(wish + (now > WAITING ? 1 : 0) - (now === 0 ? 1 : 0));
    const packed = pack(piece, spared > 0 ? 0 : (LEVELS[wish] ?? 0));
    // Whoever takes it hears of its failure; nobody may take it at all.
    packed.catch(() => undefined);
    spared -= 1;
    ahead.push(packed);
    if (ahead.length >= AHEAD) {
      yield await (ahead.shift() ?? packed);
    }
  }
  for (const packed of ahead) {
    yield await packed;
  }
  if (isEmpty) {
    yield await compress(Buffer.alloc(0));
  }
}

function clamp(wish: number): number {
  return Math.min(LEVELS.length - 1, Math.max(0, wish));
}
