import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { Emitter } from '../../../src/core/events.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { AccountSnapshot } from '../../../src/resources/account-snapshot.ts';
import type { SeriesData } from '../../../src/ui/dashboard/chart-model.ts';
import { DashboardSession, PATCH_MS, TICK_MS } from '../../../src/ui/dashboard/dashboard-session.ts';
import type { HostMessage } from '../../../src/ui/dashboard/messages.ts';
import { busyRuns, curve, snapshotOf } from '../../support/dashboard/samples.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { NOW } from '../../support/samples.ts';

const READY = { kind: 'ready', selection: { runIds: null, series: null } };

describe('the host side of the dashboard page', () => {
  let clock: FakeClock;
  let changes: Emitter<undefined>;
  let shown: AccountSnapshot | null;
  let posted: HostMessage[];
  let commands: unknown[];
  let read: () => Promise<readonly SeriesData[]>;
  let session: DashboardSession;

  beforeEach(() => {
    clock = new FakeClock(NOW);
    changes = new Emitter();
    shown = snapshotOf(busyRuns());
    posted = [];
    commands = [];
    read = () => Promise.resolve([curve('r-digits-cosine', 'loss')]);
    session = new DashboardSession({
      source: {
        snapshot: () => shown,
        onDidChange: changes.event,
        series: () => read(),
        seriesNames: () => Promise.resolve(['loss', 'lr']),
      },
      clock,
      logger: NULL_LOGGER,
      post: (message) => posted.push(message),
      command: (command, runId) => {
        commands.push([command, runId]);
        return command === 'runctl.stopRun' ? Promise.reject(new Error('gone')) : Promise.resolve();
      },
    });
  });
  afterEach(() => session.dispose());

  const kinds = () => posted.map((message) => message.kind);
  const settle = async () => {
    for (let turn = 0; turn < 10; turn += 1) {
      await Promise.resolve();
    }
  };
  const change = async (runs = busyRuns()) => {
    shown = snapshotOf(runs);
    changes.fire(undefined);
    await clock.advance(PATCH_MS);
    await settle();
  };

  it('says nothing before the page is ready, then everything once', async () => {
    await change();
    assert.deepEqual(kinds(), []);
    session.receive(READY);
    await settle();
    assert.deepEqual(kinds(), ['init', 'charts']);
    await change();
    assert.deepEqual(kinds(), ['init', 'charts'], 'nothing changed, nothing is sent');
  });

  it('joins changes that come together into one patch of what changed', async () => {
    session.receive(READY);
    await settle();
    posted.length = 0;
    const without = busyRuns().slice(1);
    changes.fire(undefined);
    changes.fire(undefined);
    await change(without);
    assert.deepEqual(kinds(), ['patch']);
    const [patch] = posted;
    assert.ok(patch?.kind === 'patch');
    assert.deepEqual([patch.rows.upsert, patch.rows.removed], [[], ['r-vit-small-finetune']]);
    assert.ok(patch.totals);
  });

  it('lets the durations of active runs tick, and rests when none is active', async () => {
    session.receive(READY);
    await settle();
    posted.length = 0;
    await clock.advance(TICK_MS + PATCH_MS);
    const [patch] = posted;
    assert.ok(patch?.kind === 'patch');
    assert.deepEqual(patch.rows.upsert.map(({ name }) => name), ['digits-cosine', 'digits-baseline']);
    await change(busyRuns().filter(({ run }) => run.endedAt !== null));
    posted.length = 0;
    await clock.advance(10 * TICK_MS);
    assert.deepEqual(posted, []);
  });

  it('posts nothing while hidden, and what was missed when it is seen again', async () => {
    session.receive(READY);
    await settle();
    posted.length = 0;
    session.setVisible(false);
    await change(busyRuns().slice(1));
    await clock.advance(10 * TICK_MS);
    assert.deepEqual(posted, []);
    session.setVisible(true);
    await clock.advance(PATCH_MS);
    assert.equal(kinds()[0], 'patch');
  });

  it('starts anew for a page that was made anew', async () => {
    session.receive(READY);
    await settle();
    session.receive(READY);
    await settle();
    assert.deepEqual(kinds(), ['init', 'charts', 'init', 'charts']);
  });

  it('charts what the page asks for, and answers when it has', async () => {
    session.receive(READY);
    await settle();
    posted.length = 0;
    const request = { name: 'select', runIds: ['r-night-run'], series: ['lr'] };
    session.receive({ kind: 'request', id: 7, request });
    await settle();
    assert.deepEqual(kinds(), ['charts', 'response']);
    const [charts] = posted;
    assert.ok(charts?.kind === 'charts');
    assert.deepEqual([charts.charts.runIds, charts.charts.series], [['r-night-run'], ['lr']]);
  });

  it('lets the last of two overlapping choices win', async () => {
    session.receive(READY);
    await settle();
    posted.length = 0;
    let finishSlow: (() => void) | undefined;
    read = () => new Promise((resolve) => (finishSlow = () => resolve([])));
    session.receive({ kind: 'request', id: 1, request: { name: 'select', runIds: ['r-night-run'], series: ['lr'] } });
    await settle();
    read = () => Promise.resolve([]);
    session.receive({ kind: 'request', id: 2, request: { name: 'select', runIds: ['r-resnet-warmup'], series: ['lr'] } });
    await settle();
    finishSlow?.();
    await settle();
    const ids = posted.flatMap((message) => (message.kind === 'charts' ? [message.charts.runIds] : []));
    assert.deepEqual(ids, [['r-resnet-warmup']]);
  });

  it('runs commands, tells what failed, and drops what is no message', async () => {
    session.receive(READY);
    await settle();
    posted.length = 0;
    session.receive({ kind: 'request', id: 1, request: { name: 'command', command: 'runctl.stopRun', runId: 'r-a' } });
    session.receive({ kind: 'request', id: 2, request: { name: 'command', command: 'rm', runId: 'r-a' } });
    await settle();
    assert.deepEqual(commands, [['runctl.stopRun', 'r-a']]);
    assert.deepEqual(posted, [{ kind: 'response', id: 1, error: 'gone' }]);
  });

  it('says that metrics cannot be read, instead of showing none', async () => {
    read = () => Promise.reject(new Error('locked'));
    session.receive(READY);
    await settle();
    const charts = posted.find((message) => message.kind === 'charts');
    assert.equal(charts?.charts.problem, 'The metrics cannot be read.');
  });

  it('opens on given runs, before the page is there as well as after', async () => {
    session.showRuns(['r-night-run']);
    session.receive(READY);
    await settle();
    const charted = () => {
      const charts = posted.findLast((message) => message.kind === 'charts');
      return charts?.charts.runIds;
    };
    assert.deepEqual(kinds(), ['init', 'focus', 'charts']);
    assert.deepEqual(charted(), ['r-night-run']);
    session.showRuns(['r-resnet-warmup']);
    await settle();
    assert.deepEqual(charted(), ['r-resnet-warmup']);
    session.receive({ kind: 'ready', selection: { runIds: ['r-night-run'], series: null } });
    await settle();
    assert.deepEqual(charted(), ['r-night-run'], 'the page\'s own later choice counts');
  });

  it('waits for facts, and is silent once it has ended', async () => {
    shown = null;
    session.receive(READY);
    await settle();
    assert.deepEqual(posted.map((m) => m.kind === 'init' && m.model), [null]);
    await change();
    assert.deepEqual(kinds(), ['init', 'patch', 'charts']);
    session.dispose();
    await change([]);
    assert.equal(posted.length, 3);
    assert.equal(clock.pending, 0);
  });
});
