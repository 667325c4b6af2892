import { chmodSync } from 'node:fs';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointFiles, RemovableFiles } from '../../src/checkpoints/checkpoint-files.ts';
import { LocalCheckpointFiles } from '../../src/checkpoints/local-files.ts';
import { ShellCheckpointFiles } from '../../src/checkpoints/shell-files.ts';
import { AgentClient } from '../../src/remote/agent/agent-client.ts';
import { LocalShell } from '../../src/remote/local-shell.ts';
import { readAgent } from './agent-source.ts';
import { SHELLS, callCommand } from './agent.ts';
import { BASIC_TOOLS, toolbox } from './toolbox.ts';

export type Files = CheckpointFiles & RemovableFiles;

/** A way to the files of a machine, all of which hold the same contract. */
export interface FilesKind {
  readonly name: string;
  /** What the machine's clock of files can tell, ms. */
  readonly precision: number;
  readonly make: (base: string, limit?: number) => Promise<Files>;
}

const TOOLS = [...BASIC_TOOLS, 'find', 'readlink', 'tail', 'ls'];
export const FILES_KINDS: readonly FilesKind[] = [
  { name: 'this host', precision: 1, make: (_, limit) => Promise.resolve(new LocalCheckpointFiles(limit)) },
  ...SHELLS.map(
    (shell): FilesKind => ({
      name: shell.join(' '),
      precision: 1,
      make: async (base, limit) => shellFiles(base, await withShell(base, shell, TOOLS), limit),
    }),
  ),
  {
    name: 'nothing but busybox',
    precision: 1000,
    make: async (base, limit) => shellFiles(base, await busyboxOnly(base, []), limit),
  },
  {
    name: 'busybox without stat',
    precision: 60_000,
    make: async (base, limit) => shellFiles(base, await busyboxOnly(base, ['stat']), limit),
  },
  {
    name: 'a stat like that of macOS',
    precision: 1,
    make: async (base, limit) => {
      const PATH = await withShell(base, ['dash'], TOOLS.filter((tool) => tool !== 'stat'));
      await writeFile(join(PATH, 'stat'), BSD_STAT);
      await chmod(join(PATH, 'stat'), 0o755);
      return shellFiles(base, PATH, limit);
    },
  },
];

async function shellFiles(base: string, PATH: string, limit?: number): Promise<Files> {
  const shell = new LocalShell({ PATH, HOME: base, LANG: 'C.UTF-8' });
  const agent = new AgentClient(shell, await readAgent(), join(base, 'home'));
  return new ShellCheckpointFiles(agent, limit);
}

/** A PATH with these tools, `sh` being that shell. */
async function withShell(
  base: string,
  shell: readonly string[],
  tools: readonly string[],
): Promise<string> {
  const folder = join(base, 'bin');
  await rm(folder, { recursive: true, force: true });
  await toolbox(folder, tools.filter((tool) => tool !== 'sh'));
  const sh = join(folder, 'sh');
  await writeFile(sh, `#!/bin/sh\nexec ${shell.join(' ')} "$@"\n`);
  chmodSync(sh, 0o755);
  return folder;
}

async function busyboxOnly(base: string, without: readonly string[]): Promise<string> {
  const folder = join(base, 'bin');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const { stdout } = await callCommand(['busybox', '--list'], {});
  const { stdout: where } = await callCommand(['sh', '-c', 'command -v busybox'], {});
  for (const applet of stdout.toString().trim().split('\n')) {
    if (!without.includes(applet)) await symlink(where.toString().trim(), join(folder, applet));
  }
  return folder;
}

/** `stat -f` with the formats that are used; anything else fails as there. */
const BSD_STAT = `#!/bin/sh
if [ "$1" != -f ]; then echo 'stat: illegal option -- c' >&2; exit 1; fi
format=$2
shift 2
if [ "$1" = -- ]; then shift; fi
case $format in
  '%p %z %Fm %N')
    for file; do
      set -- $(/usr/bin/stat -c '%f %s %.9Y' -- "$file") || continue
      printf '%o %s %s %s\\n' "0x$1" "$2" "$3" "$file"
    done
    ;;
  '%z') exec /usr/bin/stat -c '%s' -- "$@" ;;
  *) exit 1 ;;
esac
`;
