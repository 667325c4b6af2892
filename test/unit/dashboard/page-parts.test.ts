import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { contentSecurityPolicy, dashboardHtml } from '../../../src/ui/dashboard/dashboard-html.ts';
import type { ChartLine } from '../../../src/ui/dashboard/messages.ts';
import { asPageMessage, PAGE_COMMANDS } from '../../../src/ui/dashboard/page-message.ts';
import { dashboardStrings } from '../../../src/ui/dashboard/strings.ts';
import {
  clockText,
  columnsOf,
  sampledRows,
  usableAxis,
} from '../../../webview-ui/dashboard/chart-data.ts';
import { asPageState } from '../../../webview-ui/dashboard/page-state.ts';
import { format } from '../../../webview-ui/dashboard/text.ts';

function line(steps: (number | null)[], values: (number | null)[], runId = 'r-a'): ChartLine {
  return {
    runId, name: runId, steps, values, elapsed: steps.map((_, index) => index * 2000),
    lastText: '', lowestText: '', highestText: '', pointsText: '', problem: '',
  };
}

describe('the columns of a chart', () => {
  it('put lines with other steps onto one axis; a missing point is no gap', () => {
    const columns = columnsOf([line([1, 3], [10, 30]), line([2, 3], [5, null])], 'step', false);
    assert.deepEqual(columns, [[1, 2, 3], [10, undefined, 30], [undefined, 5, null]]);
  });

  it('go by seconds over time, and count a repeated step as it was last', () => {
    assert.deepEqual(columnsOf([line([1, 1], [10, 11])], 'time', false), [[0, 2], [10, 11]]);
    assert.deepEqual(columnsOf([line([1, 1], [10, 11])], 'step', false), [[1], [11]]);
  });

  it('leave out of a logarithmic chart what has no logarithm', () => {
    assert.deepEqual(columnsOf([line([1, 2], [0, 1])], 'step', true), [[1, 2], [null, 1]]);
  });

  it('go by time when the log tells no steps', () => {
    assert.equal(usableAxis({ series: 'x', lines: [line([null], [1])] }, 'step'), 'time');
    assert.equal(usableAxis({ series: 'x', lines: [line([4], [1])] }, 'step'), 'step');
  });

  it('are sampled for the text table, the last value always there', () => {
    const long = line(Array.from({ length: 101 }, (_, i) => i), Array.from({ length: 101 }, (_, i) => i));
    const rows = sampledRows(long, 50);
    assert.equal(rows[0]?.value, 100);
    assert.ok(rows.length <= 50);
    assert.deepEqual(sampledRows(line([], []), 50), []);
  });

  it('show time as a stopwatch does', () => {
    assert.deepEqual([clockText(0), clockText(65_000), clockText(3_725_000)], ['0:00', '1:05', '1:02:05']);
  });
});

describe('what a page sends', () => {
  it('is taken when it is a known request', () => {
    const ready = { kind: 'ready', selection: { runIds: ['r-a'], series: null } };
    assert.deepEqual(asPageMessage(ready), ready);
    const stop = { kind: 'request', id: 3, request: { name: 'command', command: 'runctl.stopRun', runId: 'r-a' } };
    assert.deepEqual(asPageMessage(stop), stop);
  });

  it('is refused when it asks for any other command or has another shape', () => {
    const command = (name: unknown, runId: unknown = null) =>
      ({ kind: 'request', id: 1, request: { name: 'command', command: name, runId } });
    const bad = [
      null, 'ready', { kind: 'other' }, command('workbench.action.terminal.new'),
      command('runctl.deleteRun'), command('__proto__'), command('runctl.stopRun', { id: 1 }),
      command('runctl.stopRun', 'x'.repeat(501)), { ...command('runctl.launch'), id: 'one' },
    ];
    for (const message of bad) {
      assert.equal(asPageMessage(message), undefined, JSON.stringify(message));
    }
    assert.ok(!PAGE_COMMANDS.has('runctl.deleteRun'));
  });

  it('loses a selection that makes no sense, not the message', () => {
    const message = asPageMessage({ kind: 'ready', selection: { runIds: [1], series: 'loss' } });
    assert.deepEqual(message, { kind: 'ready', selection: { runIds: null, series: null } });
  });
});

describe('what a page keeps', () => {
  it('is read back, whatever an older version wrote', () => {
    const state = asPageState(undefined);
    assert.deepEqual(asPageState(JSON.parse(JSON.stringify(state))), state);
    const odd = asPageState({ table: { column: 'gone', page: -4, filter: 7 }, runIds: [1, 'r-a'], log: 1 });
    assert.deepEqual(
      [odd.table.column, odd.table.page, odd.table.filter, odd.runIds, odd.log],
      ['started', 0, '', ['r-a'], false],
    );
  });
});

describe('the page itself', () => {
  it('may do exactly what it must', () => {
    assert.equal(
      contentSecurityPolicy('N', 'https://x.test'),
      "default-src 'none'; script-src 'nonce-N'; style-src https://x.test 'nonce-N'; " +
        'img-src https://x.test; font-src https://x.test',
    );
  });

  it('carries its nonce and escapes what it is given', () => {
    const html = dashboardHtml({
      nonce: 'N', cspSource: 'c', script: 'a"b', style: 's', language: 'de', title: '<b>',
    });
    assert.ok(html.includes('<meta property="csp-nonce" content="N">'));
    assert.ok(!html.includes('<b>') && !html.includes('a"b'));
    assert.ok(!/ style=|<style|onload=/.test(html));
  });

  it('has a text for every name, and fills places in', () => {
    for (const [name, text] of Object.entries(dashboardStrings())) {
      assert.ok(typeof text === 'string' && text !== '', name);
    }
    assert.equal(format('{1} of {0}, {2}', 'a', 2), '2 of a, {2}');
    assert.equal(format('{0}', '$&'), '$&');
  });
});
