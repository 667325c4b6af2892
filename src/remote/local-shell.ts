import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as l10n from '@vscode/l10n';
import { CancelledError, MachineError } from '../core/errors.ts';
import type {
  ExecOptions,
  ExecResult,
  ProcessEnd,
  RemoteProcess,
  RemoteShell,
} from './remote-shell.ts';

/** The machine this code runs on, reached by child processes. */
export class LocalShell implements RemoteShell {
  private readonly env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.env = env;
  }

  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const [program, ...args] = argv;
    if (program === undefined) {
      throw new RangeError('argv is empty');
    }
    return new Promise((resolve, reject) => {
      const { signal, timeoutMs } = options;
      if (signal?.aborted === true) {
        reject(cancelled(signal));
        return;
      }
      const child = spawn(program, args, { env: this.env, stdio: ['pipe', 'pipe', 'pipe'] });
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      const settled = new AbortController();
      const giveUp = (error: Error): void => {
        settled.abort();
        abandon(child);
        reject(error);
      };
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      child.on('error', (error) => giveUp(asMachineError(program, error)));
      child.on('close', (code, name) => {
        settled.abort();
        const text = Buffer.concat(stderr).toString('utf8');
        resolve({ code, signal: name, stdout: Buffer.concat(stdout), stderr: text });
      });
      // A program that never reads its input closes the pipe; its exit tells more.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.stdin ?? '');
      signal?.addEventListener('abort', () => giveUp(cancelled(signal)), {
        signal: settled.signal,
      });
      if (timeoutMs !== undefined) {
        const timer = setTimeout(() => giveUp(timedOut(program, timeoutMs)), timeoutMs);
        settled.signal.addEventListener('abort', () => clearTimeout(timer));
      }
    });
  }

  async start(argv: readonly string[], signal?: AbortSignal): Promise<RemoteProcess> {
    const [program, ...args] = argv;
    if (program === undefined) {
      throw new RangeError('argv is empty');
    }
    if (signal?.aborted === true) {
      throw cancelled(signal);
    }
    const child = spawn(program, args, { env: this.env, stdio: ['pipe', 'pipe', 'pipe'] });
    await once(child, 'spawn').catch((error: unknown) => {
      throw asMachineError(program, error);
    });
    const done = new Promise<ProcessEnd>((resolve, reject) => {
      const giveUp = (): void => {
        abandon(child);
        reject(cancelled(signal));
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      child.on('close', (code, name) => {
        signal?.removeEventListener('abort', giveUp);
        resolve({ code, signal: name });
      });
    });
    // Whoever only reads the streams still hears of the end there.
    done.catch(() => undefined);
    const { stdin, stdout, stderr } = child;
    return { stdin, stdout, stderr, done, kill: () => abandon(child) };
  }

  async put(path: string, content: Buffer, mode: number): Promise<void> {
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(temporary, content, { mode, flag: 'wx' });
      await rename(temporary, path);
    } catch (cause) {
      await rm(temporary, { force: true });
      throw new MachineError('put-failed', l10n.t('Cannot write {0}', path), { cause });
    }
  }

  async get(path: string): Promise<Buffer | undefined> {
    try {
      return await readFile(path);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
        return undefined;
      }
      throw new MachineError('get-failed', l10n.t('Cannot read {0}', path), { cause });
    }
  }
}

// Not by Node's own limit: it ends the program alone, and then waits for as long
// as any process that one left holds the pipes.
function abandon(child: ChildProcessWithoutNullStreams): void {
  child.stdin.destroy();
  child.stdout.destroy();
  child.stderr.destroy();
  child.kill('SIGKILL');
  // One that hangs in the kernel must not keep this process from ending.
  child.unref();
}

function timedOut(program: string, timeoutMs: number): MachineError {
  const details = { program, timeoutMs };
  return new MachineError('timeout', l10n.t('{0} did not answer in time', program), { details });
}

function cancelled(signal: AbortSignal | undefined): CancelledError {
  return new CancelledError('Cancelled', { cause: signal?.reason });
}

function asMachineError(program: string, cause: unknown): MachineError {
  return new MachineError('exec-failed', l10n.t('Cannot run {0}', program), { cause });
}
