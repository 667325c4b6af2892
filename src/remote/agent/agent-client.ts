import * as l10n from '@vscode/l10n';
import type { z } from 'zod';
import { MachineError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { Logger } from '../../core/logger.ts';
import { NULL_LOGGER } from '../../core/logger.ts';
import type { RemoteProcess, RemoteShell } from '../remote-shell.ts';
import type { AgentFacts, AgentVersion, RunStatus } from './agent-answers.ts';
import { factsSchema, idsSchema, runStatusSchema, versionSchema } from './agent-answers.ts';
import { agentFailure } from './agent-failure.ts';
import type { AgentCallOptions, AgentSource } from './agent-script.ts';
import { AgentScript } from './agent-script.ts';
import type { AgentSpec } from './agent-spec.ts';
import { formatAfterSecrets, formatAgentSpec } from './agent-spec.ts';
import { inHostTime } from './host-time.ts';

/** From where on a run's log is wanted. */
export interface LogStart {
  readonly id: RunId;
  /** First byte. */
  readonly offset: number;
}

/** The verbs of the agent on one machine, typed. */
export class AgentClient {
  /** What every verb is asked of. */
  readonly script: AgentScript;
  private readonly home: string;
  private readonly logger: Logger;
  /** Milliseconds by which the machine's clock is ahead of this host's; statuses are told in the latter. */
  readonly clockAhead: number;

  /**
   * @param shell - the way to the machine
   * @param source - what is put there
   * @param home - absolute path of the agent's own directory on the machine
   * @param logger - hears of what cannot be read in answers
   * @param clockAhead - milliseconds by which the machine's clock is ahead of this host's
   */
  constructor(shell: RemoteShell, source: AgentSource, home: string, logger: Logger = NULL_LOGGER, clockAhead = 0) {
    this.script = new AgentScript(shell, source, home);
    this.home = home;
    this.logger = logger;
    this.clockAhead = clockAhead;
  }

  /**
   * Where the agent keeps a run.
   *
   * @param id - the run
   * @returns absolute path on the machine
   */
  runDirectory(id: RunId): string {
    return `${this.home}/runs/${id}`;
  }

  /**
   * Reads what the agent is and how it works there.
   *
   * @param options - cancellation and time limit
   * @returns home, way to detach, boot, clocks
   */
  async version(options: AgentCallOptions = {}): Promise<AgentVersion> {
    return this.one(await this.ask(['version'], options), versionSchema);
  }

  /**
   * Starts a run once: asking again for the same id answers its status.
   *
   * @param id - the run
   * @param spec - what to run
   * @param options - cancellation and time limit; the run may have started all the same
   * @returns the status after the supervisor recorded itself
   * @throws {ExistsError} when another run is active in the same directory
   * @throws {MachineError} when the machine cannot start it; `forbidden` when it may not
   */
  async start(id: RunId, spec: AgentSpec, options: AgentCallOptions = {}): Promise<RunStatus> {
    const answer = await this.ask(['start', id], options, formatAgentSpec(spec));
    return this.inHostTime(this.one(answer, runStatusSchema));
  }

  /**
   * Forbids a run to start, also by a start that is still under way to the machine.
   *
   * @param id - the run
   * @param options - cancellation and time limit
   * @returns its status when it has started; state `missing` when it never will
   */
  async forbid(id: RunId, options: AgentCallOptions = {}): Promise<RunStatus> {
    return this.inHostTime(this.one(await this.ask(['forbid', id], options), runStatusSchema));
  }

  /**
   * Asks for a stop and returns at once: TERM, the grace, then KILL.
   *
   * @param id - the run
   * @param graceSeconds - seconds between TERM and KILL; 0 kills now
   * @param options - cancellation and time limit
   * @returns its status
   */
  async stop(
    id: RunId,
    graceSeconds: number,
    options: AgentCallOptions = {},
  ): Promise<RunStatus> {
    const grace = String(Math.max(0, Math.trunc(graceSeconds)));
    return this.inHostTime(this.one(await this.ask(['stop', id, grace], options), runStatusSchema));
  }

  /**
   * Moves the end of a run's lease; of one that has ended, the action held back after it.
   *
   * @param id - the run
   * @param seconds - from now; 0 takes the lease away
   * @param options - cancellation and time limit
   * @returns its status
   * @throws {MachineError} `ending` when the run has ended or is being ended
   */
  async extend(id: RunId, seconds: number, options: AgentCallOptions = {}): Promise<RunStatus> {
    const wanted = String(Math.max(0, Math.trunc(seconds)));
    return this.inHostTime(this.one(await this.ask(['extend', id, wanted], options), runStatusSchema));
  }

  /**
   * Saves an ended run to its durable place once more, with fresh credentials;
   * returns when it has begun. What else was left to do after the run is done, too.
   *
   * @param id - the run
   * @param secrets - credentials and endpoint by their AWS names; they travel over stdin only
   * @param options - cancellation and time limit
   * @returns its status; `after` tells how the saving goes on
   * @throws {MachineError} `nowhere` when the run has no durable place
   * @throws {RunError} when the run, or what follows it, is still at work
   */
  async save(
    id: RunId,
    secrets: Readonly<Record<string, string>>,
    options: AgentCallOptions = {},
  ): Promise<RunStatus> {
    const answer = await this.ask(['save', id], options, formatAfterSecrets(secrets));
    return this.inHostTime(this.one(answer, runStatusSchema));
  }

  /**
   * Holds back the action that ends the machine after a run.
   *
   * @param id - the run, which has ended
   * @param seconds - from now; 0 lets it go on at once
   * @param options - cancellation and time limit
   * @returns its status
   * @throws {MachineError} `ending` when there is nothing to hold back (any more)
   * @throws {RunError} when the run is still active
   */
  async hold(id: RunId, seconds: number, options: AgentCallOptions = {}): Promise<RunStatus> {
    const wanted = String(Math.max(0, Math.trunc(seconds)));
    return this.inHostTime(this.one(await this.ask(['hold', id, wanted], options), runStatusSchema));
  }

  /**
   * Reads where runs stand.
   *
   * @param ids - the runs
   * @param options - cancellation and time limit
   * @returns one status each, in the same order, but those that cannot be read
   * @throws {MachineError} with code `no-home` when the folder of all runs is
   *   not there: its disk is not mounted, or the machine was never used
   */
  async status(
    ids: readonly RunId[],
    options: AgentCallOptions = {},
  ): Promise<readonly RunStatus[]> {
    return ids.length === 0 ? [] : this.statuses(await this.ask(['status', ...ids], options));
  }

  /**
   * Reads run directories of the machine, with each run's own record. Thousands
   * take their time: `ids` names them, and some at a time can be asked for.
   *
   * @param ids - which ones; all unless told
   * @param options - cancellation and time limit
   * @returns their statuses, but those that cannot be read
   */
  async list(
    ids?: readonly string[],
    options: AgentCallOptions = {},
  ): Promise<readonly RunStatus[]> {
    return ids?.length === 0 ? [] : this.statuses(await this.ask(['list', ...(ids ?? [])], options));
  }

  /**
   * Names every run directory of the machine, cheaply for any number.
   *
   * @param options - cancellation and time limit
   * @returns ids, sorted by the machine's shell
   */
  async ids(options: AgentCallOptions = {}): Promise<readonly string[]> {
    return this.one(await this.ask(['ids'], options), idsSchema).ids;
  }

  /**
   * Reads a part of a run's log.
   *
   * @param id - the run
   * @param offset - first byte
   * @param max - most bytes to read
   * @param options - cancellation and time limit
   * @returns its bytes; empty at the end of the log
   * @throws {MachineError} with code `not-found` when there is no such log
   */
  read(id: RunId, offset: number, max: number, options: AgentCallOptions = {}): Promise<Buffer> {
    return this.ask(['read', id, String(offset), String(max)], options);
  }

  /**
   * Follows the logs of several runs by one long-lived process; `readLogFrames`
   * reads what it writes.
   *
   * @param logs - which ones, and from where
   * @param signal - ends it
   * @returns the running process; it ends when all these runs have ended
   */
  async follow(logs: readonly LogStart[], signal?: AbortSignal): Promise<RemoteProcess> {
    const words = logs.map(({ id, offset }) => `${id}:${String(offset)}`);
    return this.script.start(['follow', ...words], signal);
  }

  /**
   * Reads processor, memory, disks, GPUs and busiest processes.
   *
   * @param directories - whose file systems to measure
   * @param options - cancellation and time limit
   * @returns what the machine tells
   */
  async facts(
    directories: readonly string[],
    options: AgentCallOptions = {},
  ): Promise<AgentFacts> {
    return this.one(await this.ask(['facts', ...directories], options), factsSchema);
  }

  /**
   * Deletes the directory of an ended run.
   *
   * @param id - the run
   * @param options - cancellation and time limit
   * @throws {RunError} when it is still active
   */
  async remove(id: RunId, options: AgentCallOptions = {}): Promise<void> {
    await this.ask(['remove', id], options);
  }

  /**
   * Asks for any verb.
   *
   * @param verb - verb and arguments
   * @param options - cancellation and time limit
   * @param stdin - what the verb reads
   * @returns its answer as it is
   * @throws {MachineError} when it was refused or failed
   */
  async ask(
    verb: readonly string[],
    options: AgentCallOptions = {},
    stdin?: string,
  ): Promise<Buffer> {
    const result = await this.script.exec(verb, stdin, options);
    if (result.code !== 0) {
      throw agentFailure(verb[0] ?? '', result, this.home);
    }
    return result.stdout;
  }

  // One line that cannot be read must not hide all others.
  private statuses(output: Buffer): RunStatus[] {
    return lines(output).flatMap((line) => {
      const status = parse(line, runStatusSchema);
      if (status === undefined) {
        this.logger.warn(`a status cannot be read: ${line.slice(0, 500)}`);
        return [];
      }
      return [this.inHostTime(status)];
    });
  }

  private inHostTime(status: RunStatus): RunStatus {
    return inHostTime(status, this.clockAhead);
  }

  private one<T>(output: Buffer, schema: z.ZodType<T>): T {
    const [line] = lines(output);
    if (line === undefined) {
      throw new MachineError('agent-silent', l10n.t('The agent on the machine gave no answer'));
    }
    const answer = parse(line, schema);
    if (answer === undefined) {
      throw new MachineError(
        'agent-answer',
        l10n.t('The agent on the machine gave an answer that cannot be read'),
        { details: { line: line.slice(0, 500) } },
      );
    }
    return answer;
  }
}

function lines(output: Buffer): string[] {
  return output.toString('utf8').split('\n').filter((line) => line !== '');
}

function parse<T>(line: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
