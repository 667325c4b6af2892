import type { RemoteShell } from '../../remote/remote-shell.ts';
import type { MachineTools } from './check-answer.ts';
import type { FileRange } from './local-content.ts';
import { readRanges } from './local-content.ts';
import type { MachineScript, ScriptAnswer } from './machine-script.ts';
import { required } from './machine-script.ts';
import type { Member } from './pack.ts';
import { pack } from './pack.ts';
import type { TransferWay } from './transfer-types.ts';

/** Bytes per second, as last measured. */
const rates = new WeakMap<RemoteShell, number>();

const PROBE = 4 * 1024 * 1024;
const WORTH_PROBING = 12 * 1024 * 1024;
// Starting programs and proving takes this long on any machine, milliseconds.
const OVERHEAD_MS = 60;

/** A stream of its own. */
export interface BigStream {
  /** Hex. */
  readonly name: string;
  /** Absolute path on this host. */
  readonly path: string;
  readonly ranges: readonly FileRange[];
  readonly what: string;
}

/** Packed members, and the verbs that take them. */
export interface PackJob {
  /** Verb of all but the last stream. */
  readonly first: readonly string[];
  /** Verb of the last stream, and the words after what both have. */
  readonly last: readonly string[];
  readonly after: readonly string[];
  /** What to send, the plan first. */
  readonly members: readonly Member[];
  /** Whether to forget what is staged. */
  readonly reset: boolean;
}

/** Sends things to a stage, packed or in streams of their own, and tells how far it is. */
export class Transport {
  private readonly way: TransferWay;
  private readonly script: MachineScript;
  private readonly tools: MachineTools;
  private done = 0;
  private total = 0;
  /** Bytes that went over the link. */
  sentBytes = 0;
  compressed = false;

  /**
   * @param way - the way to the machine
   * @param script - its other half
   * @param tools - what the machine can do
   */
  constructor(way: TransferWay, script: MachineScript, tools: MachineTools) {
    this.way = way;
    this.script = script;
    this.tools = tools;
  }

  /** @param bytes - how much there is to send in all, before compression */
  expect(bytes: number): void {
    this.total = bytes;
    this.done = 0;
  }

  /**
   * Sends a stream of its own from where it was cut.
   *
   * @param verb - arguments before the name
   * @param big - what to send
   * @param at - bytes that are there
   * @returns whether it went on; `false` when the machine has another size by now
   */
  async append(verb: readonly string[], big: BigStream, at: number): Promise<boolean> {
    const level = this.level();
    const ranges = skip(big.ranges, at);
    this.advance(at, big.what);
    const began = this.way.clock.monotonic();
    const before = this.sentBytes;
    const answer = await this.script.feed(
      [...verb, big.name, `${at}`, level > 0 ? '1' : '0'],
      readRanges(big.path, ranges),
      level,
      (bytes) => this.advance(bytes, big.what),
      (bytes) => this.count(bytes),
    );
    if (answer.failure?.code === 'moved') {
      return false;
    }
    required(answer);
    this.measure(this.sentBytes - before, began);
    return true;
  }

  /**
   * Sends packed members; the last ones with the verb that ends the transfer.
   *
   * @param job - what to send, by which verbs
   * @returns the answer of the last verb
   */
  async pack(job: PackJob): Promise<ScriptAnswer> {
    const { first, last, after, members } = job;
    const bytes = members.reduce((sum, member) => sum + member.head.size + 512, 0);
    let rest = members;
    let reset = job.reset ? '1' : '0';
    if (bytes > WORTH_PROBING && !rates.has(this.way.shell) && this.tools.gzip) {
      const cut = probeEnd(members);
      required(await this.stream([...first, '0', reset], members.slice(0, cut), 0));
      rest = members.slice(cut);
      reset = '0';
    }
    const level = bytes > 64 * 1024 ? this.level() : 0;
    return this.stream([...last, level > 0 ? '1' : '0', reset, ...after], rest, level);
  }

  private async stream(
    args: readonly string[],
    members: readonly Member[],
    level: number,
  ): Promise<ScriptAnswer> {
    const began = this.way.clock.monotonic();
    const what = members.at(-1)?.head.path ?? '';
    const before = this.sentBytes;
    const answer = await this.script.feed(
      args,
      pack(members),
      level,
      (bytes) => this.advance(bytes, what),
      (bytes) => this.count(bytes),
    );
    if (level === 0) {
      this.measure(this.sentBytes - before, began);
    }
    return answer;
  }

  private count(bytes: number): void {
    this.sentBytes += bytes;
  }

  private level(): number {
    const rate = rates.get(this.way.shell);
    if (rate === undefined || !this.tools.gzip || rate > 20e6) {
      return 0;
    }
    this.compressed = true;
    // Packing at level 1 takes about 30 MB a second, at level 6 half of that.
    return rate > 4e6 ? 1 : 6;
  }

  private measure(bytes: number, began: number): void {
    const ms = Math.max(1, this.way.clock.monotonic() - began - OVERHEAD_MS);
    if (bytes >= PROBE / 2) {
      rates.set(this.way.shell, (bytes * 1000) / ms);
    }
  }

  private advance(bytes: number, what: string): void {
    this.done = Math.min(this.total, this.done + bytes);
    this.way.onProgress?.({ sent: this.done, total: this.total, what });
  }
}

function probeEnd(members: readonly Member[]): number {
  let bytes = 0;
  const at = members.findIndex((member) => {
    bytes += member.head.size;
    return bytes >= PROBE && !member.head.path.startsWith('plan-');
  });
  return at < 0 ? members.length : at + 1;
}

function skip(ranges: readonly FileRange[], bytes: number): readonly FileRange[] {
  let left = bytes;
  return ranges.flatMap(({ offset, length }) => {
    const skipped = Math.min(left, length);
    left -= skipped;
    return skipped === length ? [] : [{ offset: offset + skipped, length: length - skipped }];
  });
}
