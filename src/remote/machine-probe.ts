import * as l10n from '@vscode/l10n';
import { MachineError } from '../core/errors.ts';
import type { RemoteShell } from './remote-shell.ts';

/** What must be known of a machine before anything is brought there. */
export interface MachineProbe {
  /** Absolute home directory of its user. */
  readonly home: string;
  /** As `uname -s` has it, such as `Linux`. */
  readonly os: string;
  /** Its time when it was looked at, ms since the epoch, whole seconds; `null` when unknown. */
  readonly time: number | null;
  /** Absolute path of uv; `null` when there is none. */
  readonly uv: string | null;
  /** Absolute path of Python 3; `null` when there is none. */
  readonly python: string | null;
}

const TIMEOUT_MS = 30_000;

// A shell without a terminal reads no profile: where uv puts itself is asked for, too.
const SCRIPT = `
printf 'home\\t%s\\n' "$HOME"
printf 'os\\t%s\\n' "$(uname -s)"
printf 'time\\t%s\\n' "$(date +%s 2>/dev/null)"
for at in "$(command -v uv)" "$HOME/.local/bin/uv" "$HOME/.cargo/bin/uv"; do
  if [ -n "$at" ] && [ -x "$at" ]; then printf 'uv\\t%s\\n' "$at"; break; fi
done
at=$(command -v python3) && printf 'python\\t%s\\n' "$at"
exit 0
`;

/**
 * Looks at a machine once, in one round trip.
 *
 * @param shell - the way to it
 * @param signal - gives up
 * @returns what it has
 * @throws {MachineError} when it has no POSIX shell or its user no home
 */
export async function probeMachine(
  shell: RemoteShell,
  signal?: AbortSignal,
): Promise<MachineProbe> {
  const options = { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
  const { code, stdout, stderr } = await shell.exec(['sh', '-c', SCRIPT], options);
  const found = new Map<string, string>();
  // Whatever a login script prints before has no tab after one of these words.
  for (const line of stdout.toString('utf8').split('\n')) {
    const [, key = '', value = ''] = /^(home|os|time|uv|python)\t(.*)$/.exec(line) ?? [];
    found.set(key, value);
  }
  const home = found.get('home') ?? '';
  if (code !== 0 || !home.startsWith('/')) {
    const details = { code, stderr: stderr.slice(0, 500) };
    throw new MachineError('no-posix-shell', l10n.t('The machine has no usable POSIX shell'), {
      details,
      steps: [l10n.t('Log in with ssh and see whether `sh -c "echo $HOME"` prints a directory.')],
    });
  }
  return {
    home: home === '/' ? '' : home.replace(/\/+$/, ''),
    os: found.get('os') ?? '',
    time: /^\d+$/.test(found.get('time') ?? '') ? Number(found.get('time')) * 1000 : null,
    uv: found.get('uv') ?? null,
    python: found.get('python') ?? null,
  };
}
