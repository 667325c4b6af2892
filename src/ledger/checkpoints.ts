import type { RunId } from '../core/ids.ts';
import type { Checkpoint, CheckpointMark } from '../core/model/records.ts';
import type { Database, WriteOptions } from './database.ts';
import type { Row, WriteHandle } from './handle.ts';
import { flag, integer, json, malformed, maybeReal, maybeText, oneOf, runIdOf, text } from './rows.ts';

/** A checkpoint with what keeps it from being removed. */
export interface StoredCheckpoint extends Checkpoint {
  /** The user asked to keep it. */
  readonly protected: boolean;
  /** A later run went on from it. */
  readonly resumedFrom: boolean;
}

/** A path with what keeps it. */
export type GuardedPath = Pick<StoredCheckpoint, 'path' | 'protected' | 'resumedFrom'>;

/** A reason to keep a checkpoint. */
export type CheckpointGuard = 'protected' | 'resumedFrom';

const KINDS = ['file', 'directory'] as const;
const MARKS: readonly CheckpointMark[] = ['newest', 'best', 'final'];
const TOPICS = { topics: ['checkpoints'] } as const;

/** What was found in the checkpoint directory of each run. */
export class Checkpoints {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * Makes the stored set of a run the given one. Guards of checkpoints that
   * are not in it stay, for when they appear again.
   *
   * @param runId - a stored run
   * @param checkpoints - all that were found
   * @param options - durability and guard
   * @returns when it is stored
   */
  replace(
    runId: RunId,
    checkpoints: readonly Checkpoint[],
    options: WriteOptions = {},
  ): Promise<void> {
    return this.database.write(
      (handle) => {
        handle.run('DELETE FROM checkpoints WHERE run_id = ?', runId);
        for (const checkpoint of checkpoints) {
          insert(handle, runId, checkpoint);
        }
      },
      { ...options, ...TOPICS },
    );
  }

  /**
   * Lists the checkpoints of a run.
   *
   * @param runId - the run
   * @returns oldest first
   */
  list(runId: RunId): Promise<readonly StoredCheckpoint[]> {
    return this.database.read((handle) =>
      handle
        .all(
          `SELECT c.*, coalesce(g.protected, 0) AS protected,
             coalesce(g.resumed_from, 0) AS resumed_from,
             (SELECT place FROM checkpoint_copies k
              WHERE k.run_id = c.run_id AND k.path = c.path AND k.size = c.size
                AND k.modified_at = c.modified_at
              ORDER BY k.at DESC LIMIT 1) AS durable
           FROM checkpoints c LEFT JOIN checkpoint_guards g USING (run_id, path)
           WHERE c.run_id = ? ORDER BY c.modified_at, c.path`,
          runId,
        )
        .map(checkpointOf),
    );
  }

  /**
   * Names runs that have a checkpoint not known to be whole.
   *
   * @param newest - among so many of the newest runs
   * @returns in no order
   */
  partial(newest: number): Promise<readonly RunId[]> {
    return this.database.read((handle) =>
      handle
        .all(
          `SELECT DISTINCT run_id FROM checkpoints WHERE complete = 0 AND run_id IN
             (SELECT id FROM runs ORDER BY created_at DESC, id DESC LIMIT ?)`,
          newest,
        )
        .map((row) => runIdOf(row, 'run_id')),
    );
  }

  /**
   * Takes over which stored checkpoints are whole and how they are marked,
   * where size and time are still the stored ones. Adds and drops none.
   *
   * @param runId - a stored run
   * @param checkpoints - as they were found now
   * @returns when it is stored
   */
  async settle(runId: RunId, checkpoints: readonly Checkpoint[]): Promise<void> {
    const stored = new Map((await this.list(runId)).map((item) => [item.path, item]));
    const news = checkpoints.filter((item) => {
      const known = stored.get(item.path);
      return known !== undefined && verdictOf(known) !== verdictOf(item);
    });
    if (news.length === 0) {
      return;
    }
    await this.database.write((handle) => {
      for (const { path, size, modifiedAt, complete, marks } of news) {
        handle.run(
          `UPDATE checkpoints SET complete = ?, marks = ?
           WHERE run_id = ? AND path = ? AND size = ? AND modified_at = ?`,
          complete ? 1 : 0,
          JSON.stringify(marks),
          runId,
          path,
          size,
          Math.round(modifiedAt),
        );
      }
    }, TOPICS);
  }

  /**
   * Drops checkpoints that were deleted from the stored sets of all runs, in
   * one transaction. Their guards stay.
   *
   * @param paths - absolute paths
   * @param options - durability and guard
   * @returns when it is stored
   */
  forgetPaths(paths: Iterable<string>, options: WriteOptions = {}): Promise<void> {
    return this.database.write(
      (handle) => {
        for (const path of paths) {
          handle.run('DELETE FROM checkpoints WHERE path = ?', path);
        }
      },
      { ...options, ...TOPICS },
    );
  }

