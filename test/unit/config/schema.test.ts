import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { configJsonSchema, freeChild, keysOf } from '../../../src/core/config/json-schema.ts';
import type { JsonSchema } from '../../../src/core/config/json-schema.ts';
import { parseConfig } from '../../../src/core/config/parse.ts';
import { parseDuration } from '../../../src/core/config/schema/duration.ts';
import { defaultConfig } from '../../../src/core/config/schema.ts';

describe('The configuration schema', () => {
  it('fills every key of every section when the file is empty', () => {
    const config = defaultConfig();
    const incomplete = keysOf(configJsonSchema()).filter(([section, schema]) => {
      const values = (config as Record<string, object>)[section];
      return keysOf(schema).some(([key]) => !Object.hasOwn(values ?? {}, key));
    });
    assert.deepEqual(incomplete, []);
    assert.equal(config.checkpoint.keep_last_n, 10);
    assert.equal(config.local.default_device, 'auto');
    assert.equal(config.aws.region, 'us-east-1');
    assert.equal(config.ssh.connect_timeout, null);
  });

  it('fills every key of a run profile that only names a command', async () => {
    const { config } = await parseConfig('[runs.a]\ncommand = "train.py"', 'f');
    assert.deepEqual(config?.runs['a'], {
      command: ['train.py'],
      args: [],
      env: {},
      cwd: '.',
      checkpoint_dir: null,
      checkpoints: [],
      metrics: null,
      provider: null,
      machine: null,
      resume_args: ['--resume', '{checkpoint}'],
      secrets: [],
      setup: null,
      setup_inputs: ['requirements.txt', 'pyproject.toml', 'uv.lock', 'environment.yml'],
      setup_outputs: [],
      grace: 30,
      shared_directory: false,
      max_hours: null,
      idle_minutes: null,
      after_run: 'terminate',
      hold_on_failure: 1800,
      webhook: null,
      durable: null,
      keep_last: null,
      keep_best: null,
      cache: null,
    });
  });

  it('describes every section and key', () => {
    assert.deepEqual(undescribed(configJsonSchema(), ''), []);
  });

  it('keeps the JSON schema to what every regex dialect and TOML know', () => {
    const text = JSON.stringify(configJsonSchema());
    const patterns = [...text.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map((one) => one[1]);
    assert(patterns.length > 10);
    assert.deepEqual(patterns.filter((one) => /\(\?|\\\\0/.test(one ?? '')), []);
    assert.doesNotMatch(text, /"null"|null/);
  });

  it('gives fresh defaults each time', () => {
    const one = defaultConfig();
    one.sync.exclude.push('data/');
    assert.deepEqual(defaultConfig().sync.exclude, []);
  });
});

describe('A configuration file', () => {
  const accepted: Record<string, string> = {
    project: '[project]\nname = "digits"',
    runs: [
      '[runs.full-1]',
      'command = ["python3", "-m", "train", ""]',
      'args = ["--lr", "1e-3", ""]',
      'env = { A = "", B_2 = "x" }',
      'cwd = "sub"',
      'checkpoint_dir = "out"',
      'checkpoints = ["*.pt", "step_*/**"]',
      String.raw`metrics = 'step (?<step>\d+) loss (?<loss>[\d.]+)'`,
      'provider = "runpod"',
      'machine = "lab"',
      'resume_args = []',
      'secrets = ["HF_TOKEN"]',
      'setup = "./setup.sh"',
      'setup_inputs = ["uv.lock"]',
      'setup_outputs = [".venv"]',
      'grace = "1m30s"',
      'shared_directory = true',
      'max_hours = 1.5',
      'idle_minutes = 30',
      'after_run = "keep"',
      'hold_on_failure = 0',
      'webhook = "https://example.org/x"',
      'durable = "s3://my-bucket/runs/a_1"',
      'keep_last = 3',
      'keep_best = { metric = "loss" }',
      'cache = "~/.cache/runctl"',
    ].join('\n'),
    checkpoint: '[checkpoint]\ndir = "c"\nsave_interval = 1\nkeep_last_n = 2',
    monitoring:
      '[monitoring]\nlog_dir = "l"\nupdate_interval_secs = 5\nenable_warnings = false',
    sync: '[sync]\nexclude = ["data/"]',
    costs:
      '[costs]\nmax_hours = 12\nmax_per_hour = 2.5\ndaily_budget = 5\nmonthly_budget = 50\n' +
      'warn_at_percent = 50',
    local: '[local]\ndefault_device = "cuda:1"\ncheckpoint_dir = "ck"',
    ssh:
      '[ssh]\nuser = "me"\nport = 2222\ndirectory = "~/x"\nconnect_timeout = "5s"\n' +
      'keepalive = 10',
    machines:
      '[machines.lab]\nhost = "::1"\nuser = "me"\nport = 22\ndirectory = "/d"\n' +
      'price_per_hour = 0.35',
    aws:
      '[aws]\nregion = "eu-central-1"\ndefault_instance_type = "g5.xlarge"\n' +
      'default_ami = "ami-08fa3ed5577079e64"\nuse_spot = true\nspot_max_price = 0.5\n' +
      'iam_instance_profile = "p"\ns3_bucket = "my-bucket"\ndefault_project_name = "p"\n' +
      'user_id = "u"',
    runpod: '[runpod]\ndefault_gpu = "A"\ndefault_disk_gb = 40\ndefault_image = "i:1"',
    lyceum: '[lyceum]\ndefault_gpu = "h100"\ngpu_count = 8\nuse_spot = true\nssh_user = "u"',
    docker:
      '[docker]\nimage = "i"\ndockerfile = "Dockerfile"\nregistry = "r/x"\n' +
      'build_args = { A = "1" }\ncache_from = ["i"]',
  };

  for (const [section, text] of Object.entries(accepted)) {
    it(`may set every key of [${section}]`, async () => {
      const { problems, values, config } = await parseConfig(text, 'f');
      assert.deepEqual(problems, []);
      const schema = configJsonSchema().properties?.[section];
      const table = values?.[section] as Record<string, object>;
      const given = freeChild(schema) === undefined ? table : Object.values(table)[0];
      const known = keysOf(freeChild(schema) ?? schema).map(([key]) => key);
      assert.deepEqual(Object.keys(given ?? {}).sort(), known.sort());
      assert.notEqual(config, null);
    });
  }

  it('is tried with every section there is', () => {
    const sections = keysOf(configJsonSchema()).map(([name]) => name);
    assert.deepEqual(Object.keys(accepted).sort(), sections.sort());
  });

  it('turns dollars into whole micro-dollars', async () => {
    const { config } = await parseConfig('[costs]\nmax_per_hour = 0.1', 'f');
    assert.equal(config?.costs.max_per_hour, 100_000);
  });
});

describe('A duration', () => {
  const seconds: [string, number | undefined][] = [
    ['30s', 30],
    ['5m', 300],
    ['1h30m', 5400],
    ['2d', 172_800],
    ['1d1h1m1s', 90_061],
    ['0s', 0],
    ['', undefined],
    ['30', undefined],
    ['1m1h', undefined],
    ['1.5h', undefined],
    ['-5s', undefined],
    ['5 m', undefined],
    ['5M', undefined],
  ];
  for (const [text, expected] of seconds) {
    it(`reads "${text}" as ${expected ?? 'nothing'}`, () => {
      assert.equal(parseDuration(text), expected);
    });
  }
});

function undescribed(schema: JsonSchema, path: string): string[] {
  const table = freeChild(schema) ?? schema;
  return keysOf(table).flatMap(([key, child]) => {
    const here = `${path}${key}`;
    return [...(child.description ? [] : [here]), ...undescribed(child, `${here}.`)];
  });
}
