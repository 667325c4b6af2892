import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { completionsAt } from '../../../src/core/config/completion.ts';
import { hoverAt } from '../../../src/core/config/hover.ts';
import { launchLines } from '../../../src/core/config/launch-lines.ts';
import { outlineToml } from '../../../src/core/config/line-scan.ts';
import { parseConfig } from '../../../src/core/config/parse.ts';
import { starterConfig } from '../../../src/core/config/starter.ts';
import { isInside } from './helpers.ts';

const SAMPLE = [
  '# a comment',
  '[runs.train] # the usual',
  'command = ["python3", "train.py"]',
  'args = [',
  '  "--epochs", "10", # ten',
  ']',
  'env = { A = "1", "B" = \'2\' }',
  "metrics = 'step (?<step>\\d+) loss (?<loss>[\\d.]+)'",
  'grace = "1m30s"',
  'keep_best = { metric = "loss", mode = "min" }',
  '[runs."with quotes"]',
  'command = """',
  'two lines"""',
  '[machines.lab]',
  'host = "gpu.example.org"',
  'aws.region = "us-east-1"',
  '[costs]',
  'monthly_budget = 12.5',
  '[[sync]]',
  'exclude = ["é", "😀", "\\u00e9"]',
  'when = 1979-05-27T07:32:00Z',
].join('\n');

const PIECES = [
  '[', ']', '[[', '{', '}', '"', "'", '"""', "'''", '=', '.', ',', '#', '\n', '\r\n', '\r', '\\',
  ' ', '\t', '\0', '\uFEFF', '\u2028', '\uD800', '😀', 'runs', 'runs.a', 'command', '__proto__',
  'constructor', 'toString', 'true', '1e999', '-', '1979-05-27', '99999999999999999999', 'api_key',
];

/** The sample with some spans cut out, doubled or replaced by troublesome pieces. */
const mutated = fc
  .array(
    fc.record({
      at: fc.nat(SAMPLE.length),
      length: fc.nat(20),
      piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 })),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((changes) =>
    changes.reduce(
      (text, { at, length, piece }) => text.slice(0, at) + piece + text.slice(at + length),
      SAMPLE,
    ),
  );
const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((all) => all.join(''));
const anyText = fc.oneof(mutated, soup, fc.string({ unit: 'binary', maxLength: 200 }));

// A fixed seed: the same texts every time.
const RUNS = { seed: 20_260_101, numRuns: 1500 };

describe('Whatever is typed into a configuration file', () => {
  it('is parsed without throwing, with problems inside the text', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const { config, problems } = await parseConfig(text, 'f');
        const shown = text.replace(/^\uFEFF/, '');
        for (const problem of problems) {
          assert(isInside(shown, problem.range), JSON.stringify(problem));
          assert(problem.fix === null || isInside(shown, problem.fix.range));
          assert.notEqual(problem.message, '');
        }
        assert.equal(config === null, problems.some((one) => one.severity === 'error'));
      }),
      RUNS,
    );
  });

  it('never confuses completion, hover and Launch, and they replace text at the cursor', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), (text, place) => {
        const offset = text.length === 0 ? 0 : place % (text.length + 1);
        for (const { start, end } of completionsAt(text, offset)) {
          assert(start <= offset && offset <= end && end <= text.length);
          // VS Code takes completions on one line only.
          assert.doesNotMatch(text.slice(start, end), /[\r\n]/);
        }
        const hover = hoverAt(text, offset);
        assert(!hover || (hover.start <= offset && offset <= hover.end));
        for (const { start } of launchLines(outlineToml(text))) {
          assert(start < text.length);
        }
      }),
      RUNS,
    );
  });

  it('is mended by at least one fix without making the text worse', async () => {
    const text = starterConfig('train.py').replace('command', 'comand');
    const { problems } = await parseConfig(text, 'f');
    const fix = problems.find((one) => one.fix)?.fix;
    assert(fix);
    const lines = text.split('\n');
    const line = lines[fix.range.startLine] ?? '';
    lines[fix.range.startLine] =
      line.slice(0, fix.range.startColumn) + fix.text + line.slice(fix.range.endColumn);
    assert.deepEqual((await parseConfig(lines.join('\n'), 'f')).problems, []);
  });
});
