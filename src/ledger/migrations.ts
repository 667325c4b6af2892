import type { Database } from './database.ts';
import type { ReadHandle } from './handle.ts';
import { integer } from './rows.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

/** What a file turned out to be. */
export type FileVerdict = 'corrupt' | 'newer' | 'usable';

/** Above this a full check at opening would hold up the window, in bytes. */
const FULL_CHECK_BYTES = 8 * 1024 * 1024;

/**
 * Looks at a file before anything is written to it. A big one is checked
 * without its metric points; damage there shows when they are read.
 *
 * @param database - just opened
 * @param known - the newest version this program knows
 * @returns whether it can be used
 */
export function inspect(
  database: Database,
  known: number = MIGRATIONS.length,
): Promise<FileVerdict> {
  return database.read((handle) => {
    const version = pragma(handle, 'user_version');
    const application = pragma(handle, 'application_id');
    const tables = handle.all("SELECT name FROM sqlite_schema WHERE type = 'table'");
    const foreign = application !== APPLICATION_ID && (version > 0 || tables.length > 0);
    if (!foreign && version > known) {
      return 'newer';
    }
    return !foreign && isSound(handle, tables.map(({ name }) => String(name))) ? 'usable' : 'corrupt';
  });
}

/**
 * Brings a file to the newest version, one transaction a step. Several
 * windows may do so at once: each looks again once it may write.
 *
 * @param database - inspected and usable
 * @param migrations - steps; tests pass their own
 */
export async function migrate(
  database: Database,
  migrations: readonly string[] = MIGRATIONS,
): Promise<void> {
  for (const [index, script] of migrations.entries()) {
    const version = index + 1;
    const done = await database.read((handle) => pragma(handle, 'user_version') >= version);
    if (!done) {
      await database.write(
        (handle) => {
          if (pragma(handle, 'user_version') === index) {
            handle.exec(script);
            handle.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
            handle.exec(`PRAGMA user_version = ${version}`);
          }
        },
        { durable: true },
      );
    }
  }
}

function isSound(handle: ReadHandle, tables: readonly string[]): boolean {
  const size = pragma(handle, 'page_count') * pragma(handle, 'page_size');
  const checks =
    size <= FULL_CHECK_BYTES
      ? ['PRAGMA quick_check(1)']
      : tables
          .filter((name) => name !== 'metric_points' && !name.startsWith('sqlite_'))
          .map((name) => `PRAGMA quick_check("${name}")`);
  return checks.every((check) => handle.get(check)?.['quick_check'] === 'ok');
}

function pragma(handle: ReadHandle, name: string): number {
  return integer(handle.get(`PRAGMA ${name}`) ?? {}, name);
}
