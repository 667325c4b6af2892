/**
 * Steps from an empty file to the present shape, in order. A step that was
 * released never changes; append another. JSON columns hold plain data; money
 * is whole micro-dollars; times are ms since the epoch except `expires_at` of
 * leases, which is on the host's monotonic clock.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    provider TEXT NOT NULL,
    machine TEXT NOT NULL,
    profile TEXT,
    workspace_folder TEXT,
    spec TEXT NOT NULL,
    code TEXT,
    resumed_from TEXT,
    state TEXT NOT NULL,
    state_since INTEGER NOT NULL,
    state_reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    exit_code INTEGER,
    signal INTEGER,
    rate INTEGER,
    log_path TEXT
  ) STRICT;
  CREATE INDEX runs_by_age ON runs (created_at DESC, id DESC);
  CREATE INDEX runs_active ON runs (created_at DESC, id DESC)
    WHERE state IN ('queued', 'starting', 'running', 'stopping');

  CREATE TABLE run_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
  ) STRICT;
  CREATE INDEX run_events_by_run ON run_events (run_id, seq);

  -- No foreign key: the points of a deleted run are removed in small steps.
  CREATE TABLE metric_series (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    name TEXT NOT NULL,
    points INTEGER NOT NULL,
    lowest REAL,
    highest REAL,
    last_value REAL,
    last_step REAL,
    last_at INTEGER NOT NULL,
    UNIQUE (run_id, name)
  ) STRICT;
  -- A NULL value stands for NaN, which SQLite cannot keep.
  CREATE TABLE metric_points (
    series_id INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    value REAL,
    step REAL,
    at INTEGER NOT NULL,
    PRIMARY KEY (series_id, ordinal)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE metric_cursors (
    run_id TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    log_identity TEXT NOT NULL,
    log_offset INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE checkpoints (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    step REAL,
    epoch REAL,
    loss REAL,
    complete INTEGER NOT NULL,
    marks TEXT NOT NULL,
    PRIMARY KEY (run_id, path)
  ) STRICT;
  -- Apart, so that a checkpoint missing from one listing keeps its guard.
  CREATE TABLE checkpoint_guards (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    protected INTEGER NOT NULL DEFAULT 0,
    resumed_from INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, path)
  ) STRICT;

  CREATE TABLE resources (
    provider TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    rate INTEGER,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (provider, id)
  ) STRICT;

  -- Kept when a run is deleted: what was spent stays spent.
  CREATE TABLE state_intervals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER,
    rate INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX state_intervals_open ON state_intervals (subject) WHERE to_at IS NULL;
  CREATE INDEX state_intervals_by_subject ON state_intervals (subject, id);
  CREATE INDEX state_intervals_by_end ON state_intervals (to_at, from_at);

  CREATE TABLE intents (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT,
    created_at INTEGER NOT NULL,
    closed_at INTEGER
  ) STRICT;
  CREATE INDEX intents_open ON intents (created_at) WHERE state = 'open';

  CREATE TABLE election (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ttl INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE resource_locks (
    resource TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    token TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    ttl INTEGER NOT NULL
  ) STRICT;

  -- What other windows compare to learn what changed.
  CREATE TABLE topics (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- The newest change of each run, also of deleted ones, in their order. By
  -- triggers, so that no write can forget to tell. Metrics tell by the cursor.
  CREATE TABLE run_changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE
  ) STRICT;
  ${[
    changeTriggers('runs', 'id'),
    changeTriggers('checkpoints', 'run_id'),
    changeTriggers('checkpoint_guards', 'run_id'),
    changeTriggers('metric_cursors', 'run_id'),
  ].join('')}
  `,
  `
  ALTER TABLE runs ADD COLUMN lease_until INTEGER;
  `,
  `
  ALTER TABLE runs ADD COLUMN after TEXT;
  -- Apart, since listings replace checkpoints whole; of one content of the path.
  CREATE TABLE checkpoint_copies (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    place TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (run_id, path, place)
  ) STRICT;
  ${changeTriggers('checkpoint_copies', 'run_id')}
  `,
  `
  ALTER TABLE checkpoints ADD COLUMN clock_ahead INTEGER NOT NULL DEFAULT 0;
  `,
  `
  ALTER TABLE runs ADD COLUMN starter TEXT;
  -- Set while a run of another installation is not adopted.
  ALTER TABLE runs ADD COLUMN found_at INTEGER;
  `,
];

/** Marks a file as ours: "rctl". */
export const APPLICATION_ID = 0x7263746c;

// Not INSERT OR REPLACE: the conflict clause of the outer statement would win.
function changeTriggers(table: string, column: string): string {
  return ['INSERT', 'UPDATE', 'DELETE']
    .map((event) => {
      const id = `${event === 'DELETE' ? 'OLD' : 'NEW'}.${column}`;
      return `
  CREATE TRIGGER ${table}_${event.toLowerCase()} AFTER ${event} ON ${table} BEGIN
    DELETE FROM run_changes WHERE run_id = ${id};
    INSERT INTO run_changes (run_id) VALUES (${id});
  END;`;
    })
    .join('');
}
