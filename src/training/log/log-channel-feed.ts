import { stat } from 'node:fs/promises';

import * as l10n from '@vscode/l10n';

import type { Clock } from '../../core/clock.ts';
import type { TextMasker } from '../../core/mask.ts';

import { LineSplitter } from './line-splitter.ts';
import { followLog, type LogFollower, type LogReset } from './log-follower.ts';
import { MaskedPieces } from './mask-through.ts';
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
const BATCH_MS = 50;
const BATCH_CHARACTERS = 256 * 1024;
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
  private readonly masked: MaskedPieces | undefined;
  private splitter = new LineSplitter();
  private batch = '';
  private lastAppend = Number.NEGATIVE_INFINITY;
  private scheduled = false;
  private lookingAgain = false;
  private ended = false;
  // The first line of a log shown from its middle is a rest; it is left out.
  private skipping = false;

  constructor(options: ChannelFeedOptions) {
    this.options = options;
    this.masked = options.masker && new MaskedPieces(options.masker);
    this.folder = new ScreenFolder(options.clock, (text) => atMost(options.masker?.holdBack(text)));
  }

  async start(): Promise<number> {
    const limit = this.options.replayBytes ?? REPLAY_BYTES;
    const size = await stat(this.options.path).then(
      (facts) => facts.size,
      () => 0,
    );
    if (size <= limit) {
      return 0;
    }
    const from = size - limit;
    const skipped = (from / (1024 * 1024)).toFixed(1);
    this.notice(l10n.t('The first {0} MB are not shown here; open the full log.', skipped));
    this.skipping = true;
    this.splitter = new LineSplitter(from);
    return from;
  }

  async take(chunk: Buffer): Promise<void> {
    let lines = this.splitter.push(chunk);
    if (this.skipping) {
      const whole = lines.findIndex((line) => line.end !== 'piece');
      this.skipping = whole < 0;
      lines = this.skipping ? [] : lines.slice(whole + 1);
    }
    this.batch += this.folder.push(lines);
    if (this.batch.length >= BATCH_CHARACTERS) {
      // Even a backlog leaves the view time to breathe between two appends.
      await this.pause(this.untilNextAppend());
      this.flush();
    } else if (this.batch !== '') {
      this.schedule();
    }
    this.lookAgain();
  }

  reset(reset: LogReset): void {
    this.batch += this.folder.push(this.splitter.end());
    this.skipping = false;
    this.splitter = new LineSplitter(reset.to.offset);
    this.notice(
      reset.reason === 'truncated'
        ? l10n.t('The log was cut or written over here; what follows is its new content.')
        : l10n.t('The log was replaced here; what follows is the new file.'),
    );
    this.schedule();
  }

  end(): void {
    this.batch += this.skipping ? '' : this.folder.push(this.splitter.end()) + this.folder.end();
    this.ended = true;
    this.flush();
  }

  private notice(text: string): void {
    this.batch += `${this.folder.breakLine()}[runctl] ${text}\n`;
  }

  private schedule(): void {
    const wait = this.untilNextAppend();
    if (wait === 0) {
      this.flush();
    } else if (!this.scheduled) {
      this.scheduled = true;
      void this.pause(wait).then(() => {
        this.scheduled = false;
        this.flush();
      });
    }
  }

  // A bar or prompt that stands still is shown although nothing more comes.
  private lookAgain(): void {
    if (this.lookingAgain || (!this.folder.waiting && this.splitter.peek() === '')) {
      return;
    }
    this.lookingAgain = true;
    void this.pause(BAR_INTERVAL_MS).then(() => {
      this.lookingAgain = false;
      if (!this.ended) {
        this.batch += this.folder.tick(this.skipping ? '' : this.splitter.peek());
        this.schedule();
        this.lookAgainWhileBar();
      }
    });
  }

  private lookAgainWhileBar(): void {
    if (this.folder.waiting) {
      this.lookAgain();
    }
  }

  private flush(): void {
    if (this.batch === '' || this.options.signal.aborted) {
      return;
    }
    // A private key of several lines is hidden as a whole.
    const size = this.batch.length - (this.ended ? 0 : atMost(this.masked?.holdBack(this.batch)));
    const text = this.batch.slice(0, size);
    this.batch = this.batch.slice(size);
    if (text !== '') {
      this.lastAppend = this.options.clock.monotonic();
      this.options.sink.append(this.masked?.mask(text) ?? text);
    }
  }

  private untilNextAppend(): number {
    return Math.max(0, this.lastAppend + BATCH_MS - this.options.clock.monotonic());
  }

  private pause(ms: number): Promise<void> {
    const { clock, signal } = this.options;
    return ms === 0 ? Promise.resolve() : clock.sleep(ms, signal).catch(() => undefined);
  }
}

function atMost(kept = 0): number {
  return Math.min(MAX_KEPT, kept);
}
