import type { RemoteShell } from '../../remote/remote-shell.ts';
import { provedBegins } from './begun-files.ts';
import type { BegunFile } from './begun-files.ts';
import type { NeededEntry } from './change-set.ts';
import type { CheckAnswer, StagedPiece } from './check-answer.ts';
import type { ManifestFile } from './manifest.ts';
import type { SumBook } from './sum-book.ts';
import { readCalls } from './words.ts';

/** What earlier transfers left in a stage. */
export interface Staged {
  /** Stage paths whose content is there and right. */
  readonly right: ReadonlySet<string>;
  /** Stage paths of files that were cut in the middle, and how many bytes of each are right. */
  readonly begun: ReadonlyMap<string, number>;
  /** Stage paths that nobody wants now. */
  readonly junk: readonly string[];
  /** Whether the stage must be emptied: a file stands where a folder has to. */
  readonly reset: boolean;
}

/**
 * Tells what need not be sent again.
 *
 * @param way - from here to there
 * @param way.shell - the way to the machine
 * @param way.root - absolute directory on this host that is sent
 * @param stage - absolute directory on the machine
 * @param stages - what the machine found whole, by plan
 * @param needed - what is needed now
 * @param sums - hashes in the machine's words
 * @returns what is there
 */
export async function readStaged(
  way: { readonly shell: RemoteShell; readonly root: string },
  stage: string,
  stages: CheckAnswer['stages'],
  needed: readonly NeededEntry[],
  sums: SumBook,
): Promise<Staged> {
  const wishes = new Map(needed.map((item) => [item.stagePath, item.entry]));
  const right = new Set<string>();
  const junk = new Set<string>();
  const begun = new Map<string, BegunFile>();
  for (const [plan, have] of stages) {
    if (!/^[0-9a-f]+$/u.test(plan)) {
      continue;
    }
    const text = (await way.shell.get(`${stage}/plan-${plan}/files`))?.toString('utf8') ?? '';
    let number = 0;
    for (const [name, ...words] of readCalls(text)) {
      const paths = name === 's' ? words : words.slice(0, 1);
      for (const path of paths) {
        number += 1;
        const wish = wishes.get(path);
        const found = have.get(number);
        if (wish === undefined) {
          if (/^(?:f|seed)\//u.test(path)) {
            junk.add(path);
          }
        } else if (
          wish.kind === 'file'
            ? found !== undefined && isWhole(wish, found, sums)
            : name === 'l' && found?.hash === 'same' && words[1] === wish.target
        ) {
          right.add(path);
        } else if (wish.kind === 'file' && found !== undefined) {
          begun.set(path, { stagePath: path, file: wish, piece: found });
        }
      }
    }
  }
  const reset = clashes(junk, wishes);
  if (reset) {
    return { right: new Set(), begun: new Map(), junk: [], reset };
  }
  const begins = await provedBegins(way.root, [...begun.values()], sums);
  return { right, begun: begins, junk: [...junk], reset };
}

function isWhole(wish: ManifestFile, found: StagedPiece, sums: SumBook): boolean {
  const { hash, stamp, mode } = found;
  return hash === sums.sumOf(wish) && stamp === wish.stamp && mode === wish.mode;
}

function clashes(
  junk: ReadonlySet<string>,
  wishes: ReadonlyMap<string, unknown>,
): boolean {
  const isBelow = (path: string, others: { has(path: string): boolean }): boolean => {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      if (others.has(path.slice(0, at))) {
        return true;
      }
    }
    return false;
  };
  return (
    [...junk].some((path) => isBelow(path, wishes)) ||
    (junk.size > 0 && [...wishes.keys()].some((path) => isBelow(path, junk)))
  );
}
