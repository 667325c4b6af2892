import { scanValue } from './value-scan.ts';

/** One part of a dotted key: its name without quotes and its offsets with them. */
export interface KeyPart {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** A line such as `[runs.train]`, finished or not. */
export interface HeaderLine {
  readonly kind: 'header';
  readonly parts: readonly KeyPart[];
  readonly start: number;
  /** Offset after what was read: after `]` when there is one. */
  readonly end: number;
  /** Offset after the opening bracket or brackets. */
  readonly innerStart: number;
  /** Offset of the closing bracket; `null` while there is none. */
  readonly closing: number | null;
}

/** A line such as `grace = "30s"`, finished or not; its value may go over more lines. */
export interface EntryLine {
  readonly kind: 'entry';
  /** The table it stands in. */
  readonly table: readonly string[];
  readonly parts: readonly KeyPart[];
  readonly start: number;
  /** End of the value's last line. */
  readonly end: number;
  /** Offset of the `=`; `null` while there is none. */
  readonly equals: number | null;
}

/** A document read line by line without minding its mistakes. */
export interface TomlOutline {
  readonly lines: readonly (HeaderLine | EntryLine)[];
}

const KEY_PART = /"(?:[^"\\\r\n]|\\.)*"?|'[^'\r\n]*'?|[^\s.="'#[\]]+/g;

/**
 * Reads headers, keys and the extent of values from a text that may be
 * half typed, where a real parser gives up at the first mistake.
 *
 * @param text - the document
 * @returns its lines in order
 */
export function outlineToml(text: string): TomlOutline {
  const lines: (HeaderLine | EntryLine)[] = [];
  let table: readonly string[] = [];
  let at = 0;
  while (at < text.length) {
    const start = skipBlank(text, at);
    if (start >= text.length) {
      break;
    }
    const lineEnd = endOfLine(text, start);
    const first = text.charAt(start);
    if (first === '#') {
      at = lineEnd;
    } else if (first === '[') {
      const header = readHeader(text, start, lineEnd);
      lines.push(header);
      table = header.parts.map((part) => part.name);
      at = lineEnd;
    } else {
      const entry = readEntry(text, start, lineEnd, table);
      lines.push(entry);
      at = Math.max(entry.end, start + 1);
    }
  }
  return { lines };
}

/**
 * Lists the names directly below a table, however they are written.
 *
 * @param outline - the document
 * @param path - the table; empty for the top
 * @param except - a line that does not count, as the one being typed
 * @returns the names, each once
 */
export function namesBelow(
  outline: TomlOutline,
  path: readonly string[],
  except?: HeaderLine | EntryLine,
): readonly string[] {
  const names = new Set<string>();
  for (const line of outline.lines) {
    const full = fullPath(line);
    const name = full[path.length];
    if (line !== except && name !== undefined && path.every((part, i) => part === full[i])) {
      names.add(name);
    }
  }
  return [...names];
}

/**
 * The path a line speaks of.
 *
 * @param line - of the outline
 * @returns names from the top
 */
export function fullPath(line: HeaderLine | EntryLine): readonly string[] {
  const own = line.parts.map((part) => part.name);
  return line.kind === 'header' ? own : [...line.table, ...own];
}

/**
 * Splits a dotted key.
 *
 * @param text - the whole document
 * @param start - offset where the key begins
 * @param end - offset where it ends
 * @returns its parts; nothing stands for a part not yet typed
 */
export function keyParts(text: string, start: number, end: number): readonly KeyPart[] {
  return [...text.slice(start, end).matchAll(KEY_PART)].map((match) => ({
    name: match[0].replaceAll(/^["']|["']$/g, ''),
    start: start + match.index,
    end: start + match.index + match[0].length,
  }));
}

function readHeader(text: string, start: number, lineEnd: number): HeaderLine {
  const innerStart = start + (text.startsWith('[[', start) ? 2 : 1);
  const rest = text.slice(innerStart, lineEnd);
  const stop = /[\]#]/.exec(rest)?.index ?? rest.trimEnd().length;
  const innerEnd = innerStart + stop;
  const closing = text.charAt(innerEnd) === ']' ? innerEnd : null;
  return {
    kind: 'header',
    parts: keyParts(text, innerStart, innerEnd),
    start,
    end: closing === null ? innerEnd : closing + (text.startsWith(']]', closing) ? 2 : 1),
    innerStart,
    closing,
  };
}

function readEntry(
  text: string,
  start: number,
  lineEnd: number,
  table: readonly string[],
): EntryLine {
  const rest = text.slice(start, lineEnd);
  const stop = /^(?:"[^"]*"|'[^']*'|[^=#])*/.exec(rest)?.[0].length ?? rest.length;
  const equals = rest.charAt(stop) === '=' ? start + stop : null;
  return {
    kind: 'entry',
    table,
    parts: keyParts(text, start, start + stop),
    start,
    end: equals === null ? lineEnd : scanValue(text, equals + 1).end,
    equals,
  };
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text.charAt(at))) {
    at += 1;
  }
  return at;
}

function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== '\n' && text.charAt(at) !== '\r') {
    at += 1;
  }
  return at;
}
