import { keyParts, namesBelow, outlineToml } from './line-scan.ts';
import type { EntryLine, HeaderLine, TomlOutline } from './line-scan.ts';
import { scanValue } from './value-scan.ts';
import type { Frame, ValueScan } from './value-scan.ts';

/** What is being typed where the cursor stands; offsets tell what to replace. */
export type CursorContext =
  | {
      readonly kind: 'section';
      readonly start: number;
      readonly end: number;
      /** Whether the closing bracket is there already. */
      readonly closed: boolean;
    }
  | {
      readonly kind: 'key';
      readonly table: readonly string[];
      readonly start: number;
      readonly end: number;
      readonly hasEquals: boolean;
      /** Whether nothing but this key stands on the line, so that a section fits too. */
      readonly alone: boolean;
      /** Keys of the table that are there already. */
      readonly taken: readonly string[];
    }
  | {
      readonly kind: 'value';
      /** List places as numbers. */
      readonly path: readonly (string | number)[];
      readonly start: number;
      readonly end: number;
      /** The quote it stands in, `null` outside of strings. */
      readonly quote: '"' | "'" | null;
    }
  | { readonly kind: 'none' };

const NONE: CursorContext = { kind: 'none' };
const BARE = /[\w-]/;

/**
 * Finds out what is being typed.
 *
 * @param text - the document, half typed
 * @param offset - of the cursor
 * @param outline - of the same text, when it is known already
 * @returns the context
 */
export function cursorContext(
  text: string,
  offset: number,
  outline: TomlOutline = outlineToml(text),
): CursorContext {
  const line = outline.lines.find((one) => one.start <= offset && offset <= lineReach(text, one));
  if (line === undefined) {
    return onEmptyLine(text, offset, outline);
  }
  const context = inLine(text, line, offset, outline);
  // What lost its closing bracket or quote lines ago is beyond completion.
  const broken = context.kind !== 'none' && /[\r\n]/.test(text.slice(context.start, context.end));
  return broken ? NONE : context;
}

function inLine(
  text: string,
  line: HeaderLine | EntryLine,
  offset: number,
  outline: TomlOutline,
): CursorContext {
  if (line.kind === 'header') {
    return inHeader(line, offset);
  }
  return line.equals === null || offset <= line.equals
    ? inKey(text, line, offset, outline)
    : inValue(text, line, line.equals, offset);
}

function lineReach(text: string, line: HeaderLine | EntryLine): number {
  // What follows a finished header on its line still belongs to that line.
  return line.end + (/^[^\r\n]*/.exec(text.slice(line.end))?.[0].length ?? 0);
}

function onEmptyLine(text: string, offset: number, outline: TomlOutline): CursorContext {
  const before = /[^\r\n]*$/.exec(text.slice(0, offset))?.[0] ?? '';
  if (before.trim() !== '') {
    return NONE;
  }
  // Text after the cursor starts a line of its own; it must not be swallowed.
  const header = outline.lines.findLast((one) => one.kind === 'header' && one.start < offset);
  const table = header?.parts.map((part) => part.name) ?? [];
  const rest = /^[^\r\n]*/.exec(text.slice(offset))?.[0] ?? '';
  if (rest.trim() !== '') {
    return NONE;
  }
  return {
    kind: 'key',
    table,
    start: offset,
    end: offset,
    hasEquals: false,
    alone: true,
    taken: namesBelow(outline, table),
  };
}

function inHeader(line: HeaderLine, offset: number): CursorContext {
  if (offset < line.innerStart || (line.closing !== null && offset > line.closing)) {
    return NONE;
  }
  return {
    kind: 'section',
    start: line.innerStart,
    end: line.closing ?? Math.max(offset, line.end),
    closed: line.closing !== null,
  };
}

function inKey(
  text: string,
  line: EntryLine,
  offset: number,
  outline: TomlOutline,
): CursorContext {
  const before = keyParts(text, line.start, offset);
  const typed = text.slice(line.start, offset);
  if (typed.includes('#')) {
    return NONE;
  }
  // After a dot or a blank, the part to come has no text yet.
  const open = typed === '' || /[.\s]$/.test(typed);
  if (/\s$/.test(typed) && !/\.\s*$/.test(typed)) {
    return NONE;
  }
  const done = open ? before : before.slice(0, -1);
  const table = [...line.table, ...done.map((part) => part.name)];
  const start = open ? offset : (before.at(-1)?.start ?? offset);
  return {
    kind: 'key',
    table,
    start,
    end: wordEnd(text, offset),
    hasEquals: line.equals !== null,
    alone: before.length <= 1 && line.equals === null && !typed.includes('.'),
    taken: namesBelow(outline, table, line),
  };
}

function inValue(text: string, line: EntryLine, equals: number, offset: number): CursorContext {
  const scan = scanValue(text, equals + 1, offset);
  if (scan.inComment || scan.end < offset) {
    return NONE;
  }
  const base = [...line.table, ...line.parts.map((part) => part.name)];
  const path = [...base, ...scan.frames.flatMap(framePath)];
  const frame = scan.frames.at(-1);
  if (frame?.kind === 'table' && frame.key === null) {
    return scan.string === null ? inInlineKey(text, path, frame, offset) : NONE;
  }
  return scan.string === null
    ? inBareValue(text, path, scan, offset)
    : inString(text, path, scan.string, offset);
}

function inInlineKey(
  text: string,
  path: readonly (string | number)[],
  frame: Frame,
  offset: number,
): CursorContext {
  const start = frame.partStart + leadingBlanks(text.slice(frame.partStart, offset));
  const end = wordEnd(text, offset);
  return {
    kind: 'key',
    table: path.map(String),
    start,
    end,
    hasEquals: /^[ \t]*=/.test(text.slice(end)),
    alone: false,
    taken: frame.seen,
  };
}

function inBareValue(
  text: string,
  path: readonly (string | number)[],
  scan: ValueScan,
  offset: number,
): CursorContext {
  const typed = text.slice(scan.tokenStart, offset);
  // After a finished value there is nothing to complete.
  if (/\S\s+$/.test(typed) || /["'\]}]/.test(typed)) {
    return NONE;
  }
  const start = scan.tokenStart + leadingBlanks(typed);
  return { kind: 'value', path, start, end: wordEnd(text, offset), quote: null };
}

function inString(
  text: string,
  path: readonly (string | number)[],
  string: NonNullable<ValueScan['string']>,
  offset: number,
): CursorContext {
  if (string.triple) {
    return NONE;
  }
  const rest = /^[^\r\n]*/.exec(text.slice(offset))?.[0] ?? '';
  const close = rest.indexOf(string.quote);
  // Without its closing quote a string would swallow the line: keep to the cursor.
  const end = close < 0 ? offset : offset + close;
  return { kind: 'value', path, start: string.start, end, quote: string.quote };
}

function framePath(frame: Frame): (string | number)[] {
  if (frame.kind === 'list') {
    return [frame.index];
  }
  return frame.key === null ? [] : frame.key.split('.').map((part) => part.trim());
}

function leadingBlanks(text: string): number {
  return text.length - text.trimStart().length;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && BARE.test(text.charAt(at))) {
    at += 1;
  }
  return at;
}
