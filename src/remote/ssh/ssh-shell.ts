import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import * as l10n from '@vscode/l10n';
import { cancelledBy } from '../../core/cancellation.ts';
import { MachineError } from '../../core/errors.ts';
import type { ExecOptions, ExecResult, ProcessEnd, RemoteProcess } from '../remote-shell.ts';
import { ChannelDuplex, ChannelReader, ChannelWriter } from './channel-streams.ts';
import type {
  InteractiveShell,
  SshExecOptions,
  SshMachineShell,
  TerminalSize,
} from './machine-shell.ts';
import type { ProgramLauncher } from './program-launcher.ts';
import type { SshConnection } from './ssh-connection.ts';
import { sshError } from './ssh-errors.ts';

const NO_FILE = 44;
const NO_ACCESS = 77;

// The temporary file is of the same directory, so the move is one step. With the connection
// gone, to write an error is to be ended: not before the temporary file is removed.
const PUT = `
path=$1 temporary=$2 size=$3 mode=$4
umask 077
if [ -d "$path" ]; then echo "is a directory" >&2; exit 1; fi
mkdir -p "\${path%/*}/" || exit 1
trap '' PIPE HUP
cat >"$temporary" &&
  written=$(wc -c <"$temporary") &&
  { [ "$written" -eq "$size" ] || { echo "only $written of $size bytes arrived" >&2; false; }; } &&
  chmod "$mode" "$temporary" && mv -f "$temporary" "$path" && exit 0
rm -f "$temporary"
exit 1
`;

// That a file is missing is an answer; that it cannot be seen is none.
const GET = `
path=$1
if [ -e "$path" ]; then exec cat <"$path"; fi
up=$path
while up=\${up%/*}; [ -n "$up" ]; do
  if [ -d "$up" ]; then [ -x "$up" ] || exit ${NO_ACCESS}; break; fi
done
exit ${NO_FILE}
`;

/** A machine reached by SSH. */
export class SshShell implements SshMachineShell {
  readonly connection: SshConnection;

  constructor(connection: SshConnection) {
    this.connection = connection;
  }

  async exec(argv: readonly string[], options: SshExecOptions = {}): Promise<ExecResult> {
    try {
      return await this.execOnce(argv, options);
    } catch (error) {
      if (options.idempotent === true && isLost(error) && options.signal?.aborted !== true) {
        return this.execOnce(argv, options);
      }
      throw error;
    }
  }

  async start(argv: readonly string[], signal?: AbortSignal): Promise<RemoteProcess> {
    if (signal?.aborted === true) {
      throw cancelledBy(signal);
    }
    const process = await (await this.launcherUntil(signal)).launch(argv, signal);
    const { stdin, stdout, stderr } = process;
    const done = process.done.then((end) => {
      if (signal?.aborted === true) {
        throw cancelledBy(signal);
      }
      return end;
    });
    done.catch(() => undefined);
    return { stdin, stdout, stderr, done, kill: () => process.kill() };
  }

  async put(path: string, content: Buffer, mode: number): Promise<void> {
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    const argv = ['sh', '-c', PUT, 'sh', absolute(path), temporary];
    const size = String(content.length);
    const result = await this.exec([...argv, size, mode.toString(8)], { stdin: content });
    if (result.code !== 0) {
      throw fileError('put-failed', l10n.t('Cannot write {0}', path), result.stderr);
    }
  }

  async get(path: string): Promise<Buffer | undefined> {
    const argv = ['sh', '-c', GET, 'sh', absolute(path)];
    const result = await this.exec(argv, { idempotent: true });
    if (result.code === NO_FILE) {
      return undefined;
    }
    if (result.code !== 0) {
      throw fileError('get-failed', l10n.t('Cannot read {0}', path), result.stderr);
    }
    return result.stdout;
  }

  async forward(host: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    const { link } = await this.launcherUntil(signal);
    const channel = await link.forward(host, port, signal);
    const stream = new ChannelDuplex(channel);
    const forget = link.onLost((error) => stream.destroy(error));
    channel.once('close', forget);
    return stream;
  }

