import type { Resource, ResourceState } from '../core/model/records.ts';
import type { Database, WriteOptions } from './database.ts';
import type { Row, WriteHandle } from './handle.ts';
import { enterState, leaveState } from './intervals.ts';
import { integer, jsonObject, maybeRate, oneOf, text } from './rows.ts';

/** A resource as a provider listed it; when it was seen is told apart. */
export type SeenResource = Omit<Resource, 'firstSeen' | 'lastSeen'>;

/** Which resources to list. */
export interface ResourceFilter {
  readonly provider?: string;
  /** True adds those that are gone. */
  readonly gone?: boolean;
}

const KINDS = ['machine', 'instance', 'pod', 'volume', 'snapshot', 'bucket'] as const;
const STATES: readonly ResourceState[] = [
  'starting',
  'running',
  'stopping',
  'stopped',
  'deleting',
  'gone',
  'unknown',
];
const TOPICS = { topics: ['resources', 'intervals'] } as const;

/** What providers were seen to hold; every change of state or rate makes an interval. */
export class Resources {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * Stores what a listing showed. Says nothing of what it did not show.
   *
   * @param seen - as listed
   * @param at - when, ms since the epoch
   * @param options - durability and guard
   * @returns when it is stored
   */
  upsertSeen(
    seen: readonly SeenResource[],
    at: number,
    options: WriteOptions = {},
  ): Promise<void> {
    return this.database.write(
      (handle) => {
        for (const resource of seen) {
          upsert(handle, resource, Math.round(at));
        }
      },
      { ...options, ...TOPICS },
    );
  }

  /**
   * Records that a provider said a resource no longer exists.
   *
   * @param provider - its provider
   * @param id - its id
   * @param at - when, ms since the epoch
   * @param options - durability and guard
   * @returns false when it was not known, or gone before
   */
  markGone(
    provider: string,
    id: string,
    at: number,
    options: WriteOptions = {},
  ): Promise<boolean> {
    return this.database.write(
      (handle) => {
        const changed = handle.run(
          `UPDATE resources SET state = 'gone' WHERE provider = ? AND id = ? AND state <> 'gone'`,
          provider,
          id,
        );
        leaveState(handle, subjectOf(provider, id), at);
        return changed === 1;
      },
      { ...options, ...TOPICS },
    );
  }

  /**
   * Lists resources.
   *
   * @param filter - present ones of all providers unless told
   * @returns by provider and id
   */
  list(filter: ResourceFilter = {}): Promise<readonly Resource[]> {
    const { provider, gone = false } = filter;
    const ofProvider = provider === undefined ? '' : 'AND provider = ?';
    const present = gone ? '' : "AND state <> 'gone'";
    return this.database.read((handle) =>
      handle
        .all(
          `SELECT provider, id, kind, name, state, rate, first_seen, last_seen, facts
           FROM resources WHERE true ${ofProvider} ${present} ORDER BY provider, id`,
          ...(provider === undefined ? [] : [provider]),
        )
        .map(resourceOf),
    );
  }
}

function upsert(handle: WriteHandle, resource: SeenResource, at: number): void {
  handle.run(
    `INSERT INTO resources (provider, id, kind, name, state, rate, first_seen, last_seen, facts)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (provider, id) DO UPDATE SET kind = excluded.kind, name = excluded.name,
       state = excluded.state, rate = excluded.rate, last_seen = excluded.last_seen,
       facts = excluded.facts`,
    resource.provider,
    resource.id,
    resource.kind,
    resource.name,
    resource.state,
    resource.rate,
    at,
    at,
    JSON.stringify(resource.facts),
  );
  const subject = subjectOf(resource.provider, resource.id);
  if (resource.state === 'gone') {
    leaveState(handle, subject, at);
  } else {
    enterState(handle, { subject, state: resource.state, at, rate: resource.rate });
  }
}

function subjectOf(provider: string, id: string): string {
  return `${provider}:${id}`;
}

function resourceOf(row: Row): Resource {
  return {
    provider: text(row, 'provider'),
    id: text(row, 'id'),
    kind: oneOf(row, 'kind', KINDS),
    name: text(row, 'name'),
    state: oneOf(row, 'state', STATES),
    rate: maybeRate(row, 'rate'),
    firstSeen: integer(row, 'first_seen'),
    lastSeen: integer(row, 'last_seen'),
    facts: jsonObject(row, 'facts'),
  };
}
