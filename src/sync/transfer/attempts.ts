import type { MachineError } from '../../core/errors.ts';
import { transferFailure } from './transfer-failure.ts';
import type { TransferWay } from './transfer-types.ts';

const BREAKS = 4;
const BREAKS_IN_ALL = 25;
/** Where so much more goes between breaks, there may be more of them, as long as there is some end. */
const BREAK_MORE_EACH = 1024 * 1024;
const MOST_MORE = 1000;
const ROUNDS = 6;
const ROUNDS_IN_ALL = 100;
const FIRST_PAUSE_MS = 250;
/** What does not pass by trying again: a person has to do something first. */
const FINAL: ReadonlySet<string> = new Set([
  'auth-failed',
  'host-key-changed',
  'host-key-revoked',
  'host-key-unknown',
  'key-passphrase',
  'no-shell',
]);

/** Decides whether a transfer tries again, and when. */
export class AttemptGuard {
  private readonly way: TransferWay;
  private breaks = 0;
  private all = 0;
  private rounds = 0;
  private sent = 0;
  private sentBefore = 0;
  private allRounds = 0;

  /** @param way - the way to the machine */
  constructor(way: TransferWay) {
    this.way = way;
  }

  /**
   * Waits after the way broke. What arrived since the last time counts as hope.
   *
   * @param error - what broke
   * @param sent - bytes that went over the link in all
   * @throws {MachineError} the error when it breaks for nothing again and again, or for good
   */
  async broken(error: MachineError, sent: number): Promise<void> {
    this.breaks = sent > this.sent ? 1 : this.breaks + 1;
    this.sent = sent;
    this.all += 1;
    const inAll = BREAKS_IN_ALL + Math.min(MOST_MORE, Math.floor(sent / BREAK_MORE_EACH));
    if (FINAL.has(error.code) || this.breaks > BREAKS || this.all > inAll) {
      throw error;
    }
    await this.way.clock.sleep(FIRST_PAUSE_MS * 2 ** (this.breaks - 1), this.way.signal);
  }

  /**
   * Counts a round that asks for another one. What arrived since the last one
   * counts as hope: where streams are cut short, rounds follow each other.
   *
   * @param sent - bytes that went over the link in all
   * @throws {TransferError} when they do not end
   */
  again(sent: number): void {
    this.rounds = sent > this.sentBefore ? 1 : this.rounds + 1;
    this.sentBefore = sent;
    this.allRounds += 1;
    if (this.rounds > ROUNDS || this.allRounds > ROUNDS_IN_ALL) {
      throw transferFailure('verify', '', '');
    }
  }
}
