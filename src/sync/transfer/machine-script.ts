import { createHash } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import { MachineError } from '../../core/errors.ts';
import { sendStream } from './send-stream.ts';
import { refusedWrite, transferFailure } from './transfer-failure.ts';
import type { TransferWay } from './transfer-types.ts';

/** One answer of the script: a word, and the rest, which may hold anything. */
export interface ScriptRecord {
  readonly key: string;
  readonly value: string;
}

/** What the script answered, failure included. */
export interface ScriptAnswer {
  readonly records: readonly ScriptRecord[];
  /** Set when it refused. */
  readonly failure: ScriptFailure | undefined;
}

/** Why the script refused. */
export interface ScriptFailure {
  readonly code: string;
  readonly detail: string;
  readonly stderr: string;
}

const BANNER = 'runctl-sync 1';

// Says in the machine's own words why nothing can be written.
const TRY_TO_WRITE = 'LC_ALL=C; export LC_ALL; mkdir -p "${1%/*}" && : >"$1.try" && rm -f "$1.try"';

/** The script of the machine's half, called with plain arguments. */
export class MachineScript {
  private readonly way: TransferWay;
  /** Absolute path on the machine. */
  readonly path: string;

  /** @param way - the way to the machine */
  constructor(way: TransferWay) {
    this.way = way;
    const hash = createHash('sha256').update(way.script).digest('hex').slice(0, 16);
    this.path = `${way.home}/sync/${hash}/sync.sh`;
  }

  /**
   * Calls a verb without input; puts the script there when it is not.
   *
   * @param args - verb and arguments
   * @returns its answer
   * @throws {TransferError} when it refused
   * @throws {MachineError} when its answer was cut
   */
  async call(args: readonly string[]): Promise<readonly ScriptRecord[]> {
    const argv = ['sh', this.path, ...args];
    const options = this.way.signal === undefined ? {} : { signal: this.way.signal };
    let result = await this.way.shell.exec(argv, options);
    // Only a script that is not there, or not this one, says nothing at all.
    if (!result.stdout.subarray(0, BANNER.length).equals(Buffer.from(BANNER))) {
      await this.install();
      result = await this.way.shell.exec(argv, options);
    }
    return required(parseAnswer(result.stdout, result.stderr));
  }

  /**
   * Calls a verb that reads a stream; the script must be there.
   *
   * @param args - verb and arguments
   * @param input - what to feed it
   * @param compress - whether to, as far as the link leaves time for it
   * @param onSent - told the bytes of each piece of input that went out
   * @param onWire - told the bytes of each piece that went over the link
   * @returns its answer
   * @throws {MachineError} when the way broke
   */
  async feed(
    args: readonly string[],
    input: AsyncIterable<Buffer>,
    compress: boolean,
    onSent: (bytes: number) => void,
    onWire: (bytes: number) => void,
  ): Promise<ScriptAnswer> {
    const argv = ['sh', this.path, ...args];
    const child = await this.way.shell.start(argv, this.way.signal);
    const { stdout, stderr } = await sendStream(child, input, compress, onSent, onWire);
    return parseAnswer(stdout, stderr);
  }

  private async install(): Promise<void> {
    try {
      await this.way.shell.put(this.path, this.way.script, 0o700);
    } catch (error) {
      const tried = await this.way.shell.exec(['sh', '-c', TRY_TO_WRITE, 'sh', this.path]);
      throw refusedWrite(tried.stderr) ?? error;
    }
  }
}

/**
 * Demands that the script did not refuse.
 *
 * @param answer - what it said
 * @returns its records
 * @throws {TransferError} when it refused
 */
export function required(answer: ScriptAnswer): readonly ScriptRecord[] {
  if (answer.failure !== undefined) {
    const { code, detail, stderr } = answer.failure;
    throw transferFailure(code, detail, stderr);
  }
  return answer.records;
}

function parseAnswer(stdout: Buffer, stderr: string): ScriptAnswer {
  const parts = stdout.toString('utf8').split('\0');
  const records: ScriptRecord[] = [];
  for (const part of parts.slice(1, -1)) {
    const space = part.indexOf(' ');
    records.push(
      space < 0
        ? { key: part, value: '' }
        : { key: part.slice(0, space), value: part.slice(space + 1) },
    );
  }
  const refusal = records.find((record) => record.key === 'fail');
  if (refusal !== undefined) {
    const [code = '', ...rest] = refusal.value.split(' ');
    return { records, failure: { code, detail: rest.join(' '), stderr } };
  }
  if (parts[0] !== BANNER || records.at(-1)?.key !== 'end') {
    const details = { stderr: stderr.slice(-2000), records: records.length };
    throw new MachineError('answer-cut', l10n.t('The connection broke during a transfer'), {
      details,
    });
  }
  return { records, failure: undefined };
}
