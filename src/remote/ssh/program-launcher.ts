import { MachineError } from '../../core/errors.ts';
import { quoteCommand } from './quote.ts';
import type { SshLink } from './ssh-link.ts';
import { SshProcess } from './ssh-process.ts';

/** How long sessions are held ready after the last use, in milliseconds. */
const HOLD_MS = 300_000;

/**
 * Starts programs on one connection. A session takes two round trips and the
 * start of a login shell; so a few are kept ready, each waiting for its one
 * program, and a program begins after one round trip.
 */
export class ProgramLauncher {
  readonly link: SshLink;
  private wanted: number;
  private ready: SshProcess[] = [];
  private opening = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(link: SshLink, wanted: number) {
    this.link = link;
    this.wanted = wanted;
    link.whenCrowded(() => this.ready.shift()?.discard());
    link.onLost(() => this.letGo());
  }

  /** Sessions that wait for a program. */
  get idle(): number {
    return this.ready.length;
  }

  /**
   * Runs a program.
   *
   * @param argv - program and arguments
   * @param signal - ends it
   * @returns the program, begun
   * @throws {MachineError} when it cannot be run
   */
  async launch(argv: readonly string[], signal?: AbortSignal): Promise<SshProcess> {
    // Before anything is used up.
    quoteCommand(argv);
    const prepared = this.ready.shift();
    try {
      const program =
        prepared === undefined ? undefined : await this.tryPrepared(prepared, argv, signal);
      return program ?? (await SshProcess.launch(this.link, argv, signal));
    } finally {
      this.hold();
    }
  }

  private async tryPrepared(
    prepared: SshProcess,
    argv: readonly string[],
    signal?: AbortSignal,
  ): Promise<SshProcess | undefined> {
    const running = prepared.run(argv, signal);
    this.refill();
    try {
      return await running;
    } catch (error) {
      // It had ended while it waited, so the program has not begun.
      const unused = error instanceof MachineError && error.code === 'no-shell';
      if (!unused || this.link.lost !== undefined) {
        throw error;
      }
      return undefined;
    }
  }

  private hold(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.letGo(), HOLD_MS);
    this.timer.unref();
    this.refill();
  }

  private refill(): void {
    while (this.link.lost === undefined && this.ready.length + this.opening < this.wanted) {
      this.opening += 1;
      SshProcess.prepare(this.link)
        .then((prepared) => {
          this.opening -= 1;
          this.keep(prepared);
        })
        .catch(() => {
          this.opening -= 1;
        });
    }
  }

  private keep(prepared: SshProcess | 'full' | 'refused'): void {
    if (prepared === 'full') {
      return;
    }
    if (prepared === 'refused' || prepared.isClosed) {
      // A server with few sessions, or a login shell that does not wait: not tried again.
      this.wanted = 0;
      return;
    }
    if (this.link.isCrowded || this.wanted === 0) {
      prepared.discard();
      return;
    }
    this.ready.push(prepared);
    prepared.done
      .catch(() => undefined)
      .finally(() => {
        this.ready = this.ready.filter((other) => other !== prepared);
      });
  }

  private letGo(): void {
    clearTimeout(this.timer);
    for (const prepared of this.ready.splice(0)) {
      prepared.discard();
    }
  }
}
