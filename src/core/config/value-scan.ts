/** One open `[` or `{` of a value. */
export interface Frame {
  readonly kind: 'list' | 'table';
  /** Offset where the present element or pair begins, after the bracket or comma. */
  partStart: number;
  /** Place of the present element in a list, from 0. */
  index: number;
  /** Key of the present pair once its `=` was read; dotted keys as written. */
  key: string | null;
  /** Keys of the pairs before. */
  readonly seen: string[];
}

/** An open string. */
export interface OpenString {
  readonly quote: '"' | "'";
  readonly triple: boolean;
  /** Offset of the first character within. */
  readonly start: number;
}

/** Where a scan of a value stopped, and in the middle of what. */
export interface ValueScan {
  readonly end: number;
  readonly frames: readonly Frame[];
  readonly string: OpenString | null;
  readonly inComment: boolean;
  /** Offset after the last `=`, comma or bracket. */
  readonly tokenStart: number;
}

const HEADER_AHEAD = /\s*\[{1,2}[A-Za-z][\w-]*(\.[\w-]+)*\]{1,2}[ \t]*(#|$)/my;
const PAIR_AHEAD = /\s*[A-Za-z_][\w.-]*[ \t]*=/y;

/**
 * Reads a value as far as its end, or as far as a limit, forgiving what is
 * unfinished: an open string ends with its line, an open bracket before the
 * next header or (in a list) the next `key =`.
 *
 * @param text - the whole document
 * @param start - offset after the `=`
 * @param limit - offset to stop at, as for a cursor within
 * @returns the state at the end
 */
export function scanValue(text: string, start: number, limit = text.length): ValueScan {
  const frames: Frame[] = [];
  let string: OpenString | null = null;
  let inComment = false;
  let tokenStart = start;
  let at = start;
  const next = (): void => {
    tokenStart = at + 1;
  };

  while (at < limit) {
    const character = text.charAt(at);
    const newLine = character === '\n' || character === '\r';
    if (newLine && string?.triple !== true) {
      string = null;
      inComment = false;
      if (frames.length === 0 || isAbandoned(text, at, frames)) {
        break;
      }
    } else if (inComment) {
      // Nothing within counts.
    } else if (string !== null) {
      if (character === '\\' && string.quote === '"') {
        at += 1;
      } else if (text.startsWith(closing(string), at)) {
        at += closing(string).length - 1;
        string = null;
      }
    } else if (character === '"' || character === "'") {
      const triple = text.startsWith(character.repeat(3), at);
      at += triple ? 2 : 0;
      string = { quote: character, triple, start: at + 1 };
    } else if (character === '#') {
      inComment = true;
    } else if (character === '[' || character === '{') {
      const kind = character === '[' ? 'list' : 'table';
      frames.push({ kind, partStart: at + 1, index: 0, key: null, seen: [] });
      next();
    } else if (character === ']' || character === '}') {
      frames.pop();
    } else if (character === ',') {
      nextPart(frames.at(-1), at);
      next();
    } else if (character === '=') {
      takeKey(frames.at(-1), text, at);
      next();
    }
    at += 1;
  }
  // An escape or a long quote may step over the limit.
  return { end: Math.min(at, limit), frames, string, inComment, tokenStart };
}

function closing(string: OpenString): string {
  return string.triple ? string.quote.repeat(3) : string.quote;
}

function isAbandoned(text: string, at: number, frames: readonly Frame[]): boolean {
  HEADER_AHEAD.lastIndex = at;
  PAIR_AHEAD.lastIndex = at;
  const inTable = frames.some((frame) => frame.kind === 'table');
  return HEADER_AHEAD.test(text) || (!inTable && PAIR_AHEAD.test(text));
}

function nextPart(frame: Frame | undefined, at: number): void {
  if (frame === undefined) {
    return;
  }
  if (frame.key !== null) {
    frame.seen.push(frame.key);
  }
  frame.key = null;
  frame.index += 1;
  frame.partStart = at + 1;
}

function takeKey(frame: Frame | undefined, text: string, at: number): void {
  if (frame?.kind === 'table') {
    frame.key = text.slice(frame.partStart, at).trim().replaceAll(/^["']|["']$/g, '');
  }
}
