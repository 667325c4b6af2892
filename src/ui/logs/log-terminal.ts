import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Clock } from '../../core/clock.ts';
import type { SecretMasker } from '../../core/mask.ts';
import type { Run } from '../../core/model/run.ts';
import type { LogChannelFeed } from '../../training/log/log-channel-feed.ts';
import { settings } from '../settings.ts';
import type { RunsSource } from './until-run-ends.ts';
import { untilRunEnds } from './until-run-ends.ts';

/** What terminals need from the rest. */
export interface LogTerminalParts {
  /** Source of time for the follow. */
  readonly clock: Clock;
  /** Hides secrets a program prints; its file keeps what it wrote. */
  readonly masker: SecretMasker;
  /** Tells when the run has ended, and with it its log. */
  readonly host: RunsSource;
}

/**
 * Shows a run's log as its terminal would: colours, bars and all. Reading
 * only; closing it never touches the run.
 *
 * @param run - with the path of its log
 * @param parts - see the fields
 * @returns the terminal, already shown
 */
export function showLogTerminal(run: Run, parts: LogTerminalParts): vscode.Terminal {
  const terminal = vscode.window.createTerminal({
    name: l10n.t('Log of {0}', run.name),
    iconPath: new vscode.ThemeIcon('output'),
    isTransient: true,
    pty: new LogPseudoterminal(run, parts),
  });
  terminal.show();
  return terminal;
}

class LogPseudoterminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  readonly onDidWrite = this.written.event;
  private readonly abort = new AbortController();
  private readonly run: Run;
  private readonly parts: LogTerminalParts;

  constructor(run: Run, parts: LogTerminalParts) {
    this.run = run;
    this.parts = parts;
  }

  open(): void {
    void this.follow().catch((error: unknown) => {
      this.written.fire(`\r\n${error instanceof Error ? error.message : String(error)}\r\n`);
    });
  }

  close(): void {
    this.abort.abort();
    this.written.dispose();
  }

  private async follow(): Promise<void> {
    const feed = await followToTerminal(this.run, this.parts, this.abort.signal, (text) =>
      this.written.fire(text),
    );
    if (feed !== undefined) {
      const { host } = this.parts;
      const ended = untilRunEnds(this.run, host, this.abort.signal);
      await Promise.all([feed.done, ended.then(() => feed.finish())]);
    }
  }
}

/**
 * Follows a run's log as text for a terminal: of a long one the end, as much
 * as the settings say.
 *
 * @param run - with the path of its log
 * @param parts - see the fields
 * @param signal - ends the follow
 * @param write - takes text with `\r\n` line ends and no harmful sequences
 * @returns the follow, or `undefined` when the log is not on this host
 */
export async function followToTerminal(
  run: Run,
  parts: LogTerminalParts,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<LogChannelFeed | undefined> {
  if (run.logPath === null) {
    return undefined;
  }
  const { feedLogTerminal } = await import('../late.ts');
  const { clock, masker } = parts;
  const replayBytes = settings.replayBytes();
  return feedLogTerminal({ path: run.logPath, clock, masker, signal, replayBytes, write });
}
