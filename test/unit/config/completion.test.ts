import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { completionsAt } from '../../../src/core/config/completion.ts';
import type { ConfigCompletion } from '../../../src/core/config/completion.ts';
import { atCursor } from './helpers.ts';

function complete(marked: string): readonly ConfigCompletion[] {
  const { text, offset } = atCursor(marked);
  return completionsAt(text, offset);
}

function labels(marked: string): readonly string[] {
  return complete(marked).map((one) => one.label);
}

/** The text after a choice, its snippet's stops taken out. */
function accepted(marked: string, label: string): string {
  const { text, offset } = atCursor(marked);
  const item = completionsAt(text, offset).find((one) => one.label === label);
  assert(item, `no "${label}" among ${labels(marked).join(', ')}`);
  const plain = item.snippet
    .replaceAll(/\$\{\d\|([^,|]*)[^|]*\|\}/g, '$1')
    .replaceAll(/\$\{\d:([^}]*)\}/g, '$1')
    .replaceAll(/\$\d/g, '')
    .replaceAll(/\\([\\$}])/g, '$1');
  return text.slice(0, item.start) + plain + text.slice(item.end);
}

describe('Completion of a section', () => {
  it('offers every section after a bracket', () => {
    const found = labels('[¦');
    assert(found.includes('[aws]'));
    assert(found.includes('[runs.NAME]'));
  });

  it('leaves out sections that are there, but never run profiles', () => {
    const found = labels('[aws]\n\n[runs.a]\ncommand = "x"\n\n[¦');
    assert(!found.includes('[aws]'));
    assert(found.includes('[runs.NAME]'));
  });

  it('closes the bracket unless it is closed', () => {
    assert.equal(accepted('[co¦', '[costs]'), '[costs]');
    assert.equal(accepted('[co¦]\n', '[costs]'), '[costs]\n');
    assert.equal(accepted('[ru¦]', '[runs.NAME]'), '[runs.train]');
  });

  it('does not swallow the lines after an open bracket', () => {
    assert.equal(accepted('[co¦\n[aws]\n', '[costs]'), '[costs]\n[aws]\n');
  });

  it('is offered on an empty line too, after the keys', () => {
    const found = labels('[sync]\n¦\n');
    assert.equal(found[0], 'exclude');
    assert(found.includes('[aws]'));
  });

  it('is all there is at the top of an empty file', () => {
    assert(labels('¦').every((label) => label.startsWith('[')));
    assert.equal(accepted('¦', '[project]'), '[project]\n');
  });
});

describe('Completion of a key', () => {
  it('offers the required key first', () => {
    assert.equal(labels('[runs.a]\n¦')[0], 'command');
    assert.equal(labels('[machines.a]\n¦')[0], 'host');
  });

  it('leaves out the keys that are there, before and after', () => {
    const found = labels('[runs.a]\ncommand = "x"\n¦\ngrace = "5s"\n');
    assert(!found.includes('command'));
    assert(!found.includes('grace'));
    assert(found.includes('args'));
  });

  it('knows the keys of another section with the same names', () => {
    const found = labels('[runs.a]\ncommand = "x"\n[runs.b]\nco¦');
    assert(found.includes('command'));
  });

  it('writes the key with a fitting start of its value', () => {
    const line = (label: string): string => accepted('[runs.a]\n¦', label).split('\n')[1] ?? '';
    assert.equal(line('command'), 'command = ""');
    assert.equal(line('args'), 'args = [""]');
    assert.equal(line('shared_directory'), 'shared_directory = true');
    assert.equal(line('after_run'), 'after_run = "terminate"');
    assert.equal(line('grace'), 'grace = "30s"');
    assert.equal(line('keep_best'), 'keep_best = {  }');
    assert.equal(line('max_hours'), 'max_hours = ');
  });

  it('replaces the whole word and keeps the value behind it', () => {
    assert.equal(accepted('[runs.a]\ngra¦ce_x = "5s"', 'grace'), '[runs.a]\ngrace = "5s"');
  });

  it('follows dots', () => {
    assert(labels('checkpoint.¦').includes('keep_last_n'));
    assert.deepEqual(labels('[runs.a]\nkeep_best.me¦'), ['metric', 'mode']);
    assert.equal(accepted('checkpoint.ke¦', 'keep_last_n'), 'checkpoint.keep_last_n = 10');
  });

  it('goes on in the middle of a file that does not parse', () => {
    const found = labels('[runs.a\ncommand = "x\nargs = ["a",\n[costs]\nmo¦\n[runs.b]\nx = = 1');
    assert(found.includes('monthly_budget'));
  });

  it('reads inline tables', () => {
    assert.deepEqual(labels('[runs.a]\nkeep_best = { ¦'), ['metric', 'mode']);
    assert.deepEqual(labels('[runs.a]\nkeep_best = { metric = "loss", mo¦ }'), ['mode']);
    assert.equal(
      accepted('[runs.a]\nkeep_best = { metric = "loss", ¦ }', 'mode'),
      '[runs.a]\nkeep_best = { metric = "loss", mode = "min" }',
    );
  });

  it('says what the key is for and what it takes', () => {
    const grace = complete('[runs.a]\n¦').find((one) => one.label === 'grace');
    assert.match(grace?.documentation ?? '', /TERM.*KILL/);
    assert.match(grace?.detail ?? '', /duration/);
  });

  it('has nothing to offer in an unknown section', () => {
    assert(labels('[nonsense]\n¦').every((label) => label.startsWith('[')));
  });
});

