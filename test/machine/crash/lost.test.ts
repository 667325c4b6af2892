import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { type CrashBed, crashBed, untilState } from '../../support/crash-bed.ts';
import { isRunning, signal, until } from '../../support/proc.ts';

const SLEEP = ['sleep', '300'];
const OTHER_BOOT = '00000000-0000-4000-8000-000000000000';

describe('a run whose end nobody recorded', function () {
  this.timeout(60_000);
  const bed = crashBed();

  it('reads lost when its supervisor is killed; Stop ends what is left of it', async () => {
    const window = await bed.start();
    const directory = bed.directory();
    const { id } = await window.call('launch', { argv: SLEEP, directory });
    signal(pidIn(bed, id, 'supervisor'), 'SIGKILL');
    const { run } = await untilState(window, id, 'lost');
    assert.match(run.stateReason, /The process that watched over it is gone/);
    assert.match(run.stateReason, /still runs; Stop ends it/);
    assert.equal(run.exitCode, null);
    await assert.rejects(window.call('remove', id), { code: 'run-active' });
    const again = window.call('launch', { argv: SLEEP, directory });
    await assert.rejects(again, { code: 'directory-busy' }, 'its directory is still in use');
    const main = pidIn(bed, id, 'main');
    assert.ok(isRunning(main));
    await window.call('stop', id, 0);
    await until('nothing of it runs', () =>
      Promise.resolve(bed.processes(id).length === 0 ? true : undefined),
    );
    assert.ok(!isRunning(main));
    assert.equal((await untilState(window, id, 'lost')).run.id, id);
    await window.call('remove', id);
    assert.deepEqual([await window.call('views'), bed.onMachine()], [[], []]);
    await window.close();
  });

  it('reads lost after a reboot, and can be deleted', async () => {
    const before = await bed.start();
    const { id } = await before.call('launch', { argv: SLEEP, directory: bed.directory() });
    await before.kill();
    // A reboot ends everything at once, the supervisor first of all.
    signal(pidIn(bed, id, 'supervisor'), 'SIGKILL');
    await until('everything has ended', () => {
      const left = bed.processes();
      for (const pid of left) signal(pid, 'SIGKILL');
      return Promise.resolve(left.length === 0 ? true : undefined);
    });
    for (const name of ['supervisor', 'main']) {
      const words = readFileSync(bed.runFile(id, name), 'latin1').split(' ');
      writeFileSync(bed.runFile(id, name), words.with(2, OTHER_BOOT).join(' '));
    }
    const after = await bed.start();
    const { run } = await untilState(after, id, 'lost');
    assert.match(run.stateReason, /The machine was restarted/);
    assert.doesNotMatch(run.stateReason, /still runs/);
    assert.ok(run.endedAt !== null && run.endedAt <= Date.now());
    await after.call('remove', id);
    assert.deepEqual([await after.call('views'), bed.onMachine()], [[], []]);
    await after.close();
  });
});

function pidIn(bed: CrashBed, id: string, name: string): number {
  return Number(readFileSync(bed.runFile(id, name), 'latin1').split(' ')[0]);
}
