import { isAbsolute, join, relative } from 'node:path';
import type { ResolvedProfile } from '../core/config/resolve-profile.ts';
import type { SelectOptions } from '../sync/own-rules.ts';
import { planProfile } from './launch-plan.ts';
import { keptFolders } from './placement.ts';

/** Decides nothing here: a launch asks its machine. */
const NO_PYTHON = { uv: null, interpreter: null, fallback: 'python3' };

/**
 * Tells what a launch of a profile on another machine leaves out and keeps there.
 *
 * @param profile - of the configuration of `root`
 * @param root - workspace folder
 * @returns as the launch itself asks for files
 */
export function profileSending(profile: ResolvedProfile, root: string): SelectOptions {
  const plan = planProfile(profile, {
    provider: 'ssh',
    machine: '',
    workspaceFolder: root,
    python: NO_PYTHON,
    setupKey: null,
  });
  return { exclude: plan.exclude, persistent: keptFolders(plan.spec, root) };
}

/**
 * Finds the Python script that a command runs: its first argument that is one.
 *
 * @param command - as planned, or of a profile
 * @param source - absolute path of the folder that is sent
 * @returns relative to the folder; `null` when there is none in it
 */
export function scriptOf(
  command: Pick<ResolvedProfile, 'argv' | 'directory'>,
  source: string,
): string | null {
  const script = command.argv.find((word) => word.endsWith('.py'));
  if (script === undefined) {
    return null;
  }
  const inside = relative(source, isAbsolute(script) ? script : join(command.directory, script));
  return inside.startsWith('..') ? null : inside;
}