  async interactive(size: TerminalSize, signal?: AbortSignal): Promise<InteractiveShell> {
    const { columns: cols, rows, term = 'xterm-256color' } = size;
    const launcher = await this.launcherUntil(signal);
    const terminal = { cols, rows, term, width: 0, height: 0, modes: {} };
    const { channel, link } = await launcher.link.shell(terminal, signal);
    const output = new ChannelReader(channel);
    const input = new ChannelWriter(channel);
    const done = new Promise<ProcessEnd>((resolve, reject) => {
      const forget = link.onLost((error) => {
        output.destroy(error);
        input.destroy(error);
        reject(error);
      });
      channel.once('close', (code?: number | null, name?: string) => {
        forget();
        input.destroy();
        resolve({ code: code ?? null, signal: name ?? null });
      });
    });
    done.catch(() => undefined);
    return {
      input,
      output,
      done,
      resize: (to) => channel.setWindow(to.rows, to.columns, 0, 0),
      close: () => {
        output.destroy();
        // The terminal goes, and with it what runs in it.
        channel.close();
      },
    };
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private async execOnce(argv: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const { signal, timeoutMs } = options;
    if (signal?.aborted === true) {
      throw cancelledBy(signal);
    }
    // A person may be asked on the way; only what the machine takes counts.
    const launcher = await this.launcherUntil(signal);
    const limit = new AbortController();
    const end = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
    const timer =
      timeoutMs === undefined ? undefined : setTimeout(() => limit.abort(), timeoutMs);
    const given = giveUp(end);
    try {
      const running = runOn(launcher, argv, { stdin: options.stdin, signal: end });
      return await Promise.race([given.promise, running]);
    } catch (error) {
      if (limit.signal.aborted) {
        throw timedOut(argv[0] ?? '', timeoutMs ?? 0);
      }
      throw isAborted(signal) ? cancelledBy(signal) : error;
    } finally {
      clearTimeout(timer);
      given.forget();
    }
  }

  private launcherUntil(signal: AbortSignal | undefined): Promise<ProgramLauncher> {
    if (signal === undefined) {
      return this.connection.launcher();
    }
    // Others may wait for the same connection: it is made all the same.
    const given = giveUp(signal);
    return Promise.race([given.promise, this.connection.launcher()]).finally(() => given.forget());
  }
}

function giveUp(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
  let onAbort = (): void => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(cancelledBy(signal));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  promise.catch(() => undefined);
  return { promise, forget: () => signal.removeEventListener('abort', onAbort) };
}

async function runOn(
  launcher: ProgramLauncher,
  argv: readonly string[],
  options: { readonly stdin: string | Buffer | undefined; readonly signal: AbortSignal },
): Promise<ExecResult> {
  const process = await launcher.launch(argv, options.signal);
  const stdout = collect(process.stdout);
  const stderr = collect(process.stderr);
  process.stdin.end(options.stdin ?? '');
  const end = await process.done;
  const [out, err] = await Promise.all([stdout, stderr]);
  return { ...end, stdout: out, stderr: err.toString('utf8') };
}

// A function of its own: the compiler takes what it saw of the signal for settled.
function isAborted(signal: AbortSignal | undefined): signal is AbortSignal {
  return signal?.aborted === true;
}

function collect(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

function absolute(path: string): string {
  if (!posix.isAbsolute(path)) {
    throw new RangeError('the path is not absolute');
  }
  return path;
}

function isLost(error: unknown): boolean {
  return error instanceof MachineError && error.code === 'connection-lost';
}

function timedOut(program: string, timeoutMs: number): MachineError {
  const details = { program, timeoutMs };
  return sshError('timeout', l10n.t('{0} did not answer in time', program), { details });
}

function fileError(code: 'get-failed' | 'put-failed', message: string, said: string): MachineError {
  const reason = said.trim();
  return sshError(code, message, {
    steps: reason === '' ? [] : [l10n.t('The machine says: {0}', reason)],
    details: { stderr: reason },
  });
}
