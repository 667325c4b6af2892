import type { RemoteShell } from '../../remote/remote-shell.ts';
import { readCheck } from './check-answer.ts';
import type { CheckAnswer } from './check-answer.ts';
import { MachineScript } from './machine-script.ts';
import type { SyncRequest } from './transfer-types.ts';

/** What is asked of the machine before a sync. */
export type CheckRequest = Omit<SyncRequest, 'tree' | 'chunks' | 'sent' | 'persistent'>;

// Longer ago, others may have been at work there.
const FRESH_MS = 10_000;
// A word that is no manifest: then the machine chooses the first free slot.
const UNKNOWN = '-';

/** The manifest each workspace had on a machine when it was last seen there. */
const lastIds = new WeakMap<RemoteShell, Map<string, string>>();

/**
 * Keeps what a machine holds of a workspace, to guess by it next time.
 *
 * @param request - the way to the machine
 * @param id - of the manifest
 */
export function keepLastId(request: CheckRequest, id: string): void {
  const ids = lastIds.get(request.shell) ?? new Map<string, string>();
  ids.set(placeOf(request), id);
  lastIds.set(request.shell, ids);
}

/**
 * Asks the machine how its trees stand.
 *
 * @param request - the way to the machine
 * @param id - of the manifest it should have in the end
 * @returns its answer
 */
export async function look(request: CheckRequest, id: string): Promise<CheckAnswer> {
  const { client, busyTrees } = request;
  const busy = busyTrees.filter((slot) => /^[a-z]$/u.test(slot)).join('');
  const args = ['check', client, workOf(request), id, busy === '' ? UNKNOWN : busy];
  return readCheck(await new MachineScript(request).call(args));
}

/**
 * Names the directory of a workspace on the machine.
 *
 * @param request - the way to the machine
 * @returns absolute path
 */
export function workOf(request: Pick<CheckRequest, 'home' | 'workspaceKey' | 'client'>): string {
  const { home, workspaceKey, client } = request;
  if (!/^[0-9a-f]+$/u.test(workspaceKey + client)) {
    throw new RangeError('workspaceKey and client are hex');
  }
  return `${home}/trees/${workspaceKey}`;
}

/** A look at the machine while this host still reads what to send. */
export class LookAhead {
  private readonly request: CheckRequest;
  private readonly answer: Promise<CheckAnswer>;
  private readonly since: number;
  private readonly end = new AbortController();

  /**
   * Begins to look, as if nothing had changed since the last sync.
   *
   * @param request - the way to the machine
   */
  constructor(request: CheckRequest) {
    this.request = request;
    this.since = request.clock.monotonic();
    const guess = lastIds.get(request.shell)?.get(placeOf(request)) ?? UNKNOWN;
    const { signal } = request;
    const ends = signal === undefined ? [this.end.signal] : [signal, this.end.signal];
    this.answer = look({ ...request, signal: AbortSignal.any(ends) }, guess);
    // Whoever takes it hears of its failure; nobody may take it at all.
    this.answer.catch(() => undefined);
  }

  /**
   * Waits for what the machine said.
   *
   * @param id - of the manifest that is wanted
   * @returns its answer; `undefined` when the machine would choose otherwise, knowing
   *   what is wanted, or the look is too long ago
   * @throws {RunctlError} when it refused or the way broke
   */
  async take(id: string): Promise<CheckAnswer | undefined> {
    if (this.request.clock.monotonic() - this.since > FRESH_MS) {
      return undefined;
    }
    const answer = await this.answer;
    const chosen = [answer.tree?.slot, answer.from?.slot];
    const better = [...answer.slots].some(([slot, held]) => held === id && !chosen.includes(slot));
    return better ? undefined : answer;
  }

  /** Gives it up: there is nothing to sync. */
  async giveUp(): Promise<void> {
    this.end.abort();
    await this.answer.catch(() => undefined);
  }
}

function placeOf({ home, workspaceKey }: CheckRequest): string {
  return `${home} ${workspaceKey}`;
}
