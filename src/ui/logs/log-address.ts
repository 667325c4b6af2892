import * as l10n from '@vscode/l10n';
import type { RunId } from '../../core/ids.ts';
import { asRunId, shortRunId } from '../../core/ids.ts';
import type { Run } from '../../core/model/run.ts';
import { safeName } from '../document-texts.ts';

/** Which part of which run's log a document shows. */
export interface LogAddress {
  readonly runId: RunId;
  /** From 0. */
  readonly part: number;
}

/**
 * Writes the path of a document; its last part is what its tab is called.
 *
 * @param run - whose log
 * @param part - from 0
 * @param parts - how many there are
 * @returns such as `/r0abc…/0/digits · r0abc.log`
 */
export function logAddressPath(
  run: Pick<Run, 'id' | 'name'>,
  part: number,
  parts: number,
): string {
  const which = parts === 1 ? '' : ` (${l10n.t('part {0} of {1}', part + 1, parts)})`;
  return `/${run.id}/${part}/${safeName(`${run.name} · ${shortRunId(run.id)}${which}`)}.log`;
}

/**
 * Reads the path of a document.
 *
 * @param path - as {@link logAddressPath} wrote it, perhaps in an earlier session
 * @returns what it shows, or `undefined` when it is of another kind
 */
export function parseLogAddress(path: string): LogAddress | undefined {
  const [, id = '', part = ''] = /^\/([^/]+)\/(\d{1,6})\/[^/]+$/.exec(path) ?? [];
  const runId = asRunId(id);
  return runId === undefined ? undefined : { runId, part: Number(part) };
}
