import type { FoundProblem } from './raw-source.ts';

/**
 * Finds names that one file system tells apart and another does not: by case,
 * or by how an accent is written.
 *
 * @param entries - sorted
 * @returns one problem for each name that is not the first of its kind
 */
export function collisions(entries: readonly { readonly path: string }[]): FoundProblem[] {
  const first = new Map<string, string>();
  const problems: FoundProblem[] = [];
  const told = new Set<string>();
  let lastDirectory = '';
  for (const { path } of entries) {
    const slash = path.lastIndexOf('/') + 1;
    const directory = path.slice(0, slash);
    // Sorted: the parents of most files have just been seen.
    for (const name of prefixes(path, directory === lastDirectory ? slash : 0)) {
      const folded = fold(name);
      const other = first.get(folded);
      if (other === undefined) {
        first.set(folded, name);
      } else if (other !== name && !told.has(name) && sameParent(other, name)) {
        told.add(name);
        problems.push(collision(name, other));
      }
    }
    lastDirectory = directory;
  }
  return problems;
}

function collision(path: string, about: string): FoundProblem {
  const accents = path.normalize('NFC') === about.normalize('NFC');
  return { kind: 'case-collision', path, about, ...(accents ? { detail: 'accents' } : {}) };
}

// What lies in two folders that collide is told by the folders.
function sameParent(a: string, b: string): boolean {
  return a.slice(0, a.lastIndexOf('/') + 1) === b.slice(0, b.lastIndexOf('/') + 1);
}

function prefixes(path: string, from: number): string[] {
  const found: string[] = [];
  for (let at = path.indexOf('/', from); at !== -1; at = path.indexOf('/', at + 1)) {
    found.push(path.slice(0, at));
  }
  return [...found, path];
}

function fold(text: string): string {
  const isPlain = /^[ -~]*$/.test(text);
  return (isPlain ? text : text.normalize('NFC')).toLowerCase();
}
