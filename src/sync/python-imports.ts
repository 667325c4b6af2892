/** One import of a Python file. */
export interface PythonImport {
  /** Line, from 1. */
  readonly line: number;
  /** Leading dots: 0 is absolute. */
  readonly level: number;
  /** Dotted name; may be empty after dots. */
  readonly module: string;
  /** What is taken from it: names that may be modules. */
  readonly names: readonly string[];
}

interface Statement {
  readonly line: number;
  readonly text: string;
}

const DOTTED = String.raw`[\p{L}_][\p{L}\p{N}_.]*`;
const IMPORT = /^\s*import\s+(.+)$/u;
const FROM = new RegExp(String.raw`^\s*from\s+(\.*)\s*(${DOTTED})?\s*import\s+(.+)$`, 'u');
const TEXTS = new RegExp(
  [
    String.raw`#[^\n]*`,
    String.raw`("""|''')(?:\\[\s\S]|(?!\1)[\s\S])*(?:\1|$)`,
    String.raw`"(?:\\.|[^"\\\n])*"`,
    String.raw`'(?:\\.|[^'\\\n])*'`,
  ].join('|'),
  'g',
);
const NAME = new RegExp(String.raw`^\s*(${DOTTED})`, 'u');

/**
 * Finds the imports of a Python file, line by line: half-written files have
 * them too. Also finds those inside functions and conditions.
 *
 * @param text - of the file
 * @returns imports in order
 */
export function pythonImports(text: string): PythonImport[] {
  return statements(text).flatMap(({ line, text: statement }) => {
    const from = FROM.exec(statement);
    if (from !== null) {
      const [, dots = '', module = '', names = ''] = from;
      return [{ line, level: dots.length, module, names: namesOf(names) }];
    }
    const plain = IMPORT.exec(statement);
    const modules = namesOf(plain?.[1] ?? '');
    return modules.map((module) => ({ line, level: 0, module, names: [] }));
  });
}

function namesOf(list: string): string[] {
  const parts = list.replaceAll(/[()]/g, ' ').split(',');
  return parts.flatMap((part) => NAME.exec(part)?.[1] ?? []);
}

// Joins what goes on over lines, drops comments and texts.
function statements(text: string): Statement[] {
  const found: Statement[] = [];
  let line = 1;
  let begun: { line: number; text: string } | undefined;
  for (const raw of withoutTexts(text).split('\n')) {
    const bare = raw.replace(/#.*$/, '').trimEnd();
    const whole: { line: number; text: string } =
      begun === undefined ? { line, text: bare } : { ...begun, text: `${begun.text} ${bare}` };
    line += 1;
    if (whole.text.endsWith('\\')) {
      begun = { ...whole, text: whole.text.slice(0, -1) };
    } else if (/^\s*from\b[^(]*\([^)]*$/.test(whole.text)) {
      begun = whole;
    } else {
      begun = undefined;
      found.push(...whole.text.split(/[;:]/).map((part) => ({ line: whole.line, text: part })));
    }
  }
  return found;
}

// Texts of several lines keep only their line ends, so that line numbers stay.
function withoutTexts(text: string): string {
  const unix = text.replaceAll('\r\n', '\n');
  return unix.replaceAll(TEXTS, (found) => found.replaceAll(/[^\n]/g, ''));
}
