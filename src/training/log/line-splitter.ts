/**
 * How a line ended: `line` by `\n` or `\r\n`; `frame` by a lone `\r`, so the
 * next one is drawn over it; `piece` cut because it is too long, the next one
 * goes on with it; `open` at the end of the input.
 */
export type LineEnd = 'line' | 'frame' | 'piece' | 'open';

/** One line without its end. */
export interface LogLine {
  readonly text: string;
  /** Byte offset of its first byte in the log. */
  readonly offset: number;
  readonly end: LineEnd;
  /** True when it goes on with the `piece` before it. */
  readonly continued: boolean;
}

/** Longest text of one line in bytes, so that memory stays bounded. */
export const MAX_LINE_BYTES = 64 * 1024;

const LF = 10;
const CR = 13;

/**
 * Cuts a stream of bytes into lines. The result depends on the bytes alone,
 * never on where the chunks were cut. Bytes that are no UTF-8 become U+FFFD.
 */
export class LineSplitter {
  private readonly maxBytes: number;
  private rest: Buffer = Buffer.alloc(0);
  private offset: number;
  private continued = false;

  /**
   * Starts at the beginning of a line.
   *
   * @param offset - byte offset of the first byte pushed
   * @param maxBytes - longest line before it is cut into pieces; at least 4
   */
  constructor(offset = 0, maxBytes = MAX_LINE_BYTES) {
    this.offset = offset;
    this.maxBytes = maxBytes;
  }

  /** Bytes pushed that belong to no line given out so far. */
  get pendingBytes(): number {
    return this.rest.length;
  }

  /**
   * Takes the next bytes.
   *
   * @param chunk - may be kept until the line it ends with is complete
   * @returns the lines now complete
   */
  push(chunk: Buffer): LogLine[] {
    const lines: LogLine[] = [];
    // What is left holds no end, save a `\r` in last place that waits to be
    // told from `\r\n`; so the search goes on there.
    const from = Math.max(0, this.rest.length - 1);
    const data = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let start = 0;
    let lf = next(data, LF, from);
    let cr = next(data, CR, from);
    for (;;) {
      const stop = Math.min(lf, cr);
      if (stop - start > this.maxBytes) {
        start += this.cut(lines, data, start);
        continue;
      }
      if (stop === data.length || (stop === cr && cr + 1 === data.length)) {
        break;
      }
      const isLine = stop === lf || lf === cr + 1;
      const after = isLine ? lf + 1 : cr + 1;
      this.emit(lines, data, start, stop, isLine ? 'line' : 'frame');
      this.offset += after - stop;
      start = after;
      lf = lf < after ? next(data, LF, after) : lf;
      cr = cr < after ? next(data, CR, after) : cr;
    }
    this.rest = data.subarray(start);
    return lines;
  }

  /**
   * Gives up what is left at the end of the input.
   *
   * @returns the last line, if it had no end
   */
  end(): LogLine[] {
    const lines: LogLine[] = [];
    const { rest } = this;
    this.rest = Buffer.alloc(0);
    if (rest.length > 0 || this.continued) {
      const frame = rest[rest.length - 1] === CR;
      this.emit(lines, rest, 0, rest.length - (frame ? 1 : 0), frame ? 'frame' : 'open');
      this.offset += frame ? 1 : 0;
    }
    return lines;
  }

  /**
   * Shows the unfinished line, such as a prompt, without taking it.
   *
   * @returns its text so far, empty when there is none or it was cut before
   */
  peek(): string {
    if (this.continued) {
      return '';
    }
    const size = this.rest.length - (this.rest[this.rest.length - 1] === CR ? 1 : 0);
    return decode(this.rest, 0, characterEdge(this.rest, 0, size));
  }

  private cut(lines: LogLine[], data: Buffer, start: number): number {
    const edge = characterEdge(data, start, start + this.maxBytes);
    this.emit(lines, data, start, edge, 'piece');
    return edge - start;
  }

  private emit(lines: LogLine[], data: Buffer, start: number, stop: number, end: LineEnd): void {
    const text = decode(data, start, stop);
    lines.push({ text, offset: this.offset, end, continued: this.continued });
    this.offset += stop - start;
    this.continued = end === 'piece';
  }
}

function next(data: Buffer, byte: number, from: number): number {
  const index = data.indexOf(byte, from);
  return index < 0 ? data.length : index;
}

function decode(data: Buffer, start: number, stop: number): string {
  return start === stop ? '' : data.toString('utf8', start, stop);
}

// The last place up to `stop` where no UTF-8 character is cut in two.
function characterEdge(data: Buffer, start: number, stop: number): number {
  const lead = leadBefore(data, start, stop);
  const size = lead < 0 ? 0 : sequenceLength(data[lead] ?? 0);
  return lead > start && size > 1 && lead + size > stop ? lead : stop;
}

function leadBefore(data: Buffer, start: number, stop: number): number {
  for (let index = stop - 1; index >= Math.max(start, stop - 4); index--) {
    if (((data[index] ?? 0) & 0xc0) !== 0x80) {
      return index;
    }
  }
  return -1;
}

function sequenceLength(lead: number): number {
  if (lead >= 0xf0) {
    return 4;
  }
  if (lead >= 0xe0) {
    return 3;
  }
  return lead >= 0xc0 ? 2 : 1;
}
