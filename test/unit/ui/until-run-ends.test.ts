import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Run } from '../../../src/core/model/run.ts';
import type { AccountSnapshot } from '../../../src/resources/account-snapshot.ts';
import { untilRunEnds } from '../../../src/ui/logs/until-run-ends.ts';
import { NOW, sampleRun, sampleView } from '../../support/samples.ts';

const RUNNING = sampleRun({ state: 'running' });
const ENDED: Run = { ...RUNNING, state: 'succeeded', exitCode: 0 };

describe('untilRunEnds', () => {
  it('waits until a snapshot tells the end, then listens no more', async () => {
    const source = new Source(RUNNING);
    const ended = untilRunEnds(RUNNING, source, new AbortController().signal);
    source.tell(RUNNING);
    assert.equal(source.listeners.size, 1);
    source.tell(ENDED);
    assert.equal(source.listeners.size, 0);
    assert.equal(await ended, ENDED);
  });

  it('sees an end that came before it looked', async () => {
    const { signal } = new AbortController();
    assert.equal(await untilRunEnds(RUNNING, new Source(ENDED), signal), ENDED);
    assert.equal(await untilRunEnds(ENDED, new Source(), signal), ENDED);
  });

  it('gives up when aborted, then or before', async () => {
    const source = new Source(RUNNING);
    const abort = new AbortController();
    const ended = untilRunEnds(RUNNING, source, abort.signal);
    abort.abort();
    assert.equal(await ended, undefined);
    assert.equal(source.listeners.size, 0);
    assert.equal(await untilRunEnds(RUNNING, source, abort.signal), undefined);
  });
});

class Source {
  readonly listeners = new Set<(snapshot: AccountSnapshot) => void>();
  private current: AccountSnapshot;

  constructor(...runs: Run[]) {
    this.current = snapshotOf(runs);
  }

  snapshot(): AccountSnapshot {
    return this.current;
  }

  onDidChange(listener: (snapshot: AccountSnapshot) => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => void this.listeners.delete(listener) };
  }

  tell(...runs: Run[]): void {
    this.current = snapshotOf(runs);
    this.listeners.forEach((listener) => listener(this.current));
  }
}

function snapshotOf(runs: readonly Run[]): AccountSnapshot {
  return { at: NOW, providers: [], runs: runs.map((run) => sampleView({ run })) };
}
