import { extname } from 'node:path';

/** How Python scripts can be run here. */
export interface PythonChoice {
  /** Path of uv when it is there. */
  readonly uv: string | null;
  /** Given to `uv run` before the script. */
  readonly uvOptions?: readonly string[];
  /** The workspace's own interpreter: selected, or of its virtual environment. */
  readonly interpreter: string | null;
  /** The system's Python, by plain name. */
  readonly fallback: string;
}

/**
 * Decides what really runs for what the user named. Python scripts run with
 * uv when it is there (so that inline dependencies work), else with the
 * workspace's interpreter, else with the system's; `uv` is the one there is;
 * anything else runs as it is.
 *
 * @param command - program or script and its arguments
 * @param python - how Python can be run
 * @returns the argument vector
 */
export function commandLine(
  command: readonly string[],
  python: PythonChoice,
): readonly string[] {
  const [program = '', ...args] = command;
  // It may lie where a run does not look for programs.
  if (program === 'uv' && python.uv !== null) {
    return [python.uv, ...args];
  }
  if (extname(program).toLowerCase() !== '.py') {
    return command;
  }
  if (python.uv !== null) {
    return [python.uv, 'run', ...(python.uvOptions ?? []), program, ...args];
  }
  return [python.interpreter ?? python.fallback, program, ...args];
}

/**
 * Adds what makes a command go on from a checkpoint.
 *
 * @param argv - the command of the earlier run
 * @param template - arguments in which `{checkpoint}` stands for the path
 * @param checkpoint - absolute path on the machine
 * @returns the command that resumes
 */
export function resumeCommand(
  argv: readonly string[],
  template: readonly string[],
  checkpoint: string,
): readonly string[] {
  const added = template.map((part) => part.replaceAll('{checkpoint}', () => checkpoint));
  return [...withoutEarlierResume(argv, template), ...added];
}

// A run that was itself resumed carries the option already; twice would be ambiguous.
function withoutEarlierResume(
  argv: readonly string[],
  template: readonly string[],
): readonly string[] {
  const length = template.length;
  const start = argv.length - length;
  if (length === 0 || start < 1) {
    return argv;
  }
  const same = template.every((part, index) => matches(part, argv[start + index] ?? ''));
  return same ? argv.slice(0, start) : argv;
}

function matches(part: string, argument: string): boolean {
  const [before = '', after] = part.split('{checkpoint}', 2);
  return after === undefined
    ? part === argument
    : argument.startsWith(before) && argument.endsWith(after);
}
