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
  /** The user asked for it, so it stays after the run's end. */
  shown: boolean;
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
        if (isOfThisWindow(run)) {
          this.attach(run);
        }
        continue;
      }
      const open = this.open.get(run.id);
      if (open?.feed !== undefined) {
        const { feed } = open;
        open.feed = undefined;
        void this.endFeed(run, open, feed);
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
      channel: vscode.window.createOutputChannel(`runctl: ${run.name} ${mark(run)}`),
      abort: new AbortController(),
      feed: undefined,
      shown: false,
    };
    this.open.set(run.id, opened);
    void this.feed(run, run.logPath, opened).catch((error: unknown) => this.parts.onError(error));
    return opened;
  }

  private async endFeed(run: Run, open: OpenChannel, feed: LogChannelFeed): Promise<void> {
    // A failure shows through the feed's own promise, which attach() watches.
    await feed.finish().catch(() => undefined);
    if (!open.shown && !isOnScreen(run) && this.open.get(run.id) === open) {
      this.close(run.id);
    }
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

// Another window shows the runs of its folders; a run of none is shown by all.
function isOfThisWindow({ workspaceFolder }: Run): boolean {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return (
    workspaceFolder === null || folders.some(({ uri }) => uri.fsPath === workspaceFolder)
  );
}

// After a reload the panel shows a channel again without show(), and the user
// may pick one from its list; the channel itself does not tell.
function isOnScreen(run: Run): boolean {
  return vscode.workspace.textDocuments.some(
    ({ uri }) => uri.scheme === 'output' && uri.path.includes(mark(run)),
  );
}

function mark(run: Run): string {
  return `(${run.id.slice(-6)})`;
}
