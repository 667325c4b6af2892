const PLAIN = /^[A-Za-z0-9_@%+=:,./{}~-]+$/;

/**
 * Writes a command as a person would type it: words that a shell would take
 * apart stand in quotes. For people to read, not for a shell to run.
 *
 * @param argv - program and arguments
 * @returns one line
 */
export function commandText(argv: readonly string[]): string {
  return argv.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
