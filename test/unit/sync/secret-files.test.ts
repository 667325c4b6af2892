import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { ignoreLine, looksSecret, secretFiles } from '../../../src/sync/secret-files.ts';
import { selectFiles } from '../../../src/sync/select-files.ts';

describe('files that look secret', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'runctl-secret-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function put(path: string, text = 'x\n'): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }

  const git = (...args: readonly string[]): unknown =>
    execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]);

  it('are known by their names', () => {
    const yes = ['.env', 'a/.env.local', 'x.pem', 'id_rsa', 'keys/ID_RSA.bak', 'credentials',
      'credentials.json', 'tls.key', 'service-account-7.json', 'service_account.json', '.netrc',
      'kubeconfig', '.kube/config', 'me.p12'];
    const no = ['.env.example', 'id_rsa.pub', 'credentials.py', 'train.py', 'config', 'keys.json',
      'environment.yml', 'monkey', 'a.keys/b.txt', '.npmrc'];
    assert.deepEqual(yes.filter((path) => !looksSecret(path)), []);
    assert.deepEqual(no.filter(looksSecret), []);
  });

  it('are told with whether git has them; what it ignores is not sent at all', async () => {
    await put('.gitignore', 'ignored.pem\n');
    await put('ignored.pem');
    await put('kept.pem');
    await put('-n [a]*.key');
    await put('sub/.env');
    await put('train.py');
    git('init', '-q');
    git('add', '.gitignore', 'kept.pem', 'train.py');
    git('commit', '-qm', 'x');
    assert.deepEqual(await secretFiles(await selectFiles(root)), [
      { path: '-n [a]*.key', tracked: false },
      { path: 'kept.pem', tracked: true },
      { path: 'sub/.env', tracked: false },
    ]);
  });

  it('are .npmrc with a token alone, not one that names a variable', async () => {
    await put('.npmrc', '//registry.example.org/:_authToken=abc123\n');
    await put('plain/.npmrc', 'save-exact=true\n');
    await put('variable/.npmrc', '//registry.example.org/:_authToken=${NPM_TOKEN}\n');
    assert.deepEqual(await secretFiles(await selectFiles(root)), [{ path: '.npmrc', tracked: false }]);
  });

  it('are left out by their lines, whatever their names, and nothing else is', async () => {
    const odd = ['.env', 'sub/.env', 'a b/x .pem', '#1.key', '!n.key', 'w[a]?*.pem', 'l\nn.pem', 'b\\s.key'];
    for (const path of odd) await put(path);
    await put('deep/sub/.env');
    await put('wa.pem');
    await put('.runctlignore', odd.map((path) => `${ignoreLine(path)}\n`).join(''));
    const left = await secretFiles(await selectFiles(root));
    assert.deepEqual(left.map(({ path }) => path), ['deep/sub/.env', 'wa.pem']);
  });
});
