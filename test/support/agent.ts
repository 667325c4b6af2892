import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe } from 'mocha';
import { z } from 'zod';
import { ROOT } from '../../scripts/lib/paths.ts';
import { environment, pids, signal, until } from './proc.ts';

export const AGENT_SCRIPT = join(ROOT, 'src/remote/agent/agent.sh');

/** A real interpreter: a version manager's shim would add processes of its own. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/**
 * A run id that no other process of tests uses: the agent finds what belongs to
 * a run by its id, whatever home it was started from.
 */
export function runId(name: string): string {
  return `${name}-t${process.pid}`;
}

export const R0 = runId('r0');
export const R1 = runId('r1');
export const R2 = runId('r2');
export const R3 = runId('r3');

export type Shell = readonly string[];

const exitSchema = z.strictObject({
  code: z.number().int(),
  signal: z.number().int().nullable(),
  ended: z.number().int(),
  uptime: z.number().int(),
  phase: z.enum(['setup', 'command']),
  stop: z.enum(['user', 'lease', 'idle']).nullable(),
  reason: z.string().nullable(),
  oom: z.boolean().nullable(),
});

/** Strict: a field that docs/agent.md does not know fails the test. */
const statusSchema = z.strictObject({
  id: z.string(),
  state: z.enum(['starting', 'running', 'stopping', 'ended', 'lost', 'elsewhere', 'missing']),
  pid: z.number().int().nullable(),
  started: z.number().int().nullable(),
  phase: z.enum(['setup', 'command']).nullable(),
  exit: exitSchema.nullable(),
  beat: z.number().int().nullable(),
  log: z.number().int(),
  logid: z.string().nullable(),
  cwd: z.string().nullable(),
  evidence: z
    .strictObject({
      boot: z.enum(['same', 'changed']),
      oom: z.boolean().nullable(),
      lastbeat: z.number().int().nullable(),
      child: z.enum(['alive', 'dead']),
      supervisor_pid: z.number().int().nullable(),
      complaint: z.string().nullable(),
    })
    .nullable(),
  orphans: z.number().int(),
  host: z.string().nullable(),
  lease: z.strictObject({ left: z.number().int(), total: z.number().int() }).nullable(),
  after: z
    .strictObject({
      state: z.enum(['waiting', 'saving', 'calling', 'holding', 'acting', 'done', 'lost']),
      by: z.enum(['aws', 's5cmd', 'rclone', 'python3']).nullable(),
      place: z.string().nullable(),
      error: z.string().nullable(),
      saved: z.array(z.strictObject({ name: z.string(), bytes: z.number().int() })),
      webhook: z.enum(['sent', 'failed']).nullable(),
      left: z.number().int().nullable(),
      tries: z.number().int(),
    })
    .nullable(),
  existing: z.literal(true).optional(),
  forbidden: z.literal(true).optional(),
  run: z.unknown().optional(),
});

const errorSchema = z.object({
  error: z.strictObject({ code: z.string(), message: z.string(), run: z.string().optional() }),
});

export type Status = z.infer<typeof statusSchema>;

export interface Answer {
  code: number | null;
  stdout: Buffer;
  stderr: string;
  ms: number;
}

/** Texts may be bytes that are no UTF-8. */
export interface Spec {
  argv: readonly (string | Buffer)[];
  env?: Readonly<Record<string, string>>;
  secrets?: Readonly<Record<string, string>>;
  cwd?: string;
  lines?: readonly string[];
}

export interface CallOptions {
  input?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** The agent under one shell, with a home of its own. */
export class TestAgent {
  readonly shell: Shell;
  readonly home: string;
  readonly work: string;
  readonly env: NodeJS.ProcessEnv;
  private readonly base: string;

  private constructor(shell: Shell, base: string, env: NodeJS.ProcessEnv) {
    this.shell = shell;
    this.base = base;
    this.home = join(base, 'home');
    this.work = join(base, 'work');
    this.env = { ...process.env, RUNCTL_SHELL: shell.join(' '), ...env, RUNCTL_HOME: this.home };
  }

  static async create(shell: Shell, env: NodeJS.ProcessEnv = {}): Promise<TestAgent> {
    const base = await realpath(await mkdtemp(join(tmpdir(), 'runctl-agent-')));
    const agent = new TestAgent(shell, base, env);
    await mkdir(agent.work);
    return agent;
  }

  /** Ends when the streams are closed too: a process that holds them fails the test. */
  call(args: readonly string[], options: CallOptions = {}): Promise<Answer> {
    return callCommand([...this.shell, AGENT_SCRIPT, ...args], {
      ...options,
      env: { ...this.env, ...options.env },
    });
  }

