import * as l10n from '@vscode/l10n';
import type * as z from 'zod';
import { formatAlternatives } from '../locale.ts';
import { closest } from './closest.ts';
import { credentialKeyMessage } from './credential-keys.ts';
import { keysOf, schemaAt } from './json-schema.ts';
import { valueAt } from './merge.ts';
import type { ConfigFix, ConfigProblem } from './problem.ts';
import type { TomlPath, TomlPlaces } from './toml-places.ts';

type Issue = z.core.$ZodIssue;

/** What the translation of one file's issues needs. */
export interface ProblemContext {
  readonly file: string;
  readonly places: TomlPlaces;
  /** What smol-toml made of the text. */
  readonly values: unknown;
}

/**
 * Puts what zod found into words and places.
 *
 * @param issues - of one failed check
 * @param context - the file they are about
 * @returns a problem for each mistake, in the order of the issues
 */
export function schemaProblems(
  issues: readonly Issue[],
  context: ProblemContext,
): ConfigProblem[] {
  return issues.flatMap((issue) => problemsOf(issue, context));
}

function problemsOf(issue: Issue, context: ProblemContext): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(issue.path, key, context));
  }
  if (issue.code === 'invalid_key') {
    return [invalidKey(issue, context)];
  }
  if (issue.code === 'invalid_union') {
    return unionProblems(issue, context);
  }
  const value = valueAt(context.values, issue.path);
  if (value === undefined) {
    return [missingKey(issue.path, context)];
  }
  return [
    problem(issue.path, context, {
      // A JSON schema cannot hold the rules that are code.
      layer: issue.code === 'custom' ? 'rule' : 'schema',
      message: valueMessage(issue, value),
      fix: valueFix(issue, value, context),
    }),
  ];
}

function unknownKey(parent: TomlPath, key: string, context: ProblemContext): ConfigProblem {
  const path = [...parent, key];
  const range = context.places.keyRange(path);
  const base = { file: context.file, severity: 'error', range, path: dotted(path) } as const;
  const credential = credentialKeyMessage(key);
  if (credential !== undefined) {
    const fix = { title: l10n.t('Remove it'), range: context.places.lineRange(path), text: '' };
    return { ...base, layer: 'rule', code: 'credential', message: credential, fix };
  }
  const known = keysOf(schemaAt(parent)).map(([name]) => name);
  const meant = closest(key, known);
  // Renamed to a key that is there already, it would only be defined twice.
  const fits = meant !== undefined && valueAt(context.values, [...parent, meant]) === undefined;
  const fix = fits ? { title: l10n.t('Change to "{0}"', meant), range, text: meant } : null;
  const unknown =
    parent.length === 0
      ? l10n.t('There is no section "{0}".', key)
      : l10n.t('There is no key "{0}" in [{1}].', key, dotted(parent));
  const hint =
    meant === undefined
      ? l10n.t('Known here: {0}.', known.join(', '))
      : l10n.t('Did you mean "{0}"?', meant);
  return { ...base, layer: 'schema', code: 'unknown-key', message: `${unknown} ${hint}`, fix };
}

function invalidKey(
  issue: z.core.$ZodIssueInvalidKey,
  { file, places }: ProblemContext,
): ConfigProblem {
  const key = String(issue.path.at(-1));
  const reason = issue.issues[0]?.message ?? issue.message;
  return {
    file,
    severity: 'error',
    layer: 'schema',
    code: 'invalid-value',
    message: l10n.t('"{0}" is not a usable name. {1}.', key, reason),
    range: places.keyRange(issue.path),
    path: dotted(issue.path),
    fix: null,
  };
}

// The alternative whose kind fits the value knows best what is wrong within.
function unionProblems(
  issue: z.core.$ZodIssueInvalidUnion,
  context: ProblemContext,
): ConfigProblem[] {
  const wrongKind = (inner: Issue): boolean =>
    inner.path.length === 0 && inner.code === 'invalid_type';
  const fitting = issue.errors.find((branch) => !branch.some(wrongKind));
  if (fitting !== undefined) {
    const moved = fitting.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
    return schemaProblems(moved, context);
  }
  const value = valueAt(context.values, issue.path);
  if (value === undefined) {
    return [missingKey(issue.path, context)];
  }
  const kinds = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) => (inner.code === 'invalid_type' ? [kindName(inner.expected)] : [])),
  );
  const message = expectedMessage(formatAlternatives([...new Set(kinds)]), value);
  return [problem(issue.path, context, { layer: 'schema', message, fix: null })];
}

function missingKey(path: TomlPath, { file, places }: ProblemContext): ConfigProblem {
  const key = String(path.at(-1));
  const table = dotted(path.slice(0, -1));
  return {
    file,
    severity: 'error',
    layer: 'schema',
    code: 'missing-key',
    message: l10n.t('[{0}] needs the key "{1}".', table, key),
    range: places.keyRange(path.slice(0, -1)),
    path: dotted(path),
    fix: null,
  };
}

function problem(
  path: TomlPath,
  { file, places }: ProblemContext,
  rest: Pick<ConfigProblem, 'layer' | 'message' | 'fix'>,
): ConfigProblem {
  return {
    file,
    severity: 'error',
    code: 'invalid-value',
    range: places.valueRange(path),
    path: dotted(path),
    ...rest,
  };
}

function valueMessage(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return expectedMessage(kindName(issue.expected), value);
    case 'invalid_value':
      return l10n.t('Use one of {0}.', issue.values.map((one) => JSON.stringify(one)).join(', '));
    case 'too_small':
      return tooSmallMessage(issue, value);
    case 'too_big':
      return l10n.t('Must be at most {0}.', String(issue.maximum));
    default:
      return sentence(issue.message);
  }
}

function tooSmallMessage(issue: z.core.$ZodIssueTooSmall, value: unknown): string {
  if (typeof value !== 'number') {
    return l10n.t('Must not be empty.');
  }
  return issue.inclusive === false
    ? l10n.t('Must be more than {0}.', String(issue.minimum))
    : l10n.t('Must be at least {0}.', String(issue.minimum));
}

function valueFix(issue: Issue, value: unknown, context: ProblemContext): ConfigFix | null {
  const range = context.places.valueRange(issue.path);
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const meant = closest(value, issue.values.filter((one) => typeof one === 'string'));
    return meant === undefined
      ? null
      : { title: l10n.t('Change to "{0}"', meant), range, text: JSON.stringify(meant) };
  }
  const plain = typeof value === 'number' || typeof value === 'boolean';
  if (issue.code === 'invalid_type' && issue.expected === 'string' && plain) {
    const text = JSON.stringify(context.places.source(issue.path) ?? String(value));
    return { title: l10n.t('Change to {0}', text), range, text };
  }
  return null;
}

function expectedMessage(expected: string, value: unknown): string {
  const given = typeof value === 'number' ? String(value) : kindName(kindOf(value));
  return l10n.t('Expected {0}, not {1}.', expected, given);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) {
    return 'array';
  }
  return value instanceof Date ? 'date' : typeof value;
}

function kindName(kind: string): string {
  switch (kind) {
    case 'string':
      return l10n.t('text in quotes');
    case 'int':
      return l10n.t('a whole number');
    case 'number':
      return l10n.t('a number');
    case 'boolean':
      return l10n.t('true or false');
    case 'array':
      return l10n.t('a list');
    case 'object':
    case 'record':
      return l10n.t('a table');
    case 'date':
      return l10n.t('a date or time');
    default:
      return kind;
  }
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

function dotted(path: TomlPath): string {
  return path.map(String).join('.');
}
