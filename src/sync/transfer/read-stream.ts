import * as l10n from '@vscode/l10n';
import { MachineError } from '../../core/errors.ts';
import { transferFailure } from './transfer-failure.ts';
import type { TransferWay } from './transfer-types.ts';

/** A program on the machine that writes. */
export interface ReadingProcess {
  readonly stdout: AsyncIterable<Buffer>;
  /** Waits for its end; throws when it or the way to it failed. */
  ended(): Promise<void>;
  /** Ends it before its time. */
  stop(): void;
}

/**
 * Starts a program whose output is read as a stream.
 *
 * @param way - the way to the machine
 * @param argv - program and arguments
 * @param input - its standard input
 * @returns the program
 */
export async function readStream(
  way: TransferWay,
  argv: readonly string[],
  input: string,
): Promise<ReadingProcess> {
  const child = await way.shell.start(argv, way.signal);
  let stderr = '';
  child.stderr.on('error', () => undefined);
  child.stderr.on('data', (piece: Buffer) => {
    stderr = (stderr + piece.toString('utf8')).slice(-4000);
  });
  // Whoever reads it later hears of it then.
  child.stdout.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return {
    stdout: readAll(child.stdout),
    stop: () => {
      child.done.catch(() => undefined);
      child.kill();
    },
    ended: async () => {
      const { code } = await child.done;
      if (code !== 0 && stderr !== '') {
        throw transferFailure('read', '', stderr);
      }
    },
  };
}

// A stream that breaks is a way that broke, whatever it says itself.
async function* readAll(stream: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  try {
    for await (const piece of stream) {
      if (Buffer.isBuffer(piece)) {
        yield piece;
      }
    }
  } catch (cause) {
    throw new MachineError('answer-cut', l10n.t('The connection broke during a transfer'), {
      cause,
    });
  }
}
