/**
 * Tells whether a link stays inside of what is copied.
 *
 * @param path - of the link, relative
 * @param target - as written in the link
 * @returns false for one that is absolute, empty, or climbs out
 */
export function staysInside(path: string, target: string): boolean {
  let depth = path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (part === '..') {
      depth -= 1;
    } else if (part !== '' && part !== '.') {
      depth += 1;
    }
    if (depth < 0) {
      return false;
    }
  }
  // One that ends in a newline cannot be compared by a shell.
  return target !== '' && !target.startsWith('/') && !target.endsWith('\n');
}
