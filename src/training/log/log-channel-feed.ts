import type { Clock } from '../../core/clock.ts';
import type { TextMasker } from '../../core/mask.ts';

import { LineSplitter } from './line-splitter.ts';
import { followLog, type LogFollower, type LogReset } from './log-follower.ts';
import { MaskedPieces } from './mask-through.ts';
import { PacedText } from './paced-text.ts';
import { replayStart, resetNotice } from './replay-start.ts';
import { BAR_INTERVAL_MS, ScreenFolder } from './screen-text.ts';

/** A view of a log that can only append, such as an output channel. */
export interface ChannelSink {
  append(text: string): void;
  /** Empties the view; called once before the first text. */
  clear?(): void;
}

/** What to show, and where. */
export interface ChannelFeedOptions {
  /** Absolute path of the log on this host. */
  readonly path: string;
  readonly clock: Clock;
  /** Ends the feed silently. */
  readonly signal: AbortSignal;
  readonly sink: ChannelSink;
  /** Hides secrets, also those that come in pieces; nothing is hidden without it. */
  readonly masker?: TextMasker;
  /** A longer log is shown from this many bytes before its end; 16 MiB unless told. */
  readonly replayBytes?: number;
}

/** A feed under way. */
export interface LogChannelFeed {
  /** Settles when all is shown; rejects with an `IoError`. */
  readonly done: Promise<void>;
  /** Shows what the file holds now, then stops; same as `done`. */
  finish(): Promise<void>;
}

// Well under what an output channel keeps, so that the beginning we announce
// is not dropped behind our back.
const REPLAY_BYTES = 16 * 1024 * 1024;
// Most that waits for the rest of a secret, in characters.
const MAX_KEPT = 8 * 1024;

/**
 * Shows a log in an append-only view: what it holds already, then what comes.
 *
 * @param options - see the fields
 * @returns the feed, already under way
 */
export function feedLogChannel(options: ChannelFeedOptions): LogChannelFeed {
  let follower: LogFollower | undefined;
  let finishing = false;
  const feed = new Feed(options);
  const run = async (): Promise<void> => {
    options.sink.clear?.();
    const offset = await feed.start();
    follower = followLog({
      ...options,
      offset,
      onChunk: (chunk) => feed.take(chunk),
      onReset: (reset) => feed.reset(reset),
    });
    await (finishing ? follower.finish() : follower.done).finally(() => feed.end());
  };
  const done = run();
  return {
    done,
    finish: () => {
      finishing = true;
      void follower?.finish().catch(() => undefined);
      return done;
    },
  };
}

class Feed {
  private readonly options: ChannelFeedOptions;
  private readonly folder: ScreenFolder;
  private readonly paced: PacedText;
  private splitter = new LineSplitter();
  private lookingAgain = false;
  private ended = false;
  // The first line of a log shown from its middle is a rest; it is left out.
  private skipping = false;

  constructor(options: ChannelFeedOptions) {
    this.options = options;
    const masked = options.masker && new MaskedPieces(options.masker);
    this.paced = new PacedText({
      ...options,
      // A private key of several lines is hidden as a whole.
      holdBack: (text) => atMost(masked?.holdBack(text)),
      write: (text) => options.sink.append(masked?.mask(text) ?? text),
    });
    this.folder = new ScreenFolder(options.clock, (text) => atMost(options.masker?.holdBack(text)));
  }

  async start(): Promise<number> {
    const { path, replayBytes = REPLAY_BYTES } = this.options;
    const { offset, notice } = await replayStart(path, replayBytes);
    if (notice !== null) {
      this.notice(notice);
      this.skipping = true;
      this.splitter = new LineSplitter(offset);
    }
    return offset;
  }

  async take(chunk: Buffer): Promise<void> {
    let lines = this.splitter.push(chunk);
    if (this.skipping) {
      const whole = lines.findIndex((line) => line.end !== 'piece');
      this.skipping = whole < 0;
      lines = this.skipping ? [] : lines.slice(whole + 1);
    }
    this.paced.add(this.folder.push(lines));
    await this.paced.room();
    this.lookAgain();
  }

  reset(reset: LogReset): void {
    this.paced.add(this.folder.push(this.splitter.end()));
    this.skipping = false;
    this.splitter = new LineSplitter(reset.to.offset);
    this.notice(resetNotice(reset));
  }

  end(): void {
    this.ended = true;
    this.paced.add(this.skipping ? '' : this.folder.push(this.splitter.end()) + this.folder.end());
    this.paced.end();
  }

  private notice(text: string): void {
    this.paced.add(`${this.folder.breakLine()}[runctl] ${text}\n`);
  }

  // A bar or prompt that stands still is shown although nothing more comes.
  private lookAgain(): void {
    if (this.lookingAgain || (!this.folder.waiting && this.splitter.peek() === '')) {
      return;
    }
    this.lookingAgain = true;
    const { clock, signal } = this.options;
    const pause = clock.sleep(BAR_INTERVAL_MS, signal).catch(() => undefined);
    void pause.then(() => {
      this.lookingAgain = false;
      if (!this.ended) {
        this.paced.add(this.folder.tick(this.skipping ? '' : this.splitter.peek()));
        this.lookAgainWhileBar();
      }
    });
  }

  private lookAgainWhileBar(): void {
    if (this.folder.waiting) {
      this.lookAgain();
    }
  }
}

function atMost(kept = 0): number {
  return Math.min(MAX_KEPT, kept);
}
