import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunId } from '../../core/ids.ts';
import type { Machine } from '../../providers/training-provider.ts';

/** Where logs of runs can be read on this host: the log itself, or its copy. */
export class LogFiles {
  private readonly folder: string;

  /**
   * @param folder - absolute directory of the copies
   */
  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Names the file from which everything on this host reads a log.
   *
   * @param machine - where the run is
   * @param id - the run
   * @returns absolute path; the file may come into being later
   */
  pathOf(machine: Pick<Machine, 'agent' | 'sameHost'>, id: RunId): string {
    return machine.sameHost ? `${machine.agent.runDirectory(id)}/log` : this.copyOf(id);
  }

  /**
   * Deletes the copy of a log; one on this host is its run's and stays.
   *
   * @param id - the run
   */
  async forget(id: RunId): Promise<void> {
    await rm(this.copyOf(id), { force: true });
  }

  /**
   * Names the copy of a log that lies on another machine.
   *
   * @param id - the run
   * @returns absolute path
   */
  copyOf(id: RunId): string {
    return join(this.folder, `${id}.log`);
  }
}
