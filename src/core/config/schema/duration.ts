/** Days, hours, minutes, seconds in this order, each at most once. Also matches ''. */
export const DURATION_PATTERN = /^(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,8}s)?$/;

const UNIT_SECONDS = [86_400, 3_600, 60, 1];

/**
 * Reads a duration as the configuration writes it.
 *
 * @param text - such as `30s`, `1h30m` or `2d`
 * @returns whole seconds, or `undefined` when it is no duration
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  if (match === null || text === '') {
    return undefined;
  }
  return UNIT_SECONDS.reduce(
    (total, seconds, index) => total + seconds * Number.parseInt(match[index + 1] ?? '0', 10),
    0,
  );
}
