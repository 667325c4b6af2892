import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunStatus } from '../../../src/remote/agent/agent-answers.ts';
import { exitReason, transitionFor } from '../../../src/training/run-transition.ts';
import { NOW, sampleRun, sampleSpec } from '../../support/samples.ts';

const STARTED = NOW / 1000 - 60;

function status(changes: Partial<RunStatus>): RunStatus {
  return { id: sampleRun().id, state: 'running', started: STARTED, ...changes };
}

function exit(changes: Partial<NonNullable<RunStatus['exit']>>): RunStatus {
  const record = { code: 0, signal: null, ended: NOW / 1000, phase: 'command', stop: null } as const;
  return status({ state: 'ended', exit: { ...record, ...changes } });
}

describe('run transition', () => {
  it('sees no change when the machine says what the ledger says', () => {
    assert.equal(transitionFor(sampleRun(), status({}), NOW), undefined);
  });

  it('calls exit code 0 a success with the time of the machine', () => {
    const next = transitionFor(sampleRun(), exit({}), NOW + 5000);
    assert.equal(next?.state, 'succeeded');
    assert.equal(next.endedAt, NOW);
    assert.equal(next.startedAt, STARTED * 1000);
  });

  it('calls every other exit code a failure', () => {
    const next = transitionFor(sampleRun(), exit({ code: 3 }), NOW);
    assert.equal(next?.state, 'failed');
    assert.equal(next.exitCode, 3);
    assert.match(next.reason, /exit code 3/);
  });

  it('calls a run the user stopped stopped, whatever its exit code', () => {
    for (const code of [0, 1, 143]) {
      const next = transitionFor(
        sampleRun({ state: 'stopping' }),
        exit({ code, stop: 'user', signal: code === 143 ? 15 : null }),
        NOW,
      );
      assert.equal(next?.state, 'stopped', `exit code ${code}`);
    }
  });

  it('says that its lease ended it, as long as it was in the end, or that nothing happened', () => {
    const run = sampleRun({ spec: sampleSpec({ leaseSeconds: 3600, idleSeconds: 1800 }) });
    const ended = exit({ code: 143, signal: 15, stop: 'lease' });
    const extended = transitionFor(run, { ...ended, lease: { left: 0, total: 28_800 } }, NOW);
    assert.equal(extended?.state, 'stopped');
    assert.match(extended.reason, /^Stopped by its lease of 8h: signal TERM/);
    assert.match(transitionFor(run, ended, NOW)?.reason ?? '', /lease of 1h/);
    const idle = transitionFor(run, exit({ code: 0, stop: 'idle' }), NOW);
    assert.equal(idle?.state, 'stopped');
    assert.equal(idle.reason, 'Stopped: nothing happened for 30m: exit code 0');
  });

  it('says when the set-up step failed', () => {
    const record = { code: 1, phase: 'setup', reason: 'setup-failed' } as const;
    const next = transitionFor(sampleRun(), exit(record), NOW);
    assert.equal(next?.reason, 'The set-up step failed: exit code 1');
  });

  it('says why a command never ran, and when memory ended it', () => {
    const missing = transitionFor(sampleRun(), exit({ code: 127, reason: 'command-missing' }), NOW);
    assert.equal(missing?.reason, 'Its command was not found');
    const oom = transitionFor(sampleRun(), exit({ code: 137, signal: 9, oom: true }), NOW);
    assert.match(oom?.reason ?? '', /ran out of memory.*signal KILL/);
  });

  it('tells of processes a run left behind', () => {
    const next = transitionFor(sampleRun(), { ...exit({}), orphans: 2 }, NOW);
    assert.equal(
      next?.reason,
      'Finished with exit code 0. It left 2 processes behind; “End Leftover Processes” ends them.',
    );
    const one = transitionFor(sampleRun(), { ...exit({}), orphans: 1 }, NOW);
    assert.match(one?.reason ?? '', /left 1 process behind; “End Leftover Processes” ends it\.$/);
  });

  it('reads a run without a record as lost, with the evidence, never as done', () => {
    const evidence = { boot: 'changed', oom: null, lastbeat: STARTED + 9, child: 'dead' } as const;
    const next = transitionFor(sampleRun(), status({ state: 'lost', evidence }), NOW);
    assert.equal(next?.state, 'lost');
    assert.equal(next.endedAt, (STARTED + 9) * 1000);
    assert.match(next.reason, /restarted/);
  });

  it('says what the shells around a lost run complained of last, on one line, without secrets', () => {
    const token = `hf_${'a1B2'.repeat(9)}`;
    const reasonFor = (complaint: string): string => {
      const evidence = { boot: 'same', oom: false, lastbeat: null, child: 'dead', complaint } as const;
      const run = sampleRun();
      const spec = { ...run.spec, secrets: ['DB_PASS'] };
      return transitionFor({ ...run, spec }, status({ state: 'lost', evidence }), NOW)?.reason ?? '';
    };
    const full = 'sh: 1: cannot create beat: No space left on device';
    assert.match(reasonFor(`first\n\u001b[31m${full}\u001b[0m\n\n`), new RegExp(`: ${full}$`));
    assert.doesNotMatch(reasonFor(`first\n${full}`), /first/);
    assert.ok(!reasonFor(`sh: ${token}: not found`).includes(token));
    assert.ok(!reasonFor('sh: export: DB_PASS=open sesame: bad name').includes('sesame'));
    assert.ok(reasonFor('x'.repeat(500)).length < 300);
    assert.doesNotMatch(reasonFor(' \n'), /Last said/);
  });

  it('says when the training of a lost run still lives', () => {
    const evidence = { boot: 'same', oom: false, lastbeat: null, child: 'alive' } as const;
    const next = transitionFor(sampleRun(), status({ state: 'lost', evidence }), NOW);
    assert.match(next?.reason ?? '', /still runs/);
  });

  it('keeps what has ended as it ended', () => {
    for (const state of ['succeeded', 'failed', 'stopped'] as const) {
      assert.equal(transitionFor(sampleRun({ state }), status({}), NOW), undefined);
      assert.equal(transitionFor(sampleRun({ state }), status({ state: 'missing' }), NOW), undefined);
    }
  });

  it('leaves a queued run queued while its machine knows nothing of it', () => {
    const run = sampleRun({ state: 'queued' });
    assert.equal(transitionFor(run, status({ state: 'missing' }), NOW), undefined);
  });

  it('lets a lost run come back when the machine knows better', () => {
    const next = transitionFor(sampleRun({ state: 'lost' }), exit({}), NOW);
    assert.equal(next?.state, 'succeeded');
  });

  it('never claims to know whether 143 was a signal', () => {
    assert.equal(exitReason(143, 15), 'signal TERM, or exit code 143');
    assert.equal(exitReason(127, null), 'exit code 127: the command was not found');
  });
});
