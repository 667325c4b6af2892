import { posix } from 'node:path';
import * as l10n from '@vscode/l10n';
import type { Clock } from '../../core/clock.ts';
import { MachineError } from '../../core/errors.ts';
import { formatBytes, formatDuration } from '../../core/format.ts';
import type { AgentClient } from '../../remote/agent/agent-client.ts';
import { probeMachine } from '../../remote/machine-probe.ts';
import type { ExecResult, RemoteShell } from '../../remote/remote-shell.ts';
import { LOGIN_STEP } from './doctor-login.ts';
import { SHELL_STEP } from './doctor-way.ts';
import type { DoctorFinding, DoctorStep } from './doctor.ts';

/** What the check of a machine needs, once somebody can log in. */
export interface DoctorMachine {
  readonly shell: () => Promise<RemoteShell>;
  readonly agent: () => Promise<AgentClient>;
  readonly clock: Clock;
}

const STEP_MS = 30_000;
const GIBIBYTE = 1024 ** 3;
const LITTLE_SPACE = 2 * GIBIBYTE;
/** The agent and the log of one run; less is of no use. */
const NO_SPACE = 16 * 1024 ** 2;
const MAX_SKEW_MS = 60_000;

// The folders we write to; the file is made anew, and no link of its name is followed.
const DISK = `
dir=$1/.runctl
mkdir -p "$dir" || exit 3
file=$dir/doctor.$$
(set -C; echo test >"$file") || exit 3
rm -f "$file"
df -Pk "$dir" 2>/dev/null | awk 'END { print "free", $4 }'
`;
const PYTHON = `
at=$(command -v python3) || exit 3
"$at" -c 'import sys; print("python", "%d.%d.%d" % sys.version_info[:3], sys.executable)'
`;
const UV = `
for at in "$(command -v uv)" "$HOME/.local/bin/uv" "$HOME/.cargo/bin/uv"; do
  if [ -n "$at" ] && [ -x "$at" ]; then echo "uv $("$at" --version)"; exit 0; fi
done
exit 3
`;
const TOOLS = `
for tool in tar gzip b2sum openssl python3 sha256sum setsid; do
  command -v "$tool" >/dev/null 2>&1 && echo "$tool"
done
exit 0
`;
const GPU = `
command -v nvidia-smi >/dev/null 2>&1 || exit 3
exec nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>&1
`;

/**
 * The steps on the machine itself.
 *
 * @param machine - see the fields
 * @returns steps in order; those that need no other go on when one fails
 */
export function machineSteps(machine: DoctorMachine): readonly DoctorStep[] {
  let home = '';
  const ask = async (script: string, signal: AbortSignal, ...words: string[]): Promise<ExecResult> =>
    (await machine.shell()).exec(['sh', '-c', script, 'sh', ...words], {
      signal,
      timeoutMs: STEP_MS,
    });
  const step = (
    id: string,
    title: string,
    look: (signal: AbortSignal) => Promise<DoctorFinding>,
    needs: readonly string[] = [SHELL_STEP],
  ): DoctorStep => ({ id, title, needs, look });
  return [
    step(
      SHELL_STEP,
      l10n.t('Shell'),
      async (signal) => {
        const { os, home: found } = await probeMachine(await machine.shell(), signal);
        home = found;
        return { level: 'ok', text: l10n.t('{0}, home {1}', os, found === '' ? '/' : found) };
      },
      [LOGIN_STEP],
    ),
    step('disk', l10n.t('Disk'), async (signal) => diskFinding(home, await ask(DISK, signal, home))),
    step('python', l10n.t('Python'), async (signal) => pythonFinding(await ask(PYTHON, signal))),
    step('uv', 'uv', async (signal) => uvFinding(await ask(UV, signal))),
    step('tools', l10n.t('Tools'), async (signal) => toolsFinding(await ask(TOOLS, signal))),
    step('gpu', 'GPU', async (signal) => gpuFinding(await ask(GPU, signal))),
    step(
      'agent',
      l10n.t('Agent'),
      async (signal) => {
        const agent = await machine.agent();
        const { detach } = await agent.version({ signal, timeoutMs: STEP_MS });
        return detach === 'none'
          ? {
              level: 'fail',
              text: l10n.t('runs would end with the connection: nothing there can detach them'),
              fix: [l10n.t('Install setsid (util-linux), nohup with Python 3, or busybox.')],
            }
          : { level: 'ok', text: l10n.t('it answers; runs are detached by {0}', detach) };
      },
      [SHELL_STEP, 'disk'],
    ),
    step('clock', l10n.t('Clock'), (signal) => clockFinding(machine.clock, () => ask('date +%s', signal))),
  ];
}

