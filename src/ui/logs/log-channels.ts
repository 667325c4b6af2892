import type { Clock } from '../../core/clock.ts';
import type { Disposable } from '../../core/events.ts';
import type { SecretMasker } from '../../core/mask.ts';
import type { Run } from '../../core/model/run.ts';
import { isActive } from '../../core/model/run.ts';
import type { ChannelFeedOptions, LogChannelFeed } from '../../training/log/log-channel-feed.ts';

/** A view of text in the panel. */
export interface Channel {
  append(text: string): void;
  show(preserveFocus: boolean): void;
  dispose(): void;
}

/** What the window gives the channels. */
export interface ChannelWindow {
  /** Makes a channel; each call makes another. */
  create(name: string): Channel;
  /** Absolute paths of the open folders. */
  folders(): readonly string[];
  /** Whether a channel is seen whose name has this text in it. */
  isShown(part: string): boolean;
  /** Begins to fill a channel. */
  feed(options: ChannelFeedOptions): Promise<LogChannelFeed>;
}

/** What the channels need from the rest. */
export interface LogChannelsParts {
  readonly window: ChannelWindow;
  readonly clock: Clock;
  /** Hides secrets a program prints; its file keeps what it wrote. */
  readonly masker: SecretMasker;
  /** Bytes of a long log shown from the past; read when a channel opens. */
  readonly replayBytes: () => number;
  readonly onError: (error: unknown) => void;
}

interface OpenChannel {
  readonly channel: Channel;
  /** The user asked for it, so it stays after the run's end. */
  shown: boolean;
  readonly abort: AbortController;
  /** Nothing more comes; the feed may yet have to begin. */
  ended: boolean;
  feed: LogChannelFeed | undefined;
  /** The log could not be read, which has been told. */
  failed: boolean;
}

/** One output channel per run, fed from the log file while the run lasts. */
export class LogChannels implements Disposable {
  private readonly parts: LogChannelsParts;
  private readonly open = new Map<string, OpenChannel>();

  constructor(parts: LogChannelsParts) {
    this.parts = parts;
  }

  /**
   * Shows a run's log, following it when it still grows. One that could not be
   * read before is read anew.
   *
   * @param run - with the path of its log
   * @param preserveFocus - leaves the focus where it is
   */
  show(run: Run, preserveFocus: boolean): void {
    if (this.open.get(run.id)?.failed === true) {
      this.close(run.id);
    }
    const open = this.attach(run);
    if (open !== undefined) {
      open.shown = true;
      open.channel.show(preserveFocus);
    }
  }

  /**
   * Opens channels of this window's runs under way without showing them, and
   * lets those of ended runs read to the end; what nobody looked at then goes.
   * Called with every change of the runs.
   *
   * @param runs - all runs
   */
  sync(runs: readonly Run[]): void {
    for (const run of runs) {
      if (isActive(run)) {
        if (this.isOfThisWindow(run)) {
          this.attach(run);
        }
        continue;
      }
      const open = this.open.get(run.id);
      if (open?.ended === false) {
        open.ended = true;
        void this.endFeed(run, open);
      }
    }
  }

  /**
   * Closes the channel of a deleted run.
   *
   * @param runId - the run
   */
  close(runId: string): void {
    const open = this.open.get(runId);
    if (open !== undefined) {
      this.open.delete(runId);
      open.abort.abort();
      open.channel.dispose();
    }
  }

  dispose(): void {
    for (const id of [...this.open.keys()]) {
      this.close(id);
    }
  }

  private attach(run: Run): OpenChannel | undefined {
    if (run.logPath === null) {
      return undefined;
    }
    const known = this.open.get(run.id);
    if (known !== undefined) {
      return known;
    }
    const opened: OpenChannel = {
      channel: this.parts.window.create(`runctl: ${run.name} ${mark(run)}`),
      abort: new AbortController(),
      ended: !isActive(run),
      feed: undefined,
      failed: false,
      shown: false,
    };
    this.open.set(run.id, opened);
    void this.feed(run, run.logPath, opened).catch((error: unknown) => {
      opened.failed = true;
      this.parts.onError(error);
    });
    return opened;
  }

  private async endFeed(run: Run, open: OpenChannel): Promise<void> {
    if (open.feed === undefined) {
      return;
    }
    // A failure shows through the feed's own promise, which attach() watches.
    await open.feed.finish().catch(() => undefined);
    // After a reload the panel shows a channel again without show(), and the user
    // may pick one from its list; the channel itself does not tell.
    const shown = open.shown || this.parts.window.isShown(mark(run));
    if (!shown && this.open.get(run.id) === open) {
      this.close(run.id);
    }
  }

  private async feed(run: Run, path: string, opened: OpenChannel): Promise<void> {
    const feed = await this.parts.window.feed({
      path,
      clock: this.parts.clock,
      signal: opened.abort.signal,
      replayBytes: this.parts.replayBytes(),
      masker: this.parts.masker,
      sink: { append: (text) => opened.channel.append(text) },
    });
    opened.feed = feed;
    if (opened.ended) {
      void this.endFeed(run, opened);
    }
    await feed.done;
  }

  // Another window shows the runs of its folders; a run of none is shown by all.
  private isOfThisWindow({ workspaceFolder }: Run): boolean {
    return workspaceFolder === null || this.parts.window.folders().includes(workspaceFolder);
  }
}

function mark(run: Run): string {
  return `(${run.id.slice(-6)})`;
}
