import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A directory to use as PATH, with these tools and no others. */
export async function toolbox(directory: string, tools: readonly string[]): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  for (const tool of tools) {
    const found = path.map((folder) => join(folder, tool)).find((file) => existsSync(file));
    // A test that lacks a tool by accident would prove something else.
    assert.ok(found !== undefined, `${tool} is not installed`);
    await symlink(found, join(directory, tool));
  }
  return directory;
}

/** What the agent needs, without any way to detach. */
export const BASIC_TOOLS: readonly string[] = [
  ...[
    'awk',
    'bash',
    'busybox',
    'cat',
    'dash',
    'date',
    'dd',
    'df',
    'env',
    'getconf',
    'grep',
    'head',
  ],
  ...['ln', 'mkdir', 'mv', 'nproc', 'od', 'rm', 'rmdir', 'sed', 'sh', 'sleep', 'sort', 'stat'],
  ...['touch', 'tr', 'uname', 'wc'],
];
