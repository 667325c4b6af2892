import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { untilAborted } from '../../core/cancellation.ts';
import { describeError, toRunctlError } from '../../core/error-chain.ts';
import { CancelledError, RunError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';
import { formatNumber } from '../../core/locale.ts';
import { isActive } from '../../core/model/run.ts';
import type { PooledMachine } from '../../providers/ssh/machine-pool.ts';
import type { Leftover, LeftoverKind } from '../../training/machine-leftovers.ts';
import { lookForLeftovers, removeLeftovers } from '../../training/machine-leftovers.ts';
import type { App } from '../app.ts';
import { sshOf } from './connect.ts';
import { machineIdOf } from './pick-machine.ts';

/** Longest wait for a machine that may be away, in milliseconds. */
const LOOK_MS = 20_000;

interface Found {
  /** `null` when nothing on the machine can be deleted now. */
  readonly machine: PooledMachine | null;
  readonly items: readonly Leftover[];
  /** Why the machine was not looked at; empty when it was. */
  readonly reason: string;
}

interface Row extends vscode.QuickPickItem {
  /** `key` is our record of the host key, on this computer. */
  readonly part: LeftoverKind | 'key';
}

/**
 * Forgets a machine and, as far as the person picks it, what is left of ours
 * there. A deletion that fails leaves the machine in the list.
 *
 * @param app - the window's parts
 * @param argument - the machine
 * @throws {CancelledError} when the person wants to keep it
 * @throws {RunError} when it still has active runs
 * @throws {CleanupError} when something could not be deleted
 */
export async function forgetMachine(app: App, argument: unknown): Promise<void> {
  const machineId = machineIdOf(argument);
  if (machineId === undefined) {
    throw new CancelledError();
  }
  await refuseActive(app, machineId);
  const ssh = await sshOf(app);
  const found = await look(app, machineId);
  // A machine that the SSH configuration has no way to any more can be forgotten all the same.
  const key = await ssh.hostKey(machineId).catch((error: unknown) => {
    app.logger.warn(`the host key of ${machineId}: ${describeError(error)}`);
    return null;
  });
  const isKeyKnown = key !== null && (await key.count()) > 0;
  const rows = [...found.items.map(rowOf), ...(isKeyKnown ? [keyRow()] : [])];
  const picked = rows.length === 0 ? [] : await pick(machineId, rows, found.reason);
  await confirm(machineId, picked, found.reason);
  // Much can have come between.
  await refuseActive(app, machineId);
  const kinds = picked.flatMap(({ part }) => (part === 'key' ? [] : [part]));
  await removeThere(app, found.machine, kinds);
  if (picked.some(({ part }) => part === 'key')) {
    await key?.forget();
  }
  const { forwardedPorts } = await import('./forwarded-ports.ts');
  await forwardedPorts(app).forwarder.stopMachine(machineId);
  await ssh.forget(machineId);
  await (await app.engine()).inventory.refresh();
}

async function refuseActive(app: App, machineId: string): Promise<void> {
  const { ledger } = await app.engine();
  const runs = await ledger.runs.list({});
  const active = runs.filter((run) => run.provider === 'ssh' && run.machine === machineId && isActive(run));
  if (active.length > 0) {
    throw new RunError('machine-busy', l10n.t('{0} still has runs under way: {1}', machineId, active.length), {
      steps: [l10n.t('Stop them, or wait for their end, before you forget the machine.')],
    });
  }
}

async function look(app: App, machineId: string): Promise<Found> {
  if (!vscode.workspace.isTrusted) {
    return { machine: null, items: [], reason: l10n.t('not contacted in Restricted Mode') };
  }
  const { ledger } = await app.engine();
  const ssh = await sshOf(app);
  const title = l10n.t('Looking at what is left on {0}', machineId);
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ location, title, cancellable: true }, async (_, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const limit = AbortSignal.any([abort.signal, AbortSignal.timeout(LOOK_MS)]);
    try {
      return await untilAborted(limit, async () => {
        const machine = await ssh.connect(machineId);
        const { items } = await lookForLeftovers(ledger, machine, scopeOf());
        return { machine, items, reason: '' };
      });
    } catch (error) {
      if (abort.signal.aborted) {
        throw new CancelledError();
      }
      const isSilent = error instanceof CancelledError;
      const reason = isSilent ? l10n.t('It does not answer') : toRunctlError(error).message;
      return { machine: null, items: [], reason };
    }
  });
}

function scopeOf(): { readonly folders: readonly string[] } {
  return { folders: (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath) };
}

async function pick(machineId: string, rows: readonly Row[], reason: string): Promise<readonly Row[]> {
  const picked = await vscode.window.showQuickPick(rows, {
    title: l10n.t('Forget {0}: what else is to be deleted?', machineId),
    placeHolder:
      reason === ''
        ? l10n.t('Pick nothing to delete nothing')
        : l10n.t('What is on the machine stays: {0}', reason),
    canPickMany: true,
    ignoreFocusOut: true,
  });
  if (picked === undefined) {
    throw new CancelledError();
  }
  return picked;
}

async function confirm(machineId: string, picked: readonly Row[], reason: string): Promise<void> {
  const yes = l10n.t('Forget Machine');
  const gone = picked.map(({ label, description }) =>
    description === undefined ? label : l10n.t('{0} ({1})', label, description),
  );
  const detail = [
    picked.length === 0
      ? l10n.t('Nothing on it is deleted. runctl asks again before it is used the next time.')
      : l10n.t('Deleted for good: {0}. runctl asks again before it is used the next time.', gone.join(', ')),
    ...(reason === '' ? [] : [l10n.t('What is on the machine stays: {0}', reason)]),
  ].join('\n\n');
  const question = l10n.t('Forget {0}?', machineId);
  const choice = await vscode.window.showWarningMessage(question, { modal: true, detail }, yes);
  if (choice !== yes) {
    throw new CancelledError();
  }
}

async function removeThere(
  app: App,
  machine: PooledMachine | null,
  kinds: readonly LeftoverKind[],
): Promise<void> {
  if (machine === null || kinds.length === 0) {
    return;
  }
  const { ledger } = await app.engine();
  const title = l10n.t('Deleting what is left on {0}', machine.id);
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
    removeLeftovers(ledger, machine, scopeOf(), new Set(kinds)),
  );
}

function rowOf({ kind, count, bytes }: Leftover): Row {
  const size = formatBytes(bytes);
  const files = l10n.t('files: {0}, {1}', formatNumber(count), size);
  switch (kind) {
    case 'code':
      return {
        part: kind,
        label: l10n.t('Code sent from this computer'),
        description: files,
        detail: l10n.t('With what runs wrote beside it. Checkpoints lie apart.'),
      };
    case 'keep':
      return {
        part: kind,
        label: l10n.t('Checkpoints and other folders of runs'),
        description: files,
        detail: l10n.t('This may be their only copy.'),
      };
    case 'runs':
      return {
        part: kind,
        label: l10n.t('Directories of ended runs'),
        description: l10n.t('runs: {0}, {1}', formatNumber(count), size),
        detail: l10n.t('Their logs are whole on this computer, and stay.'),
      };
    case 'agent':
      return {
        part: kind,
        label: l10n.t('The agent of runctl'),
        detail: l10n.t('Once no run is left there. It is brought again when it is needed.'),
      };
  }
}

function keyRow(): Row {
  return {
    part: 'key',
    label: l10n.t('Its host key, on this computer'),
    detail: l10n.t('From the record of runctl alone. You are shown it again before the next use.'),
  };
}
