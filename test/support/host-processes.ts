import { readdirSync, readFileSync } from 'node:fs';

/**
 * Process ids of the extension hosts of a server, oldest first: one for each
 * open window. Linux only, as are the tests that kill them.
 */
export function extensionHostPids(serverPid: number): number[] {
  return descendants(serverPid)
    .filter((pid) => commandLine(pid).includes('--type=extensionHost'))
    .sort((a, b) => a - b);
}

function descendants(root: number): number[] {
  const children = Map.groupBy(
    readdirSync('/proc').map(Number).filter(Number.isInteger),
    parentOf,
  );
  const found = [root];
  // The list grows while it is walked.
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found.slice(1);
}

function parentOf(pid: number): number | undefined {
  // The command in parentheses may hold spaces: count fields after the last one.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ');
  return fields?.[1] === undefined ? undefined : Number(fields[1]);
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended since the listing.
    return '';
  }
}