  /**
   * Lists the guards of all runs, also of checkpoints that are not found now.
   *
   * @returns in no order, those lifted left out
   */
  guards(): Promise<readonly GuardedPath[]> {
    return this.database.read((handle) =>
      handle
        .all(
          `SELECT path, protected, resumed_from FROM checkpoint_guards
           WHERE protected <> 0 OR resumed_from <> 0`,
        )
        .map((row) => ({
          path: text(row, 'path'),
          protected: flag(row, 'protected'),
          resumedFrom: flag(row, 'resumed_from'),
        })),
    );
  }

  /**
   * Records that a proved copy of a checkpoint is off its machine. It is one of
   * that content alone: a path written over since has none.
   *
   * @param runId - a stored run
   * @param checkpoint - what was copied
   * @param place - where to: `s3://…`, or an absolute path on this host
   * @param at - ms since the epoch
   * @param options - durability and guard
   * @returns when it is stored
   */
  addCopy(
    runId: RunId,
    checkpoint: Pick<Checkpoint, 'path' | 'size' | 'modifiedAt'>,
    place: string,
    at: number,
    options: WriteOptions = {},
  ): Promise<void> {
    return this.database.write(
      (handle) => {
        handle.run(
          `INSERT INTO checkpoint_copies (run_id, path, size, modified_at, place, at)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (run_id, path, place) DO UPDATE SET size = excluded.size,
             modified_at = excluded.modified_at, at = excluded.at`,
          runId,
          checkpoint.path,
          checkpoint.size,
          Math.round(checkpoint.modifiedAt),
          place,
          Math.round(at),
        );
      },
      { ...options, ...TOPICS },
    );
  }

  /**
   * Drops the record of copies whose place is gone.
   *
   * @param runId - the run
   * @param places - as they were recorded
   * @returns when it is stored
   */
  forgetCopies(runId: RunId, places: readonly string[]): Promise<void> {
    return this.database.write((handle) => {
      for (const place of places) {
        handle.run('DELETE FROM checkpoint_copies WHERE run_id = ? AND place = ?', runId, place);
      }
    }, TOPICS);
  }

  /**
   * Sets or lifts a guard.
   *
   * @param runId - a stored run
   * @param path - the checkpoint, found yet or not
   * @param guard - which guard
   * @param on - false lifts it
   * @param options - durability and guard of the write
   * @returns when it is stored
   */
  mark(
    runId: RunId,
    path: string,
    guard: CheckpointGuard,
    on = true,
    options: WriteOptions = {},
  ): Promise<void> {
    const column = guard === 'protected' ? 'protected' : 'resumed_from';
    return this.database.write(
      (handle) => {
        handle.run(
          `INSERT INTO checkpoint_guards (run_id, path, ${column}) VALUES (?, ?, ?)
           ON CONFLICT (run_id, path) DO UPDATE SET ${column} = excluded.${column}`,
          runId,
          path,
          on ? 1 : 0,
        );
      },
      { ...options, ...TOPICS },
    );
  }
}

function verdictOf({ complete, marks }: Checkpoint): string {
  return JSON.stringify([complete, marks]);
}

function insert(handle: WriteHandle, runId: RunId, checkpoint: Checkpoint): void {
  handle.run(
    `INSERT INTO checkpoints
       (run_id, path, kind, size, modified_at, clock_ahead, step, epoch, loss, complete, marks)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    runId,
    checkpoint.path,
    checkpoint.kind,
    checkpoint.size,
    Math.round(checkpoint.modifiedAt),
    Math.round(checkpoint.clockAhead ?? 0),
    checkpoint.step,
    checkpoint.epoch,
    checkpoint.loss,
    checkpoint.complete ? 1 : 0,
    JSON.stringify(checkpoint.marks),
  );
}

function checkpointOf(row: Row): StoredCheckpoint {
  const durable = maybeText(row, 'durable');
  const clockAhead = integer(row, 'clock_ahead');
  return {
    ...(durable === null ? {} : { durable }),
    ...(clockAhead === 0 ? {} : { clockAhead }),
    path: text(row, 'path'),
    runId: runIdOf(row, 'run_id'),
    kind: oneOf(row, 'kind', KINDS),
    size: integer(row, 'size'),
    modifiedAt: integer(row, 'modified_at'),
    step: maybeReal(row, 'step'),
    epoch: maybeReal(row, 'epoch'),
    loss: maybeReal(row, 'loss'),
    complete: flag(row, 'complete'),
    marks: marksOf(json(row, 'marks')),
    protected: flag(row, 'protected'),
    resumedFrom: flag(row, 'resumed_from'),
  };
}

function marksOf(value: unknown): readonly CheckpointMark[] {
  if (!Array.isArray(value)) {
    return malformed('marks', value);
  }
  return MARKS.filter((mark) => value.includes(mark));
}
