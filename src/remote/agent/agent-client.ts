import { createHash } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import type { z } from 'zod';
import { ExistsError, MachineError, RunError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
import type { ExecResult, RemoteShell } from '../remote-shell.ts';
import type { AgentFacts, RunStatus } from './agent-answers.ts';
import { agentErrorSchema, factsSchema, runStatusSchema } from './agent-answers.ts';
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
   */
  async status(ids: readonly RunId[]): Promise<readonly RunStatus[]> {
    return ids.length === 0 ? [] : this.statuses(['status', ...ids]);
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
    const script = await this.ensureInstalled();
    const result = await this.shell.exec(
      ['env', `RUNCTL_HOME=${this.home}`, 'sh', script, ...verb],
      {
        timeoutMs: VERB_TIMEOUT_MS,
        ...(stdin === undefined ? {} : { stdin }),
        ...(signal === undefined ? {} : { signal }),
      },
    );
    if (result.code !== 0) {
      throw agentFailure(verb[0] ?? '', result);
    }
    return result.stdout;
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

function agentFailure(verb: string, result: ExecResult): Error {
  const details = {
    verb,
    code: result.code,
    signal: result.signal,
    stderr: result.stderr.slice(-2000),
  };
  const answer = parseError(result.stdout);
  if (answer === undefined) {
    return new MachineError(
      'agent-failed',
      l10n.t('The agent on the machine failed ({0})', verb),
      { details },
    );
  }
  const text = answer.error.message;
  switch (answer.error.code) {
    case 'busy':
      return new ExistsError(
        'directory-busy',
        l10n.t('Another run is active in this directory: {0}', answer.error.run ?? '?'),
        { details: { ...details, run: answer.error.run } },
      );
    case 'active':
      return new RunError('run-active', l10n.t('The run is still active'), { details });
    default:
      return new MachineError(answer.error.code, text, { details });
  }
}

function parseError(stdout: Buffer): z.infer<typeof agentErrorSchema> | undefined {
  try {
    const line = stdout.toString('utf8').trim().split('\n').at(-1) ?? '';
    return agentErrorSchema.safeParse(JSON.parse(line)).data;
  } catch {
    // No JSON at all: the caller reports the exit code and stderr instead.
    return undefined;
  }
}
