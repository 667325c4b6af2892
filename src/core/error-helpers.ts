import * as l10n from '@vscode/l10n';
import { distance } from 'fastest-levenshtein';
import { ConfigError, NotFoundError, ValidationError } from './errors.ts';
import type { NextAction } from './errors.ts';

/** Choices of {@link notFoundWithSuggestions}. */
export interface NotFoundOptions {
  /** For programs and logs; `not-found` when missing. */
  readonly code?: string;
  readonly nextAction?: NextAction;
  readonly cause?: unknown;
}

/** Where a configuration is wrong and how to mend it; texts translated. */
export interface ConfigMistake {
  /** Absolute path. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly problem: string;
  readonly fix: string;
  /** For programs and logs; `invalid-config` when missing. */
  readonly code?: string;
  readonly cause?: unknown;
}

/** Opens a file at a place; its arguments are path, line and column, both from 1. */
export const OPEN_FILE_AT_COMMAND = 'runctl.openFileAt';

const MAX_SUGGESTIONS = 3;
/** More names than these are not listed. */
const MAX_LISTED = 5;
const MAX_SHOWN = 80;

/**
 * Says that something does not exist, and what the user may have meant.
 *
 * @param kind - what was looked for, translated, such as `run profile`
 * @param name - the name that was not found
 * @param candidates - the names that exist
 * @param options - code, next action, cause
 * @returns the error, with at most three close names in its first step and `details.suggestions`
 */
export function notFoundWithSuggestions(
  kind: string,
  name: string,
  candidates: readonly string[],
  options: NotFoundOptions = {},
): NotFoundError {
  const suggestions = closeNames(name, candidates);
  const message = l10n.t('There is no {0} “{1}”.', kind, shorten(name));
  return new NotFoundError(options.code ?? 'not-found', message, {
    cause: options.cause,
    nextAction: options.nextAction,
    steps: [suggestionStep(suggestions, candidates)],
    details: { name, suggestions },
  });
}

/**
 * Says that a value breaks a rule, and what would keep it.
 *
 * @param field - name of the value, as the user wrote or sees it
 * @param value - what was given; never a secret
 * @param reason - the rule, translated, without a full stop
 * @param examples - values that pass
 * @returns the error, its examples as a step
 */
export function validationWithExamples(
  field: string,
  value: unknown,
  reason: string,
  examples: readonly (string | number)[],
): ValidationError {
  const given = shorten(typeof value === 'string' ? JSON.stringify(value) : String(value));
  const steps =
    examples.length === 0 ? [] : [l10n.t('For example: {0}', examples.map(String).join(', '))];
  return new ValidationError(field, l10n.t('{0} cannot be {1}: {2}.', field, given, reason), {
    steps,
    details: { value, examples },
  });
}

/**
 * Says what is wrong in a configuration file; the button opens it at the place.
 *
 * @param where - file, place, problem and fix
 * @returns the error
 */
export function configErrorWithFix(where: ConfigMistake): ConfigError {
  const { file, line, column, problem, fix } = where;
  const name = file.split(/[/\\]/).at(-1) ?? file;
  return new ConfigError(
    where.code ?? 'invalid-config',
    l10n.t('{0}, line {1}, column {2}: {3}', name, line, column, problem),
    {
      cause: where.cause,
      steps: [fix],
      nextAction: openAt(file, line, column),
      details: { file, line, column },
    },
  );
}

/**
 * A button that opens a file where it must be mended.
 *
 * @param file - absolute path
 * @param line - from 1
 * @param column - from 1
 * @returns the action
 */
export function openAt(file: string, line: number, column = 1): NextAction {
  const name = file.split(/[/\\]/).at(-1) ?? file;
  return {
    title: l10n.t('Open {0}', name),
    command: OPEN_FILE_AT_COMMAND,
    arguments: [file, line, column],
  };
}

function suggestionStep(suggestions: readonly string[], candidates: readonly string[]): string {
  if (suggestions.length > 0) {
    const quoted = suggestions.map((name) => `“${shorten(name)}”`).join(', ');
    return l10n.t('Did you mean {0}?', quoted);
  }
  if (candidates.length === 0) {
    return l10n.t('There are none yet.');
  }
  return candidates.length <= MAX_LISTED
    ? l10n.t('Known: {0}.', candidates.map((name) => `“${shorten(name)}”`).join(', '))
    : l10n.t('None of the {0} that are known has a name like it.', candidates.length);
}

// Close: a third of the letters wrong at most, or one name begins the other.
function closeNames(name: string, candidates: readonly string[]): readonly string[] {
  const wanted = name.toLowerCase();
  if (wanted === '') {
    return [];
  }
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, far: farness(wanted, candidate.toLowerCase()) }))
    .filter(({ far }) => Number.isFinite(far))
    .sort((a, b) => a.far - b.far || compareText(a.candidate, b.candidate))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ candidate }) => candidate);
}

// By code unit: the same list in every language.
function compareText(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}

function farness(wanted: string, candidate: string): number {
  const longer = Math.max(wanted.length, candidate.length);
  // Two swapped letters are two edits.
  const allowed = Math.max(longer > 3 ? 2 : 1, Math.floor(longer / 3));
  const tooDifferent = Math.abs(wanted.length - candidate.length) > allowed;
  const edits = tooDifferent ? Infinity : distance(wanted, candidate);
  if (edits <= allowed) {
    return edits;
  }
  const begins = candidate.startsWith(wanted) || (candidate !== '' && wanted.startsWith(candidate));
  return begins && Math.min(wanted.length, candidate.length) >= 2 ? allowed + 1 : Infinity;
}

function shorten(text: string): string {
  const characters = Array.from(text);
  return characters.length > MAX_SHOWN ? `${characters.slice(0, MAX_SHOWN).join('')}…` : text;
}
