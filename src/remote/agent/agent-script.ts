import { createHash } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import { MachineError } from '../../core/errors.ts';
import type { ExecResult, RemoteProcess, RemoteShell } from '../remote-shell.ts';
import { parseError } from './agent-failure.ts';

/** What is put on a machine. */
export interface AgentSource {
  /** `agent.sh` */
  readonly script: Buffer;
  /** `after.py`, which the script looks for beside itself. */
  readonly helper: Buffer;
}

/** How a verb is asked for. */
export interface AgentCallOptions {
  /** Gives up waiting; what was asked may happen all the same. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the wait is given up; 30 s unless told. */
  readonly timeoutMs?: number;
}

const VERB_TIMEOUT_MS = 30_000;
const PRESENCE_TIMEOUT_MS = 30_000;

// Nothing but its size: the name says what is in it, and it was written whole or not at all.
const SIZE = 'if [ -r "$1" ]; then wc -c <"$1"; else echo none; fi';

// Of the directory only what was put there: its name says that it is ours, not what else is in it.
const REMOVE = `
dir=\${1%/*}
[ ! -L "$dir" ] || exit 1
rm -f "$1" "$dir/after.py"
rmdir "$dir" "\${dir%/*}" 2>/dev/null
[ ! -e "$1" ]
`;

/** The agent's script on one machine: brought there when it is not, and run. */
export class AgentScript {
  private readonly shell: RemoteShell;
  private readonly source: AgentSource;
  private readonly home: string;
  private readonly path: string;
  private isThere = false;
  private bringing: Promise<void> | undefined;

  /**
   * @param shell - the way to the machine
   * @param source - the script, and its helper
   * @param home - absolute path of the agent's own directory on the machine
   */
  constructor(shell: RemoteShell, source: AgentSource, home: string) {
    this.shell = shell;
    this.source = source;
    this.home = home;
    // By content hash, so that an update never changes a script a shell still reads.
    const hash = createHash('sha256').update(source.script).update(source.helper).digest('hex');
    this.path = `${home}/agent/${hash.slice(0, 16)}/agent.sh`;
  }

  /**
   * Asks for a verb; where the script turns out to be missing, once more with it.
   *
   * @param verb - verb and arguments
   * @param stdin - what the verb reads
   * @param options - cancellation and time limit
   * @returns how it ended
   */
  async exec(
    verb: readonly string[],
    stdin: string | undefined,
    options: AgentCallOptions,
  ): Promise<ExecResult> {
    const result = await this.call(verb, stdin, options);
    const isAnswer = result.code === 0 || parseError(result.stdout) !== undefined;
    if (!isAnswer && (await this.isGone(result, options))) {
      await this.bring();
      return this.call(verb, stdin, options);
    }
    this.isThere ||= isAnswer;
    return result;
  }

  /**
   * Starts a verb that goes on for long.
   *
   * @param verb - verb and arguments
   * @param signal - ends it
   * @returns the running verb
   */
  async start(verb: readonly string[], signal?: AbortSignal): Promise<RemoteProcess> {
    if (!this.isThere) {
      if (!(await this.isPresent(signal === undefined ? {} : { signal }))) {
        await this.bring();
      }
      this.isThere = true;
    }
    return this.shell.start(this.argv(verb), signal);
  }

  /** Looks for the script again before the next long verb. */
  doubt(): void {
    this.isThere = false;
  }

  /**
   * Deletes this script from a machine where no run is left: they need it. The next verb brings it again.
   *
   * @throws {MachineError} when it is still there
   */
  async remove(): Promise<void> {
    const argv = ['sh', '-c', REMOVE, 'sh', this.path];
    const { code, stderr } = await this.shell.exec(argv, { timeoutMs: VERB_TIMEOUT_MS });
    if (code !== 0) {
      const details = { code, stderr: stderr.slice(-500) };
      throw new MachineError('agent-stays', l10n.t('The agent on the machine could not be deleted'), { details });
    }
  }

  private call(
    verb: readonly string[],
    stdin: string | undefined,
    options: AgentCallOptions,
  ): Promise<ExecResult> {
    return this.shell.exec(this.argv(verb), {
      timeoutMs: VERB_TIMEOUT_MS,
      ...options,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  private argv(verb: readonly string[]): readonly string[] {
    return ['env', `RUNCTL_HOME=${this.home}`, 'sh', this.path, ...verb];
  }

  // dash ends with 2 when it cannot open a script, which is a refusal's code too.
  private async isGone(result: ExecResult, options: AgentCallOptions): Promise<boolean> {
    if (result.code === null) {
      return false;
    }
    return result.code === 126 || result.code === 127 || !(await this.isPresent(options));
  }

  private async isPresent({ signal }: AgentCallOptions): Promise<boolean> {
    const { stdout } = await this.shell.exec(['sh', '-c', SIZE, 'sh', this.path], {
      timeoutMs: PRESENCE_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    // A login script may have printed something before.
    return Number(stdout.toString('utf8').trim().split(/\s/).at(-1)) === this.source.script.length;
  }

  private bring(): Promise<void> {
    this.bringing ??= this.put().finally(() => {
      this.bringing = undefined;
    });
    return this.bringing;
  }

  // The script last: where it is, its helper is too.
  private async put(): Promise<void> {
    await this.shell.put(this.path.replace(/[^/]+$/, 'after.py'), this.source.helper, 0o600);
    await this.shell.put(this.path, this.source.script, 0o700);
  }
}
