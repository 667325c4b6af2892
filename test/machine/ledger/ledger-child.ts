import { DatabaseSync } from 'node:sqlite';
import { SystemClock } from '../../../src/core/clock.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import { Database } from '../../../src/ledger/database.ts';
import { Election } from '../../../src/ledger/election.ts';
import type { JournalMode } from '../../../src/ledger/journal-mode.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { openLedger } from '../../../src/ledger/open-ledger.ts';
import { sampleRun } from '../../support/samples.ts';
import { ELECTION_TTL_MS, type ChildAnswer, type ChildCalls, type ChildRequest } from './window.ts';

// Plays one VS Code window: `node ledger-child.ts PATH JOURNAL OWNER`, called over IPC.
const [path = '', journal = 'truncate', owner = 'child'] = process.argv.slice(2);
const clock = new SystemClock();
const run = sampleRun();
let ledger: Ledger | undefined;

async function opened(): Promise<Ledger> {
  if (ledger === undefined) {
    const options = { clock, logger: NULL_LOGGER, owner, journal: journal as JournalMode };
    ({ ledger } = await openLedger(path, options));
  }
  return ledger;
}

let elections: Promise<{ database: Database; election: Election }> | undefined;

function electing(): Promise<{ database: Database; election: Election }> {
  elections ??= (async () => {
    const database = await Database.open(path, clock);
    await database.useJournal(journal as JournalMode);
    return { database, election: new Election(database, clock, owner, ELECTION_TTL_MS) };
  })();
  return elections;
}

const calls: ChildCalls = {
  async open() {
    const options = { clock, logger: NULL_LOGGER, owner };
    const result = await openLedger(path, options);
    await result.ledger.runs.insertIfMissing(run);
    ({ ledger } = result);
    return result.setAside?.reason ?? null;
  },

  async events(count) {
    const target = await opened();
    let longest = 0;
    for (let index = 0; index < count; index++) {
      const begun = performance.now();
      await target.events.append(run.id, owner, { index }, index);
      longest = Math.max(longest, performance.now() - begun);
    }
    return longest;
  },

  async readLog(end) {
    const target = await opened();
    let stored = 0;
    for (;;) {
      const from = await target.metrics.cursor(run.id);
      const offset = from?.offset ?? 0;
      if (offset >= end) {
        return stored;
      }
      const points = [{ name: 'byte', value: offset, step: offset, at: offset }];
      const to = { identity: 'log', offset: offset + 1 };
      try {
        await target.metrics.append(run.id, points, { from, to });
        stored += 1;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'cursor-moved')) {
          throw error;
        }
      }
    }
  },

  async flood() {
    const target = await opened();
    let from = await target.metrics.cursor(run.id);
    for (;;) {
      const offset = (from?.offset ?? 0) + 1;
      const at = offset;
      const points = [1, 2, 3].map((value) => ({ name: `s${value}`, value, step: offset, at }));
      const to = { identity: 'log', offset };
      await target.metrics.append(run.id, points, { from, to });
      from = to;
      process.send?.({ acknowledged: offset });
    }
  },

  async hold(mode, ms) {
    await opened();
    const connection = new DatabaseSync(path);
    connection.exec(`PRAGMA busy_timeout = 5000; BEGIN ${mode}`);
    process.send?.({ holding: true });
    block(ms);
    connection.exec('COMMIT');
    connection.close();
  },

  async campaign() {
    const { election } = await electing();
    return (await election.campaign()) ?? null;
  },

  async act(epoch, holdMs) {
    const { database, election } = await electing();
    return database.write(
      (handle) => {
        if (holdMs > 0) {
          process.send?.({ holding: true });
          block(holdMs);
        }
        handle.run(
          'INSERT INTO run_events (run_id, at, kind, data) VALUES (?, ?, ?, ?)',
          run.id,
          epoch,
          owner,
          '{}',
        );
      },
      { guard: election.guard(epoch) },
    );
  },
};

// Blocks this process as a slow disk or a stopped window would.
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

process.on('message', (request: ChildRequest) => {
  const call = calls[request.call] as (...args: readonly unknown[]) => Promise<unknown>;
  call(...request.args).then(
    (value) => process.send?.({ id: request.id, value } satisfies ChildAnswer),
    (error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      process.send?.({ id: request.id, error: code } satisfies ChildAnswer);
    },
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
