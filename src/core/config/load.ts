import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { CONFIG_FILE_NAME } from './file-name.ts';
import { mergeTables, valueAt } from './merge.ts';
import type { TomlTable } from './merge.ts';
import { parseConfig } from './parse.ts';
import type { ConfigProblem } from './problem.ts';
import { configSchema } from './schema.ts';
import type { RunctlConfig } from './schema.ts';
import { TEXT_START } from './text-range.ts';
import { unknownMachine } from './unknown-machine.ts';
import { userConfigPath } from './user-config-path.ts';

/** What is said in which file. */
export type ConfigOrigin = 'workspace' | 'user' | 'default';

/** The configuration of one workspace folder, or of no folder at all. */
export interface LoadedConfig {
  /** `null` when a file has an error: half a configuration could cost money. */
  readonly config: RunctlConfig | null;
  /** Each names its file by absolute path. */
  readonly problems: readonly ConfigProblem[];
  /** Absolute paths of the files that are there, the nearest first. */
  readonly files: readonly string[];
  /** Tells which file a key comes from; what a workspace names may need consent. */
  readonly originOf: (path: readonly PropertyKey[]) => ConfigOrigin;
}

interface ConfigFile {
  readonly path: string;
  readonly there: boolean;
  readonly values: TomlTable;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Loads the workspace's file over the user's file over the defaults. Tables are
 * merged key by key; lists and plain values of the nearer file win whole.
 * Missing files are fine; one that cannot be read is a problem.
 *
 * @param folder - absolute path of the workspace folder, `null` for none
 * @param userFile - absolute path of the user's file
 * @returns the configuration and the problems of both files
 */
export async function loadConfig(
  folder: string | null,
  userFile: string = userConfigPath(),
): Promise<LoadedConfig> {
  const [workspace, user] = await Promise.all([
    folder === null ? undefined : readConfigFile(join(folder, CONFIG_FILE_NAME)),
    readConfigFile(userFile),
  ]);
  const files = workspace === undefined ? [user] : [workspace, user];
  const values = mergeTables(user.values, workspace?.values ?? {});
  const problems = files.flatMap((file) => withoutInherited(file.problems, values));
  const broken = problems.some((problem) => problem.severity === 'error');
  return {
    config: broken ? null : configSchema.parse(values),
    problems,
    files: files.filter((file) => file.there).map((file) => file.path),
    originOf: (path) => {
      if (valueAt(workspace?.values, path) !== undefined) {
        return 'workspace';
      }
      return valueAt(user.values, path) === undefined ? 'default' : 'user';
    },
  };
}

/**
 * Drops the complaints about keys and machines that another file provides.
 *
 * @param problems - of one file alone
 * @param values - of all files together
 * @returns what remains
 */
export function withoutInherited(
  problems: readonly ConfigProblem[],
  values: TomlTable,
): readonly ConfigProblem[] {
  return problems.filter(({ code, path }) => {
    // Names of runs and machines hold no dots, so the path splits safely.
    const keys = path.split('.');
    if (code === 'unknown-machine') {
      return unknownMachine(values, keys[1] ?? '') !== undefined;
    }
    return code !== 'missing-key' || valueAt(values, keys) === undefined;
  });
}

/**
 * Reads what one file says by itself.
 *
 * @param path - absolute
 * @returns its values without defaults; nothing when it is missing or broken
 */
export async function fileValues(path: string): Promise<TomlTable> {
  return (await readConfigFile(path)).values;
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    const problems = missing ? [] : [unreadable(path, message)];
    return { path, there: !missing, values: {}, problems };
  }
  const { values, problems } = await parseConfig(text, path);
  return { path, there: true, values: values ?? {}, problems };
}

function unreadable(file: string, reason: string): ConfigProblem {
  return {
    file,
    severity: 'error',
    layer: 'rule',
    code: 'unreadable',
    message: l10n.t('The file cannot be read: {0}', reason),
    range: TEXT_START,
    path: '',
    fix: null,
  };
}
