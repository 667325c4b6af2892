import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import type { Availability } from '../training-provider.ts';

/** The only place that knows what this host's system can and cannot do. */
export interface LocalPlatform {
  /** Whether runs can be started here at all. */
  availability(): Availability;
  /** Directory of the agent and its runs. */
  readonly agentHome: string;
  /** Name of the interpreter inside a virtual environment. */
  readonly venvPython: string;
  /** Plain name of the system's Python. */
  readonly python: string;
}

/**
 * Describes this host.
 *
 * @param platform - as `process.platform`
 * @param env - environment; `RUNCTL_HOME` moves the agent's directory
 * @returns what it can do
 */
export function localPlatform(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
): LocalPlatform {
  const windows = platform === 'win32';
  return {
    agentHome: env['RUNCTL_HOME'] ?? join(homedir(), '.runctl'),
    venvPython: windows ? 'Scripts/python.exe' : 'bin/python',
    python: windows ? 'python' : 'python3',
    availability: () => {
      if (!windows && existsSync('/bin/sh')) {
        return { available: true };
      }
      return {
        available: false,
        reason: l10n.t(
          'Runs on this machine need a POSIX shell, which Windows does not have. Open the folder in WSL, or launch on another machine.',
        ),
        nextAction: { title: l10n.t('Reopen in WSL'), command: 'remote-wsl.reopenInWSL' },
      };
    },
  };
}
