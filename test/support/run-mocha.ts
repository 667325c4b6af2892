import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Mocha from 'mocha';

/** How a group of tests ended. Its file is written last: no file, no result. */
export interface GroupResult {
  group: string;
  /** Tests found before the first one ran. */
  planned: number;
  passed: number;
  /** Failed tests and hooks, and what else went wrong. */
  failed: number;
  /** Titles of tests that were left out. */
  skipped: string[];
}

export interface GroupOptions {
  group: string;
  /** Absolute paths. */
  files: readonly string[];
  resultFile: string;
  /** For one test, in milliseconds. */
  timeoutMs: number;
  /** Runs only tests whose full title matches. */
  grep?: string | undefined;
  /** Turns promise rejections nobody handled, and that this accepts, into failures. */
  countsRejection?: (reason: unknown) => boolean;
}

/** Where a group's result lies inside the results folder. */
export function resultFileOf(resultsFolder: string, group: string): string {
  return join(resultsFolder, `${group}.json`);
}

/** Runs test files in this process and writes the result file at the very end. */
export async function runMocha(options: GroupOptions): Promise<GroupResult> {
  await rm(options.resultFile, { force: true });
  const mocha = new Mocha({
    ui: 'bdd',
    reporter: 'spec',
    timeout: options.timeoutMs,
    forbidOnly: true,
    ...(options.grep === undefined ? {} : { grep: options.grep }),
  });
  for (const file of options.files) mocha.addFile(file);
  await mocha.loadFilesAsync();
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => {
    if (options.countsRejection?.(reason) === true) rejections.push(reason);
  };
  // Mocha has its own listener in plain Node; in the extension host nothing else fails a test.
  if (options.countsRejection) process.on('unhandledRejection', onRejection);
  const result = await new Promise<GroupResult>((resolve) => {
    const skipped: string[] = [];
    const runner = mocha.run(() => {
      const { passes = 0, failures = 0 } = runner.stats ?? {};
      const { group } = options;
      resolve({ group, planned: runner.total, passed: passes, failed: failures, skipped });
    });
    runner.on('pending', (test: Mocha.Test) => skipped.push(test.fullTitle()));
  });
  process.off('unhandledRejection', onRejection);
  for (const reason of rejections) console.error('Unhandled rejection:', reason);
  result.failed += rejections.length;
  await writeResult(options.resultFile, result);
  return result;
}

/** The result a group left, or undefined when it never came to its end. */
export async function readResult(file: string): Promise<GroupResult | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  // Written by runMocha() alone.
  return text === undefined ? undefined : (JSON.parse(text) as GroupResult);
}

/** Writes a result so that it is there whole or not at all. */
export async function writeResult(file: string, result: GroupResult): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.part`, JSON.stringify(result));
  await rename(`${file}.part`, file);
}
