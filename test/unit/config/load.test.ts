import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { loadConfig } from '../../../src/core/config/load.ts';
import { mergeTables } from '../../../src/core/config/merge.ts';
import { userConfigPath } from '../../../src/core/config/user-config-path.ts';

describe('Loading the configuration', () => {
  let folder: string;
  let userFile: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-config-'));
    userFile = join(folder, 'user.toml');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function write(workspace: string | null, user: string | null): Promise<void> {
    if (workspace !== null) {
      await writeFile(join(folder, '.runctl.toml'), workspace);
    }
    if (user !== null) {
      await writeFile(userFile, user);
    }
  }

  it('gives the defaults when there is no file', async () => {
    const loaded = await loadConfig(folder, userFile);
    assert.equal(loaded.config?.checkpoint.dir, 'checkpoints');
    assert.deepEqual([loaded.files, loaded.problems], [[], []]);
    assert.equal(loaded.originOf(['checkpoint', 'dir']), 'default');
  });

  it('lays the workspace over the user over the defaults, key by key', async () => {
    await write('[checkpoint]\ndir = "w"', '[checkpoint]\ndir = "u"\nkeep_last_n = 3');
    const { config, files, originOf } = await loadConfig(folder, userFile);
    assert.deepEqual(config?.checkpoint, { dir: 'w', keep_last_n: 3, save_interval: 5 });
    assert.deepEqual(files, [join(folder, '.runctl.toml'), userFile]);
    assert.deepEqual(
      ['dir', 'keep_last_n', 'save_interval'].map((key) => originOf(['checkpoint', key])),
      ['workspace', 'user', 'default'],
    );
  });

  it('replaces lists whole and keeps what only one file names', async () => {
    await write(
      '[runs.a]\ncommand = "a.py"\nargs = ["w"]',
      '[runs.a]\ncommand = "u.py"\nargs = ["u", "v"]\ngrace = "5s"\n[runs.b]\ncommand = "b.py"',
    );
    const { config } = await loadConfig(folder, userFile);
    assert.deepEqual(config?.runs['a']?.args, ['w']);
    assert.deepEqual(config.runs['a'].command, ['a.py']);
    assert.equal(config.runs['a'].grace, 5);
    assert.deepEqual(config.runs['b']?.command, ['b.py']);
  });

  it('misses no key that the other file provides', async () => {
    await write('[machines.lab]\nport = 2222', '[machines.lab]\nhost = "h"');
    const { config, problems } = await loadConfig(folder, userFile);
    assert.deepEqual(problems, []);
    assert.equal(config?.machines['lab']?.host, 'h');
    assert.equal(config.machines['lab'].port, 2222);
  });

  it('warns of a machine that no file describes, where it is named', async () => {
    await write('[runs.a]\ncommand = "a.py"\nmachine = "nowhere"\n', '[machines.lab]\nhost = "h"');
    const { config, problems } = await loadConfig(folder, userFile);
    assert.notEqual(config, null);
    assert.deepEqual(
      problems.map(({ code, severity, path, range }) => [code, severity, path, range.startLine]),
      [['unknown-machine', 'warning', 'runs.a.machine', 2]],
    );
    assert.match(problems[0]?.message ?? '', /no machine “nowhere”.*\[machines\.nowhere\]/);
  });

  it('misses no machine that the other file describes, nor one of a provider', async () => {
    await write(
      '[runs.a]\ncommand = "a.py"\nmachine = "lab"\n[runs.b]\ncommand = "b.py"\nmachine = "local"\n',
      '[machines.lab]\nhost = "h"\n[runs.c]\ncommand = "c.py"\nprovider = "aws"\nmachine = "i-1"',
    );
    assert.deepEqual((await loadConfig(folder, userFile)).problems, []);
  });

  it('offers the machine that was meant', async () => {
    await write('[machines.lab]\nhost = "h"\n[runs.a]\ncommand = "a.py"\nmachine = "lob"\n', null);
    const { problems } = await loadConfig(folder, userFile);
    assert.equal(problems[0]?.fix?.text, '"lab"');
  });

  it('names the file of each problem and gives no half configuration', async () => {
    await write('[aws]\nregion = 3', '[costs]\nmonthly_budjet = 3');
    const { config, problems } = await loadConfig(folder, userFile);
    assert.equal(config, null);
    assert.deepEqual(problems.map(({ file, path }) => [file, path]), [
      [join(folder, '.runctl.toml'), 'aws.region'],
      [userFile, 'costs.monthly_budjet'],
    ]);
  });

  it('is not hindered by warnings', async () => {
    await write('[runs.a]\ncommand = "python t.py"', null);
    const { config, problems } = await loadConfig(folder, userFile);
    assert.equal(problems.length, 1);
    assert.notEqual(config, null);
  });

  it('uses the user\'s file alone where no folder is open', async () => {
    await write('[aws]\nregion = 3', '[checkpoint]\ndir = "u"');
    assert.equal((await loadConfig(null, userFile)).config?.checkpoint.dir, 'u');
  });

  it('reports a file that is there but cannot be read', async () => {
    await mkdir(join(folder, '.runctl.toml'));
    const { config, problems } = await loadConfig(folder, userFile);
    assert.equal(config, null);
    assert.deepEqual(problems.map((one) => one.code), ['unreadable']);
  });
});

describe('Merging tables', () => {
  it('does not merge a table with what is none', () => {
    assert.deepEqual(mergeTables({ a: { b: 1 }, c: 1 }, { a: 2, c: { d: 1 } }), {
      a: 2,
      c: { d: 1 },
    });
  });

  it('leaves both tables as they were', () => {
    const lower = { a: { b: 1 } };
    const upper = { a: { c: 2 } };
    assert.deepEqual(mergeTables(lower, upper), { a: { b: 1, c: 2 } });
    assert.deepEqual([lower, upper], [{ a: { b: 1 } }, { a: { c: 2 } }]);
  });
});

describe("The path of the user's file", () => {
  const cases: [string, Parameters<typeof userConfigPath>[0], string][] = [
    ['below ~/.config', { platform: 'linux', env: {}, home: '/h' }, '/h/.config/runctl/config.toml'],
    [
      'below ~/.config on macOS too',
      { platform: 'darwin', env: {}, home: '/h' },
      '/h/.config/runctl/config.toml',
    ],
    [
      'where XDG_CONFIG_HOME says',
      { platform: 'linux', env: { XDG_CONFIG_HOME: '/x' }, home: '/h' },
      '/x/runctl/config.toml',
    ],
    [
      'not where a relative XDG_CONFIG_HOME says',
      { platform: 'linux', env: { XDG_CONFIG_HOME: 'x' }, home: '/h' },
      '/h/.config/runctl/config.toml',
    ],
    [
      'below APPDATA on Windows',
      { platform: 'win32', env: { APPDATA: String.raw`C:\A` }, home: String.raw`C:\h` },
      String.raw`C:\A\runctl\config.toml`,
    ],
    [
      'in the roaming folder where APPDATA is unset',
      { platform: 'win32', env: {}, home: String.raw`C:\h` },
      String.raw`C:\h\AppData\Roaming\runctl\config.toml`,
    ],
  ];
  for (const [title, host, expected] of cases) {
    it(`is ${title}`, () => {
      assert.equal(userConfigPath(host), expected);
    });
  }
});
