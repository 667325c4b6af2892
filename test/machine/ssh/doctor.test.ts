import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import { SystemClock } from '../../../src/core/clock.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { doctorCheck } from '../../../src/providers/ssh/doctor-steps.ts';
import { runDoctor } from '../../../src/providers/ssh/doctor.ts';
import type { DoctorLine } from '../../../src/providers/ssh/doctor.ts';
import { AgentClient } from '../../../src/remote/agent/agent-client.ts';
import type { AgentSource } from '../../../src/remote/agent/agent-script.ts';
import type { SshSettings } from '../../../src/remote/ssh/ssh-settings.ts';
import { readAgent } from '../../support/agent-source.ts';
import { freePort, SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';
import { BASIC_TOOLS, toolbox } from '../../support/toolbox.ts';

type Lines = Readonly<Partial<Record<string, DoctorLine>>>;

describe('The check of a machine', function () {
  this.timeout(40_000);
  let bed: SshBed;
  let client: SshClient;
  let agentSource: AgentSource;
  before(async () => {
    agentSource = await readAgent();
  });
  beforeEach(async () => {
    bed = await SshBed.create();
    client = new SshClient(bed);
  });
  afterEach(async () => {
    await client.dispose();
    await bed.dispose();
  });

  const check = async (
    changes: Partial<SshSettings> = {},
    options: { clock?: Clock; onChange?: (lines: readonly DoctorLine[]) => void } = {},
  ): Promise<Lines> => {
    const clock = options.clock ?? new SystemClock();
    const { steps, close } = doctorCheck({
      settings: () => Promise.resolve(client.settings(changes)),
      services: client.services,
      clock,
      open: async () => {
        const shell = client.shell(changes);
        await shell.connection.launcher();
        return { shell, agent: new AgentClient(shell, agentSource, `${bed.home}/.runctl`) };
      },
    });
    const { signal } = new AbortController();
    const onChange = options.onChange ?? ((): void => undefined);
    const lines = await runDoctor(steps, { clock, onChange, signal });
    await close();
    return Object.fromEntries(lines.map((line) => [line.id, line]));
  };
  const levels = (lines: Lines): string =>
    Object.entries(lines).map(([id, line]) => `${id}:${line?.level ?? ''}`).join(' ');
  const way = 'config:ok name:ok tcp:ok kex:ok';

  it('says of a good machine that all is well, step by step while it goes on', async () => {
    const seen: string[] = [];
    const lines = await check({}, {
      onChange: (all) => seen.push(all.map(({ level }) => level.slice(0, 1)).join('')),
    });
    const { hostkey, python, gpu, uv, ...rest } = lines;
    assert.deepEqual([hostkey?.level, gpu?.level, uv?.level], ['warn', 'warn', 'warn']);
    assert.match(hostkey?.text ?? '', /SHA256:/);
    assert.ok(python);
    assert.deepEqual(Object.values(rest).filter((line) => line?.level !== 'ok'), []);
    assert.ok(Object.values(lines).every((line) => (line?.tookMs ?? -1) >= 0));
    assert.match(seen[0] ?? '', /^rw+$/);
    assert.equal(seen.length, 2 * Object.keys(lines).length);
    assert.equal((await check())['hostkey']?.level, 'ok', 'it is known by now');
  });

  it('stops at a name nobody knows', async () => {
    const lines = await check({ host: 'no-such-host.invalid' });
    assert.match(levels(lines), /^config:ok name:fail( \w+:skipped)+$/);
    assert.ok((lines['name']?.fix.length ?? 0) > 0);
  });

  it('stops at a port where nothing listens', async () => {
    const lines = await check({ port: await freePort() });
    assert.match(levels(lines), /^config:ok name:ok tcp:fail( \w+:skipped)+$/);
    assert.match(lines['tcp']?.text ?? '', /no SSH server listens/);
  });

  it('stops at a host key that changed, with both fingerprints', async () => {
    await check();
    await bed.newHostKey();
    const lines = await check();
    assert.match(levels(lines), new RegExp(`^${way} hostkey:fail( \\w+:skipped)+$`));
    assert.match(lines['hostkey']?.fix[0] ?? '', /SHA256:.*SHA256:/);
    assert.ok(lines['hostkey']?.action);
  });

  it('stops at a login with the wrong key, and names what was offered', async () => {
    const lines = await check({ identityFiles: [bed.makeKey('other')] });
    assert.match(levels(lines), new RegExp(`^${way} hostkey:\\w+ auth:fail( \\w+:skipped)+$`));
    assert.match(lines['auth']?.fix.join(' ') ?? '', /other/);
  });

  it('goes through the machine before it', async () => {
    const jump = client.settings({ alias: 'gate' });
    const lines = await check({ jump });
    assert.equal(lines['tcp']?.level, 'ok');
    assert.match(lines['tcp'].text, /gate/);
    assert.equal(lines['agent']?.level, 'ok');
  });

  it('says that there is no Python, and goes on', async () => {
    const tools = [...BASIC_TOOLS, 'tar', 'gzip', 'setsid', 'kill', 'ps', 'chmod'];
    await bed.setPath(await toolbox(join(bed.base, 'tools'), [...tools, 'sha256sum']));
    const lines = await check();
    assert.equal(lines['python']?.level, 'warn');
    assert.match(lines['python'].text, /no python3/);
    assert.deepEqual([lines['tools']?.level, lines['agent']?.level], ['ok', 'ok']);
  });

  it('says what is missing to bring code there', async () => {
    await bed.setPath(await toolbox(join(bed.base, 'few'), [...BASIC_TOOLS]));
    const { tools } = await check();
    assert.equal(tools?.level, 'fail');
    assert.equal(tools.fix.length, 2);
  });

  it('says that the home cannot be written, what the machine says of it, and looks no further there', async function () {
    if (!SshBed.isolated) this.skip();
    await bed.readOnlyHome(true);
    try {
      const lines = await check();
      assert.equal(lines['disk']?.level, 'fail');
      assert.match(lines['disk'].fix.join(' '), /[Pp]ermission denied/);
      assert.deepEqual([lines['agent']?.level, lines['clock']?.level], ['skipped', 'ok']);
    } finally {
      await bed.readOnlyHome(false);
    }
  });

  it('says how far the clocks are apart', async () => {
    class Late extends SystemClock {
      override now(): number {
        return super.now() - 3_600_000;
      }
    }
    const { clock } = await check({}, { clock: new Late() });
    assert.equal(clock?.level, 'warn');
    assert.match(clock.text, /^(1h|59m 5\ds) ahead/);
  });

  it('stops at a login shell that runs nothing', async function () {
    if (!SshBed.isolated) this.skip();
    await bed.setShell('/usr/sbin/nologin');
    const lines = await check();
    assert.match(levels(lines), new RegExp(`^${way} hostkey:\\w+ auth:\\w+ shell:(fail|skipped)( \\w+:skipped)+$`));
    assert.ok([lines['auth'], lines['shell']].some((line) => line?.level === 'fail'));
  });
});