  spec({ argv, env = {}, secrets = {}, cwd = this.work, lines = [] }: Spec): string {
    return [
      'runctl-spec 1',
      ...argv.map((value) => `arg ${encode(value)}`),
      ...Object.entries(env).map(([name, value]) => `env ${name}=${encode(value)}`),
      ...Object.entries(secrets).map(([name, value]) => `secret ${name}=${encode(value)}`),
      `cwd ${encode(cwd)}`,
      ...lines,
      'end',
      '',
    ].join('\n');
  }

  async start(id: string, spec: Spec, options: CallOptions = {}): Promise<Status> {
    return one(await this.call(['start', id], { ...options, input: this.spec(spec) }));
  }

  async status(id: string): Promise<Status> {
    return one(await this.call(['status', id]));
  }

  async stop(id: string, grace?: number): Promise<Status> {
    return one(await this.call(['stop', id, ...(grace === undefined ? [] : [String(grace)])]));
  }

  until(id: string, what: string, test: (status: Status) => boolean): Promise<Status> {
    return until(`${id} is ${what}`, async () => {
      const status = await this.status(id);
      return test(status) ? status : undefined;
    });
  }

  ended(id: string): Promise<Status> {
    return this.until(id, 'ended', (status) => status.state === 'ended');
  }

  file(id: string, name: string): string {
    return join(this.home, 'runs', id, name);
  }

  log(id: string): Promise<string> {
    return readFile(this.file(id, 'log'), 'utf8');
  }

  /** Waits for a complete line that begins with `prefix`; answers the rest of it. */
  line(id: string, prefix: string): Promise<string> {
    return until(`the log says ${prefix}`, async () =>
      (await this.log(id))
        .split('\n')
        .slice(0, -1)
        .find((line) => line.startsWith(prefix))
        ?.slice(prefix.length),
    );
  }

  async supervisor(id: string): Promise<number> {
    return Number((await readFile(this.file(id, 'supervisor'), 'utf8')).split(' ')[0]);
  }

  /** Ends all that was started with this home, then removes it. */
  async dispose(): Promise<void> {
    await until('nothing of the test is left', () => {
      const pids = this.processes();
      for (const pid of pids) signal(pid, 'SIGKILL');
      return Promise.resolve(pids.length === 0 ? true : undefined);
    });
    await rm(this.base, { recursive: true, force: true });
  }

  /** Every process whose environment names this home. */
  processes(): number[] {
    return pids().filter((pid) => environment(pid).includes(`RUNCTL_HOME=${this.home}`));
  }
}

/** The shells that the agent must work under: where one is not installed, its tests fail. */
export const SHELLS: readonly Shell[] = [['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'sh']];

/** Declares the same tests for each shell; `agent()` is fresh for each test. */
export function underEachShell(
  title: string,
  declare: (agent: () => TestAgent, shell: Shell) => void,
  env: NodeJS.ProcessEnv = {},
): void {
  for (const shell of SHELLS) {
    describe(`${title} (${shell.join(' ')})`, function () {
      this.timeout(60_000);
      let current: TestAgent | undefined;
      beforeEach(async () => {
        current = await TestAgent.create(shell, env);
      });
      afterEach(async () => {
        await current?.dispose();
        current = undefined;
      });
      declare(() => {
        assert.ok(current, 'only inside a test');
        return current;
      }, shell);
    });
  }
}

export function callCommand(command: readonly string[], options: CallOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const [file = '', ...args] = command;
    const child = spawn(file, args, { env: options.env, cwd: options.cwd, stdio: 'pipe' });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(stdout), stderr, ms: performance.now() - began });
    });
    // A refusal may come before all of the spec was read.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/** The one status of a successful answer. */
export function one(answer: Answer): Status {
  const [status, ...more] = statuses(answer);
  assert.ok(status && more.length === 0, `one status: ${answer.stdout.toString()}`);
  return status;
}

export function statuses(answer: Answer): Status[] {
  const output = answer.stdout.toString('utf8');
  assert.equal(answer.code, 0, `${output}${answer.stderr}`);
  assert.equal(answer.stderr, '', 'nothing on stderr');
  assert.match(output, /^[\n\x20-\x7e]*$/, 'ASCII only');
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => statusSchema.parse(JSON.parse(line)));
}

export function refusal(answer: Answer): {
  exit: number | null;
  code: string;
  run?: string | undefined;
} {
  const { error } = errorSchema.parse(JSON.parse(answer.stdout.toString('utf8')));
  return {
    exit: answer.code,
    code: error.code,
    ...(error.run === undefined ? {} : { run: error.run }),
  };
}

/** printf's %b with three octal digits, written from docs/agent.md alone. */
export function encode(text: string | Buffer): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      /[A-Za-z0-9_./:=,@%+-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `\\0${byte.toString(8).padStart(3, '0')}`,
    )
    .join('');
}
