import { createHash } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import type { z } from 'zod';
import { MachineError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { ExecResult, RemoteShell } from '../remote-shell.ts';
import type { AgentFacts, RunStatus } from './agent-answers.ts';
import { factsSchema, idsSchema, runStatusSchema } from './agent-answers.ts';
import { agentFailure, parseError } from './agent-failure.ts';
import type { AgentSpec } from './agent-spec.ts';
import { formatAgentSpec } from './agent-spec.ts';

const VERB_TIMEOUT_MS = 30_000;

/** The verbs of the agent on one machine, typed. */
export class AgentClient {
  private readonly shell: RemoteShell;
  private readonly source: Buffer;
  private readonly home: string;
  private installed: Promise<string> | undefined;

  /**
   * @param shell - the way to the machine
   * @param source - the agent script
   * @param home - absolute path of the agent's own directory on the machine
   */
  constructor(shell: RemoteShell, source: Buffer, home: string) {
    this.shell = shell;
    this.source = source;
    this.home = home;
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
   * Starts a run once: asking again for the same id answers its status.
   *
   * @param id - the run
   * @param spec - what to run
   * @param signal - gives up waiting; the run may have started all the same
   * @returns the status after the supervisor recorded itself
   * @throws {ExistsError} when another run is active in the same directory
   * @throws {MachineError} when the machine cannot start it
   */
  async start(id: RunId, spec: AgentSpec, signal?: AbortSignal): Promise<RunStatus> {
    const [status] = await this.statuses(['start', id], formatAgentSpec(spec), signal);
    return required(status);
  }

  /**
   * Asks for a stop and returns at once: TERM, the grace, then KILL.
   *
   * @param id - the run
   * @param graceSeconds - seconds between TERM and KILL; 0 kills now
   * @returns its status
   */
  async stop(id: RunId, graceSeconds: number): Promise<RunStatus> {
    const [status] = await this.statuses(['stop', id, String(Math.trunc(graceSeconds))]);
    return required(status);
  }

  /**
   * Reads where runs stand.
   *
   * @param ids - the runs
   * @returns one status each, in the same order
   * @throws {MachineError} with code `no-home` when the folder of all runs is
   *   not there: its disk is not mounted, or the machine was never used
   */
  status(ids: readonly RunId[]): Promise<readonly RunStatus[]> {
    return ids.length === 0 ? Promise.resolve([]) : this.statuses(['status', ...ids]);
  }

  /**
   * Reads every run directory of the machine.
   *
   * @returns statuses with each run's own record
   */
  list(): Promise<readonly RunStatus[]> {
    return this.statuses(['list']);
  }

  /**
   * Names every run directory of the machine, cheaply for any number.
   *
   * @returns ids, sorted by the machine's shell
   */
  async ids(): Promise<readonly string[]> {
    const [answer] = parseLines(await this.run(['ids']), idsSchema);
    return required(answer).ids;
  }

  /**
   * Reads a part of a run's log.
   *
   * @param id - the run
   * @param offset - first byte
   * @param max - most bytes to read
   * @returns its bytes; empty at the end of the log
   * @throws {MachineError} with code `not-found` when there is no such log
   */
  read(id: RunId, offset: number, max: number): Promise<Buffer> {
    return this.run(['read', id, String(offset), String(max)]);
  }

  /**
   * Reads processor, memory, disks, GPUs and busiest processes.
   *
   * @param directories - whose file systems to measure
   * @returns what the machine tells
   */
  async facts(directories: readonly string[]): Promise<AgentFacts> {
    const [facts] = parseLines(await this.run(['facts', ...directories]), factsSchema);
    return required(facts);
  }

  /**
   * Deletes the directory of an ended run.
   *
   * @param id - the run
   * @throws {RunError} when it is still active
   */
  async remove(id: RunId): Promise<void> {
    await this.run(['remove', id]);
  }

  private async statuses(
    verb: readonly string[],
    stdin?: string,
    signal?: AbortSignal,
  ): Promise<RunStatus[]> {
    return parseLines(await this.run(verb, stdin, signal), runStatusSchema);
  }

  private async run(verb: readonly string[], stdin?: string, signal?: AbortSignal): Promise<Buffer> {
    let result = await this.call(verb, stdin, signal);
    if (result.code !== 0 && (await this.isScriptGone(result))) {
      this.installed = undefined;
      result = await this.call(verb, stdin, signal);
    }
    if (result.code !== 0) {
      throw agentFailure(verb[0] ?? '', result, this.home);
    }
    return result.stdout;
  }

  private async call(
    verb: readonly string[],
    stdin: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<ExecResult> {
    const script = await this.ensureInstalled();
    return this.shell.exec(['env', `RUNCTL_HOME=${this.home}`, 'sh', script, ...verb], {
      timeoutMs: VERB_TIMEOUT_MS,
      ...(stdin === undefined ? {} : { stdin }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  // dash ends with 2 when it cannot open a script, which is a refusal's code too.
  private async isScriptGone(result: ExecResult): Promise<boolean> {
    if (result.code === null || parseError(result.stdout) !== undefined) {
      return false;
    }
    if (result.code === 126 || result.code === 127) {
      return true;
    }
    const script = await this.ensureInstalled();
    return (await this.shell.get(script))?.equals(this.source) !== true;
  }

  // By content hash, so that an update never changes a script a shell still reads.
  private ensureInstalled(): Promise<string> {
    this.installed ??= this.install().catch((error: unknown) => {
      this.installed = undefined;
      throw error;
    });
    return this.installed;
  }

  private async install(): Promise<string> {
    const hash = createHash('sha256').update(this.source).digest('hex').slice(0, 16);
    const path = `${this.home}/agent/${hash}/agent.sh`;
    const present = await this.shell.get(path);
    if (present?.equals(this.source) !== true) {
      await this.shell.put(path, this.source, 0o700);
    }
    return path;
  }
}

function required<T>(value: T | undefined): T {
  if (value === undefined) {
    throw new MachineError('agent-silent', l10n.t('The agent on the machine gave no answer'));
  }
  return value;
}

function parseLines<T>(output: Buffer, schema: z.ZodType<T>): T[] {
  const lines = output.toString('utf8').split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    try {
      return schema.parse(JSON.parse(line));
    } catch (cause) {
      throw new MachineError(
        'agent-answer',
        l10n.t('The agent on the machine gave an answer that cannot be read'),
        { cause, details: { line: line.slice(0, 500) } },
      );
    }
  });
}
