/**
 * Names the lock row under which a window acts on a run.
 *
 * @param id - the run
 * @returns the resource name
 */
export function runLockName(id: string): string {
  return `run:${id}`;
}
