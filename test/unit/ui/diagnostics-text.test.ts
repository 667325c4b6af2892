import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  changedSettings,
  diagnosticsMarkdown,
  ledgerFacts,
  providerFacts,
  runFacts,
} from '../../../src/ui/commands/diagnostics-text.ts';
import { NOW, sampleMachine, sampleRun, sampleSnapshot, sampleView } from '../../support/samples.ts';

describe('diagnostics', () => {
  it('show each group as a list, and the end of our log in a fence nothing in it can close', () => {
    const log = Array.from({ length: 250 }, (_, index) => `line ${index}`);
    const facts = [['A', 'x\ny'], ['B', '']] as const;
    const groups = [{ title: 'One', facts }, { title: 'Two', facts: [] }];
    const text = diagnosticsMarkdown('Read it.', groups, [...log, '````']);
    assert.match(text, /^# runctl diagnostics\n\nRead it\.\n\n## One\n\n- A: x y\n- B: —\n\n## Two\n\n- none\n/);
    assert.match(text, /the last 200 lines\n\n`{5}text\nline 51\n[^]*line 249\n````\n`{5}\n$/);
    assert.doesNotMatch(text, /line 50\n/);
  });

  it('count runs by state', () => {
    const states = ['running', 'failed', 'failed'] as const;
    const facts = runFacts(states.map((state) => sampleView({ run: sampleRun({ state }) })));
    assert.deepEqual(facts.slice(0, 3), [['Runs', '3'], ['failed', '2'], ['running', '1']]);
    assert.equal(facts.length, 6);
  });

  it('tell of providers what is wrong and how old it is', () => {
    const snapshot = sampleSnapshot([], [sampleMachine({ problem: 'no answer' })]);
    const providers = snapshot.providers.map((part) => ({ ...part, problem: 'the net is down' }));
    const [provider, machine] = providerFacts({ ...snapshot, providers }, NOW + 3_600_000);
    assert.match(provider?.[1] ?? '', /^1 machines, 0 resources, seen 1.*, problem: the net is down$/);
    assert.deepEqual(machine, ['Machine local/localhost', 'no answer']);
  });

  it('name settings that differ from the default, and where they were set', () => {
    const setting = (name: string, user: unknown, workspace?: unknown) => ({
      name,
      values: { default: 8, user, workspace, folder: undefined },
    });
    const list = [setting('a', undefined), setting('b', 8), setting('c', 9), setting('d', 8, 0)];
    assert.deepEqual(changedSettings(list), [['c', '9 (user)'], ['d', '0 (workspace)']]);
  });

  it('tell how the ledger is kept and who works in the background', () => {
    const facts = { bytes: 2_000_000, journal: 'wal', schema: 3, elected: 'this' };
    assert.deepEqual(ledgerFacts('/x/ledger.sqlite', facts).map(([, value]) => value), [
      '/x/ledger.sqlite', '2.0 MB', 'wal', '3', 'this',
    ]);
  });
});
