/** A hash that takes its bytes in parts. */
export interface ContentHasher {
  /**
   * @param bytes - what comes next
   * @returns itself
   */
  update(bytes: Uint8Array): this;
  /**
   * Ends it.
   *
   * @returns lower-case hex
   */
  digest(): string;
}

interface Machine {
  readonly memory: Uint8Array;
  readonly words: BigUint64Array;
  /** Takes in blocks: where, how many, bytes in each, all bits set for the last one. */
  readonly compress: (at: number, blocks: number, bytes: bigint, last: bigint) => void;
}

// Every host has it; the types of Node alone don't.
interface WebAssemblyApi {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer };
      readonly compress: Machine['compress'];
    };
  };
}

const BLOCK = 128;
// After the state, and a whole number of blocks.
const DATA = 1024;
const CAPACITY = 63 * 1024;
const PAGES = 1;

// RFC 7693: the fractional parts of the square roots of the first primes.
const IV = [
  0x6a09e667f3bcc908n,
  0xbb67ae8584caa73bn,
  0x3c6ef372fe94f82bn,
  0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n,
  0x9b05688c2b3e6c1fn,
  0x1f83d9abfb41bd6bn,
  0x5be0cd19137e2179n,
];
// 64 bytes long, no key, no tree.
const PARAMETERS = 0x01010040n;
const ORDER = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const ROUNDS = 12;
const MIXES = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];

const free: Machine[] = [];
let compiled: object | undefined;

/**
 * BLAKE2b-512 for hosts whose Node has none, as that of the desktop VS Code:
 * WebAssembly, made here, about as fast as native code.
 */
export class Blake2b implements ContentHasher {
  private readonly machine = free.pop() ?? newMachine();
  private held = 0;

  constructor() {
    const { words } = this.machine;
    words.set(IV);
    words[0] = (IV[0] ?? 0n) ^ PARAMETERS;
    words[8] = 0n;
  }

  update(bytes: Uint8Array): this {
    const { memory, compress } = this.machine;
    for (let from = 0; from < bytes.length; ) {
      if (this.held === CAPACITY) {
        // There is more, so none of these is the last block.
        compress(DATA, CAPACITY / BLOCK, BigInt(BLOCK), 0n);
        this.held = 0;
      }
      const part = bytes.subarray(from, from + CAPACITY - this.held);
      memory.set(part, DATA + this.held);
      this.held += part.length;
      from += part.length;
    }
    return this;
  }

  digest(): string {
    const { memory, compress } = this.machine;
    const before = Math.max(0, Math.ceil(this.held / BLOCK) - 1);
    const last = DATA + before * BLOCK;
    memory.fill(0, DATA + this.held, last + BLOCK);
    if (before > 0) {
      compress(DATA, before, BigInt(BLOCK), 0n);
    }
    compress(last, 1, BigInt(this.held - before * BLOCK), -1n);
    const hex = Buffer.from(memory.subarray(0, 64)).toString('hex');
    free.push(this.machine);
    return hex;
  }
}

function newMachine(): Machine {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi })
    .WebAssembly;
  compiled ??= new Module(assemble());
  const { memory, compress } = new Instance(compiled).exports;
  const words = new BigUint64Array(memory.buffer);
  return { memory: new Uint8Array(memory.buffer), words, compress };
}

// Memory: eight words of state, then the count of bytes, then (at DATA) the blocks.
function assemble(): Uint8Array {
  const type = [1, 0x60, 4, 0x7f, 0x7f, 0x7e, 0x7e, 0];
  const exported = [2, ...name('memory'), 2, 0, ...name('compress'), 0, 0];
  // Sixteen locals of 64 bits after the four parameters.
  const body = [1, 16, 0x7e, ...compressCode(), 0x0b];
  const code = [1, ...unsigned(body.length), ...body];
  const sections = [[1, type], [3, [1, 0]], [5, [1, 0, PAGES]], [7, exported], [10, code]] as const;
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...sections.flatMap(([id, bytes]) => [id, ...unsigned(bytes.length), ...bytes]),
  ]);
}

function compressCode(): number[] {
  const [at, blocks, bytes, last] = [0, 1, 2, 3] as const;
  const v = (index: number): number => 4 + index;
  const code: number[] = [0x03, 0x40];
  // Count the bytes.
  code.push(...number32(0), ...number32(0), ...load(8), ...get(bytes), ADD, ...store(8));
  for (const [index, word] of IV.entries()) {
    code.push(...number32(0), ...load(index), ...set(v(index)));
    code.push(...number64(word), ...set(v(index + 8)));
  }
  code.push(...get(v(12)), ...number32(0), ...load(8), XOR, ...set(v(12)));
  code.push(...get(v(14)), ...get(last), XOR, ...set(v(14)));
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = ORDER[round % ORDER.length] ?? [];
    for (const [index, mix] of MIXES.entries()) {
      const [a = 0, b = 0, c = 0, d = 0] = mix.map(v);
      for (const [half, [first, second]] of ([[32, 24], [16, 63]] as const).entries()) {
        const word = order[index * 2 + half] ?? 0;
        code.push(...get(a), ...get(b), ADD, ...get(at), ...load(word), ADD, ...set(a));
        code.push(...get(d), ...get(a), XOR, ...number64(BigInt(first)), ROTATE, ...set(d));
        code.push(...get(c), ...get(d), ADD, ...set(c));
        code.push(...get(b), ...get(c), XOR, ...number64(BigInt(second)), ROTATE, ...set(b));
      }
    }
  }
  for (let index = 0; index < 8; index += 1) {
    code.push(...number32(0), ...number32(0), ...load(index));
    code.push(...get(v(index)), XOR, ...get(v(index + 8)), XOR, ...store(index));
  }
  code.push(...get(at), ...number32(BLOCK), ADD32, ...set(at));
  // Again while there are blocks.
  code.push(...get(blocks), ...number32(1), SUB32, 0x22, blocks, 0x0d, 0, 0x0b);
  return code;
}

const ADD = 0x7c;
const XOR = 0x85;
const ROTATE = 0x8a;
const ADD32 = 0x6a;
const SUB32 = 0x6b;

function get(local: number): number[] {
  return [0x20, local];
}

function set(local: number): number[] {
  return [0x21, local];
}

function load(word: number): number[] {
  return [0x29, 3, ...unsigned(word * 8)];
}

function store(word: number): number[] {
  return [0x37, 3, ...unsigned(word * 8)];
}

function number32(value: number): number[] {
  return [0x41, ...signed(BigInt(value))];
}

function number64(value: bigint): number[] {
  return [0x42, ...signed(BigInt.asIntN(64, value))];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text)];
}

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const ends = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return ends ? [low] : [low | 0x80, ...signed(rest)];
}
