import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { AGENT_SCRIPT } from '../../support/agent.ts';

describe('the agent script', () => {
  it('is clean POSIX sh to shellcheck', function () {
    this.timeout(180_000);
    const { error, stdout, status } = spawnSync('shellcheck', ['-s', 'sh', AGENT_SCRIPT], {
      encoding: 'utf8',
    });
    assert.ifError(error);
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });

  it('holds no here-document and no bashism that shellcheck lets through', () => {
    const code = readFileSync(AGENT_SCRIPT, 'utf8')
      .split('\n')
      .filter((line) => !line.trimStart().startsWith('#'));
    assert.deepEqual(
      code.filter((line) => /<<|\bfunction [a-z_]+ *\{|\blocal /.test(line)),
      [],
    );
  });
});
