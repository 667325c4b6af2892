import { existsSync } from 'node:fs';
import { findExecutable, run, runForCode } from './lib/process.ts';

/** What a step needs from the system, and the Debian packages that bring it. */
const PURPOSES = {
  browser: [{ package: 'chromium', command: 'chromium' }],
  shells: [
    { package: 'shellcheck', command: 'shellcheck' },
    { package: 'busybox', command: 'busybox' },
    { package: 'dash', command: 'dash' },
    { package: 'python3', command: 'python3' },
  ],
  // Login shells of people, on machines reached by SSH.
  logins: [
    { package: 'zsh', command: 'zsh' },
    { package: 'fish', command: 'fish' },
    { package: 'tcsh', command: 'tcsh' },
    { package: 'mksh', command: 'mksh' },
  ],
  ssh: [
    { package: 'openssh-server', command: 'sshd' },
    { package: 'openssh-client', command: 'ssh' },
    { package: 'rsync', command: 'rsync' },
    { package: 'git', command: 'git' },
  ],
  // Ways into a bucket, and to a webhook.
  buckets: [
    { package: 'awscli', command: 'aws' },
    { package: 'rclone', command: 'rclone' },
    { package: 'curl', command: 'curl' },
    { package: 'wget', command: 'wget' },
    { package: 'python3', command: 'python3' },
  ],
  // Clients of Amazon's own making, against the emulator of it.
  aws: [
    { package: 'awscli', command: 'aws' },
    { package: 'python3-boto3', command: undefined },
    { package: 'openssh-server', command: 'sshd' },
  ],
  build: [
    { package: 'g++', command: 'g++' },
    { package: 'make', command: 'make' },
    { package: 'python3', command: 'python3' },
  ],
  // A package without a command of its own is asked of dpkg. Only the PyTorch example wants this one.
  torch: [{ package: 'python3-torch', command: undefined }],
} as const satisfies Record<string, readonly { package: string; command: string | undefined }[]>;

export type Purpose = keyof typeof PURPOSES;

/**
 * Installs what is missing when this is root on a Debian-like system; otherwise
 * throws with the command the person should run.
 */
export async function ensureDebian(...purposes: Purpose[]): Promise<void> {
  const missing = await missingPackages(purposes);
  if (missing.length === 0) return;
  const apt = findExecutable('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) {
    throw new Error(
      `Missing: ${missing.join(', ')}. Install with: sudo apt-get install ${missing.join(' ')}` +
        (apt === undefined ? ' (or the same programs from your own package manager)' : ''),
    );
  }
  console.log(`Installing Debian packages: ${missing.join(', ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];
  await run(apt, [...wait, 'update'], { env });
  await run(apt, [...wait, 'install', '-y', '--no-install-recommends', ...missing], { env });
}

/** Path of the Chromium the tests drive. `CHROMIUM_PATH` overrides it. */
export function chromiumPath(): string {
  const path = process.env['CHROMIUM_PATH'] ?? findExecutable('chromium');
  if (path === undefined || !existsSync(path)) throw new Error('No Chromium found on PATH');
  return path;
}

async function missingPackages(purposes: readonly Purpose[]): Promise<string[]> {
  const missing = new Set<string>();
  for (const part of purposes.flatMap((purpose) => [...PURPOSES[purpose]])) {
    const present =
      part.command === undefined
        ? await isInstalled(part.package)
        : findExecutable(part.command) !== undefined;
    if (!present) missing.add(part.package);
  }
  return [...missing];
}

async function isInstalled(name: string): Promise<boolean> {
  if (findExecutable('dpkg-query') === undefined) return false;
  const answer = await runForCode('dpkg-query', ['-W', '-f=${Status}', name]);
  return answer.code === 0 && answer.output.includes('install ok installed');
}

if (process.argv[1] === import.meta.filename) {
  const asked = process.argv.slice(2);
  const known = Object.keys(PURPOSES);
  const isPurpose = (name: string): name is Purpose => known.includes(name);
  const unknown = asked.filter((name) => !isPurpose(name));
  if (unknown.length > 0) throw new Error(`Unknown: ${unknown.join(', ')} (known: ${known.join(', ')})`);
  await ensureDebian(...asked.filter(isPurpose));
}
