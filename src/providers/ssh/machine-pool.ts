import { posix } from 'node:path';
import type { CheckpointFiles, RemovableFiles } from '../../checkpoints/checkpoint-files.ts';
import { untilAborted } from '../../core/cancellation.ts';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/error-chain.ts';
import type { Event } from '../../core/events.ts';
import { Emitter } from '../../core/events.ts';
import type { Logger } from '../../core/logger.ts';
import { AgentClient } from '../../remote/agent/agent-client.ts';
import type { AgentSource } from '../../remote/agent/agent-script.ts';
import { clockAhead } from '../../remote/agent/host-time.ts';
import { probeMachine } from '../../remote/machine-probe.ts';
import type { MachineProbe } from '../../remote/machine-probe.ts';
import type { RemoteShell } from '../../remote/remote-shell.ts';
import type { SshMachineShell } from '../../remote/ssh/machine-shell.ts';
import type { MachineFacts, MachineTrouble } from '../../resources/account-snapshot.ts';
import { MachineFactsReader } from '../machine-facts.ts';
import type { CodePlacer, Machine, PathFetcher, PathSender } from '../training-provider.ts';
import { awayText } from './away-text.ts';
import { SSH_PROVIDER } from './known-machines.ts';
import { troubleOf } from './machine-trouble.ts';
import type { SshMachine } from './ssh-machine.ts';
import type { SshPerson } from './ssh-person.ts';
import { NOBODY } from './ssh-person.ts';
import type { TreeKeeper } from './tree-placer.ts';

/** What the pool is built from. */
export interface MachinePoolParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly agentSource: AgentSource;
  /** Makes the way to a machine; whom it asks may change from question to question. */
  readonly shell: (machine: SshMachine, person: () => SshPerson) => Promise<SshMachineShell>;
  readonly files: (agent: AgentClient) => CheckpointFiles & RemovableFiles;
  readonly transfer: (
    shell: RemoteShell,
    directory: string,
  ) => CodePlacer & PathFetcher & PathSender & TreeKeeper;
}

/** A machine with all that is known of it since it was connected to. */
export interface PooledMachine extends Machine {
  readonly shell: SshMachineShell;
  readonly probe: MachineProbe;
  readonly fetcher: PathFetcher;
  readonly sender: PathSender;
  /** What of our trees is there. */
  readonly trees: TreeKeeper;
  /** Absolute directory on it that holds code and what transfers need. */
  readonly directory: string;
}

/** Facts of a machine, or why there are none. */
export interface MachineLook {
  readonly facts: MachineFacts | null;
  readonly problem: string | null;
  readonly trouble: MachineTrouble | null;
}

interface Entry {
  readonly machine: SshMachine;
  readonly shell: Promise<SshMachineShell>;
  /** Where code goes now; what was begun elsewhere ends there. */
  directory: string;
  /** Once it is made. */
  way: SshMachineShell | undefined;
  person: SshPerson;
  opened: Promise<PooledMachine> | undefined;
  facts: MachineFactsReader | undefined;
}

/** One way to each machine of this window, kept and shared by all who need it. */
export class MachinePool {
  private readonly parts: MachinePoolParts;
  private readonly entries = new Map<string, Entry>();
  private readonly seenAt = new Map<string, number>();
  private readonly troubles = new Map<string, MachineTrouble>();
  private readonly opened = new Emitter<PooledMachine>();

  /** Fires when a machine was connected to for the first time, or anew. */
  readonly onDidOpen: Event<PooledMachine> = this.opened.event;

  constructor(parts: MachinePoolParts) {
    this.parts = parts;
  }

  /**
   * Opens a machine, asking nobody.
   *
   * @param machine - which
   * @returns the machine, its home and tools known
   * @throws {MachineError} when it cannot be reached without asking, or at all
   */
  open(machine: SshMachine): Promise<PooledMachine> {
    const entry = this.entryOf(machine);
    // A failure is not kept: the machine may be back the next time.
    entry.opened ??= this.openNow(entry).catch((error: unknown) => {
      entry.opened = undefined;
      this.noteTrouble(machine.id, error);
      throw error;
    });
    return entry.opened;
  }

  /**
   * How the last attempt to reach a machine failed, in this window.
   *
   * @param id - of the machine
   * @returns `null` when it worked, or there was none
   */
  trouble(id: string): MachineTrouble | null {
    return this.troubles.get(id) ?? null;
  }

  /**
   * Notes how another attempt to reach a machine failed, such as that of a check.
   *
   * @param id - of the machine
   * @param error - what the attempt threw
   * @returns what the machine's row shows
   */
  noteTrouble(id: string, error: unknown): MachineTrouble {
    const now = troubleOf(error, this.seenAt.get(id) ?? this.parts.clock.now());
    const before = this.troubles.get(id);
    // "Since" stays the same for as long as the trouble does.
    const trouble = before?.kind === now.kind ? { ...now, since: before.since } : now;
    this.troubles.set(id, trouble);
    return trouble;
  }

  /**
   * Notes that a machine let us in.
   *
   * @param id - of the machine
   */
  noteReached(id: string): void {
    this.troubles.delete(id);
  }