function diskFinding(home: string, { code, stdout, stderr }: ExecResult): DoctorFinding {
  const folder = posix.join(home, '/.runctl');
  if (code !== 0) {
    throw new MachineError('home-read-only', l10n.t('{0} cannot be written', folder), {
      steps: [
        l10n.t('The machine says: {0}', lastLine(stderr)),
        l10n.t('Check who owns the home directory, its quota, and that its disk is not mounted read-only.'),
      ],
    });
  }
  const free = Number(/^free (\d+)$/m.exec(stdout.toString('utf8'))?.[1] ?? Number.NaN) * 1024;
  if (Number.isNaN(free)) {
    return { level: 'ok', text: l10n.t('{0} can be written', folder) };
  }
  const text = l10n.t('{0} can be written; {1} free', folder, formatBytes(free));
  const fix = [l10n.t('Delete what is not needed there: old runs, checkpoints, caches.')];
  if (free < LITTLE_SPACE) {
    return { level: free < NO_SPACE ? 'fail' : 'warn', text, fix };
  }
  return { level: 'ok', text };
}

function pythonFinding({ code, stdout, stderr }: ExecResult): DoctorFinding {
  const [, version, path] = /^python (\S+) (.*)$/m.exec(stdout.toString('utf8')) ?? [];
  if (code === 0 && version !== undefined) {
    return { level: 'ok', text: `${version}, ${path ?? ''}` };
  }
  const fix = [l10n.t('Install Python 3 there, or uv, which brings one.')];
  return code === 3
    ? { level: 'warn', text: l10n.t('there is no python3'), fix }
    : { level: 'warn', text: l10n.t('python3 does not start: {0}', lastLine(stderr)), fix };
}

function uvFinding({ code, stdout }: ExecResult): DoctorFinding {
  const [, version] = /^uv (.+)$/m.exec(stdout.toString('utf8')) ?? [];
  return code === 0 && version !== undefined
    ? { level: 'ok', text: version }
    : {
        level: 'warn',
        text: l10n.t('there is no uv'),
        fix: [l10n.t('It makes environments fast; install it in your home there, which needs no administrator.')],
      };
}

function toolsFinding({ stdout }: ExecResult): DoctorFinding {
  const found = new Set(stdout.toString('utf8').split('\n').map((line) => line.trim()));
  const sums = ['b2sum', 'openssl', 'python3', 'sha256sum'].filter((tool) => found.has(tool));
  const fix: string[] = [];
  if (!found.has('tar')) {
    fix.push(l10n.t('Install tar or busybox on the machine.'));
  }
  if (sums.length === 0) {
    fix.push(l10n.t('Install one of b2sum, openssl, python3 and sha256sum on the machine.'));
  }
  if (fix.length > 0) {
    return { level: 'fail', text: l10n.t('code cannot be brought there'), fix };
  }
  if (!found.has('gzip')) {
    return {
      level: 'warn',
      text: l10n.t('no gzip: nothing is compressed on the way'),
      fix: [l10n.t('Install gzip on the machine; it matters on a slow link.')],
    };
  }
  return { level: 'ok', text: ['tar', 'gzip', ...sums].join(', ') };
}

function gpuFinding({ code, stdout }: ExecResult): DoctorFinding {
  const lines = stdout.toString('utf8').split('\n').filter((line) => line.trim() !== '');
  if (code === 3) {
    return {
      level: 'warn',
      text: l10n.t('no nvidia-smi: no NVIDIA GPU is seen'),
      fix: [l10n.t('On a machine with a GPU install its driver; else training uses processors alone.')],
    };
  }
  return code === 0 && lines.length > 0
    ? { level: 'ok', text: lines.join('; ') }
    : {
        level: 'fail',
        text: l10n.t('nvidia-smi fails: {0}', lines.at(-1) ?? String(code)),
        fix: [l10n.t('Reload or reinstall the driver; often a restart after an update is enough.')],
      };
}

async function clockFinding(clock: Clock, ask: () => Promise<ExecResult>): Promise<DoctorFinding> {
  const before = clock.now();
  const { stdout } = await ask();
  const after = clock.now();
  const there = Number(/^\d+$/m.exec(stdout.toString('utf8'))?.[0] ?? Number.NaN) * 1000;
  if (Number.isNaN(there)) {
    return { level: 'warn', text: l10n.t('the machine does not tell its time') };
  }
  // It tells whole seconds: half of one is nobody's error.
  const skew = there + 500 - (before + after) / 2;
  const size = formatDuration(Math.abs(skew));
  if (Math.abs(skew) <= MAX_SKEW_MS) {
    return { level: 'ok', text: l10n.t('agrees with this computer') };
  }
  return {
    level: 'warn',
    text: skew > 0 ? l10n.t('{0} ahead of this computer', size) : l10n.t('{0} behind this computer', size),
    fix: [l10n.t('Let both follow a time server (timedatectl set-ntp true): certificates and times of runs depend on it.')],
  };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
