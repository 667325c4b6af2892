import * as l10n from '@vscode/l10n';
import { WINDOW_PLACE } from '../model/run-after.ts';
import { looksSecret } from './credential-keys.ts';
import { isTable } from './merge.ts';
import type { TomlTable } from './merge.ts';
import type { ConfigFix, ConfigProblem, ConfigProblemCode } from './problem.ts';
import { CHECKPOINT_PLACEHOLDER } from './schema/run-profile.ts';
import type { ProblemContext } from './schema-problems.ts';
import type { TomlPath, TomlPlaces } from './toml-places.ts';
import { machineProblems } from './unknown-machine.ts';

/** Makes the problem once the places of the file are known. */
export type LateProblem = (context: ProblemContext) => ConfigProblem;

/** Keys for machines that are rented. */
const RENTED_ONLY = ['after_run', 'hold_on_failure'];
/** What downloads nothing where nothing is far away. */
const NOT_LOCAL = { key: 'durable', value: WINDOW_PLACE };

/**
 * Looks for what is allowed but probably not meant.
 *
 * @param values - what the file says, of any shape
 * @returns a warning or a hint for each finding, to be placed
 */
export function ruleProblems(values: TomlTable): LateProblem[] {
  return Object.entries(asTable(values['runs'])).flatMap(([name, run]) => {
    const profile = asTable(run);
    const path = ['runs', name];
    return [
      ...plainSecrets(profile['env'], [...path, 'env']),
      ...commandLines(profile, path, 'command'),
      ...commandLines(profile, path, 'setup'),
      ...resumeArgs(profile['resume_args'], [...path, 'resume_args']),
      ...withoutEffect(profile, path),
      ...machineProblems(values, name),
    ];
  });
}

function plainSecrets(env: unknown, path: TomlPath): LateProblem[] {
  return Object.entries(asTable(env))
    .filter(([name, value]) => looksSecret(name) && typeof value === 'string' && value !== '')
    .map(([name]) =>
      warning([...path, name], 'plain-secret', () => ({
        message: l10n.t(
          'This file is shared with your code. Put "{0}" into `secrets` instead; its value is then asked for once and kept in the secret storage of VS Code.',
          name,
        ),
      })),
    );
}

// `command = "python train.py"` would look for a program with a space in its name.
function commandLines(
  profile: TomlTable,
  table: TomlPath,
  key: string,
): LateProblem[] {
  const value = profile[key];
  if (typeof value !== 'string' || !/^\S+\s+\S/.test(value) || /^([A-Za-z]:)?[\\/]/.test(value)) {
    return [];
  }
  const path = [...table, key];
  return [
    warning(path, 'command-line', (places) => ({
      message: l10n.t('No shell reads this: it names one program. Write a list of arguments.'),
      fix: listFix(value, path, places),
    })),
  ];
}

function listFix(value: string, path: TomlPath, places: TomlPlaces): ConfigFix | null {
  // What a shell would have to make sense of has no plain list.
  if (/["'`$\\|&;<>*?~]/.test(value)) {
    return null;
  }
  const words = value.trim().split(/\s+/);
  const text = `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
  return { title: l10n.t('Change to {0}', text), range: places.valueRange(path), text };
}

function resumeArgs(value: unknown, path: TomlPath): LateProblem[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const named = list.some(
    (part) => typeof part === 'string' && part.includes(CHECKPOINT_PLACEHOLDER),
  );
  if (list.length === 0 || named) {
    return [];
  }
  return [
    warning(path, 'resume-args', () => ({
      message: l10n.t(
        'Without {0} the run cannot know which checkpoint to go on from (unless it reads RUNCTL_RESUME_FROM).',
        CHECKPOINT_PLACEHOLDER,
      ),
    })),
  ];
}

function withoutEffect(profile: TomlTable, table: TomlPath): LateProblem[] {
  const { provider, machine = 'local' } = profile;
  const isLocal = provider === 'local' || (provider === undefined && machine === 'local');
  const isOwn = isLocal || provider === 'ssh' || provider === undefined;
  const rented = isOwn ? RENTED_ONLY.filter((key) => key in profile) : [];
  const { key, value } = NOT_LOCAL;
  return [
    ...rented.map((name) =>
      information([...table, name], () =>
        isLocal
          ? l10n.t('`{0}` does nothing here: this profile runs on the local machine.', name)
          : l10n.t('`{0}` does nothing here: this profile runs on a machine of yours, which is not rented.', name),
      ),
    ),
    ...(isLocal && profile[key] === value
      ? [
          information([...table, key], () =>
            l10n.t('`{0}` does nothing here: checkpoints of the local machine are on this computer already.', `${key} = "${value}"`),
          ),
        ]
      : []),
  ];
}

function information(path: TomlPath, say: () => string): LateProblem {
  return ({ file, places }) => ({
    file,
    severity: 'information',
    layer: 'rule',
    code: 'no-effect',
    message: say(),
    range: places.keyRange(path),
    path: path.join('.'),
    fix: null,
  });
}

function warning(
  path: TomlPath,
  code: ConfigProblemCode,
  say: (places: TomlPlaces) => { message: string; fix?: ConfigFix | null },
): LateProblem {
  return ({ file, places }) => {
    const { message, fix = null } = say(places);
    return {
      file,
      severity: 'warning',
      layer: 'rule',
      code,
      message,
      range: places.valueRange(path),
      path: path.map(String).join('.'),
      fix,
    };
  };
}

function asTable(value: unknown): TomlTable {
  return isTable(value) ? value : {};
}
