import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError } from '../../../src/core/errors.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { AccountSnapshot } from '../../../src/resources/account-snapshot.ts';
import { Inventory } from '../../../src/resources/inventory.ts';
import { RunReader } from '../../../src/resources/run-reader.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleMachine, sampleRun } from '../../support/samples.ts';
import { ScriptedMachine } from '../../support/scripted-machine.ts';

describe('Inventory', () => {
  let files: LedgerFiles;
  let ledger: Ledger;
  let clock: FakeClock;
  let machine: ScriptedMachine;
  let inventory: Inventory;
  let seen: AccountSnapshot[];

  beforeEach(async () => {
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    machine = new ScriptedMachine();
    machine.provider.listing = () => Promise.resolve({ machines: [sampleMachine()], resources: [] });
    inventory = new Inventory({
      registry: machine.registry,
      runs: new RunReader(ledger, clock),
      clock,
      logger: NULL_LOGGER,
    });
    seen = [];
    inventory.onDidChange((snapshot) => void seen.push(snapshot));
  });

  afterEach(async () => {
    inventory.dispose();
    await files.dispose();
  });

  it('makes one snapshot of many changes that come together', async () => {
    const asked = Array.from({ length: 50 }, () => inventory.reload());
    while (clock.pending === 0) await new Promise(setImmediate);
    await clock.advance(1000);
    await Promise.all(asked);
    assert.equal(seen.length, 2, 'one at once, one for all that came while it was made');
    await inventory.reload();
    assert.equal(seen.length, 3);
    assert.equal(clock.pending, 0);
  });

  it('hears a request that comes in any turn after a snapshot was made', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      seen = [];
      const once = inventory.onDidChange(() => {
        once.dispose();
        void askLater(turns);
      });
      const first = inventory.reload();
      for (let round = 0; round < 10; round += 1) {
        await new Promise(setImmediate);
        await clock.advance(100);
      }
      await first;
      assert.equal(seen.length, 2, `asked ${turns} turns after the snapshot`);
    }
  });

  async function askLater(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    await inventory.reload();
  }

  it('keeps what a provider said last, with its age, when it fails', async () => {
    await inventory.refresh();
    clock.jump(60_000);
    machine.provider.listing = () => Promise.reject(new MachineError('x', 'no answer'));
    await inventory.refresh();
    const [part] = inventory.snapshot().providers;
    assert.deepEqual(
      [part?.seenAt, part?.problem, part?.machines.length],
      [NOW, 'no answer', 1],
    );
    machine.provider.listing = () => Promise.resolve({ machines: [], resources: [] });
    await inventory.refresh();
    const [later] = inventory.snapshot().providers;
    assert.deepEqual([later?.seenAt, later?.problem, later?.machines], [NOW + 60_000, null, []]);
  });

  it('lists once more for all who ask during a listing: what they did may not be in it', async () => {
    const answers: (() => void)[] = [];
    machine.provider.listing = () =>
      new Promise((resolve) => {
        const row = sampleMachine({ name: `listing ${answers.length + 1}` });
        answers.push(() => resolve({ machines: [row], resources: [] }));
      });
    const name = (): string | undefined => inventory.machine('local', 'localhost')?.name;
    const first = inventory.refresh();
    const late = [inventory.refresh(), inventory.refresh()];
    answers[0]?.();
    await first;
    assert.equal(name(), 'listing 1');
    for (let turn = 0; turn < 50 && answers.length < 2; turn += 1) await new Promise(setImmediate);
    assert.equal(answers.length, 2);
    answers[1]?.();
    await Promise.all(late);
    assert.deepEqual([name(), answers.length], ['listing 2', 2]);
    const alone = inventory.refresh();
    answers[2]?.();
    await alone;
    assert.deepEqual([name(), answers.length], ['listing 3', 3]);
  });

  it('begins no listing for those who waited when it is disposed', async () => {
    let listings = 0;
    let answer: () => void = () => undefined;
    machine.provider.listing = () =>
      new Promise((resolve) => {
        listings += 1;
        answer = () => resolve({ machines: [], resources: [] });
      });
    const asked = [inventory.refresh(), inventory.refresh()];
    inventory.dispose();
    answer();
    await Promise.all(asked);
    assert.equal(listings, 1);
  });

  it('shows a provider that never answered as that', async () => {
    machine.provider.listing = () => Promise.reject(new MachineError('x', 'no answer'));
    await inventory.refresh();
    const [part] = inventory.snapshot().providers;
    assert.deepEqual([part?.seenAt, part?.problem], [null, 'no answer']);
  });

  it('shows what happens to a run while it happens', async () => {
    const run = sampleRun();
    await ledger.runs.insert(run);
    await inventory.reload();
    const busy: (string | null | undefined)[] = [];
    inventory.onDidChange(({ runs }) => void busy.push(runs[0]?.busy));
    let finish: (value: number) => void = () => undefined;
    const action = new Promise<number>((resolve) => (finish = resolve));
    const acting = inventory.whileBusy(run.id, 'stopping…', () => action);
    while (busy.length === 0) await new Promise(setImmediate);
    finish(7);
    assert.equal(await acting, 7);
    assert.deepEqual(busy, ['stopping…', null]);
  });

  it('neither hides the end of an action nor leaves a rejection when the ledger fails', async () => {
    await ledger.close();
    const done = await inventory.whileBusy('r', 'stopping…', () => Promise.resolve('done'));
    assert.equal(done, 'done');
    const failed = inventory.whileBusy('r', 'stopping…', () => Promise.reject(new RangeError('mine')));
    await assert.rejects(failed, RangeError);
  });

  it('reads and tells nothing more once it is disposed', async () => {
    const reading = inventory.reload();
    void inventory.reload();
    inventory.dispose();
    await reading;
    await ledger.close();
    await inventory.reload();
    assert.deepEqual([seen, clock.pending], [[], 0]);
  });
});
