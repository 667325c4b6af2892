import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { sshHosts } from '../../../../src/remote/ssh/ssh-hosts.ts';

describe('hosts of an SSH configuration', () => {
  it('are those that are named, without patterns, each once', () => {
    const main = 'Host lab gpu-1\n  User me\nHost *.example.org !bad lab\nHOST=gpu2\nHost *\n  Port 22\nMatch host x\n';
    const included = '# Host not-me\nHost "my box" -odd\n';
    const texts = new Map([['/c', main], ['/d', included]]);
    assert.deepEqual(sshHosts({ roots: ['/c'], texts, includes: new Map() }), ['lab', 'gpu-1', 'gpu2', 'my box']);
  });
});
