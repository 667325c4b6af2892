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
  const places = new Map<string, number[]>();
  oldLines.forEach((line, at) => {
    const found = places.get(line);
    if (found === undefined) {
      places.set(line, [at]);
    } else {
      found.push(at);
    }
  });
  const parts: string[] = [];
  let added: string[] = [];
  let keptFrom = -1;
  let next = 0;
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
  flushKept();
  flushAdded();
  const patch = parts.join('');
  return patch.length * 2 < now.length ? patch : undefined;
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
