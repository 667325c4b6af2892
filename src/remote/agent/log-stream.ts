import type { Readable } from 'node:stream';
import * as l10n from '@vscode/l10n';
import type { Clock } from '../../core/clock.ts';
import { CancelledError, MachineError } from '../../core/errors.ts';
import type { RemoteProcess } from '../remote-shell.ts';
import type { AgentClient, LogStart } from './agent-client.ts';

/** What a follow tells, in the order it happened. */
export type LogFrame =
  /** Bytes of a log: right after those before. A frame of the machine comes in several. */
  | { readonly kind: 'bytes'; readonly id: string; readonly offset: number; readonly bytes: Buffer }
  /** The run has ended and its log was told whole; nothing more of it comes. */
  | { readonly kind: 'end'; readonly id: string; readonly size: number }
  /** The log became shorter than what was read: it is told again from its start. */
  | { readonly kind: 'cut'; readonly id: string; readonly size: number }
  /** There is no such run (any more); nothing more of it comes. */
  | { readonly kind: 'gone'; readonly id: string }
  /** Nothing new, but the machine is there. */
  | { readonly kind: 'beat' };

/** How logs are followed. */
export interface FollowLogsOptions {
  readonly clock: Clock;
  /** Ends the follow. */
  readonly signal: AbortSignal;
  /** Milliseconds without any sign after which the machine is given up; 30 s unless told. */
  readonly silenceMs?: number;
}

/** A line longer than this is none of the agent's. */
const MAX_HEADER = 256;
/** The machine gives a sign of life every few seconds. */
const SILENCE_MS = 30_000;

/**
 * Reads what the agent's `follow` writes. Nothing is held back or gathered:
 * the machine waits while the one who iterates does.
 *
 * @param stdout - output of the process
 * @yields {LogFrame} frames; ends with the output, also in the middle of one
 * @throws {MachineError} `agent-answer` when something else writes there
 */
export async function* readLogFrames(stdout: Readable): AsyncGenerator<LogFrame, void> {
  let header = Buffer.alloc(0);
  let log: { readonly id: string; offset: number; left: number } | undefined;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    let at = 0;
    while (at < chunk.length) {
      if (log !== undefined) {
        const bytes = chunk.subarray(at, at + log.left);
        yield { kind: 'bytes', id: log.id, offset: log.offset, bytes };
        at += bytes.length;
        log.offset += bytes.length;
        log.left -= bytes.length;
        log = log.left === 0 ? undefined : log;
        continue;
      }
      const end = chunk.indexOf(0x0a, at);
      header = Buffer.concat([header, chunk.subarray(at, end < 0 ? chunk.length : end)]);
      if (header.length > MAX_HEADER) {
        throw strange(header);
      }
      if (end < 0) {
        break;
      }
      at = end + 1;
      const read = parseHeader(header);
      header = Buffer.alloc(0);
      if ('left' in read) {
        log = read.left === 0 ? undefined : read;
      } else {
        yield read;
      }
    }
  }
}

/**
 * Follows logs of a machine until all their runs have ended. Where it breaks,
 * go on with another one from the offsets reached.
 *
 * @param agent - the machine's agent
 * @param logs - which runs, and from where
 * @param options - see the fields
 * @yields {LogFrame} frames, as `readLogFrames` has them
 * @throws {CancelledError} when it was given up
 * @throws {MachineError} `follow-broken` when it ended early or fell silent
 */
export async function* followLogs(
  agent: Pick<AgentClient, 'follow'>,
  logs: readonly LogStart[],
  options: FollowLogsOptions,
): AsyncGenerator<LogFrame, void> {
  const { clock, signal, silenceMs = SILENCE_MS } = options;
  if (logs.length === 0) {
    return;
  }
  const left = new Set<string>(logs.map(({ id }) => id));
  const process = await agent.follow(logs, signal);
  const stderr = tailOf(process.stderr);
  // Torn before the first read: that tells.
  process.stdout.on('error', () => undefined);
  let heard = clock.monotonic();
  // The time its reader takes for a frame is not the machine's silence.
  let waiting = true;
  const silence = new AbortController();
  let cause: unknown;
  const stop = clock.every(silenceMs / 4, () => {
    if (waiting && clock.monotonic() - heard >= silenceMs) {
      silence.abort();
      process.kill();
    }
  });
  try {
    for await (const frame of readLogFrames(process.stdout)) {
      waiting = false;
      if (frame.kind === 'end' || frame.kind === 'gone') {
        left.delete(frame.id);
      }
      yield frame;
      heard = clock.monotonic();
      waiting = true;
    }
  } catch (error) {
    if (error instanceof MachineError && !silence.signal.aborted) {
      throw error;
    }
    // Its output was torn off: by us, or with the connection.
    cause = error;
  } finally {
    stop();
    process.kill();
  }
  if (signal.aborted) {
    throw new CancelledError('Cancelled', { cause: signal.reason });
  }
  if (left.size > 0) {
    throw await broken(process, silence.signal.aborted, stderr(), cause);
  }
}

function parseHeader(
  header: Buffer,
): Exclude<LogFrame, { kind: 'bytes' }> | { id: string; offset: number; left: number } {
  const [kind, id = '', first = '', second = ''] = header.toString('latin1').split(' ');
  switch (kind) {
    case '#beat':
      return { kind: 'beat' };
    case '#gone':
      return { kind: 'gone', id };
    case '#end':
      return { kind: 'end', id, size: count(first, header) };
    case '#cut':
      return { kind: 'cut', id, size: count(first, header) };
    case '#log':
      return { id, offset: count(first, header), left: count(second, header) };
    default:
      throw strange(header);
  }
}

function count(text: string, header: Buffer): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw strange(header);
  }
  return value;
}

function strange(header: Buffer): MachineError {
  return new MachineError(
    'agent-answer',
    l10n.t('The agent on the machine gave an answer that cannot be read'),
    { details: { line: header.toString('latin1').slice(0, MAX_HEADER) } },
  );
}

function tailOf(stream: Readable): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer | string) => {
    text = (text + String(chunk)).slice(-2000);
  });
  stream.on('error', () => undefined);
  return () => text;
}

async function broken(
  process: RemoteProcess,
  isSilent: boolean,
  stderr: string,
  cause: unknown,
): Promise<MachineError> {
  // Killed, or cut off, it may never say how it ended.
  const end = isSilent || cause !== undefined ? undefined : await process.done.catch(() => undefined);
  const details = { silent: isSilent, code: end?.code, signal: end?.signal, stderr };
  return new MachineError(
    'follow-broken',
    isSilent
      ? l10n.t('The machine fell silent while its logs were followed')
      : l10n.t('Following the logs of the machine broke off'),
    { details, cause },
  );
}
