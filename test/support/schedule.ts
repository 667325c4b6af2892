/** Test files of a minute and more, the longest first. */
export const LONGEST: readonly string[] = [];

/** Test files that nothing may run beside, and why. */
export const ALONE: Readonly<Record<string, string>> = {};
