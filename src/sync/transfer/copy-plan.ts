/** Something to copy, and the name it should have. */
export interface CopyItem {
  /** Absolute path on the side it comes from. */
  readonly source: string;
  readonly name: string;
}

/** What is done where a name is taken. */
export type OnConflict = 'replace' | 'keep-both' | 'skip';

/** A copy to make. */
export interface PlannedCopy extends CopyItem {
  /** Whether what has this name goes. */
  readonly replace: boolean;
}

/**
 * Finds the names that are taken where copies should go.
 *
 * @param items - what to copy
 * @param taken - names that are there
 * @param ignoresCase - whether that file system tells no case apart
 * @returns names of items, in their order
 */
export function conflictsOf(
  items: readonly CopyItem[],
  taken: Iterable<string>,
  ignoresCase = false,
): readonly string[] {
  const names = new Names(taken, ignoresCase);
  return items.map(({ name }) => name).filter((name) => names.has(name));
}

/**
 * Decides what is copied to which name. Two chosen things of one name never
 * take each other's place: the later ones get numbers.
 *
 * @param items - what to copy
 * @param taken - names that are there
 * @param onConflict - what is done with names that are taken
 * @param ignoresCase - whether that file system tells no case apart
 * @returns the copies, in the order of the items
 */
export function planCopies(
  items: readonly CopyItem[],
  taken: Iterable<string>,
  onConflict: OnConflict,
  ignoresCase = false,
): readonly PlannedCopy[] {
  const there = new Names(taken, ignoresCase);
  const used = new Names([], ignoresCase);
  return items.flatMap(({ source, name }): PlannedCopy[] => {
    const isTaken = there.has(name);
    if (isTaken && onConflict === 'skip') {
      return [];
    }
    const replace = isTaken && onConflict === 'replace' && !used.has(name);
    const own = replace ? name : freeName(name, (other) => there.has(other) || used.has(other));
    used.add(own);
    return [{ source, name: own, replace }];
  });
}

/**
 * Tells whether replacing something would take away what must stay.
 *
 * @param path - absolute path of what would be replaced
 * @param places - absolute paths of what must stay
 * @returns the first that is it, or lies in it
 */
export function heldPlace(path: string, places: readonly string[]): string | undefined {
  return places.find((place) => place === path || place.startsWith(`${path}/`));
}

function freeName(name: string, isTaken: (name: string) => boolean): string {
  // What begins with a dot has no ending by that.
  const dot = /\.tar\.\w+$/u.exec(name)?.index ?? name.lastIndexOf('.');
  const [stem, ending] = dot < 1 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
  let free = name;
  for (let number = 2; isTaken(free); number += 1) {
    free = `${stem} (${number})${ending}`;
  }
  return free;
}

class Names {
  private readonly names = new Set<string>();
  private readonly ignoresCase: boolean;

  constructor(names: Iterable<string>, ignoresCase: boolean) {
    this.ignoresCase = ignoresCase;
    for (const name of names) {
      this.add(name);
    }
  }

  add(name: string): void {
    this.names.add(this.keyOf(name));
  }

  has(name: string): boolean {
    return this.names.has(this.keyOf(name));
  }

  // One name may be written in two ways, too.
  private keyOf(name: string): string {
    return this.ignoresCase ? name.normalize('NFC').toLowerCase() : name;
  }
}
