import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { FSWatcher } from 'node:fs';
import { existsSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { chmod, chown, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { readProc, until } from '../../../support/proc.ts';
import { BOOT, CLOUD_INIT, INSIDE, PAM_SU, PATH, POWER, SUDO } from './scripts.ts';

const SSHD = '/usr/sbin/sshd';
const UID = 4242;

/** What a machine is made from. */
export interface MachineSpec {
  /** Its folder, made when it is booted first. */
  readonly base: string;
  readonly user: string;
  readonly hostname: string;
  /** Where sshd listens, or nothing where there is none. */
  readonly address: string | undefined;
  readonly port: number;
  readonly publicKey: string | undefined;
  readonly userData: string;
  /** Variables of every process. */
  readonly env: Readonly<Record<string, string>>;
  /** What `shutdown` asked for, in minutes from now. */
  readonly onPower: (what: 'off' | 'reboot' | 'cancel', minutes: number) => void;
}

/** A command that runs on a machine. */
export interface MachineRun {
  /** Resolves with its exit code, also when the machine ends. */
  readonly ended: Promise<number>;
  stdout(): string;
  stderr(): string;
  kill(): void;
}

/** Whether this user can make machines: namespaces need root. */
export const CAN_ISOLATE =
  process.getuid?.() === 0 && spawnSync('unshare', ['-m', '-p', '--fork', 'true']).status === 0;

/** A machine with files, processes and users of its own. */
export class Machine {
  readonly spec: MachineSpec;
  private unshare: ChildProcess | undefined;
  private init = 0;
  private watcher: FSWatcher | undefined;
  private runs = 0;
  private userDataRun: MachineRun | undefined;

  constructor(spec: MachineSpec) {
    this.spec = spec;
  }

  /** Home of the login user, as the host sees it. */
  get home(): string {
    return join(this.spec.base, 'home');
  }

  get isUp(): boolean {
    return this.unshare !== undefined;
  }

  /** Starts everything; the user data runs at the first time only. */
  async boot(): Promise<void> {
    const { base } = this.spec;
    const isFirst = !existsSync(base);
    if (isFirst) await this.make();
    rmSync(join(base, 'power', 'booted'), { force: true });
    const { address } = this.spec;
    const keep = address === undefined ? ['sleep', 'infinity'] : [SSHD, '-D', '-e', '-f', `${INSIDE}/sshd_config`];
    if (address !== undefined) await this.configure(address);
    const log = await open(join(base, 'machine.log'), 'a');
    const namespaces = ['-m', '-p', '--fork', '--mount-proc', '--kill-child'];
    const init = ['unshare', ...namespaces, 'sh', join(base, 'boot'), base, this.spec.user, ...keep];
    // Ends with this process, however that ends.
    this.unshare = spawn('setpriv', ['--pdeathsig', 'KILL', ...init], {
      stdio: ['ignore', log.fd, log.fd],
      env: { ...this.spec.env, PATH },
    });
    await log.close();
    await until('the machine is up', async () => {
      if (this.unshare?.exitCode !== null) throw new Error(`a machine did not boot: ${await this.log()}`);
      return existsSync(join(base, 'power', 'booted')) ? true : undefined;
    });
    const pid = this.unshare.pid ?? 0;
    this.init = Number(readProc(pid, `task/${pid}/children`).trim().split(' ')[0]);
    this.watcher = watch(join(base, 'power'), () => this.readRequests());
    this.readRequests();
    if (address !== undefined) await until('sshd answers', async () => ((await answers(address, this.spec.port)) ? true : undefined));
    if (isFirst) await this.runUserData();
  }

  /** Resolves when the user data has ended. */
  async finished(): Promise<void> {
    await this.userDataRun?.ended;
  }

  /** Asks every process to end, as a shutdown does first. */
  ask(): void {
    if (this.isUp) spawnSync('nsenter', [...this.into, 'sh', '-c', 'kill -TERM -1']);
  }

  /** Ends every process. The files stay. */
  async halt(): Promise<void> {
    this.watcher?.close();
    this.watcher = undefined;
    const { unshare } = this;
    this.unshare = undefined;
    if (unshare?.exitCode !== null) return;
    const ended = once(unshare, 'exit');
    unshare.kill('SIGKILL');
    await ended;
    const { init } = this;
    await until('the processes of the machine are gone', () => Promise.resolve(existsSync(`/proc/${init}`) ? undefined : true));
  }

  async destroy(): Promise<void> {
    await this.halt();
    await rm(this.spec.base, { recursive: true, force: true });
  }

  /** Runs a script as root under `sh`, as the agent of SSM does. */
  async run(script: string, folder = '/'): Promise<MachineRun> {
    const name = `run-${++this.runs}`;
    await writeFile(join(this.spec.base, name), `${script}\n`, { mode: 0o700 });
    const command = 'cd "$2" || exit; exec setsid sh -c \'echo $$ > "$1.pid"; exec sh "$1"\' sh "$1"';
    const child = spawn('nsenter', [...this.into, 'sh', '-c', command, 'sh', `${INSIDE}/${name}`, folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...this.spec.env, PATH, HOME: '/root' },
    });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (chunk: string) => (output[stream] += chunk));
    }
    const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
    return {
      ended,
      stdout: () => output.stdout,
      stderr: () => output.stderr,
      kill: () => {
        const group = 'kill -KILL -- "-$(cat "$1")"';
        spawnSync('nsenter', [...this.into, 'sh', '-c', group, 'sh', `${INSIDE}/${name}.pid`]);
      },
    };
  }

  /** Public host keys, one a line as cloud-init prints them. */
  hostKeys(): string[] {
    return readdirSync(this.spec.base)
      .filter((name) => /^host_.*\.pub$/.test(name))
      .map((name) => readFileSync(join(this.spec.base, name), 'utf8').trim());
  }

  /** What booting and sshd said. */
  log(): Promise<string> {
    return readFile(join(this.spec.base, 'machine.log'), 'utf8');
  }

  private get into(): string[] {
    return ['-t', String(this.init), '-m', '-p'];
  }

  private async make(): Promise<void> {
    const { base, user, hostname, publicKey } = this.spec;
    await mkdir(base, { recursive: true, mode: 0o755 });
    for (const name of ['home/.ssh', 'root', 'log', 'tmp', 'power', 'shims']) await mkdir(join(base, name), { recursive: true });
    await chmod(join(base, 'tmp'), 0o1777);
    await chmod(join(base, 'home/.ssh'), 0o700);
    await writeFile(join(base, 'home/.ssh/authorized_keys'), publicKey === undefined ? '' : `${publicKey}\n`, { mode: 0o600 });
    for (const name of ['home', 'home/.ssh', 'home/.ssh/authorized_keys']) await chown(join(base, name), UID, UID);
    const users = [
      `${user}:x:${UID}:${UID}::/home/${user}:/bin/bash`,
      'root:x:0:0:root:/root:/bin/bash',
      'sshd:x:103:65534::/run/sshd:/usr/sbin/nologin',
      'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    ];
    await writeFile(join(base, 'passwd'), `${users.join('\n')}\n`);
    await writeFile(join(base, 'pam-su'), PAM_SU);
    await writeFile(join(base, 'boot'), BOOT);
    const shims = { power: POWER, sudo: SUDO, 'cloud-init': CLOUD_INIT };
    for (const [name, text] of Object.entries(shims)) await writeFile(join(base, 'shims', name), text, { mode: 0o755 });
    for (const name of ['shutdown', 'poweroff', 'halt', 'reboot', 'systemctl']) {
      await writeFile(join(base, 'shims', name), POWER, { mode: 0o755 });
    }
    if (this.spec.address === undefined) return;
    for (const type of ['ecdsa', 'ed25519']) {
      const file = join(base, `host_${type}`);
      const made = spawnSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', `root@${hostname}`, '-f', file]);
      if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr.toString()}`);
    }
  }

  private async configure(address: string): Promise<void> {
    const env = { ...this.spec.env, PATH };
    const lines = [
      `ListenAddress ${address}:${this.spec.port}`,
      `HostKey ${INSIDE}/host_ecdsa`,
      `HostKey ${INSIDE}/host_ed25519`,
      `SetEnv ${Object.entries(env).map(([name, value]) => `"${name}=${value}"`).join(' ')}`,
      'PidFile none',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin no',
      'StrictModes no',
      'PrintMotd no',
      'UseDNS no',
      'MaxStartups 100',
      'Subsystem sftp internal-sftp',
    ];
    await writeFile(join(this.spec.base, 'sshd_config'), `${lines.join('\n')}\n`);
  }

  private async runUserData(): Promise<void> {
    const { base, userData } = this.spec;
    const end = (): Promise<void> => writeFile(join(base, 'power', 'finished'), '');
    if (!userData.startsWith('#!')) {
      await end();
      return;
    }
    await writeFile(join(base, 'user-data'), userData, { mode: 0o700 });
    this.userDataRun = await this.run(`${INSIDE}/user-data > /var/log/cloud-init-output.log 2>&1`);
    void this.userDataRun.ended.then(() => (this.isUp ? end() : undefined));
  }

  private readRequests(): void {
    const folder = join(this.spec.base, 'power');
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.request'))) {
      const file = join(folder, name);
      const [what = '', minutes = '0'] = readFileSync(file, 'utf8').trim().split(' ');
      rmSync(file);
      if (what === 'off' || what === 'reboot' || what === 'cancel') this.spec.onPower(what, Number(minutes));
    }
  }
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('SSH-2.0'));
    });
    socket.once('error', () => resolve(false));
    socket.once('end', () => resolve(false));
  });
}
