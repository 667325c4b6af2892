import { randomBytes } from 'node:crypto';
import { ValidationError } from '../../core/errors.ts';
import { encodeWire } from '../wire.ts';

/** What a login shell is told to run, and how its output is recognised. */
export interface LoginCommand {
  /** The text of the exec request. */
  readonly command: string;
  /** Stands before the first byte of the program on both of its streams. */
  readonly marker: string;
  /** What must be written to its standard input before anything else. */
  readonly preamble: string;
}

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
 * A command line that means the same to every login shell: sh and its kin, but
 * also csh (where `!` and newlines are alive inside quotes) and fish (where
 * backslashes are). So nothing but one encoded word in single quotes goes
 * through it, without quote, newline, `!` or a backslash before another.
 *
 * @param argv - program and arguments
 * @returns what to run, what to write first, and what to wait for
 */
export function loginCommand(argv: readonly string[]): LoginCommand {
  const marker = newMarker();
  const encoded = encodeWire(programScript(argv, marker), 'command');
  const inline = `exec sh -c 'eval "$(printf %b "$1")"' sh '${encoded}'`;
  if (inline.length <= MAX_COMMAND) {
    return { command: inline, marker, preamble: '' };
  }
  // `read` takes no byte beyond its line, so the program gets what follows.
  const command = `exec sh -c 'IFS= read -r line; eval "$(printf %b "$line")"'`;
  return { command, marker, preamble: `${encoded}\n` };
}

/**
 * Text that no program prints by chance; letters and digits only.
 *
 * @returns 26 characters
 */
export function newMarker(): string {
  return `rc${randomBytes(12).toString('hex')}`;
}
