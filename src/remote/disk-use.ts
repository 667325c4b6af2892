import type { RemoteShell } from './remote-shell.ts';

/** Paths of one command, far below what a command line may hold. */
const AT_ONCE = 200;
const TIMEOUT_MS = 60_000;

/**
 * Measures directories on a machine.
 *
 * @param shell - the way to it
 * @param paths - absolute paths there
 * @returns bytes, as the disk counts them, of all that can be read
 * @throws {MachineError} when the way broke
 */
export async function diskUse(shell: RemoteShell, paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    const argv = ['du', '-sk', ...paths.slice(from, from + AT_ONCE)];
    const { stdout } = await shell.exec(argv, { timeoutMs: TIMEOUT_MS });
    for (const [, kibibytes] of stdout.toString('utf8').matchAll(/^(\d+)\s/gm)) {
      bytes += Number(kibibytes) * 1024;
    }
  }
  return bytes;
}
