import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { SystemClock } from '../../../src/core/clock.ts';
import type { Engine } from '../../../src/engine.ts';
import { runDoctor } from '../../../src/providers/ssh/doctor.ts';
import type { MachineTrouble, MachineView } from '../../../src/resources/account-snapshot.ts';
import { EngineLab, LAB, WILLING } from '../../support/ssh/engine-lab.ts';

describe('the row of a machine that could not be reached', function () {
  this.timeout(60_000);
  let lab: EngineLab;
  let engine: Engine;

  beforeEach(async () => {
    lab = await EngineLab.create();
    engine = await lab.start();
  });
  afterEach(() => lab.dispose());

  async function row(): Promise<MachineView> {
    await engine.inventory.refresh();
    const found = engine.inventory.machine('ssh', LAB);
    assert.ok(found);
    return found;
  }

  it('does not look untried after a refused login, until one works', async () => {
    const ours = await lab.machine.publicKey();
    await lab.machine.allow(await lab.machine.publicKey(lab.machine.makeKey('another')));
    const untried = await row();
    assert.deepEqual([untried.problem, untried.trouble], ['not connected yet', null]);
    await assert.rejects(lab.prepare(engine), { code: 'auth-failed' });
    const refused = await row();
    assert.deepEqual([refused.state, refused.trouble?.kind], ['unknown', 'login']);
    assert.match(refused.trouble?.reason ?? '', /did not accept any key/);
    assert.match(refused.trouble?.steps.join(' ') ?? '', /authorized_keys/);
    await lab.machine.allow(ours);
    await lab.prepare(engine);
    const taken = await row();
    assert.deepEqual([taken.state, taken.trouble, taken.problem], ['running', null, null]);
  });

  it('tells a key that was declined, and is untried again once forgotten', async () => {
    assert.equal((await row()).trouble, null);
    const wary = { ...WILLING, askHostKey: () => Promise.resolve(false) };
    await assert.rejects(engine.ssh?.prepare(LAB, wary) ?? Promise.resolve(), {
      code: 'host-key-unknown',
    });
    assert.equal((await row()).trouble?.kind, 'host-key-unknown');
    await engine.ssh?.forget(LAB);
    assert.equal((await row()).trouble, null);
  });

  async function check(): Promise<MachineTrouble | null | undefined> {
    const made = await engine.ssh?.check(LAB, WILLING);
    const { signal } = new AbortController();
    await runDoctor(made?.steps ?? [], { clock: new SystemClock(), onChange: () => undefined, signal });
    await made?.close();
    // No listing: that would try by itself.
    return (await engine.ssh?.view(LAB))?.trouble;
  }

  it('tells what a check found on the way to one that nobody has used, until one gets in', async () => {
    lab.proxy.refuse(true);
    assert.equal((await check())?.kind, 'away');
    lab.proxy.refuse(false);
    assert.equal(await check(), null);
    assert.equal((await row()).state, 'running');
  });

  it('tells of a login that a check found refused on one that was connected to', async () => {
    const ours = await lab.machine.publicKey();
    await lab.prepare(engine);
    await lab.machine.allow(await lab.machine.publicKey(lab.machine.makeKey('another')));
    lab.proxy.cutAll();
    assert.equal((await check())?.kind, 'login');
    await lab.machine.allow(ours);
    assert.equal(await check(), null);
  });

  it('tells since when an agreed one is away, and the same after a reload but for the time', async () => {
    await lab.prepare(engine);
    assert.equal((await row()).trouble, null);
    lab.proxy.refuse(true);
    lab.proxy.cutAll();
    const away = await row();
    assert.equal(away.trouble?.kind, 'away');
    assert.equal((await row()).trouble?.since, away.trouble.since);
    await engine.close();
    engine = await lab.start();
    assert.equal((await row()).trouble?.kind, 'away');
  });
});
