/**
 * Writes how a text of many lines comes from an older one, for the machine's `awk`.
 *
 * @param old - the text the machine has; ended lines
 * @param now - the text it should have; ended lines
 * @returns lines `k FROM TO` (keep, from 1) and `a COUNT`, each of those before
 *   its lines; or `undefined` when it is not worth it
 */
export function linePatch(old: string, now: string): string | undefined {
  const oldLines = linesOf(old);
  const nowLines = linesOf(now);
  const same = sameEnds(oldLines, nowLines);
  const places = new Map<string, number[]>();
  for (let at = same.first; at < oldLines.length - same.last; at += 1) {
    const line = oldLines[at] ?? '';
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
  for (const line of nowLines.slice(same.first, nowLines.length - same.last)) {
    const at = oldLines[next] === line ? next : places.get(line)?.find((place) => place >= next);
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
  const rest = oldLines.length - same.last;
  if (same.last > 0 && (keptFrom < 0 || next !== rest)) {
    flushKept();
    flushAdded();
    keptFrom = rest;
  }
  next = same.last > 0 ? oldLines.length : next;
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

function sameEnds(
  old: readonly string[],
  now: readonly string[],
): { readonly first: number; readonly last: number } {
  const most = Math.min(old.length, now.length);
  let first = 0;
  while (first < most && old[first] === now[first]) {
    first += 1;
  }
  let last = 0;
  while (last < most - first && old[old.length - 1 - last] === now[now.length - 1 - last]) {
    last += 1;
  }
  return { first, last };
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
