import type { MachineTools } from './check-answer.ts';
import { linkRate } from './link-rate.ts';
import type { FileRange } from './local-content.ts';
import { readRanges } from './local-content.ts';
import type { MachineScript, ScriptAnswer } from './machine-script.ts';
import { required } from './machine-script.ts';
import type { Member } from './pack.ts';
import { pack } from './pack.ts';
import type { TransferWay } from './transfer-types.ts';

// From here on it is worth to know how fast the link is.
const WORTH_KNOWING = 4 * 1024 * 1024;
// Packing at level 1 takes 40 MB a second and more; a faster link does not wait for it.
const FAST = 40e6;

/** A stream of its own. */
export interface BigStream {
  /** Hex. */
  readonly name: string;
  /** Absolute path on this host. */
  readonly path: string;
  readonly ranges: readonly FileRange[];
  readonly what: string;
  /** Where its first bytes wait in the stage, unless a stream of its own has begun. */
  readonly begin?: { readonly stagePath: string; readonly bytes: number };
}

/** Packed members, and the verb that takes them. */
export interface PackJob {
  /** Verb, and the words after those about the stream. */
  readonly verb: readonly string[];
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

  /**
   * Gets ready to send.
   *
   * @param bytes - how much there is in all, before compression
   */
  async expect(bytes: number): Promise<void> {
    this.total = bytes;
    this.done = 0;
    this.compressed =
      this.tools.gzip &&
      bytes >= WORTH_KNOWING &&
      (await linkRate(this.way, this.script, { bytes, fast: FAST })) < FAST;
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
    const ranges = skip(big.ranges, at);
    this.advance(at, big.what);
    const answer = await this.script.feed(
      [
        ...verb,
        big.name,
        `${at}`,
        this.compressed ? '1' : '0',
        ...(big.begin === undefined ? [] : [big.begin.stagePath]),
      ],
      readRanges(big.path, ranges),
      this.compressed,
      (bytes) => this.advance(bytes, big.what),
      (bytes) => this.count(bytes),
    );
    if (answer.failure?.code === 'moved') {
      return false;
    }
    required(answer);
    return true;
  }

  /**
   * Sends packed members with the verb that ends the transfer.
   *
   * @param job - what to send, by which verb
   * @returns the answer of the verb
   */
  pack(job: PackJob): Promise<ScriptAnswer> {
    const { verb, after, members } = job;
    const what = members.at(-1)?.head.path ?? '';
    return this.script.feed(
      [...verb, this.compressed ? '1' : '0', job.reset ? '1' : '0', ...after],
      pack(members),
      this.compressed,
      (bytes) => this.advance(bytes, what),
      (bytes) => this.count(bytes),
    );
  }

  private count(bytes: number): void {
    this.sentBytes += bytes;
  }

  private advance(bytes: number, what: string): void {
    this.done = Math.min(this.total, this.done + bytes);
    this.way.onProgress?.({ sent: this.done, total: this.total, what });
  }
}

function skip(ranges: readonly FileRange[], bytes: number): readonly FileRange[] {
  let left = bytes;
  return ranges.flatMap(({ offset, length }) => {
    const skipped = Math.min(left, length);
    left -= skipped;
    return skipped === length ? [] : [{ offset: offset + skipped, length: length - skipped }];
  });
}
