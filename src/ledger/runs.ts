import * as l10n from '@vscode/l10n';
import { NotFoundError, RunError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import { isActive, type Run } from '../core/model/run.ts';
import type { Database, WriteOptions } from './database.ts';
import type { ReadHandle, WriteHandle } from './handle.ts';
import { openIntent, type NewIntent } from './intents.ts';
import { purgeOrphanedSeries } from './metric-purge.ts';
import { integer, runIdOf, type JsonObject } from './rows.ts';
import { appendEvent } from './run-events.ts';
import { insertNew, insertWithHistory } from './run-insert.ts';
import { roundedOrNull, RUN_COLUMNS, runOf } from './run-row.ts';
import { applyChange, type RunChange, type TransitionOptions } from './run-transitions.ts';

/** Which runs to list. */
export interface RunFilter {
  /** Only those that still use their machine. */
  readonly active?: boolean;
  /** At most so many. */
  readonly limit?: number;
  /** Leaves out so many of the newest. */
  readonly offset?: number;
}

const TOPICS = { topics: ['runs', 'intervals'] } as const;
const ACTIVE = "state IN ('queued', 'starting', 'running', 'stopping')";

/** Which runs changed, by all windows. */
export interface RunChanges {
  /** The newest change; begin with it the next time. */
  readonly version: number;
  /** Runs whose row, checkpoints or metrics changed, also deleted ones; oldest change first. */
  readonly ids: readonly RunId[];
}

/** All runs. Every change also writes its event and its time in each state. */
export class Runs {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * Stores a new run.
   *
   * @param run - the run
   * @param options - durability and guard
   * @returns when it is stored
   * @throws {ExistsError} `run-exists` when the id is taken
   */
  insert(run: Run, options: WriteOptions = {}): Promise<void> {
    return this.database.write((handle) => insertNew(handle, run), { ...options, ...TOPICS });
  }

  /**
   * Stores a new run unless it is there; for finding again what was lost.
   *
   * @param run - the run
   * @param options - durability and guard
   * @returns false when a run of that id exists; it is left alone
   */
  insertIfMissing(run: Run, options: WriteOptions = {}): Promise<boolean> {
    return this.database.write((handle) => insertWithHistory(handle, run), {
      ...options,
      ...TOPICS,
    });
  }

  /**
   * Stores a new run together with the wish to start it, both or none; once
   * this resolves both survive a power cut.
   *
   * @param run - the run
   * @param intent - the wish
   * @param options - a guard
   * @returns when it is stored
   * @throws {ExistsError} when either exists
   */
  insertWithIntent(
    run: Run,
    intent: NewIntent,
    options: Pick<WriteOptions, 'guard'> = {},
  ): Promise<void> {
    return this.database.write(
      (handle) => {
        insertNew(handle, run);
        openIntent(handle, intent);
      },
      { ...options, durable: true, topics: ['runs', 'intervals', 'intents'] },
    );
  }

  /**
   * Finds a run.
   *
   * @param id - its id
   * @returns the run or `undefined`
   */
  get(id: RunId): Promise<Run | undefined> {
    return this.database.read((handle) => find(handle, id));
  }

  /**
   * Lists runs.
   *
   * @param filter - all unless told
   * @returns newest first
   */
  list(filter: RunFilter = {}): Promise<readonly Run[]> {
    const where = filter.active === true ? `WHERE ${ACTIVE}` : '';
    return this.database.read((handle) =>
      handle
        .all(
          `SELECT ${RUN_COLUMNS} FROM runs ${where}
           ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`,
          filter.limit ?? -1,
          filter.offset ?? 0,
        )
        .map(runOf),
    );
  }

  /**
   * Tells what changed since an earlier answer, whoever changed it.
   *
   * @param since - the `version` of that answer; without it no ids are told
   * @returns each run once
   */
  changes(since?: number): Promise<RunChanges> {
    return this.database.read((handle) => {
      const newest = handle.get('SELECT coalesce(max(seq), 0) AS seq FROM run_changes') ?? {};
      const version = integer(newest, 'seq');
      const rows = handle.all(
        'SELECT run_id FROM run_changes WHERE seq > ? ORDER BY seq',
        since ?? version,
      );
      return { version, ids: rows.map((row) => runIdOf(row, 'run_id')) };
    });
  }

  /**
   * Counts runs.
   *
   * @param filter - all unless told
   * @returns how many there are
   */
  count(filter: Pick<RunFilter, 'active'> = {}): Promise<number> {
    const where = filter.active === true ? `WHERE ${ACTIVE}` : '';
    return this.database.read((handle) =>
      integer(handle.get(`SELECT count(*) AS n FROM runs ${where}`) ?? {}, 'n'),
    );
  }

  /**
   * Tells whether a machine ever began a run that is still known.
   *
   * @param provider - of the machine
   * @param machine - its id
   * @returns true once one left the queue and did not fail to start
   */
  hasStartedOn(provider: string, machine: string): Promise<boolean> {
    return this.database.read((handle) => {
      const row = handle.get(
        `SELECT 1 FROM runs WHERE provider = ? AND machine = ?
           AND (started_at IS NOT NULL OR state NOT IN ('queued', 'failed')) LIMIT 1`,
        provider,
        machine,
      );
      return row !== undefined;
    });
  }

  /**
   * Moves a run to another state when its present one allows it, with event
   * and interval, all or nothing. Leaving `queued` settles the wish to launch it.
   *
   * @param id - the run
   * @param change - the new state and what came with it
   * @param at - when it was noticed, ms since the epoch
   * @param options - allowed previous states, durability and guard
   * @returns false when its present state does not allow it; nothing happened then
   * @throws {NotFoundError} when there is no such run
   */
  transition(
    id: RunId,
    change: RunChange,
    at: number,
    options: TransitionOptions = {},
  ): Promise<boolean> {
    const { from, ...rest } = options;
    return this.database.write(
      (handle) => applyChange(handle, present(handle, id), { ...change, at, from }),
      { ...rest, topics: [...TOPICS.topics, 'intents'] },
    );
  }

  /**
   * Gives a run another name.
   *
   * @param id - the run
   * @param name - its new name
   * @param at - ms since the epoch
   * @returns when it is stored
   * @throws {NotFoundError} when there is no such run
   */
  rename(id: RunId, name: string, at: number): Promise<void> {
    return this.edit(id, 'renamed', at, (handle, run) => {
      handle.run('UPDATE runs SET name = ? WHERE id = ?', name, id);
      return { from: run.name, to: name };
    });
  }

  /**
   * Sets the note of a run.
   *
   * @param id - the run
   * @param note - any text
   * @param at - ms since the epoch
   * @returns when it is stored
   * @throws {NotFoundError} when there is no such run
   */
  annotate(id: RunId, note: string, at: number): Promise<void> {
    return this.edit(id, 'annotated', at, (handle) => {
      handle.run('UPDATE runs SET note = ? WHERE id = ?', note, id);
      return {};
    });
  }

  /**
   * Sets when the machine of a run ends it.
   *
   * @param id - the run; nothing happens when it is gone
   * @param until - ms since the epoch, or `null` for never
   * @param options - durability and guard
   * @returns when it is stored
   */
  setLease(id: RunId, until: number | null, options: WriteOptions = {}): Promise<void> {
    return this.database.write(
      (handle) => {
        handle.run('UPDATE runs SET lease_until = ? WHERE id = ?', roundedOrNull(until), id);
      },
      { ...options, topics: ['runs'] },
    );
  }

  /**
   * Deletes a run with its events, metrics and list of checkpoints. The times
   * it cost money stay.
   *
   * @param id - the run; nothing happens when it is gone
   * @throws {RunError} `run-active` when it has not ended
   */
  async delete(id: RunId): Promise<void> {
    await this.remove(id, (run) => !isActive(run));
    await purgeOrphanedSeries(this.database);
  }

  /**
   * Takes back a run that never started.
   *
   * @param id - the run; nothing happens when it is gone
   * @returns when it is removed
   * @throws {RunError} `run-active` when it is not queued any more
   */
  discard(id: RunId): Promise<void> {
    return this.remove(id, (run) => run.state === 'queued');
  }

  private remove(id: RunId, allowed: (run: Run) => boolean): Promise<void> {
    return this.database.write((handle) => {
      const run = find(handle, id);
      if (run === undefined) {
        return;
      }
      if (!allowed(run)) {
        throw new RunError('run-active', l10n.t('A run that is still active cannot be deleted'), {
          nextAction: { title: l10n.t('Stop Run'), command: 'runctl.stopRun', arguments: [id] },
        });
      }
      handle.run('DELETE FROM runs WHERE id = ?', id);
      // What is open now costs nothing: a state after the end, or before any start.
      handle.run('DELETE FROM state_intervals WHERE subject = ? AND to_at IS NULL', subjectOf(id));
    }, TOPICS);
  }

  private edit(
    id: RunId,
    kind: string,
    at: number,
    change: (handle: WriteHandle, run: Run) => JsonObject,
  ): Promise<void> {
    return this.database.write(
      (handle) => {
        const data = change(handle, present(handle, id));
        appendEvent(handle, { runId: id, kind, data, at });
      },
      { topics: ['runs'] },
    );
  }
}

function find(handle: ReadHandle, id: RunId): Run | undefined {
  const row = handle.get(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = ?`, id);
  return row && runOf(row);
}

function present(handle: ReadHandle, id: RunId): Run {
  const run = find(handle, id);
  if (run === undefined) {
    throw new NotFoundError('run-not-found', l10n.t('There is no run {0}', id));
  }
  return run;
}

function subjectOf(id: RunId): string {
  return `run:${id}`;
}
