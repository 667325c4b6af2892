import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { hostKeyError } from '../../../src/remote/ssh/host-key-error.ts';
import { authError } from '../../../src/remote/ssh/ssh-errors.ts';

const ROOT = join(import.meta.dirname, '../../..');
const ENDPOINT = { alias: 'lab', host: 'lab', port: 22, user: 'me' };

interface Manifest {
  readonly contributes: {
    readonly menus: Readonly<Record<string, readonly { command: string; when: string }[]>>;
  };
}

describe('The commands of a machine', () => {
  it('offer to connect only what is not connected', () => {
    const { contributes } = readJson('package.json') as Manifest;
    const entries = (contributes.menus['view/item/context'] ?? []).filter(
      ({ command }) => command === 'runctl.connectMachine',
    );
    assert.ok(entries.length > 0);
    for (const { when } of entries) {
      const [, pattern = ''] = /viewItem =~ \/(.*)\//.exec(when) ?? [];
      assert.match('machine;ssh;unknown;away', new RegExp(pattern));
      assert.doesNotMatch('machine;ssh;running', new RegExp(pattern));
    }
  });

  it('are named in errors as in menus', () => {
    const { 'command.doctor': title } = readJson('package.nls.json') as Record<string, string>;
    const errors = [
      authError(ENDPOINT, { methods: ['publickey'], tried: [], publicKeys: [], cause: null }),
      hostKeyError(ENDPOINT, { kind: 'new', keyType: 'ssh-ed25519', fingerprint: 'SHA256:x' }),
    ];
    assert.deepEqual(errors.map(({ nextAction }) => nextAction?.title), [title, title]);
  });
});

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
}
