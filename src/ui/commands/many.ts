import * as l10n from '@vscode/l10n';
import { toRunctlError } from '../../core/error-chain.ts';
import { RunError } from '../../core/errors.ts';
import type { RunctlError } from '../../core/errors.ts';

/** What became of an act on several things. */
export interface Outcome {
  readonly done: number;
  readonly failed: readonly { readonly name: string; readonly error: RunctlError }[];
}

/** More names than this fill the screen and tell nothing; the log has all. */
const MAX_NAMED = 5;

/**
 * Does the same to several things, one after the other. What fails does not
 * keep the rest from being done.
 *
 * @param items - what to act on
 * @param name - of one of them, for people
 * @param act - the act
 * @returns how many were done, and why others were not
 */
export async function forAll<T>(
  items: readonly T[],
  name: (item: T) => string,
  act: (item: T) => Promise<unknown>,
): Promise<Outcome> {
  const failed: { name: string; error: RunctlError }[] = [];
  for (const item of items) {
    try {
      await act(item);
    } catch (error) {
      failed.push({ name: name(item), error: toRunctlError(error) });
    }
  }
  return { done: items.length - failed.length, failed };
}

/**
 * Turns what was not done into one failure.
 *
 * @param outcome - of an act on several things
 * @throws {RunctlError} the failure itself when there was nothing else to do,
 *   else one that counts what was done and names what was not, and why
 */
export function requireAllDone(outcome: Outcome): void {
  const { done, failed } = outcome;
  const [first] = failed;
  if (first === undefined) {
    return;
  }
  if (failed.length === 1 && done === 0) {
    throw first.error;
  }
  throw new RunError(
    'not-all-done',
    l10n.t('{0} of {1} done. Not done: {2}', done, done + failed.length, reasons(failed)),
    {
      cause: first.error,
      details: { failed: failed.map(({ name, error }) => `${name}: ${error.message}`) },
    },
  );
}

// The same reason is said once.
function reasons(failed: Outcome['failed']): string {
  const byReason = Map.groupBy(failed, ({ error }) => error.message.replace(/\.$/, ''));
  return [...byReason]
    .map(([reason, same]) => l10n.t('{0} ({1})', namesOf(same.map(({ name }) => name)), reason))
    .join('; ');
}

/**
 * Lists names, the first few only when there are many.
 *
 * @param names - in the order to tell
 * @returns text
 */
export function namesOf(names: readonly string[]): string {
  const told = names.slice(0, MAX_NAMED).join(', ');
  const rest = names.length - MAX_NAMED;
  return rest > 0 ? l10n.t('{0} and {1} more', told, rest) : told;
}
