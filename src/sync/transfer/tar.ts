/** What an archive can hold. */
export interface TarHead {
  /** Relative, `/` between parts; any bytes but NUL. */
  readonly path: string;
  readonly type: 'file' | 'link';
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Whole seconds since the epoch. */
  readonly stamp: number;
  /** Of a link. */
  readonly target?: string;
}

const BLOCK = 512;
const RECORD = 10_240;
const NAME_BYTES = 100;
const OCTAL_SIZE_LIMIT = 8 ** 11;

/**
 * Writes the head of one member. Long names go the old GNU way: busybox reads
 * that, and drops the newer one in silence.
 *
 * @param head - the member
 * @returns its blocks; the content follows, then {@link tarPadding}
 */
export function tarHead(head: TarHead): Buffer {
  const path = Buffer.from(head.path, 'utf8');
  const target = Buffer.from(head.target ?? '', 'utf8');
  const blocks: Buffer[] = [];
  if (target.length > NAME_BYTES) {
    blocks.push(...longName('K', target));
  }
  if (path.length > NAME_BYTES) {
    blocks.push(...longName('L', path));
  }
  blocks.push(block(head.type === 'file' ? '0' : '2', path, target, head));
  return Buffer.concat(blocks);
}

/**
 * Tells what follows the content of a member.
 *
 * @param size - bytes of content
 * @returns zeros up to the next block
 */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/**
 * Ends an archive.
 *
 * @param size - bytes written so far
 * @returns two blocks of zeros and the rest of a record, so that a reader of
 *   whole records finds its last one
 */
export function tarEnd(size: number): Buffer {
  const end = 2 * BLOCK;
  return Buffer.alloc(end + ((RECORD - ((size + end) % RECORD)) % RECORD));
}

function longName(kind: 'K' | 'L', name: Buffer): Buffer[] {
  const size = name.length + 1;
  const head = { size, mode: 0, stamp: 0 };
  return [
    block(kind, Buffer.from('././@LongLink'), Buffer.alloc(0), head),
    name,
    Buffer.alloc(1),
    tarPadding(size),
  ];
}

function block(
  kind: string,
  path: Buffer,
  target: Buffer,
  head: { readonly size: number; readonly mode: number; readonly stamp: number },
): Buffer {
  const buffer = Buffer.alloc(BLOCK);
  path.copy(buffer, 0, 0, NAME_BYTES);
  octal(buffer, 100, 8, head.mode & 0o777);
  octal(buffer, 108, 8, 0);
  octal(buffer, 116, 8, 0);
  size(buffer, head.size);
  octal(buffer, 136, 12, Math.max(0, Math.min(head.stamp, OCTAL_SIZE_LIMIT - 1)));
  buffer.fill(' ', 148, 156);
  buffer.write(kind, 156);
  target.copy(buffer, 157, 0, NAME_BYTES);
  buffer.write('ustar  \0', 257, 'latin1');
  const sum = buffer.reduce((total, byte) => total + byte, 0);
  buffer.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return buffer;
}

function octal(buffer: Buffer, at: number, width: number, value: number): void {
  buffer.write(value.toString(8).padStart(width - 1, '0'), at, 'latin1');
}

// From 8 GiB on: binary, the sign bit set.
function size(buffer: Buffer, value: number): void {
  if (value < OCTAL_SIZE_LIMIT) {
    octal(buffer, 124, 12, value);
    return;
  }
  buffer.writeBigUInt64BE(BigInt(value), 128);
  buffer.writeUInt8(0x80, 124);
}
