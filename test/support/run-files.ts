import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readResult, writeResult } from './run-mocha.ts';
import type { GroupResult } from './run-mocha.ts';

/** Files of a group that are run in processes of their own. Paths are absolute. */
export interface FilesOptions {
  group: string;
  files: readonly string[];
  /** Those that are begun first, in this order; the rest follows as it stands in `files`. */
  first: readonly string[];
  /** Those that nothing may run beside: they come last, one after the other. */
  alone: readonly string[];
  /** How many run at once. */
  jobs: number;
  /** Runs only tests whose full title matches. */
  grep?: string | undefined;
  resultFile: string;
  /** The name of a file in what is printed. */
  show: (file: string) => string;
  print: (text: string) => void;
}

/** What became of one file. */
interface Ended {
  code: number | null;
  output: string;
  result: GroupResult | undefined;
  seconds: number;
}

const ENTRY = join(import.meta.dirname, 'run-group.ts');

/**
 * Runs each file in a process of its own, some at once, and prints what each said
 * when it has ended. The result file of the group is written at the very end.
 */
export async function runFiles(options: FilesOptions): Promise<GroupResult> {
  await rm(options.resultFile, { force: true });
  const scratch = await mkdtemp(join(tmpdir(), 'runctl-results-'));
  const running = new Map<ChildProcess, () => string>();
  const stop = (): never => stopAll(running, options.print);
  process.once('SIGTERM', stop);
  const total: GroupResult = {
    group: options.group,
    planned: 0,
    passed: 0,
    failed: 0,
    skipped: [],
  };
  const runNext = async (queue: string[]): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const ended = await runFile(options, file, scratch, running);
      options.print(report(options.show(file), ended));
      add(total, ended);
    }
  };
  const { beside, alone } = inOrder(options);
  await Promise.all(Array.from({ length: options.jobs }, () => runNext(beside)));
  await runNext(alone);
  process.off('SIGTERM', stop);
  await rm(scratch, { recursive: true, force: true });
  await writeResult(options.resultFile, total);
  return total;
}

/** The longest first, so that none of them is left running by itself at the end. */
function inOrder({ files, first, alone }: FilesOptions): { beside: string[]; alone: string[] } {
  const unknown = [...first, ...alone].filter((file) => !files.includes(file));
  if (unknown.length > 0) throw new Error(`no such test file: ${unknown.join(', ')}`);
  const rest = files.filter((file) => !first.includes(file));
  return {
    beside: [...first, ...rest].filter((file) => !alone.includes(file)),
    alone: [...alone],
  };
}

async function runFile(
  { group, grep }: FilesOptions,
  file: string,
  scratch: string,
  running: Map<ChildProcess, () => string>,
): Promise<Ended> {
  const began = performance.now();
  const folder = await mkdtemp(join(scratch, `${basename(file)}-`));
  const resultFile = join(folder, 'result.json');
  // The channel ends with this process, and the child with the channel.
  const child = spawn(process.execPath, [ENTRY, group, file, resultFile], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...process.env,
      RUNCTL_TEST_GREP: grep,
      ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
    },
  });
  let output = '';
  running.set(child, () => output);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
    // What a test left running may hold the streams.
    child.on('exit', (status) => setTimeout(() => resolve(status), 2000));
  });
  running.delete(child);
  const seconds = (performance.now() - began) / 1000;
  return { code, output, result: await readResult(resultFile), seconds };
}

function report(name: string, { code, output, result, seconds }: Ended): string {
  // Nothing of it was asked for.
  if (code === 0 && result?.planned === 0) return '';
  const text = `\n${name} (${seconds.toFixed(0)} s)\n${output}`;
  if (!result) return `${text}\n${name}: no result, it ended with ${code}\n`;
  return code !== 0 && result.failed === 0 ? `${text}\n${name}: ended with ${code}\n` : text;
}

/** Every way of a file to end without having proved anything counts as one failure. */
function add(total: GroupResult, { code, result }: Ended): void {
  if (!result) {
    total.failed += 1;
    return;
  }
  const { planned, passed, failed, skipped } = result;
  const silent = failed === 0 && (code !== 0 || passed + skipped.length < planned);
  total.planned += planned;
  total.passed += passed;
  total.failed += silent ? 1 : failed;
  total.skipped.push(...skipped);
}

function stopAll(
  running: ReadonlyMap<ChildProcess, () => string>,
  print: FilesOptions['print'],
): never {
  for (const [child, output] of running) {
    child.kill('SIGTERM');
    print(`\nstopped while it ran: ${child.spawnargs.at(-2)}\n${output()}`);
  }
  process.exit(1);
}
