import { randomBytes } from 'node:crypto';
import { ValidationError } from '../../core/errors.ts';
import { encodeWire } from '../wire.ts';

// Linux takes 128 KiB in one argument, and a login shell gets the whole text as one.
const MAX_COMMAND = 100_000;

/**
 * One word that a POSIX shell reads as exactly this text.
 *
 * @param text - any text without NUL
 * @returns the word, always in single quotes
 * @throws {ValidationError} when it holds a NUL, which no argument can carry
 */
export function quoteWord(text: string): string {
  if (text.includes('\0')) {
    throw new ValidationError('argument', 'argument contains a NUL character');
  }
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A command that a POSIX shell runs as exactly these words.
 *
 * @param argv - program and arguments
 * @returns one simple command
 * @throws {RangeError} when there is no program, or it begins with a hyphen, which `exec` takes
 * for an option of its own
 */
export function quoteCommand(argv: readonly string[]): string {
  const [program] = argv;
  if (program === undefined || program === '' || program.startsWith('-')) {
    throw new RangeError('argv does not begin with a program');
  }
  return argv.map(quoteWord).join(' ');
}

/**
 * A script for a POSIX shell that turns into the program. Before that it says
 * so on both streams, so that what a login script printed is told apart, and
 * names its process, so that it can be ended when the channel cannot do it.
 * The marker is followed by the process id, or by nothing when there is no
 * such program, and a newline; on standard output by a newline alone.
 *
 * @param argv - program and arguments
 * @param marker - as of {@link newMarker}
 * @returns the script
 */
export function programScript(argv: readonly string[], marker: string): string {
  const command = quoteCommand(argv);
  const program = quoteWord(argv[0] ?? '');
  return (
    `if command -v ${program} >/dev/null 2>&1; ` +
    `then printf '%s\\n' ${marker}; printf '%s%s\\n' ${marker} "$$" >&2; exec ${command}; ` +
    `else printf '%s\\n' ${marker}; printf '%s\\n' ${marker} >&2; exit 127; fi`
  );
}

/**
 * A command line that runs a script and means the same to every login shell:
 * sh and its kin, but also csh (where `!` and newlines are alive inside quotes)
 * and fish (where backslashes are). So nothing but one encoded word in single
 * quotes goes through it, without quote, newline, `!` or a backslash before
 * another.
 *
 * @param script - for a POSIX shell
 * @returns the text of an exec request; `undefined` when it is too long for one
 */
export function loginCommand(script: string): string | undefined {
  const command = `exec sh -c 'eval "$(printf %b "$1")"' sh '${encodeWire(script, 'command')}'`;
  return command.length <= MAX_COMMAND ? command : undefined;
}

/**
 * A command line that waits for a script on its standard input, of any length.
 * `read` takes no byte beyond its line, so the program gets what follows.
 */
export const WAITING_COMMAND = `exec sh -c 'IFS= read -r line; eval "$(printf %b "$line")"'`;

/**
 * What {@link WAITING_COMMAND} waits for.
 *
 * @param script - for a POSIX shell
 * @returns one line
 */
export function waitingLine(script: string): string {
  return `${encodeWire(script, 'command')}\n`;
}

/**
 * Text that no program prints by chance; letters and digits only.
 *
 * @returns 26 characters
 */
export function newMarker(): string {
  return `rc${randomBytes(12).toString('hex')}`;
}
