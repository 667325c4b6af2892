import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { launchLines } from '../../../src/core/config/launch-lines.ts';
import { outlineToml } from '../../../src/core/config/line-scan.ts';
import { parseConfig } from '../../../src/core/config/parse.ts';
import { starterConfig } from '../../../src/core/config/starter.ts';

describe('The starter file', () => {
  it('parses without problems and runs the script', async () => {
    for (const script of ['train.py', 'dir with "quotes"/träin.py', String.raw`a\b.py`]) {
      const { config, problems } = await parseConfig(starterConfig(script), 'f');
      assert.deepEqual(problems, []);
      assert.deepEqual(config?.runs['train']?.command, [script]);
    }
  });

  it('names no profile when no script is known, but holds one as a comment', async () => {
    const text = starterConfig(null);
    const { config, problems } = await parseConfig(text, 'f');
    assert.deepEqual([problems, config?.runs], [[], {}]);
    const used = text.replaceAll(/^# (\[runs\.train\]|command = |args = )/gm, '$1');
    assert.deepEqual((await parseConfig(used, 'f')).config?.runs['train']?.command, ['train.py']);
  });

  it('stays right when everything that is commented out is used', async () => {
    const used = starterConfig('train.py').replaceAll(/^# (\[[a-z.]+\]$|[a-z_]+ = )/gm, '$1');
    const { config, problems } = await parseConfig(used, 'f');
    assert.deepEqual(problems, []);
    assert.deepEqual(config?.runs['train']?.secrets, ['HF_TOKEN']);
    assert.equal(config.machines['lab']?.host, 'gpu.example.org');
    assert.equal(config.costs.monthly_budget, 50_000_000);
  });
});

describe('The lines to launch from', () => {
  it('are the first of each run profile, however it is written', () => {
    const text = [
      '[runs.a]',
      'command = "x"',
      '[runs.a.env]',
      'A = "1"',
      '[runs]',
      'b = { command = "y" }',
      'c.command = "z"',
      'c.grace = "5s"',
      '[runs."d"] # done',
      'command = "w"',
      '[runs.unfinished',
    ].join('\n');
    const found = launchLines(outlineToml(text)).map(({ profile, start }) => [
      profile,
      text.slice(0, start).split('\n').length,
    ]);
    assert.deepEqual(found, [
      ['a', 1],
      ['b', 6],
      ['c', 7],
      ['d', 9],
    ]);
  });
});
