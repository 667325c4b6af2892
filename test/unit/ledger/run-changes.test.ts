import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../../src/ledger/schema.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { sampleCheckpoint, sampleRun, sampleSpec } from '../../support/samples.ts';

/** As it was before there were leases. */
const OLD_SPEC = JSON.stringify({ ...sampleSpec(), leaseSeconds: undefined, idleSeconds: undefined });

const [one, two] = ['r-1', 'r-2'].map((id) => sampleRun({ id: id as RunId, state: 'succeeded' }));

describe('changes of runs', () => {
  let files: LedgerFiles;

  beforeEach(() => {
    files = new LedgerFiles();
  });

  afterEach(() => files.dispose());

  it('name each run once, in the order of its newest change, also a deleted one', async () => {
    assert.ok(one && two);
    const { runs, checkpoints } = await files.open();
    assert.deepEqual(await runs.changes(), { version: 0, ids: [] });
    await runs.insert(one);
    await runs.insert(two);
    await checkpoints.replace(one.id, [sampleCheckpoint({ path: '/1' }), sampleCheckpoint()]);
    const { version, ids } = await runs.changes(0);
    assert.deepEqual(ids, [two.id, one.id]);
    assert.deepEqual(await runs.changes(version), { version, ids: [] });
    await runs.delete(one.id);
    const later = await runs.changes(version);
    assert.deepEqual(later.ids, [one.id]);
    await runs.insert(one);
    assert.deepEqual((await runs.changes(later.version)).ids, [one.id]);
  });

  it('are told of a file that an earlier version made', async () => {
    assert.ok(one);
    const old = new DatabaseSync(files.path);
    old.exec(`${MIGRATIONS[0]} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
    old.exec(
      `INSERT INTO runs (id, name, note, provider, machine, spec, state, state_since,
         state_reason, created_at)
       VALUES ('r-0', 'old', '', 'local', 'local', '${OLD_SPEC}', 'succeeded', 1, '', 1)`,
    );
    old.close();
    const { runs } = await files.open();
    const [known] = await runs.list();
    assert.deepEqual([known?.leaseUntil, known?.spec.leaseSeconds, known?.spec.idleSeconds], [null, null, null]);
    const { version } = await runs.changes();
    await runs.insert(one);
    assert.ok((await runs.changes(version)).ids.includes(one.id));
  });
});
