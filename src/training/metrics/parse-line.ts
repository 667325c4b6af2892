import { stripControls } from '../log/control-stripper.ts';

import { readJsonLine } from './json-line.ts';
import { readObject } from './json-values.ts';
import { HINT } from './known-names.ts';
import { saysSomething, type LineFacts } from './line-facts.ts';
import { readPairs } from './pairs.ts';
import { readProtocol } from './protocol.ts';
import { readPythonDict } from './python-dict.ts';

/** Free text longer than this is not searched; the protocol is read anyway. */
export const MAX_SEARCHED = 4096;

/**
 * Reads the metrics and counts of one log line, whatever known form it has:
 * the exact protocol first, then JSON, a Python dict, pairs and bars.
 *
 * @param line - text without its end; colours do not matter
 * @returns what it tells, or `null` when it tells nothing
 */
export function parseLine(line: string): LineFacts | null {
  const text = line.includes('\u001b') ? stripControls(line) : line;
  const facts = startsWithBrace(text) ? parseObject(text) : parseText(text);
  return facts !== null && saysSomething(facts) ? facts : null;
}

function parseObject(text: string): LineFacts | null {
  const object = readObject(text);
  if (object !== undefined) {
    return readProtocol(object) ?? (text.length > MAX_SEARCHED ? null : readJsonLine(object));
  }
  return text.length > MAX_SEARCHED ? null : readPythonDict(text);
}

function parseText(text: string): LineFacts | null {
  return text.length > MAX_SEARCHED || !(HINT.test(text) || text.includes('━'))
    ? null
    : readPairs(text);
}

function startsWithBrace(text: string): boolean {
  const first = text.charCodeAt(0);
  const brace = 0x7b;
  return first === brace || (first <= 0x20 && text.trimStart().charCodeAt(0) === brace);
}
