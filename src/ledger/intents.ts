import * as l10n from '@vscode/l10n';
import { ExistsError } from '../core/errors.ts';
import type { Intent } from '../core/model/records.ts';
import type { Database, WriteOptions } from './database.ts';
import type { Row, WriteHandle } from './handle.ts';
import {
  integer,
  jsonObject,
  maybeInteger,
  maybeJsonObject,
  oneOf,
  text,
  type JsonObject,
} from './rows.ts';

/** An intent about to be opened. */
export type NewIntent = Pick<Intent, 'createdAt' | 'id' | 'kind' | 'request' | 'subject'>;

const KINDS = ['launch-run', 'stop-run', 'create-resource', 'delete-resource'] as const;
const STATES = ['open', 'done', 'failed'] as const;
const COLUMNS = 'id, kind, subject, request, state, outcome, created_at, closed_at';

/** Wishes that must come true at most once, written before the call they lead to. */
export class Intents {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * Writes an intent; once this resolves it survives a power cut.
   *
   * @param intent - what is about to be asked for
   * @param options - a guard
   * @returns when it is stored
   * @throws {ExistsError} `intent-exists` when it was opened before: look it up
   */
  open(intent: NewIntent, options: Pick<WriteOptions, 'guard'> = {}): Promise<void> {
    return this.database.write((handle) => openIntent(handle, intent), {
      ...options,
      durable: true,
      topics: ['intents'],
    });
  }

  /**
   * Records how an intent ended. The first end stays.
   *
   * @param id - the intent
   * @param state - how
   * @param outcome - plain JSON data without secrets
   * @param at - ms since the epoch
   * @param options - durability and guard
   * @returns false when it was not open
   */
  close(
    id: string,
    state: 'done' | 'failed',
    outcome: JsonObject,
    at: number,
    options: WriteOptions = {},
  ): Promise<boolean> {
    return this.database.write(
      (handle) =>
        handle.run(
          `UPDATE intents SET state = ?, outcome = ?, closed_at = ?
           WHERE id = ? AND state = 'open'`,
          state,
          JSON.stringify(outcome),
          Math.round(at),
          id,
        ) === 1,
      { ...options, topics: ['intents'] },
    );
  }

  /**
   * Finds an intent.
   *
   * @param id - its id
   * @returns the intent or `undefined`
   */
  get(id: string): Promise<Intent | undefined> {
    return this.database.read((handle) => {
      const row = handle.get(`SELECT ${COLUMNS} FROM intents WHERE id = ?`, id);
      return row && intentOf(row);
    });
  }

  /**
   * Lists what may still be under way, or was cut off.
   *
   * @returns open intents, oldest first
   */
  listOpen(): Promise<readonly Intent[]> {
    return this.database.read((handle) =>
      handle
        .all(`SELECT ${COLUMNS} FROM intents WHERE state = 'open' ORDER BY created_at, id`)
        .map(intentOf),
    );
  }
}

/**
 * Does `Intents.open` inside another write, which must be durable.
 *
 * @param handle - the open transaction
 * @param intent - what is about to be asked for
 * @throws {ExistsError} `intent-exists`
 */
export function openIntent(handle: WriteHandle, intent: NewIntent): void {
  const added = handle.run(
    `INSERT INTO intents (id, kind, subject, request, state, created_at)
     VALUES (?, ?, ?, ?, 'open', ?) ON CONFLICT (id) DO NOTHING`,
    intent.id,
    intent.kind,
    intent.subject,
    JSON.stringify(intent.request),
    Math.round(intent.createdAt),
  );
  if (added === 0) {
    throw new ExistsError(
      'intent-exists',
      l10n.t('This was asked for before: {0}. runctl looks up what came of it.', intent.id),
    );
  }
}

/**
 * Records how the wish to launch a run ended, inside the write that tells it.
 *
 * @param handle - the open transaction
 * @param subject - the run's
 * @param state - how
 * @param at - ms since the epoch
 */
export function settleLaunch(
  handle: WriteHandle,
  subject: string,
  state: 'done' | 'failed',
  at: number,
): void {
  handle.run(
    `UPDATE intents SET state = ?, outcome = '{}', closed_at = ?
     WHERE subject = ? AND kind = 'launch-run' AND state = 'open'`,
    state,
    Math.round(at),
    subject,
  );
}

function intentOf(row: Row): Intent {
  return {
    id: text(row, 'id'),
    kind: oneOf(row, 'kind', KINDS),
    subject: text(row, 'subject'),
    request: jsonObject(row, 'request'),
    state: oneOf(row, 'state', STATES),
    outcome: maybeJsonObject(row, 'outcome'),
    createdAt: integer(row, 'created_at'),
    closedAt: maybeInteger(row, 'closed_at'),
  };
}
