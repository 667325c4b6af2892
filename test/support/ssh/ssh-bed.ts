import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, open } from 'node:fs/promises';
import { readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { SshMachineShell } from '../../../src/remote/ssh/machine-shell.ts';
import { environment, isRunning, pids, readProc, signal, until } from '../proc.ts';

/** How the machine is; what is missing is as on most machines. */
export interface SshBedOptions {
  /** Login shell of the user. */
  readonly shell?: string;
  /** PATH of every session. */
  readonly path?: string;
  /** Log in as root instead of as a common user. */
  readonly root?: boolean;
  /** Further lines of sshd_config. */
  readonly config?: readonly string[];
  /** More variables of every session. */
  readonly env?: Readonly<Record<string, string>>;
  /** Nobody may write to /tmp. Only where `isolated`. */
  readonly readOnlyTmp?: boolean;
}

const SSHD = '/usr/sbin/sshd';
const UID = 4242;
const MARK = 'RUNCTL_SSH_BED';

/** A namespace of its own lets sshd have a user and a home that this host does not. */
const ISOLATED =
  process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

/**
 * A machine of its own behind a real sshd on 127.0.0.1. As root it has a user
 * with a home of its own; else it is this user with HOME moved.
 */
export class SshBed {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly base: string;
  /** Absolute; empty at first. */
  readonly home: string;
  /** Private key that may log in. */
  readonly keyFile: string;
  private readonly root: boolean;
  private shell: string;
  private path: string | undefined;
  private config: readonly string[];
  private readonly env: Readonly<Record<string, string>>;
  private readonly readOnlyTmp: boolean;
  private sshd: ChildProcess | undefined;

  private constructor(base: string, port: number, options: SshBedOptions) {
    this.base = base;
    this.port = port;
    this.root = options.root === true || !ISOLATED;
    this.user = ISOLATED ? 'trainer' : userInfo().username;
    this.home = join(base, 'home');
    this.keyFile = join(base, 'client-key');
    this.shell = options.shell ?? '/bin/bash';
    this.path = options.path;
    this.config = options.config ?? [];
    this.env = options.env ?? {};
    this.readOnlyTmp = options.readOnlyTmp ?? false;
  }

  /** Whether login shells and users can be chosen. */
  static get isolated(): boolean {
    return ISOLATED;
  }

  static async create(options: SshBedOptions = {}): Promise<SshBed> {
    const base = await realpath(await mkdtemp(join(tmpdir(), 'runctl-ssh-')));
    const bed = new SshBed(base, await freePort(), options);
    await chmod(base, 0o755);
    await mkdir(bed.home);
    if (!bed.root) await chown(bed.home, UID, UID);
    bed.makeKey('client-key');
    bed.makeKey('host-key');
    await bed.allow(await bed.publicKey());
    await bed.start();
    return bed;
  }

  /** Makes a key pair under the base directory; answers the private file. */
  makeKey(name: string, options: { type?: string; passphrase?: string } = {}): string {
    const file = join(this.base, name);
    const { type = 'ed25519', passphrase = '' } = options;
    // Few bits and one round: keys of tests need not be strong.
    const weak = ['-a', '1', ...(type === 'rsa' ? ['-b', '2048'] : [])];
    const args = ['-q', '-t', type, ...weak, '-N', passphrase, '-C', name, '-f', file];
    const made = spawnSync('ssh-keygen', args);
    assert.equal(made.status, 0, made.stderr.toString());
    return file;
  }

  /** The line of a public key, without its comment. */
  async publicKey(file: string = this.keyFile): Promise<string> {
    const [type = '', data = ''] = (await readFile(`${file}.pub`, 'utf8')).split(' ');
    return `${type} ${data}`;
  }

  hostKey(): Promise<string> {
    return this.publicKey(join(this.base, 'host-key'));
  }

  /** The machine's line of a known_hosts file. */
  async knownHostsLine(port: number = this.port): Promise<string> {
    return `[${this.host}]:${port} ${await this.hostKey()}\n`;
  }

  /** Lets exactly these public keys in; none shuts everyone out. */
  async allow(...keys: readonly string[]): Promise<void> {
    await writeFile(join(this.base, 'authorized_keys'), keys.map((key) => `${key}\n`).join(''));
  }

  /** As after a reinstallation. */
  async newHostKey(type = 'ed25519'): Promise<void> {
    await rm(join(this.base, 'host-key'));
    await rm(join(this.base, 'host-key.pub'));
    this.makeKey('host-key', { type });
    await this.restart();
  }

  /** Holds for sessions from now on; `undefined` is sshd's own PATH. */
  async setPath(path: string | undefined): Promise<void> {
    this.path = path;
    await this.restart();
  }

  /** Only where `isolated`. */
  async setShell(shell: string): Promise<void> {
    this.shell = shell;
    await this.writePasswd();
  }

  async setConfig(...lines: readonly string[]): Promise<void> {
    this.config = lines;
    await this.restart();
  }

  /** Only for a common user: nothing holds root back. */
  async readOnlyHome(readOnly: boolean): Promise<void> {
    await chmod(this.home, readOnly ? 0o555 : 0o755);
  }

  async start(): Promise<void> {
    await this.writeConfig();
    await this.writePasswd();
    const log = await open(join(this.base, 'sshd.log'), 'a');
    const run = `exec ${SSHD} -D -e -f "$1/sshd_config"`;
    const script = ISOLATED
      ? `mkdir -p /run/sshd && mount --bind "$1/passwd" /etc/passwd && ${this.tmp} && ${run}`
      : run;
    const inNamespace = ISOLATED ? ['-m', 'sh'] : [];
    const args = [...inNamespace, '-c', script, 'sh', this.base];
    this.sshd = spawn(ISOLATED ? 'unshare' : 'sh', args, {
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, [MARK]: this.base },
    });
    await log.close();
    await until('sshd answers', async () => {
      assert.equal(this.sshd?.exitCode, null, await this.log());
      return (await answers(this.port)) ? true : undefined;
    });
  }

  /** The script that makes /tmp as it should be, all but what is the machine's own. */
  private get tmp(): string {
    if (!this.readOnlyTmp) return ':';
    return 'mount --bind "$1" "$1" && mount --rbind /tmp /tmp && mount -o remount,ro,bind /tmp';
  }

  /** Ends the listener; open connections go on. */
  async stop(): Promise<void> {
    const { sshd } = this;
    this.sshd = undefined;
    if (sshd?.exitCode !== null || sshd.pid === undefined) return;
    const ended = once(sshd, 'exit');
    sshd.kill('SIGTERM');
    await ended;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** What sshd said. */
  log(): Promise<string> {
    return readFile(join(this.base, 'sshd.log'), 'utf8');
  }

  /** All processes of the machine: sshd's and what runs in sessions. */
  processes(): number[] {
    return pids().filter(
      (pid) => isRunning(pid) && environment(pid).includes(`${MARK}=${this.base}`),
    );
  }

  /** What runs in sessions, without sshd's own. */
  sessionProcesses(): number[] {
    return this.processes().filter((pid) => environment(pid).includes(`HOME=${this.home}`));
  }

  /** Processes of sessions that run this program. */
  running(program: string): number[] {
    return this.sessionProcesses().filter(
      (pid) => readProc(pid, 'cmdline').split('\0')[0] === program,
    );
  }

  /** Polls until the program runs in a session. */
  async untilRunning(program: string): Promise<void> {
    await until(`${program} runs`, () =>
      Promise.resolve(this.running(program).length > 0 ? true : undefined),
    );
  }

  /** Polls until nothing runs in sessions but what waits for a program. */
  async untilIdle({ connection }: SshMachineShell): Promise<void> {
    await until('no program and no session is left', () => {
      const programs = this.sessionProcesses().length - connection.idleSessions;
      return Promise.resolve(programs === 0 && connection.sessions === 0 ? true : undefined);
    });
  }

  async dispose(): Promise<void> {
    await this.stop();
    await until('nothing of the machine is left', () => {
      const left = this.processes();
      for (const pid of left) signal(pid, 'SIGKILL');
      return Promise.resolve(left.length === 0 ? true : undefined);
    });
    await rm(this.base, { recursive: true, force: true });
  }

  private async writeConfig(): Promise<void> {
    const env = [`HOME=${this.home}`, `${MARK}=${this.base}`];
    if (this.path !== undefined) env.push(`PATH=${this.path}`);
    env.push(...Object.entries(this.env).map(([name, value]) => `${name}=${value}`));
    const lines = [
      // The first value of a setting counts.
      ...this.config,
      `ListenAddress ${this.host}:${this.port}`,
      `HostKey ${this.base}/host-key`,
      `AuthorizedKeysFile ${this.base}/authorized_keys`,
      `SetEnv ${env.map((pair) => `"${pair}"`).join(' ')}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'PrintMotd no',
      'UseDNS no',
      'MaxStartups 100',
    ];
    await writeFile(join(this.base, 'sshd_config'), `${lines.join('\n')}\n`);
  }

  private async writePasswd(): Promise<void> {
    if (!ISOLATED) return;
    const id = this.root ? 0 : UID;
    const lines = [
      `${this.user}:x:${id}:${id}::${this.home}:${this.shell}`,
      'root:x:0:0:root:/root:/bin/bash',
      'sshd:x:103:65534::/run/sshd:/usr/sbin/nologin',
      'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    ];
    // In place: the namespace of a running sshd holds this very file.
    await writeFile(join(this.base, 'passwd'), `${lines.join('\n')}\n`);
  }
}

/**
 * A port nobody listens on. Below those the kernel gives away by itself: tests of
 * another process would be given it before it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    return port;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    // Its banner, so that the listener is sshd and no other.
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('SSH-2.0'));
    });
    socket.once('error', () => resolve(false));
    socket.once('end', () => resolve(false));
  });
}
