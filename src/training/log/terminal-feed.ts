import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../../core/clock.ts';
import type { TextMasker } from '../../core/mask.ts';
import type { LogChannelFeed } from './log-channel-feed.ts';
import { followLog } from './log-follower.ts';
import { PacedText } from './paced-text.ts';
import { replayStart, resetNotice } from './replay-start.ts';
import { TerminalText } from './terminal-text.ts';

/** What to show in a terminal. */
export interface TerminalFeedOptions {
  /** Absolute path of the log on this host. */
  readonly path: string;
  readonly clock: Clock;
  /** Ends the feed silently. */
  readonly signal: AbortSignal;
  readonly masker: TextMasker;
  /** A longer log is shown from this many bytes before its end. */
  readonly replayBytes: number;
  /** Takes text with `\r\n` line ends and no harmful sequences. */
  readonly write: (text: string) => void;
}

/** Ends what colour a program had set. */
const PLAIN = '\u001b[0m';

/**
 * Shows a log as a terminal would: the end of what it holds already, from a
 * whole line on, then what comes, no faster than a terminal can draw.
 *
 * @param options - see the fields
 * @returns the feed, already under way
 */
export async function feedLogTerminal(options: TerminalFeedOptions): Promise<LogChannelFeed> {
  const { path, clock, signal, replayBytes } = options;
  const paced = new PacedText(options);
  const terminal = new TerminalText({ ...options, write: (text) => paced.add(text) });
  const { offset, notice } = await replayStart(path, replayBytes);
  if (notice !== null) {
    paced.add(`[runctl] ${notice}\r\n`);
  }
  // The first line of a log shown from its middle is a rest; it is left out.
  let rest: RestOfLine | undefined = notice === null ? undefined : new RestOfLine();
  let decoder = new StringDecoder('utf8');
  const follower = followLog({
    path,
    offset,
    clock,
    signal,
    onChunk: (chunk) => {
      terminal.push(decoder.write(rest?.leaveOut(chunk) ?? chunk));
      return paced.room();
    },
    onReset: (reset) => {
      rest = undefined;
      decoder = new StringDecoder('utf8');
      terminal.end();
      paced.add(`${PLAIN}\r\n[runctl] ${resetNotice(reset)}\r\n`);
    },
  });
  const done = follower.done.finally(() => {
    terminal.end();
    paced.end();
  });
  return {
    done,
    finish: () => {
      // A failure shows through `done`, which the caller awaits.
      follower.finish().catch(() => undefined);
      return done;
    },
  };
}

const LF = 10;
const CR = 13;

/** Leaves out bytes up to and with the first line end, wherever the chunks are cut. */
class RestOfLine {
  private ended = false;

  leaveOut(chunk: Buffer): Buffer {
    if (this.ended) {
      return chunk;
    }
    const end = chunk.findIndex(
      (byte, index) => byte === LF || (byte === CR && chunk[index + 1] !== LF),
    );
    this.ended = end >= 0;
    return chunk.subarray(this.ended ? end + 1 : chunk.length);
  }
}
