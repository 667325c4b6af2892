import * as l10n from '@vscode/l10n';
import type { ConfigFix, ConfigProblem } from './problem.ts';
import type { LineIndex } from './text-range.ts';

/** Where a TOML parser stopped. */
export interface SyntaxFault {
  /** The parser's own words, English. */
  readonly message: string;
  /** Offset into the text. */
  readonly offset: number;
}

const PREFIX = 'Invalid TOML document: ';
const BARE_TEXT = /^[A-Za-z_][^\s"'#,[\]{}=]*/;

/**
 * Puts a syntax error into words and marks what is wrong on its line.
 *
 * @param fault - what the parser says
 * @param file - name of the file
 * @param text - all of it
 * @param lines - its lines
 * @returns the problem; its range is never empty unless the text is
 */
export function syntaxProblem(
  fault: SyntaxFault,
  file: string,
  text: string,
  lines: LineIndex,
): ConfigProblem {
  const [start, end] = markedPart(text, fault.offset);
  const said = (fault.message.split('\n', 1)[0] ?? '').replace(PREFIX, '');
  // A line break within quotes is to the parser a character that does not belong there.
  const atBreak = /^[\r\n]/.test(text.slice(fault.offset)) && said.includes('in strings');
  const reason = atBreak ? 'unfinished string' : said;
  const bare = reason === 'invalid value' ? BARE_TEXT.exec(text.slice(start, end))?.[0] : undefined;
  const range = lines.range(start, bare === undefined ? end : start + bare.length);
  return {
    file,
    severity: 'error',
    layer: 'syntax',
    code: 'syntax',
    message: bare === undefined ? syntaxMessage(reason) : l10n.t('Text needs quotes.'),
    range,
    path: '',
    fix: bare === undefined ? null : quoteFix(bare, range),
  };
}

function quoteFix(bare: string, range: ConfigFix['range']): ConfigFix {
  const text = JSON.stringify(bare);
  return { title: l10n.t('Change to {0}', text), range, text };
}

// From the fault to the end of what is written on its line; where nothing is left, the part before.
function markedPart(text: string, offset: number): [number, number] {
  const at = Math.min(Math.max(offset, 0), text.length);
  const lineStart = lastBreak(text, at) + 1;
  const rest = /^[^\r\n]*/.exec(text.slice(at))?.[0] ?? '';
  const end = at + rest.trimEnd().length;
  if (end > at) {
    return [at, end];
  }
  const before = text.slice(lineStart, at).trimEnd();
  // An open string is wrong from its quote on, not only where its line ends.
  const quote = /=\s*["']/.exec(before)?.[0].length;
  const open = quote === undefined ? -1 : before.indexOf('=') + quote - 1;
  const start = lineStart + Math.max(0, open < 0 ? before.length - 1 : open);
  return before.length > 0 ? [start, at] : [Math.max(0, at - 1), at];
}

function lastBreak(text: string, before: number): number {
  if (before === 0) {
    return -1;
  }
  return Math.max(text.lastIndexOf('\n', before - 1), text.lastIndexOf('\r', before - 1));
}

function syntaxMessage(reason: string): string {
  if (reason.includes('redefine')) {
    return l10n.t('This is defined twice.');
  }
  if (reason === 'invalid value') {
    return l10n.t('A value is missing or not valid TOML.');
  }
  if (reason === 'unfinished string') {
    return l10n.t('The closing quote is missing.');
  }
  if (reason.includes('end-of-line')) {
    return l10n.t('Only one key and value fit on a line.');
  }
  return l10n.t('Not valid TOML: {0}.', reason);
}
