import * as vscode from 'vscode';
import type { Clock } from '../../core/clock.ts';
import type { SecretMasker } from '../../core/mask.ts';
import type { Run } from '../../core/model/run.ts';
import { isActive } from '../../core/model/run.ts';
import type { LogChannelFeed } from '../../training/log/log-channel-feed.ts';

/** What the channels need from the rest. */
export interface LogChannelsParts {
  readonly clock: Clock;
  /** Hides secrets a program prints; its file keeps what it wrote. */
  readonly masker: SecretMasker;
  /** Bytes of a long log shown from the past; read when a channel opens. */
  readonly replayBytes: () => number;
  readonly onError: (error: unknown) => void;
}

interface OpenChannel {
  readonly channel: vscode.OutputChannel;
  readonly abort: AbortController;
  feed: LogChannelFeed | undefined;
}

/** One output channel per run, fed from the log file while the run lasts. */
export class LogChannels implements vscode.Disposable {
  private readonly parts: LogChannelsParts;
  private readonly open = new Map<string, OpenChannel>();

  constructor(parts: LogChannelsParts) {
    this.parts = parts;
  }

  /**
   * Shows a run's log, following it when it still grows.
   *
   * @param run - with the path of its log
   * @param preserveFocus - leaves the focus where it is
   */
  show(run: Run, preserveFocus: boolean): void {
    this.attach(run)?.channel.show(preserveFocus);
  }

  /**
   * Opens channels of runs under way without showing them, and lets those of
   * ended runs read to the end. Called with every change of the runs.
   *
   * @param runs - all runs
   */
  sync(runs: readonly Run[]): void {
    for (const run of runs) {
      if (isActive(run)) {
        this.attach(run);
        continue;
      }
      const open = this.open.get(run.id);
      if (open?.feed !== undefined) {
        // A failure shows through the feed's own promise, which attach() watches.
        void open.feed.finish().catch(() => undefined);
        open.feed = undefined;
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
      channel: vscode.window.createOutputChannel(`runctl: ${run.name} (${run.id.slice(-6)})`),
      abort: new AbortController(),
      feed: undefined,
    };
    this.open.set(run.id, opened);
    void this.feed(run, run.logPath, opened).catch((error: unknown) => this.parts.onError(error));
    return opened;
  }

  private async feed(run: Run, path: string, opened: OpenChannel): Promise<void> {
    const { feedLogChannel } = await import('../late.ts');
    const feed = feedLogChannel({
      path,
      clock: this.parts.clock,
      signal: opened.abort.signal,
      replayBytes: this.parts.replayBytes(),
      masker: this.parts.masker,
      sink: { append: (text) => opened.channel.append(text) },
    });
    if (isActive(run)) {
      opened.feed = feed;
      await feed.done;
    } else {
      await feed.finish();
    }
  }
}
