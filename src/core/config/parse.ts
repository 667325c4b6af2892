import * as l10n from '@vscode/l10n';
import { parse, TomlError } from 'smol-toml';
import type { ConfigProblem } from './problem.ts';
import { ruleProblems } from './rule-problems.ts';
import { schemaProblems } from './schema-problems.ts';
import { configSchema } from './schema.ts';
import type { RunctlConfig } from './schema.ts';
import { syntaxProblem } from './syntax-problem.ts';
import type { SyntaxFault } from './syntax-problem.ts';
import { LineIndex, TEXT_START } from './text-range.ts';
import { TomlPlaces } from './toml-places.ts';

/** What a text turned out to be. */
export interface ParsedConfig {
  /** With all defaults filled in; `null` when any problem is an error. */
  readonly config: RunctlConfig | null;
  /** What the text says, without defaults; `null` when it is not TOML. */
  readonly values: Readonly<Record<string, unknown>> | null;
  /** In the order of the text. */
  readonly problems: readonly ConfigProblem[];
}

/** Nobody writes more by hand; more would hold up the window. */
export const MAX_CONFIG_LENGTH = 1_000_000;

/**
 * Reads the text of a configuration file. A pure function: the same text gives
 * an equal answer, so callers may cache by text.
 *
 * @param text - anything a user may have typed
 * @param fileName - what the problems should name
 * @returns the configuration and what is wrong with it; never rejects because of the text
 */
export async function parseConfig(text: string, fileName: string): Promise<ParsedConfig> {
  // VS Code takes a byte order mark off; a file read from disk may carry one.
  const source = text.replace(/^\uFEFF/, '');
  if (source.length > MAX_CONFIG_LENGTH) {
    return failed(unreadable(fileName, l10n.t('The file is too long to be a configuration.')));
  }
  const read = readToml(source);
  if ('fault' in read) {
    const lines = new LineIndex(source);
    return failed(syntaxProblem(read.fault, fileName, source, lines));
  }
  try {
    return await check(source, read.values, fileName);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failed(unreadable(fileName, l10n.t('The file cannot be checked: {0}', reason)));
  }
}

async function check(
  text: string,
  values: Readonly<Record<string, unknown>>,
  file: string,
): Promise<ParsedConfig> {
  const result = configSchema.safeParse(values);
  const rules = ruleProblems(values);
  if (result.success && rules.length === 0) {
    return { config: result.data, values, problems: [] };
  }
  const places = await placesOf(text);
  const context = { file, places, values };
  const problems = [
    ...schemaProblems(result.success ? [] : result.error.issues, context),
    ...rules
      .map((make) => make(context))
      // Hints wait until what is wrong is mended.
      .filter(({ severity }) => result.success || severity !== 'information'),
  ].sort((a, b) => comparePlaces(a, b));
  return { config: result.success ? result.data : null, values, problems };
}

// Places are needed only when something is wrong, so the usual file is never parsed twice.
async function placesOf(text: string): Promise<TomlPlaces> {
  const { parseTOML } = await import('toml-eslint-parser');
  // Without a line break at the end the parser gives a last digit no width.
  const program = parseTOML(`${text}\n`, { tomlVersion: '1.1.0' });
  return new TomlPlaces(program, text, new LineIndex(text));
}

function readToml(
  text: string,
): { readonly values: Readonly<Record<string, unknown>> } | { readonly fault: SyntaxFault } {
  try {
    return { values: parse(text, { unsafeKeyBehaviour: 'throw', maxDepth: 50 }) };
  } catch (error) {
    if (error instanceof TomlError) {
      const offset = new LineIndex(text).offset(error.line - 1, error.column - 1);
      return { fault: { message: error.message, offset } };
    }
    return { fault: { message: String(error), offset: 0 } };
  }
}

function failed(problem: ConfigProblem): ParsedConfig {
  return { config: null, values: null, problems: [problem] };
}

function unreadable(file: string, message: string): ConfigProblem {
  return {
    file,
    severity: 'error',
    layer: 'rule',
    code: 'unreadable',
    message,
    range: TEXT_START,
    path: '',
    fix: null,
  };
}

function comparePlaces(a: ConfigProblem, b: ConfigProblem): number {
  return a.range.startLine - b.range.startLine || a.range.startColumn - b.range.startColumn;
}
