import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { describeError, toRunctlError } from '../../core/error-chain.ts';
import type { Run } from '../../core/model/run.ts';
import type { LogChannelFeed } from '../../training/log/log-channel-feed.ts';
import type { App } from '../app.ts';
import { planOfProfile } from '../launch/launch-choices.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { prepareLaunch } from '../launch/prepare-launch.ts';
import { followToTerminal } from '../logs/log-terminal.ts';
import { untilRunEnds } from '../logs/until-run-ends.ts';

const FAILED = 1;

/**
 * The terminal of a task: launches a profile, shows its log, ends with its
 * exit code. Closing it leaves the run alone; only Stop ends a run.
 */
export class RunTaskTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  readonly onDidWrite = this.written.event;
  private readonly closed = new vscode.EventEmitter<number>();
  readonly onDidClose = this.closed.event;
  private readonly abort = new AbortController();
  private readonly app: App;
  private readonly folder: vscode.Uri;
  private readonly profile: string;

  constructor(app: App, folder: vscode.Uri, profile: string) {
    this.app = app;
    this.folder = folder;
    this.profile = profile;
  }

  open(): void {
    void this.runToEnd().then(
      (code) => this.closed.fire(code),
      (error: unknown) => {
        this.app.logger.warn(`task ${this.profile}: ${describeError(error)}`);
        this.line(toRunctlError(error).message);
        this.closed.fire(FAILED);
      },
    );
  }

  close(): void {
    this.abort.abort();
  }

  private async runToEnd(): Promise<number> {
    requireTrust();
    const plan = await planOfProfile(this.app, this.folder, this.profile);
    const given = await prepareLaunch(this.app, plan);
    const { launcher } = await this.app.engine();
    const run = await launcher.launch(plan, given);
    this.line(l10n.t('Run {0} has started. Closing this terminal does not stop it.', run.id));
    const follow = this.follow(run).catch((error: unknown) => {
      this.tellLogFailure(error);
      return undefined;
    });
    const ended = await untilRunEnds(run, this.app.host, this.abort.signal);
    // A failure has been told.
    await (await follow)?.finish().catch(() => undefined);
    this.line(ended === undefined ? '' : ended.stateReason);
    return ended?.exitCode ?? FAILED;
  }

  private async follow(run: Run): Promise<LogChannelFeed | undefined> {
    const feed = await followToTerminal(run, this.app, this.abort.signal, (text) =>
      this.written.fire(text),
    );
    // Told at once, not hours later when the run ends.
    feed?.done.catch((error: unknown) => this.tellLogFailure(error));
    return feed;
  }

  // A log that cannot be read says nothing about how the run ended.
  private tellLogFailure(error: unknown): void {
    this.app.logger.warn(`task ${this.profile}: log: ${describeError(error)}`);
    this.line(toRunctlError(error).message);
  }

  private line(text: string): void {
    this.written.fire(`${text}\r\n`);
  }
}
