import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { NotFoundError, UnsupportedError } from '../../../src/core/errors.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import { createLocalProvider } from '../../../src/providers/local/create-local-provider.ts';
import { localPlatform } from '../../../src/providers/local/local-platform.ts';
import type { LocalProvider } from '../../../src/providers/local/local-provider.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function provider(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = 'linux'): LocalProvider {
  return createLocalProvider({
    agentSource: { script: Buffer.from(''), helper: Buffer.from('') },
    platform: localPlatform(platform, env),
    clock: new FakeClock(),
    logger: NULL_LOGGER,
    localRate: () => 0 as never,
    directories: () => [],
    env,
  });
}

describe('the local provider', () => {
  it('gives runs the environment of the person, without what the editor tells its own', async () => {
    const env = {
      PATH: process.env['PATH'],
      HOME: '/home/u',
      CUDA_VISIBLE_DEVICES: '1',
      ELECTRON_RUN_AS_NODE: '1',
      VSCODE_IPC_HOOK_CLI: '/tmp/x.sock',
      MY_VSCODE_THEME: 'mine',
    };
    const { shell } = await provider(env).connect('local');
    const { stdout } = await shell.exec(['env']);
    const names = stdout.toString().split('\n').map((line) => line.split('=')[0]);
    for (const name of ['HOME', 'CUDA_VISIBLE_DEVICES', 'MY_VSCODE_THEME']) {
      assert.ok(names.includes(name), name);
    }
    assert.deepEqual(names.filter((name) => /^(VSCODE|ELECTRON)/.test(name ?? '')), []);
  });

  it('knows one machine, and names it when another is asked for', async () => {
    await assert.rejects(provider({}).connect('locl'), (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.deepEqual(error.details['suggestions'], ['local']);
      return true;
    });
  });

  it('refuses where there is no POSIX shell, and offers WSL', async () => {
    await assert.rejects(provider({}, 'win32').connect('local'), (error) => {
      assert.ok(error instanceof UnsupportedError);
      assert.equal(error.nextAction?.command, 'remote-wsl.reopenInWSL');
      return true;
    });
  });
});
