import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { MAX_CONFIG_LENGTH, parseConfig } from '../../../src/core/config/parse.ts';
import { covered, fixed } from './helpers.ts';
import { MISTAKES, RUN } from './mistakes.ts';

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

describe('A hint', () => {
  const KEYS = 'max_hours = 1\nafter_run = "keep"\nhold_on_failure = "1h"\nwebhook = "https://a.b/c"\n';

  for (const place of ['', 'provider = "local"\n', 'machine = "local"\n']) {
    it(`says what does nothing on this machine, ${place.trim() || 'the default place'}`, async () => {
      const text = `${RUN}${place}${KEYS}`;
      const { config, problems } = await parseConfig(text, 'f');
      assert.deepEqual(
        problems.map((one) => [covered(text, one.range), one.severity, one.code]),
        ['after_run', 'hold_on_failure'].map((key) => [
          key,
          'information',
          'no-effect',
        ]),
      );
      assert.match(problems[0]!.message, /`after_run` does nothing.*local machine/);
      assert.notEqual(config, null);
    });
  }

  for (const place of ['machine = "lab"\n', 'provider = "ssh"\n']) {
    it(`says what does nothing on a machine that is not rented: ${place.trim()}`, async () => {
      const { problems } = await parseConfig(
        `[machines.lab]\nhost = "h"\n${RUN}${place}${KEYS}durable = "window"`,
        'f',
      );
      assert.deepEqual(
        problems.map((one) => [one.path, one.code]),
        ['runs.a.after_run', 'runs.a.hold_on_failure'].map((path) => [path, 'no-effect']),
      );
      assert.match(problems[0]!.message, /`after_run` does nothing.*not rented/);
    });
  }

  it('is not given where it may do something', async () => {
    const text = `${RUN}provider = "runpod"\n${KEYS}durable = "window"`;
    assert.deepEqual((await parseConfig(text, 'f')).problems, []);
  });

  it('says that nothing is downloaded from the local machine, and is silent about a bucket', async () => {
    const { problems } = await parseConfig(`${RUN}durable = "window"`, 'f');
    assert.deepEqual(problems.map((one) => [one.path, one.code]), [['runs.a.durable', 'no-effect']]);
    assert.deepEqual((await parseConfig(`${RUN}durable = "s3://bucket"`, 'f')).problems, []);
  });

  it('stands back where the value is wrong', async () => {
    const { problems } = await parseConfig(`${RUN}webhook = "ftp://a.b"`, 'f');
    assert.deepEqual(problems.map((one) => one.severity), ['error']);
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
