import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { RunctlError } from '../../../src/core/errors.ts';
import { AgentClient } from '../../../src/remote/agent/agent-client.ts';
import type { RemoteFolder } from '../../../src/remote/files/remote-folder.ts';
import { pathTyped, readRemoteFolder } from '../../../src/remote/files/remote-folder.ts';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import { readAgent } from '../../support/agent-source.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';
import { machineTools } from '../../support/sync-tools.ts';

for (const machine of ['everything', 'busybox'] as const) {
  describe(`a folder of a machine with ${machine}`, function () {
    this.timeout(60_000);
    let base: string;
    let agent: AgentClient;
    let tools: Awaited<ReturnType<typeof machineTools>> | undefined;
    before(async () => {
      tools = machine === 'busybox' ? await machineTools(machine) : undefined;
      base = await realpath(await mkdtemp(join(tmpdir(), 'runctl-folder-')));
      const source = await readAgent();
      const shell = new LocalShell({ HOME: base, ...(tools === undefined ? {} : { PATH: tools.path }) });
      agent = new AgentClient(shell, source, join(base, '.runctl'));
    });
    after(async () => {
      await tools?.dispose();
      await rm(base, { recursive: true, force: true });
    });
    const look = async (path: string, max?: number): Promise<RemoteFolder> => {
      const found = await readRemoteFolder(agent, path, undefined, max);
      assert.ok(found.kind === 'folder');
      return found;
    };

    it('lists folders first, with sizes, times, links and any name', async () => {
      const there = join(base, 'there');
      await mkdir(join(there, 'b dir'), { recursive: true });
      await writeFile(join(there, 'run10'), 'x');
      await writeFile(join(there, 'run9'), '12345');
      await writeFile(join(there, "-it's\n1 2 3 .$(x)ü"), '');
      await symlink('b dir', join(there, 'a link'));
      await utimes(join(there, 'run9'), 1_700_000_000, 1_700_000_000);
      await writeFile(Buffer.concat([Buffer.from(`${there}/`), Buffer.from([0xff])]), '');
      const { path, entries, isCut, unnamed } = await look(there);
      assert.deepEqual([path, isCut, unnamed], [there, false, 1]);
      assert.deepEqual(
        entries.map(({ name, kind }) => [name, kind]),
        [['a link', 'link'], ['b dir', 'directory'], ["-it's\n1 2 3 .$(x)ü", 'file'], ['run9', 'file'], ['run10', 'file']],
      );
      const { size, modifiedAt } = entries[3] ?? {};
      assert.deepEqual([size, modifiedAt], [5, 1_700_000_000_000]);
    });

    it('goes through a link, and knows an empty folder, the root and a file', async () => {
      await mkdir(join(base, 'links/empty'), { recursive: true });
      await symlink('empty', join(base, 'links/to'));
      assert.deepEqual((await look(join(base, 'links/to'))).path, join(base, 'links/empty'));
      assert.deepEqual((await look(join(base, 'links/to'))).entries, []);
      assert.equal((await look('/')).path, '/');
      assert.ok((await look('/')).entries.some(({ name }) => name === 'usr'));
      await writeFile(join(base, 'links/f'), '');
      assert.equal((await readRemoteFolder(agent, join(base, 'links/f'))).kind, 'file');
    });

    it('shows a part of a folder that holds too much, each name whole', async () => {
      const many = join(base, 'many');
      await mkdir(many);
      for (let at = 0; at < 300; at += 1) await writeFile(join(many, `file-${1000 + at}`), '');
      const { entries, isCut } = await look(many, 4000);
      assert.equal(isCut, true);
      assert.ok(entries.length > 50 && entries.length < 150, String(entries.length));
      assert.ok(entries.every(({ name }) => /^file-\d{4}$/.test(name)));
    });

    it('says what is gone', async () => {
      const isGone = (error: unknown): boolean => error instanceof RunctlError && error.code === 'path-gone';
      await assert.rejects(look(join(base, 'none')), isGone);
    });
  });
}

describe('a folder that the user of a machine may not see', function () {
  this.timeout(60_000);
  let bed: SshBed;
  let client: SshClient;
  before(async function () {
    if (!SshBed.isolated) this.skip();
    bed = await SshBed.create();
    client = new SshClient(bed);
  });
  after(async () => {
    await client.dispose();
    await bed.dispose();
  });

  it('is told as denied, be it its names or its content', async () => {
    const source = await readAgent();
    const agent = new AgentClient(client.shell(), source, join(bed.home, '.runctl'));
    for (const [name, mode] of [['closed', 0o700], ['blind', 0o711]] as const) {
      const path = join(bed.base, name);
      await mkdir(path);
      await writeFile(join(path, 'x'), '');
      await chown(path, 0, 0);
      await chmod(path, mode);
      await assert.rejects(
        readRemoteFolder(agent, path),
        (error) => error instanceof RunctlError && error.code === 'denied',
        name,
      );
    }
  });
});

describe('a path that a person types', () => {
  it('is absolute, from the home directory, or from what is shown', () => {
    const typed = (text: string): string => pathTyped(text, '/home/me', '/data');
    assert.equal(typed('/etc/'), '/etc');
    assert.equal(typed('~'), '/home/me');
    assert.equal(typed('~/a//b/'), '/home/me/a/b');
    assert.equal(typed('x/../y'), '/data/y');
    assert.equal(typed('../../..'), '/');
    assert.equal(typed('~x'), '/data/~x');
  });
});
