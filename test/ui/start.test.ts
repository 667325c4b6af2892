import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ROOT } from '../../scripts/lib/paths.ts';
import { runForCode } from '../../scripts/lib/process.ts';

describe('npm start', () => {
  it('builds, installs the VSIX and prints an address that answers', async () => {
    const args = ['scripts/start.ts', '--check'];
    const { code, output } = await runForCode(process.execPath, args, { cwd: ROOT });
    assert.equal(code, 0, output);
    assert.match(output, /http:\/\/127\.0\.0\.1:\d+\/\?folder=\S+digits\b/);
    assert.match(output, /the extension is installed/);
  });
});
