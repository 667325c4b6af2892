import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../src/core/clock.ts';
import type { Logger } from '../../../src/core/logger.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { Engine } from '../../../src/engine.ts';
import type { PooledMachine } from '../../../src/providers/ssh/machine-pool.ts';
import { plainMachine } from '../../../src/providers/ssh/ssh-machine.ts';
import type { RemoteShell } from '../../../src/remote/remote-shell.ts';
import type { SecretPlace } from '../../../src/remote/ssh/secret-place.ts';
import type { LaunchPlan } from '../../../src/training/launch-plan.ts';
import { planScript } from '../../../src/training/launch-plan.ts';
import { createEngineBed } from '../engine.ts';
import type { EngineBed } from '../engine.ts';
import { until } from '../proc.ts';
import { LinkProxy } from './link-proxy.ts';
import type { LinkShape } from './link-proxy.ts';
import { SshBed } from './ssh-bed.ts';
import type { SshBedOptions } from './ssh-bed.ts';

/** Says yes to the machine and its key. */
export const WILLING = {
  confirmMachine: () => Promise.resolve(true),
  askHostKey: () => Promise.resolve(true),
  askPassphrase: () => Promise.resolve(undefined),
  offerToKeep: () => undefined,
};

/** Id of the one machine. */
export const LAB = 'lab';

/** Engines of one home whose machine `lab` lies behind a link that can be broken. */
export class EngineLab {
  readonly bed: EngineBed;
  readonly machine: SshBed;
  readonly proxy: LinkProxy;
  /** The folder that is sent. */
  readonly source: string;
  private readonly sshRoot: string;
  private readonly settings: readonly string[];
  private readonly isGuest: boolean;
  /** Of the engines from the next on; each has its own unless told. */
  secrets: SecretPlace | undefined;

  private constructor(
    bed: EngineBed,
    machine: SshBed,
    proxy: LinkProxy,
    settings: readonly string[],
    isGuest = false,
  ) {
    this.isGuest = isGuest;
    this.bed = bed;
    this.settings = settings;
    this.machine = machine;
    this.proxy = proxy;
    this.source = join(bed.root, 'source');
    this.sshRoot = bed.root;
  }

  /** `settings` are further lines of the ssh configuration for the machine. */
  static async create(
    options: SshBedOptions = {},
    link: LinkShape = {},
    settings: readonly string[] = [],
  ): Promise<EngineLab> {
    const bed = await createEngineBed();
    const machine = await SshBed.create(options);
    const lab = new EngineLab(bed, machine, await LinkProxy.start(machine.port, link), settings);
    await mkdir(lab.source);
    await lab.configure();
    return lab;
  }

  /** Another computer with the same machine; dispose of it before the first one. */
  static async createBeside(other: EngineLab): Promise<EngineLab> {
    const bed = await createEngineBed();
    const { machine, settings } = other;
    const lab = new EngineLab(bed, machine, await LinkProxy.start(machine.port), settings, true);
    await mkdir(lab.source);
    await lab.configure();
    return lab;
  }

  /** Logs in with this key from the next engine on. */
  async configure(keyFile: string = this.machine.keyFile): Promise<void> {
    await writeFile(
      join(this.sshRoot, 'ssh_config'),
      `Host ${LAB}\n  HostName ${this.machine.host}\n  Port ${this.proxy.port}\n` +
        `  User ${this.machine.user}\n  IdentityFile ${keyFile}\n` +
        '  IdentitiesOnly yes\n  IdentityAgent none\n  GlobalKnownHostsFile /dev/null\n' +
        `  UserKnownHostsFile ${join(this.sshRoot, 'known_hosts')}\n` +
        this.settings.map((line) => `  ${line}\n`).join(''),
    );
  }

  /** Starts an engine; what it says of a machine nobody prepared is its own matter. */
  start(logger: Logger = NULL_LOGGER, clock?: Clock): Promise<Engine> {
    const ssh = {
      named: () => Promise.resolve([plainMachine({ host: LAB, user: null, port: null })]),
      configPlaces: {
        home: this.sshRoot,
        userFile: join(this.sshRoot, 'ssh_config'),
        systemFile: '/dev/null',
      },
      secrets: this.secrets,
    };
    return this.bed.start(logger, ssh, clock);
  }

  /** Starts an engine that may use the machine. */
  async startPrepared(logger: Logger = NULL_LOGGER): Promise<Engine> {
    const engine = await this.start(logger);
    await this.prepare(engine);
    return engine;
  }

  async prepare(engine: Engine): Promise<PooledMachine> {
    if (engine.ssh === null) throw new Error('unreachable');
    return engine.ssh.prepare(LAB, WILLING);
  }

  /** Commands on the machine, over the engine's own connection. */
  async shellThere(engine: Engine): Promise<RemoteShell> {
    if (engine.ssh === null) throw new Error('unreachable');
    return (await engine.ssh.connect(LAB)).shell;
  }

  /** A run of the source folder with a command of one's own. */
  plan(...argv: readonly string[]): LaunchPlan {
    return planScript({
      script: join(this.source, 'train'),
      directory: this.source,
      workspaceFolder: this.source,
      argv,
      checkpointDirectory: 'checkpoints',
      device: 'cpu',
      exclude: [],
      provider: 'ssh',
      machine: LAB,
    });
  }

  write(path: string, content: string | Buffer): Promise<void> {
    return writeFile(join(this.source, path), content);
  }

  /** Names of runs the machine has a directory of. */
  runsThere(): string[] {
    const runs = join(this.machine.home, '.runctl', 'runs');
    try {
      return readdirSync(runs).filter((name) => name.startsWith("r") && isDirectory(join(runs, name)));
    } catch {
      return [];
    }
  }

  /** Absolute path of a file of a run on the machine. */
  fileOf(id: string, name: string): string {
    return join(this.machine.home, '.runctl', 'runs', id, name);
  }

  logThere(id: string): Buffer {
    return readFileSync(this.fileOf(id, 'log'));
  }

  /** The copy of a run's log on this side. */
  logHere(run: Run): Promise<Buffer> {
    return readFile(run.logPath ?? '');
  }

  /** Polls the log on the machine. */
  async untilLogged(id: string, what: string, holds: (log: string) => boolean): Promise<void> {
    await until(what, () =>
      Promise.resolve(holds(this.logThere(id).toString('latin1')) ? true : undefined),
    );
  }

  async dispose(): Promise<void> {
    this.proxy.refuse(false);
    await this.bed.dispose();
    await this.proxy.dispose();
    if (!this.isGuest) {
      await this.machine.dispose();
    }
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
