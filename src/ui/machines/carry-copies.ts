import { posix } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { describeError, toRunctlError } from '../../core/error-chain.ts';
import { CancelledError } from '../../core/errors.ts';
import type { CopyTarget } from '../../ledger/copy-lock.ts';
import { withCopyLock } from '../../ledger/copy-lock.ts';
import type { Locks } from '../../ledger/locks.ts';
import type { CopiedPath, CopyPathRequest } from '../../providers/training-provider.ts';
import type { TransferProgress } from '../../sync/model.ts';
import type { PlannedCopy } from '../../sync/transfer/copy-plan.ts';
import type { LeftOut } from '../../sync/transfer/transfer-types.ts';
import type { App } from '../app.ts';
import { transferText } from '../launch/transfer-text.ts';

/** Copies to make, all one way. */
export interface CopyJob {
  /** Shown while it goes on. */
  readonly title: string;
  readonly copies: readonly PlannedCopy[];
  /** Absolute path that a copy gets, by its name. */
  readonly destinationOf: (name: string) => string;
  /** Where a copy is written, with every link on the way to it resolved. */
  readonly targetOf: (name: string) => CopyTarget;
  readonly copy: (request: CopyPathRequest) => Promise<CopiedPath>;
}

/** What all copies of a job did. */
export interface CopyReport {
  readonly files: number;
  /** With the name of the copy they are missing in. */
  readonly leftOut: readonly LeftOut[];
}

/** Between two lines of progress, in milliseconds. */
const TELL_MS = 200;

/**
 * Makes copies one after the other, with progress and Cancel. One that fails is
 * told with a button that goes on where it was.
 *
 * @param app - the window's parts
 * @param job - the copies
 * @returns what they did, once all are whole
 * @throws {CancelledError} when the person gives up
 */
export async function carryCopies(app: App, job: CopyJob): Promise<CopyReport> {
  const { ledger } = await app.engine();
  const done: CopiedPath[] = [];
  for (;;) {
    try {
      await withProgress(ledger.locks, job, done);
      break;
    } catch (error) {
      await askAgain(app, job, error);
    }
  }
  return {
    files: done.reduce((sum, { files }) => sum + files, 0),
    leftOut: done.flatMap(({ leftOut }, at) =>
      leftOut.map((item) => ({ ...item, path: posix.join(job.copies[at]?.name ?? '', item.path) })),
    ),
  };
}

// The copies that are whole already are in `done`, in order.
function withProgress(locks: Locks, job: CopyJob, done: CopiedPath[]): Thenable<void> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: job.title,
    cancellable: true,
  };
  return vscode.window.withProgress(options, async (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    for (const copy of job.copies.slice(done.length)) {
      const prefix =
        job.copies.length === 1 ? '' : `${done.length + 1}/${job.copies.length} ${copy.name}: `;
      const copied = await withCopyLock(locks, job.targetOf(copy.name), (lost) =>
        job.copy({
          source: copy.source,
          destination: job.destinationOf(copy.name),
          replace: copy.replace,
          signal: AbortSignal.any([abort.signal, lost]),
          onProgress: teller(progress, prefix),
        }),
      );
      done.push(copied);
    }
  });
}

function teller(
  progress: vscode.Progress<{ readonly message: string }>,
  prefix: string,
): (sent: TransferProgress) => void {
  let first: { readonly at: number; readonly sent: number } | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;
  return (sent) => {
    const now = performance.now();
    // What was there before says nothing of the pace; sizes are told before bytes are.
    if (sent.total > 0) {
      first ??= { at: now, sent: sent.sent };
    }
    if (now - toldAt < TELL_MS && sent.sent < sent.total) {
      return;
    }
    toldAt = now;
    const text = transferText(sent, first === undefined ? 0 : now - first.at, first?.sent);
    progress.report({ message: `${prefix}${text}` });
  };
}

async function askAgain(app: App, job: CopyJob, error: unknown): Promise<void> {
  const failure = toRunctlError(error);
  if (failure.kind === 'cancelled') {
    void vscode.window.showInformationMessage(
      l10n.t('Stopped. What has arrived is kept: the same copy goes on from there.'),
    );
    throw failure;
  }
  app.logger.error(`${job.title} failed: ${describeError(error)}`);
  const again = l10n.t('Try Again');
  const [step] = failure.steps;
  const text = step === undefined ? failure.message : `${failure.message}. ${step}`;
  if ((await vscode.window.showErrorMessage(text, again)) !== again) {
    throw new CancelledError();
  }
}
