import { quoteWord } from '../../remote/ssh/quote.ts';

const WORDS_PER_CALL = 600;
const LETTERS_PER_CALL = 60_000;

/**
 * Writes calls of a function of the script, as many as its words need: the
 * programs it runs take no endless lines.
 *
 * @param name - the function
 * @param fixed - words that each call begins with
 * @param words - the words to share out; without any there is no call
 * @param most - words of one call
 * @returns lines of shell, each ended
 */
export function callsOf(
  name: string,
  fixed: readonly string[],
  words: readonly string[],
  most = WORDS_PER_CALL,
): string {
  const head = [name, ...fixed.map(quoteWord)].join(' ');
  let text = '';
  let line = '';
  let count = 0;
  for (const word of words) {
    if (count === most || line.length > LETTERS_PER_CALL) {
      text += `${head}${line}\n`;
      line = '';
      count = 0;
    }
    line += ` ${quoteWord(word)}`;
    count += 1;
  }
  return count === 0 ? text : `${text}${head}${line}\n`;
}

/**
 * Writes one call.
 *
 * @param name - the function
 * @param words - its words
 * @returns a line of shell, ended
 */
export function callOf(name: string, ...words: readonly string[]): string {
  return `${[name, ...words.map(quoteWord)].join(' ')}\n`;
}

/**
 * Reads back what `callsOf` and `callOf` wrote.
 *
 * @param text - calls
 * @returns the words of each call, its function first
 */
export function readCalls(text: string): readonly (readonly string[])[] {
  const calls: string[][] = [];
  let call: string[] = [];
  const token = /'((?:[^']|'\\'')*)'(?= |\n|$)|([a-z]+)|(\n)| /gu;
  for (const [, quoted, bare, end] of text.matchAll(token)) {
    if (end !== undefined) {
      calls.push(call);
      call = [];
    } else if (quoted !== undefined) {
      call.push(quoted.replaceAll("'\\''", "'"));
    } else if (bare !== undefined) {
      call.push(bare);
    }
  }
  return calls;
}

/**
 * Orders text by its UTF-16 units: the same on every host.
 *
 * @param left - one text
 * @param right - another
 * @returns negative, zero or positive
 */
export function byText(left: string, right: string): number {
  if (left === right) {
    return 0;
  }
  return left < right ? -1 : 1;
}

/**
 * Splits a relative path.
 *
 * @param path - such as `a/b/c`
 * @returns `./a/b` and `c`; the folder of `c` alone is `.`
 */
export function folderAndName(path: string): readonly [folder: string, name: string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['.', path] : [`./${path.slice(0, slash)}`, path.slice(slash + 1)];
}

/**
 * Writes calls on files, one folder each: what the machine moves in one step.
 *
 * @param name - the function
 * @param paths - relative paths
 * @param fixed - words before the folder
 * @returns lines of shell
 */
export function callsByFolder(
  name: string,
  paths: readonly string[],
  ...fixed: readonly string[]
): string {
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const [folder, base] = folderAndName(path);
    const names = folders.get(folder);
    if (names === undefined) {
      folders.set(folder, [base]);
    } else {
      names.push(base);
    }
  }
  let text = '';
  for (const [folder, names] of folders) {
    text += callsOf(name, [...fixed, folder], names);
  }
  return text;
}
