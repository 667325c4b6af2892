/**
 * Writes how a text of many lines comes from an older one, for the machine's `awk`.
 *
 * @param old - the text the machine has; ended lines
 * @param now - the text it should have; ended lines
 * @returns lines `k FROM TO` (keep, from 1) and `a COUNT`, each of those before
 *   its lines; or `undefined` when it is not worth it
 */
export function linePatch(old: string, now: string): string | undefined {
  const same = sameEnds(old, now);
  const oldLines = linesOf(old.slice(same.begin, old.length - same.end));
  const nowLines = linesOf(now.slice(same.begin, now.length - same.end));
  const rest = same.first + oldLines.length;
  const places = new Map<string, number[]>();
  for (let at = same.first; at < rest; at += 1) {
    const line = oldLines[at - same.first] ?? '';
    const found = places.get(line);
    if (found === undefined) {
      places.set(line, [at]);
    } else {
      found.push(at);
    }
  }
  const parts: string[] = [];
  let added: string[] = [];
  let keptFrom = same.first > 0 ? 0 : -1;
  let next = same.first;
  const flushKept = (): void => {
    if (keptFrom >= 0) {
      parts.push(`k ${keptFrom + 1} ${next}\n`);
      keptFrom = -1;
    }
  };
  const flushAdded = (): void => {
    if (added.length > 0) {
      parts.push(`a ${added.length}\n${added.join('\n')}\n`);
      added = [];
    }
  };
  for (const line of nowLines) {
    const at = oldLines[next - same.first] === line ? next : places.get(line)?.find((place) => place >= next);
    if (at === undefined) {
      flushKept();
      added.push(line);
      continue;
    }
    flushAdded();
    if (at !== next) {
      flushKept();
    }
    if (keptFrom < 0) {
      keptFrom = at;
    }
    next = at + 1;
  }
  if (same.last > 0 && (keptFrom < 0 || next !== rest)) {
    flushKept();
    flushAdded();
    keptFrom = rest;
  }
  next = same.last > 0 ? rest + same.last : next;
  flushKept();
  flushAdded();
  const patch = parts.join('');
  return patch.length * 2 < now.length ? patch : undefined;
}

/**
 * Writes which lines of an older text hold, by their places.
 *
 * @param places - for each line of the new text its place in the old one, from 1;
 *   `undefined` for a new one
 * @returns lines `k FROM TO` and `a COUNT`
 */
export function runsOf(places: readonly (number | undefined)[]): string {
  let text = '';
  for (let at = 0; at < places.length; ) {
    const first = places[at];
    let count = 1;
    while (
      at + count < places.length &&
      places[at + count] === (first === undefined ? undefined : first + count)
    ) {
      count += 1;
    }
    text += first === undefined ? `a ${count}\n` : `k ${first} ${first + count - 1}\n`;
    at += count;
  }
  return text;
}

interface SameEnds {
  /** Letters of whole lines, and how many of those. */
  readonly begin: number;
  readonly first: number;
  readonly end: number;
  readonly last: number;
}

// By halves, not line by line: most of two long texts is the same, and need not be split.
function sameEnds(old: string, now: string): SameEnds {
  const most = Math.min(old.length, now.length);
  const ahead = longest(most, (from, to) => old.slice(from, to) === now.slice(from, to));
  const begin = ahead === 0 ? 0 : old.lastIndexOf('\n', ahead - 1) + 1;
  const behind = longest(
    most - begin,
    (from, to) =>
      old.slice(old.length - to, old.length - from) === now.slice(now.length - to, now.length - from),
  );
  const ended = behind === 0 ? -1 : old.indexOf('\n', old.length - behind);
  const end = ended < 0 ? 0 : old.length - ended - 1;
  return {
    begin,
    first: countLines(old, 0, begin),
    end,
    last: countLines(old, old.length - end, old.length),
  };
}

// The longest length up to which all parts are the same.
function longest(most: number, isSame: (from: number, to: number) => boolean): number {
  let known = 0;
  let bound = most;
  while (known < bound) {
    const middle = Math.ceil((known + bound) / 2);
    if (isSame(known, middle)) {
      known = middle;
    } else {
      bound = middle - 1;
    }
  }
  return known;
}

function countLines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) {
    count += 1;
  }
  return count;
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
