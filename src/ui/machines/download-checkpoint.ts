import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import { UnsupportedError } from '../../core/errors.ts';
import type { Checkpoint } from '../../core/model/records.ts';
import type { Run } from '../../core/model/run.ts';
import type { App } from '../app.ts';
import { downloadHere } from './download.ts';

/**
 * Copies a checkpoint from another machine to a place the person picks.
 *
 * @param app - the window's parts
 * @param run - whose it is
 * @param checkpoint - which
 * @throws {CancelledError} when the person picks no place, or gives up
 * @throws {UnsupportedError} when it is on this host already
 */
export async function downloadCheckpoint(
  app: App,
  run: Run,
  checkpoint: Checkpoint,
): Promise<void> {
  const { registry } = await app.engine();
  const { fetcher } = await registry.get(run.provider).connect(run.machine);
  if (fetcher === null) {
    throw new UnsupportedError('is-here', l10n.t('{0} is on this machine', checkpoint.path));
  }
  await downloadHere(app, {
    fetcher,
    machine: run.machine,
    items: [{ source: checkpoint.path, name: basename(checkpoint.path) }],
    fallback: run.workspaceFolder,
  });
}
