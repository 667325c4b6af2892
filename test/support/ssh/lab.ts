import { globSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACES, PROFILE } from '../digits.ts';
import type { Scenario } from '../scenario.ts';
import type { SshBed } from './ssh-bed.ts';

/**
 * Names a machine `lab` as people do: its address and key in the home of the
 * scenario, the rest in the workspace, whose profile `story` then runs there.
 */
export async function nameLab(
  { home, workspace }: Scenario,
  bed: Pick<SshBed, 'host' | 'port' | 'user' | 'keyFile'>,
): Promise<void> {
  await mkdir(join(home, '.ssh'), { mode: 0o700 });
  const lines = [
    'Host lab',
    `  HostName ${bed.host}`,
    `  Port ${bed.port}`,
    `  User ${bed.user}`,
    `  IdentityFile ${bed.keyFile}`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
  ];
  await writeFile(join(home, '.ssh', 'config'), `${lines.join('\n')}\n`, { mode: 0o600 });
  const profile = PROFILE.replace('[runs.story]', '[runs.far]');
  const machine = '\n[machines.lab]\nhost = "lab"\nprice_per_hour = 0.5\n';
  await appendFile(join(workspace, '.runctl.toml'), `${profile}machine = "lab"\n${machine}`);
}

/** Changes how fast the trainings on a machine go; they notice at their next step. */
export async function setLabPace(bed: SshBed, pace: keyof typeof PACES): Promise<void> {
  const files = globSync('runctl/trees/*/*/pace/seconds', { cwd: bed.home });
  if (files.length === 0) throw new Error('no code of a workspace is on the machine');
  await Promise.all(files.map((file) => writeFile(join(bed.home, file), String(PACES[pace]))));
}
