import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MAX_CONFIG_LENGTH, parseConfig } from '../../../src/core/config/parse.ts';
import type { ConfigProblem } from '../../../src/core/config/problem.ts';
import { covered, fixed } from './helpers.ts';

interface Mistake {
  readonly title: string;
  readonly text: string;
  /** Line, column and end column, from 0. */
  readonly at: readonly [number, number, number];
  readonly covers: string;
  readonly code: ConfigProblem['code'];
  readonly message: RegExp;
  readonly mended?: string;
}

const RUN = '[runs.a]\ncommand = "t.py"\n';

const MISTAKES: readonly Mistake[] = [
  {
    title: 'a misspelt key',
    text: `${RUN}checkpont_dir = "x"`,
    at: [2, 0, 13],
    covers: 'checkpont_dir',
    code: 'unknown-key',
    message: /no key "checkpont_dir" in \[runs\.a\].*Did you mean "checkpoint_dir"/,
    mended: `${RUN}checkpoint_dir = "x"`,
  },
  {
    title: 'a key in camel case',
    text: `${RUN}  sharedDirectory = true`,
    at: [2, 2, 17],
    covers: 'sharedDirectory',
    code: 'unknown-key',
    message: /Did you mean "shared_directory"/,
    mended: `${RUN}  shared_directory = true`,
  },
  {
    title: 'a misspelt section',
    text: '\n[ checkpoints ]\ndir = "x"',
    at: [1, 2, 13],
    covers: 'checkpoints',
    code: 'unknown-key',
    message: /no section "checkpoints".*Did you mean "checkpoint"/,
    mended: '\n[ checkpoint ]\ndir = "x"',
  },
  {
    title: 'an unknown key far from all others',
    text: '[sync]\nzzzzzzzz = 1',
    at: [1, 0, 8],
    covers: 'zzzzzzzz',
    code: 'unknown-key',
    message: /Known here: exclude/,
  },
  {
    title: 'a choice that is none',
    text: `${RUN}provider = "locl" # here`,
    at: [2, 11, 17],
    covers: '"locl"',
    code: 'invalid-value',
    message: /Use one of "local", "ssh"/,
    mended: `${RUN}provider = "local" # here`,
  },
  {
    title: 'a number within a list of texts',
    text: `${RUN}args = ["--lr", 1e-3]`,
    at: [2, 16, 20],
    covers: '1e-3',
    code: 'invalid-value',
    message: /Expected text in quotes, not 0\.001/,
    mended: `${RUN}args = ["--lr", "1e-3"]`,
  },
  {
    title: 'a duration with a blank',
    text: `${RUN}grace = "30 s"`,
    at: [2, 8, 14],
    covers: '"30 s"',
    code: 'invalid-value',
    message: /Write a duration such as "30s"/,
  },
  {
    title: 'a broken regular expression',
    text: `${RUN}metrics = '(?<loss>'`,
    at: [2, 10, 20],
    covers: "'(?<loss>'",
    code: 'invalid-value',
    message: /Invalid regular expression: \/\(\?<loss>\//,
  },
  {
    title: 'a regular expression that names nothing',
    text: `${RUN}metrics = 'loss ([0-9.]+)'`,
    at: [2, 10, 26],
    covers: "'loss ([0-9.]+)'",
    code: 'invalid-value',
    message: /Name at least one group/,
  },
  {
    title: 'a run without a command',
    text: '[runs.b]\nargs = []',
    at: [0, 6, 7],
    covers: 'b',
    code: 'missing-key',
    message: /\[runs\.b\] needs the key "command"/,
  },
  {
    title: 'the second run without a command',
    text: `${RUN}[runs.b]\nargs = []`,
    at: [2, 6, 7],
    covers: 'b',
    code: 'missing-key',
    message: /\[runs\.b\] needs the key "command"/,
  },
  {
    title: 'a key missing in an inline table',
    text: `${RUN}keep_best = { mode = "max" }`,
    at: [2, 0, 9],
    covers: 'keep_best',
    code: 'missing-key',
    message: /\[runs\.a\.keep_best\] needs the key "metric"/,
  },
  {
    title: 'a choice in an inline table',
    text: `${RUN}keep_best = { metric = "loss", mode = "least" }`,
    at: [2, 38, 45],
    covers: '"least"',
    code: 'invalid-value',
    message: /Use one of "min", "max"/,
  },
  {
    title: 'a value in a dotted key',
    text: 'checkpoint.keep_last_n = 0',
    at: [0, 25, 26],
    covers: '0',
    code: 'invalid-value',
    message: /Must be at least 1/,
  },
  {
    title: 'half a gigabyte',
    text: '[runpod]\ndefault_disk_gb = 1.5',
    at: [1, 18, 21],
    covers: '1.5',
    code: 'invalid-value',
    message: /Expected a whole number, not 1\.5/,
  },
  {
    title: 'a list where a text belongs, over two lines',
    text: '[project]\nname = [\n"a"]',
    at: [1, 7, 4],
    covers: '[\n"a"]',
    code: 'invalid-value',
    message: /Expected text in quotes, not a list/,
  },
  {
    title: 'an API key',
    text: '[runpod]\napi_key = "rp_x"\ndefault_disk_gb = 5',
    at: [1, 0, 7],
    covers: 'api_key',
    code: 'credential',
    message: /runctl: Set API Key/,
    mended: '[runpod]\ndefault_disk_gb = 5',
  },
  {
    title: 'an AWS profile',
    text: '[aws]\nprofile = "work"',
    at: [1, 0, 7],
    covers: 'profile',
    code: 'credential',
    message: /choose the profile in the settings/,
    mended: '[aws]\n',
  },
  {
    title: 'a key file of a machine',
    text: '[machines.lab]\nhost = "h"\nidentity_file = "~/.ssh/id"',
    at: [2, 0, 13],
    covers: 'identity_file',
    code: 'credential',
    message: /SSH configuration/,
  },
  {
    title: 'a name that cannot be a variable',
    text: `${RUN}env = { "A B" = "x" }`,
    at: [2, 8, 13],
    covers: '"A B"',
    code: 'invalid-value',
    message: /"A B" is not a usable name/,
  },
  {
    title: 'a host that would be read as an option',
    text: '[machines.lab]\nhost = "-oProxyCommand=x"',
    at: [1, 7, 25],
    covers: '"-oProxyCommand=x"',
    code: 'invalid-value',
    message: /start with a hyphen/,
  },
  {
    title: 'a machine in a list of tables',
    text: '[[machines]]\nhost = "h"',
    at: [0, 2, 10],
    covers: 'machines',
    code: 'invalid-value',
    message: /Expected a table, not a list/,
  },
  {
    title: 'text without quotes',
    text: `${RUN}provider = local # here`,
    at: [2, 11, 16],
    covers: 'local',
    code: 'syntax',
    message: /Text needs quotes/,
    mended: `${RUN}provider = "local" # here`,
  },
  {
    title: 'a missing value',
    text: '[runs.a]\ncommand =\n[aws]',
    at: [1, 8, 9],
    covers: '=',
    code: 'syntax',
    message: /value is missing/,
  },
  {
    title: 'an open string',
    text: '[runs.a]\ncommand = "t.py\n[aws]',
    at: [1, 10, 15],
    covers: '"t.py',
    code: 'syntax',
    message: /closing quote is missing/,
  },
  {
    title: 'a section written twice',
    text: '[aws]\n[runpod]\n[aws]',
    at: [2, 1, 5],
    covers: 'aws]',
    code: 'syntax',
    message: /defined twice/,
  },
  {
    title: 'two keys on a line',
    text: '[aws]\nuse_spot = true region = "x"',
    at: [1, 16, 28],
    covers: 'region = "x"',
    code: 'syntax',
    message: /Only one key and value/,
  },
];

describe('A mistake in a configuration file', () => {
  for (const mistake of MISTAKES) {
    it(`is shown at its place: ${mistake.title}`, async () => {
      const { config, problems } = await parseConfig(mistake.text, '/w/.runctl.toml');
      assert.equal(problems.length, 1, JSON.stringify(problems, null, 1));
      const [problem] = problems;
      assert(problem);
      const { startLine, startColumn, endColumn } = problem.range;
      assert.equal(covered(mistake.text, problem.range), mistake.covers);
      assert.deepEqual([startLine, startColumn, endColumn], mistake.at);
      assert.equal(problem.code, mistake.code);
      assert.match(problem.message, mistake.message);
      assert.equal(problem.severity, 'error');
      assert.equal(problem.file, '/w/.runctl.toml');
      assert.equal(config, null);
      if (mistake.mended !== undefined) {
        assert.equal(fixed(mistake.text, problem), mistake.mended);
      }
    });

    it(`keeps its place with Windows line ends: ${mistake.title}`, async () => {
      const text = mistake.text.replaceAll('\n', '\r\n');
      const [problem] = (await parseConfig(text, 'f')).problems;
      assert(problem);
      const { startLine, startColumn, endColumn } = problem.range;
      assert.deepEqual([startLine, startColumn, endColumn], mistake.at);
    });
  }

  it('does not hide the others, which come in the order of the text', async () => {
    const text = `foo = 1\n${RUN}grace = "x"\nbar = 2\n[aws]\nregion = 3`;
    const { problems } = await parseConfig(text, 'f');
    assert.deepEqual(problems.map((one) => one.path), [
      'foo',
      'runs.a.grace',
      'runs.a.bar',
      'aws.region',
    ]);
  });

  it('offers no new name for a key when that name is there already', async () => {
    const { problems } = await parseConfig(`${RUN}comand = "x"`, 'f');
    assert.equal(problems[0]?.fix, null);
    assert.match(problems[0].message, /Did you mean "command"/);
  });

  it('is a rule of ours, not the schema\'s, when only code can find it', async () => {
    const { problems } = await parseConfig(`${RUN}metrics = "("\ngrace = "x"`, 'f');
    assert.deepEqual(problems.map((one) => one.layer), ['rule', 'schema']);
  });
});

describe('A warning', () => {
  it('shows a secret in plain text and leaves the file usable', async () => {
    const text = `${RUN}env = { HF_TOKEN = "hf_x", TOKENIZERS_PARALLELISM = "1", WANDB_API_KEY = "" }`;
    const { config, problems } = await parseConfig(text, 'f');
    assert.deepEqual(problems.map((one) => [one.path, one.severity]), [
      ['runs.a.env.HF_TOKEN', 'warning'],
    ]);
    assert.equal(covered(text, problems[0]!.range), '"hf_x"');
    assert.notEqual(config, null);
  });

  it('shows a command line that no shell will split, and how to write it', async () => {
    const text = '[runs.a]\ncommand = "python train.py --lr 1"';
    const [problem] = (await parseConfig(text, 'f')).problems;
    assert.equal(
      fixed(text, problem!),
      '[runs.a]\ncommand = ["python", "train.py", "--lr", "1"]',
    );
  });

  it('does not split what only a shell could', async () => {
    const text = "[runs.a]\ncommand = 'sh -c \"echo $HOME\"'";
    const [problem] = (await parseConfig(text, 'f')).problems;
    assert.equal(problem?.code, 'command-line');
    assert.equal(problem.fix, null);
  });

  it('leaves an absolute path with a blank alone', async () => {
    assert.deepEqual((await parseConfig('[runs.a]\ncommand = "/a b/t.py"', 'f')).problems, []);
  });

  it('shows resume arguments that name no checkpoint', async () => {
    const { problems } = await parseConfig(`${RUN}resume_args = ["--resume"]`, 'f');
    assert.deepEqual(problems.map((one) => one.code), ['resume-args']);
  });
});

describe('Parsing a configuration file', () => {
  it('reads an empty file as the defaults', async () => {
    for (const text of ['', '\n', '# nothing', '\uFEFF']) {
      const { config, problems, values } = await parseConfig(text, 'f');
      assert.deepEqual([problems, Object.keys(values ?? {})], [[], []]);
      assert.equal(config?.checkpoint.dir, 'checkpoints');
    }
  });

  it('counts columns after a byte order mark as VS Code does', async () => {
    const [problem] = (await parseConfig('\uFEFFfoo = 1', 'f')).problems;
    assert.deepEqual([problem?.range.startColumn, problem?.range.endColumn], [0, 3]);
  });

  it('refuses names that would reach into JavaScript objects', async () => {
    for (const text of ['__proto__ = 1', '[runs.__proto__]\ncommand = "x"', 'a.constructor = 1']) {
      const { config, problems } = await parseConfig(text, 'f');
      assert.equal(config, null);
      assert.equal(problems.length, 1);
    }
  });

  it('reports a text that is nested too deeply or too long instead of hanging', async () => {
    for (const text of [`a = ${'['.repeat(100_000)}`, `#${' '.repeat(MAX_CONFIG_LENGTH)}`]) {
      const { config, problems } = await parseConfig(text, 'f');
      assert.equal(config, null);
      assert.equal(problems.length, 1);
    }
  });

  it('gives equal answers for equal texts', async () => {
    const text = `${RUN}foo = 1`;
    assert.deepEqual(await parseConfig(text, 'f'), await parseConfig(text, 'f'));
  });
});
