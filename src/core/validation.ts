import * as l10n from '@vscode/l10n';
import { validationWithExamples } from './error-helpers.ts';

/** 1 to 64 of `A-Z a-z 0-9 - _ .`, first a letter, digit or `_`. */
export type ProjectName = string & { readonly __name: 'project' };

/** Key of a `[runs.NAME]` table: 1 to 64 of `A-Z a-z 0-9 - _`, as bare TOML keys are. */
export type ProfileName = string & { readonly __name: 'profile' };

/** What people call a run: 1 to 100 characters, one line, no blanks at the ends. */
export type RunName = string & { readonly __name: 'run' };

/** Name of an environment variable. */
export type EnvName = string & { readonly __name: 'env' };

/** A path that stays below where it starts. */
export type RelativePath = string & { readonly __path: 'relative' };

const NAME_LENGTH = 64;
const RUN_NAME_LENGTH = 100;
const PROJECT_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;
const PROFILE_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
// Line ends, other controls and the marks that reorder text on the screen.
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;
const DRIVE = /^[A-Za-z]:/;

/**
 * Checks the name of a project.
 *
 * @param value - candidate
 * @param field - name of the setting, for the message
 * @returns the name
 * @throws {ValidationError} with examples
 */
export function validateProjectName(value: string, field = 'project'): ProjectName {
  if (!PROJECT_NAME.test(value)) {
    const reason = l10n.t(
      'use 1 to {0} letters, digits, “-”, “_” and “.”, not starting with “-” or “.”',
      NAME_LENGTH,
    );
    throw validationWithExamples(field, value, reason, ['digits', 'my-model_v2', 'llm.eu']);
  }
  return value as ProjectName;
}

/**
 * Derives a project's name, as from a folder's name.
 *
 * @param text - anything
 * @returns the text with every other character replaced by `-`, cut to 64;
 *   `runctl-project` when nothing usable is left
 */
export function projectNameFrom(text: string): ProjectName {
  const name = text
    .replace(/[^A-Za-z0-9._-]/gu, '-')
    .replace(/^[-.]+/, '')
    .slice(0, NAME_LENGTH);
  return (name === '' ? 'runctl-project' : name) as ProjectName;
}

/**
 * Checks the name of a run profile.
 *
 * @param value - candidate
 * @param field - name of the setting, for the message
 * @returns the name
 * @throws {ValidationError} with examples
 */
export function validateProfileName(value: string, field = 'profile'): ProfileName {
  if (!PROFILE_NAME.test(value)) {
    const reason = l10n.t('use 1 to {0} letters, digits, “-” and “_”', NAME_LENGTH);
    throw validationWithExamples(field, value, reason, ['train', 'fine-tune_2']);
  }
  return value as ProfileName;
}

/**
 * Checks what a person calls a run. Any script and blanks inside are welcome.
 *
 * @param value - candidate
 * @param field - name of the setting, for the message
 * @returns the name without blanks at its ends
 * @throws {ValidationError} with examples
 */
export function validateRunName(value: string, field = 'name'): RunName {
  const name = value.trim();
  const length = Array.from(name).length;
  if (length === 0 || length > RUN_NAME_LENGTH || UNPRINTABLE.test(name)) {
    const reason = l10n.t('use 1 to {0} characters in one line', RUN_NAME_LENGTH);
    throw validationWithExamples(field, value, reason, ['baseline', 'lr 3e-4, longer warm-up']);
  }
  return name as RunName;
}

/**
 * Checks the name of an environment variable, as every shell accepts it.
 *
 * @param value - candidate
 * @param field - name of the setting, for the message
 * @returns the name
 * @throws {ValidationError} with examples
 */
export function validateEnvName(value: string, field = 'env'): EnvName {
  if (!ENV_NAME.test(value)) {
    const reason = l10n.t('use letters, digits and “_”, not starting with a digit');
    throw validationWithExamples(field, value, reason, ['HF_TOKEN', 'CUDA_VISIBLE_DEVICES']);
  }
  return value as EnvName;
}

/**
 * Checks a path that must stay inside the folder it is relative to. Only whole
 * segments count: `a..b` is a fine name. Links are not followed here.
 *
 * @param value - candidate; `\` counts as a separator too, as on Windows
 * @param field - name of the setting, for the message
 * @returns the path as it was given
 * @throws {ValidationError} with examples
 */
export function validateRelativePath(value: string, field = 'path'): RelativePath {
  const reason = pathProblem(value);
  if (reason !== undefined) {
    throw validationWithExamples(field, value, reason, ['checkpoints', 'runs/best', './out']);
  }
  return value as RelativePath;
}

function pathProblem(value: string): string | undefined {
  if (value.trim() === '') {
    return l10n.t('name a path');
  }
  if (value.includes('\0')) {
    return l10n.t('a path cannot contain a NUL character');
  }
  if (/^[/\\]/.test(value) || DRIVE.test(value)) {
    return l10n.t('use a path relative to the folder');
  }
  if (value.split(/[/\\]/).includes('..')) {
    return l10n.t('“..” would leave the folder');
  }
  return undefined;
}
