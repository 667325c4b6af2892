import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolbox } from './toolbox.ts';

/** Kinds of machines: the shell, or the one program that proves content. */
export type ToolSet = 'dash' | 'bash' | 'busybox' | 'openssl' | 'sha256sum';

const COREUTILS = [
  ...['awk', 'cat', 'chmod', 'cmp', 'cp', 'dd', 'df', 'env', 'head', 'ln', 'mkdir', 'mv'],
  ...['paste', 'readlink', 'rm', 'rmdir', 'sed', 'sleep', 'stat', 'tail', 'tar', 'tee', 'touch'],
  ...['tr', 'wc', 'gzip', 'gunzip'],
];

/** A directory to use as PATH, with what such a machine has and nothing else. */
export async function machineTools(
  set: ToolSet,
): Promise<{ readonly path: string; dispose(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'runctl-tools-'));
  if (set === 'busybox') {
    const { stdout } = spawnSync('busybox', ['--list'], { encoding: 'utf8' });
    for (const name of stdout.split('\n')) {
      if (name !== '') await symlink('/usr/bin/busybox', join(path, name));
    }
  } else {
    const proof = { dash: 'b2sum', bash: 'b2sum', openssl: 'openssl', sha256sum: 'sha256sum' }[set];
    await toolbox(path, [...COREUTILS, proof]);
    await symlink(set === 'bash' ? '/usr/bin/bash' : '/usr/bin/dash', join(path, 'sh'));
    if (set === 'dash' && existsSync('/usr/bin/python3')) {
      await symlink('/usr/bin/python3', join(path, 'python3'));
    }
  }
  return { path, dispose: () => rm(path, { recursive: true, force: true }) };
}
