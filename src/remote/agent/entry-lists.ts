/** One thing of a list of files. Links are told, never followed. */
export interface ListedEntry {
  /** Relative to what was listed, `/` between parts. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Bytes, as the machine has them, also of what is no file. */
  readonly size: number;
  /** Last change, ms since the epoch, by the machine's clock. */
  readonly modifiedAt: number;
}

/** What the agent's `entries` or `inspect` wrote. */
export interface EntryList {
  readonly entries: readonly ListedEntry[];
  /** What it complained of; `null` when the list is whole. */
  readonly complaint: string | null;
}

// A path below another never holds "//", so nothing within a name looks like a beginning.
const BEGINNINGS: Readonly<Record<string, RegExp>> = {
  hex: /(?:^|\n)(?<mode>[0-9a-f]+) (?<size>\d+) (?<time>\d+(?:\.\d+)?) \.\/\/+/g,
  octal: /(?:^|\n)(?<mode>[0-7]+) (?<size>\d+) (?<time>\d+(?:\.\d+)?) \.\/\/+/g,
  ls: /(?:^|\n)(?<mode>[-a-zA-Z])\S* +\d+ +\d+ +\d+ +(?:\d+, +)?(?<size>\d+) +(?<time>[A-Z][a-z]{2} +\d+ +[\d:]+) \.\/\/+/g,
};

const LETTERS: Readonly<Record<string, ListedEntry['kind']>> = {
  '-': 'file',
  d: 'directory',
  l: 'link',
};
const TYPES: Readonly<Record<number | string, ListedEntry['kind']>> = {
  [0o100000]: 'file',
  [0o040000]: 'directory',
  [0o120000]: 'link',
};
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_SECONDS = 86_400;

/**
 * Reads a list of files as the agent writes it: a line `STYLE EPOCH`, entries
 * in that style, an empty line, and `ok` or why it is not whole.
 *
 * @param output - bytes as they came, for names may hold anything
 * @returns the entries; names that are no UTF-8 with U+FFFD, as Node has them
 * @throws {SyntaxError} when it is something else
 */
export function parseEntryList(output: Uint8Array): EntryList {
  const text = Buffer.from(output).toString('latin1');
  const head = /^(hex|octal|ls) (\d+)\n/.exec(text);
  const tail = /\n(?:ok|failed (?<why>[^\n]*))\n$/.exec(text.slice(-1000));
  const beginning = BEGINNINGS[head?.[1] ?? ''];
  if (head === null || tail === null || beginning === undefined) {
    throw new SyntaxError('no list of files');
  }
  const body = text.slice(head[0].length, text.length - tail[0].length);
  const now = Number(head[2]);
  const entries: ListedEntry[] = [];
  const found = [...body.matchAll(beginning)];
  for (const [index, match] of found.entries()) {
    const end = found[index + 1]?.index ?? body.length - 1;
    const { mode = '', size = '', time = '' } = match.groups ?? {};
    const kind = kindOf(head[1] ?? '', mode);
    const path = body.slice(match.index + match[0].length, end);
    entries.push({
      path: Buffer.from(path, 'latin1').toString('utf8'),
      kind,
      size: Number(size),
      modifiedAt: head[1] === 'ls' ? listedTime(time, now) : milliseconds(time),
    });
  }
  const why = tail.groups?.['why'];
  const complaint = why === undefined ? null : Buffer.from(why, 'latin1').toString('utf8');
  return { entries, complaint };
}

function kindOf(style: string, mode: string): ListedEntry['kind'] {
  const kinds = style === 'ls' ? LETTERS : TYPES;
  const type = Number.parseInt(mode, style === 'hex' ? 16 : 8) & 0o170000;
  return kinds[style === 'ls' ? mode : type] ?? 'other';
}

// By digits: a double cannot hold nanoseconds.
function milliseconds(time: string): number {
  const [seconds = '', fraction = ''] = time.split('.');
  return Number(seconds) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
}

// `Nov 24 12:20` of the last half year, `Nov 24 2023` of others; UTC was asked for.
function listedTime(text: string, now: number): number {
  const [name = '', day = '', rest = ''] = text.split(/ +/);
  const month = MONTHS.indexOf(name);
  const [hours, minutes] = rest.split(':').map(Number);
  if (minutes === undefined) {
    return Date.UTC(Number(rest), month, Number(day));
  }
  const year = new Date(now * 1000).getUTCFullYear();
  const at = Date.UTC(year, month, Number(day), hours, minutes);
  return at > (now + DAY_SECONDS) * 1000
    ? Date.UTC(year - 1, month, Number(day), hours, minutes)
    : at;
}