describe('Completion of a value', () => {
  it('offers the choices, with quotes where they are missing', () => {
    assert.deepEqual(labels('[runs.a]\nafter_run = ¦'), ['"terminate"', '"stop"', '"keep"']);
    assert.equal(accepted('[runs.a]\nafter_run = st¦', '"stop"'), '[runs.a]\nafter_run = "stop"');
    assert.equal(accepted('[runs.a]\nafter_run = "st¦"', 'stop'), '[runs.a]\nafter_run = "stop"');
    assert.equal(accepted("[runs.a]\nafter_run = '¦op'", 'stop'), "[runs.a]\nafter_run = 'stop'");
  });

  it('keeps the rest of the line when the closing quote is missing', () => {
    const text = accepted('[runs.a]\nafter_run = "st¦ # why\ngrace = "5s"', 'stop');
    assert.equal(text, '[runs.a]\nafter_run = "stop # why\ngrace = "5s"');
  });

  it('offers true and false', () => {
    assert.deepEqual(labels('[aws]\nuse_spot = ¦'), ['true', 'false']);
    assert.deepEqual(labels('[aws]\nuse_spot =t¦'), ['true', 'false']);
    assert.deepEqual(labels('[aws]\nuse_spot = "¦"'), []);
  });

  it('offers numbers where only some are allowed', () => {
    assert.deepEqual(labels('[lyceum]\ngpu_count = ¦'), ['1', '2', '4', '8']);
  });

  it('marks the default among examples', () => {
    const region = complete('[aws]\nregion = "¦"');
    assert.deepEqual(
      region.filter((one) => one.detail === 'default').map((one) => one.label),
      ['us-east-1'],
    );
    assert(region.length > 3);
  });

  it('offers the placeholder of a checkpoint', () => {
    const text = '[runs.a]\nresume_args = ["--ckpt", "¦"]';
    assert(labels(text).includes('{checkpoint}'));
    assert.equal(
      accepted(text, '{checkpoint}'),
      '[runs.a]\nresume_args = ["--ckpt", "{checkpoint}"]',
    );
  });

  it('follows a list over several lines', () => {
    const text = '[runs.a]\nresume_args = [ # two\n  "--ckpt",\n  "¦\n]\ngrace = "5s"';
    assert(labels(text).includes('{checkpoint}'));
  });

  it('offers the machines of the file', () => {
    const text = '[machines.lab]\nhost = "h"\n[machines.big]\nhost = "h"\n[runs.a]\nmachine = "¦"';
    assert.deepEqual(labels(text), ['local', 'lab', 'big']);
  });

  it('writes regular expressions so that TOML reads them unchanged', () => {
    const [first] = complete('[runs.a]\nmetrics = ¦');
    assert.match(first?.label ?? '', /^'.*\\d.*'$/);
    const [within] = complete('[runs.a]\nmetrics = "¦"');
    assert.match(within?.label ?? '', /^[^'].*\\\\d/);
  });

  it('keeps quiet in comments, after values and in unknown keys', () => {
    for (const text of [
      '# a¦',
      '[aws] # a¦',
      '[aws]\nuse_spot = true # ¦',
      '[aws]\nuse_spot = true ¦',
      '[runs.a]\nargs = ["x"] ¦',
      '[runs.a]\nargs = [ # ¦\n]',
      '[aws]¦',
      '[aws]\nnonsense = ¦',
      '[aws]\nregion ¦',
      '[aws]\nregion = """\n¦',
    ]) {
      assert.deepEqual(labels(text), [], text);
    }
  });
});
