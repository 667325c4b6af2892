import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/error-chain.ts';
import type { Disposable } from '../../core/events.ts';
import type { RunId } from '../../core/ids.ts';
import type { Logger } from '../../core/logger.ts';
import type { AgentClient } from '../../remote/agent/agent-client.ts';
import { followLogs } from '../../remote/agent/log-stream.ts';
import { LogCopy } from './log-copy.ts';

/** What copying the logs of a machine takes. */
export interface MachineLogsParts {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Pause after a failure; doubled up to the longest. */
const RETRY_MS = 250;
const LONGEST_RETRY_MS = 15_000;

/**
 * Copies the logs of all runs of one machine over one channel: a connection
 * has few of them. It goes on where the copies end, however often it breaks.
 */
export class MachineLogs {
  private readonly agent: Pick<AgentClient, 'follow'>;
  private readonly parts: MachineLogsParts;
  private readonly copies = new Map<string, LogCopy>();
  private readonly told = new Set<string>();
  private round = new AbortController();
  private running = false;

  /**
   * @param agent - of the machine
   * @param parts - see the fields
   */
  constructor(agent: Pick<AgentClient, 'follow'>, parts: MachineLogsParts) {
    this.agent = agent;
    this.parts = parts;
  }

  /**
   * Copies a log from now on.
   *
   * @param copy - where to
   * @returns stops copying it
   */
  add(copy: LogCopy): Disposable {
    this.copies.set(copy.id, copy);
    this.told.delete(copy.id);
    this.changed();
    return {
      dispose: () => {
        if (this.copies.get(copy.id) === copy) {
          this.copies.delete(copy.id);
          this.changed();
        }
      },
    };
  }

  // The channel carries a fixed set of logs: another set needs another one.
  private changed(): void {
    this.round.abort();
    this.round = new AbortController();
    if (!this.running) {
      this.running = true;
      void this.run();
    }
  }

  private async run(): Promise<void> {
    let retryMs = RETRY_MS;
    for (;;) {
      const { signal } = this.round;
      const wanted = [...this.copies.values()].filter(({ id }) => !this.told.has(id));
      if (wanted.length === 0) {
        // In this very moment: what is added after it starts anew.
        this.running = false;
        return;
      }
      try {
        if (await this.follow(wanted, signal)) {
          retryMs = RETRY_MS;
        }
      } catch (error) {
        if (!signal.aborted) {
          this.parts.logger.debug(`copying logs: ${describeError(error)}`);
          await this.parts.clock.sleep(retryMs, signal).catch(() => undefined);
          retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
        }
      }
    }
  }

  private async follow(copies: readonly LogCopy[], signal: AbortSignal): Promise<boolean> {
    const byId = new Map<string, LogCopy>(copies.map((copy) => [copy.id, copy]));
    const starts = await Promise.all(
      copies.map(async (copy) => ({ id: copy.id, offset: await copy.size() })),
    );
    let heard = false;
    for await (const frame of followLogs(this.agent, starts, { clock: this.parts.clock, signal })) {
      heard = true;
      if (frame.kind === 'bytes') {
        await byId.get(frame.id)?.take(frame.offset, frame.bytes);
      } else if (frame.kind === 'cut') {
        await byId.get(frame.id)?.restart();
      } else if (frame.kind !== 'beat') {
        this.told.add(frame.id);
      }
    }
    return heard;
  }
}

/** A copy that is being made. */
export interface RunningCopy extends Disposable {
  /** See {@link LogCopy.complete}. */
  complete(size: number): Promise<void>;
}

/** The one {@link MachineLogs} of each machine. */
export class LogCopies {
  private readonly parts: MachineLogsParts;
  private readonly machines = new WeakMap<AgentClient, MachineLogs>();

  constructor(parts: MachineLogsParts) {
    this.parts = parts;
  }

  /**
   * Begins to copy a log.
   *
   * @param agent - of the machine it is on
   * @param id - the run
   * @param path - absolute path of the copy
   * @returns the copy under way
   */
  start(agent: AgentClient, id: RunId, path: string): RunningCopy {
    const copy = new LogCopy(id, path, agent);
    const logs = this.machines.get(agent) ?? new MachineLogs(agent, this.parts);
    this.machines.set(agent, logs);
    const adding = logs.add(copy);
    return {
      complete: (size) => copy.complete(size),
      dispose: () => {
        adding.dispose();
        copy.dispose();
      },
    };
  }
}
