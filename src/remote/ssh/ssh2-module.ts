/** The whole of ssh2. */
export type Ssh2 = typeof import('ssh2');

/**
 * Loads ssh2, which is heavy, when the first connection is made.
 *
 * @returns its exports
 */
export async function loadSsh2(): Promise<Ssh2> {
  // CommonJS: not all of its exports are seen by name.
  return (await import('ssh2')).default;
}