  /**
   * Opens a machine for a person who can answer.
   *
   * @param machine - which
   * @param person - is asked for what is not known yet
   * @returns the machine
   * @throws {MachineError} when it cannot be reached, or the person said no
   */
  async greet(machine: SshMachine, person: SshPerson): Promise<PooledMachine> {
    const entry = this.entryOf(machine);
    entry.person = person;
    try {
      // One under way asks nobody, or asked before there was anybody.
      await entry.opened?.catch(() => undefined);
      return await this.open(machine);
    } finally {
      entry.person = NOBODY;
    }
  }

  /**
   * Reads what a machine tells of itself.
   *
   * @param machine - which
   * @param signal - gives up waiting
   * @returns facts, or what is wrong
   */
  async facts(machine: SshMachine, signal: AbortSignal): Promise<MachineLook> {
    try {
      const facts = await untilAborted(signal, () => this.readFacts(machine));
      this.seenAt.set(machine.id, this.parts.clock.now());
      this.troubles.delete(machine.id);
      return { facts, problem: null, trouble: null };
    } catch (error) {
      this.parts.logger.debug(`${machine.id}: ${describeError(error)}`);
      const trouble = this.noteTrouble(machine.id, error);
      return { facts: null, problem: awayText(trouble, this.seenAt.get(machine.id)), trouble };
    }
  }

  /**
   * Lets go of a machine, as when what is said of it has changed.
   *
   * @param id - of the machine
   */
  async forget(id: string): Promise<void> {
    this.troubles.delete(id);
    const entry = this.entries.get(id);
    this.entries.delete(id);
    const shell = await entry?.shell.catch(() => undefined);
    await shell?.close();
  }

  /**
   * Ends every connection.
   *
   * @returns when all have ended
   */
  async close(): Promise<void> {
    this.opened.dispose();
    await Promise.all([...this.entries.keys()].map((id) => this.forget(id)));
  }

  private entryOf(machine: SshMachine): Entry {
    const known = this.entries.get(machine.id);
    if (known !== undefined && (isSameWay(known.machine, machine) || isUp(known))) {
      this.adopt(known, machine.directory);
      return known;
    }
    if (known !== undefined) {
      void this.forget(machine.id).catch((error: unknown) => {
        this.parts.logger.debug(`${machine.id}: ${describeError(error)}`);
      });
    }
    const entry: Entry = {
      machine,
      directory: machine.directory,
      way: undefined,
      person: NOBODY,
      shell: this.parts.shell(machine, () => entry.person),
      opened: undefined,
      facts: undefined,
    };
    entry.shell.then(
      (way) => {
        entry.way = way;
      },
      // Whoever opens the machine hears of it.
      () => this.entries.delete(machine.id),
    );
    this.entries.set(machine.id, entry);
    return entry;
  }

  // The connection stays, and with it what another part of the window is doing.
  private adopt(entry: Entry, directory: string): void {
    if (entry.directory === directory) {
      return;
    }
    entry.directory = directory;
    const opened = entry.opened?.then((machine) => ({
      ...machine,
      ...this.mover(machine.shell, directory, machine.probe),
    }));
    entry.opened = opened;
    // Whoever opens the machine hears of it.
    opened?.catch(() => undefined);
  }

  private mover(
    shell: SshMachineShell,
    directory: string,
    probe: MachineProbe,
  ): Pick<PooledMachine, 'directory' | 'fetcher' | 'placer' | 'sender' | 'trees'> {
    const place = atHome(directory, probe.home);
    const mover = this.parts.transfer(shell, place);
    return { placer: mover, fetcher: mover, sender: mover, trees: mover, directory: place };
  }

  private async openNow(entry: Entry): Promise<PooledMachine> {
    const { machine } = entry;
    const { agentSource, files } = this.parts;
    const shell = await entry.shell;
    // Once connected, so that only the question takes time.
    await shell.connection.launcher();
    const { clock } = this.parts;
    const asked = clock.now();
    const probe = await probeMachine(shell);
    const ahead = clockAhead(probe.time, asked, clock.now());
    const home = posix.join(probe.home, '/.runctl');
    const agent = new AgentClient(shell, agentSource, home, this.parts.logger, ahead);
    const opened: PooledMachine = {
      provider: SSH_PROVIDER,
      id: machine.id,
      shell,
      agent,
      probe,
      files: files(agent),
      sameHost: false,
      ...this.mover(shell, entry.directory, probe),
    };
    this.troubles.delete(machine.id);
    this.opened.fire(opened);
    return opened;
  }

  private async readFacts(machine: SshMachine): Promise<MachineFacts> {
    const entry = this.entryOf(machine);
    const { agent, probe } = await this.open(machine);
    entry.facts ??= new MachineFactsReader(agent, this.parts.clock);
    return entry.facts.read([probe.home === '' ? '/' : probe.home]);
  }
}

// Other times hold for the next connection: making one now would break what is under way.
function isUp({ way }: Entry): boolean {
  return way?.connection.state === 'connected';
}

function isSameWay(one: SshMachine, other: SshMachine): boolean {
  return (
    one.connectTimeoutSeconds === other.connectTimeoutSeconds &&
    one.keepaliveSeconds === other.keepaliveSeconds
  );
}

function atHome(directory: string, home: string): string {
  const isBelow = directory === '~' || directory.startsWith('~/');
  return isBelow ? posix.join(home === '' ? '/' : home, directory.slice(1)) : directory;
}
