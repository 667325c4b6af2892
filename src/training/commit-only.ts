/** Second argument of the command that shows code: the commit, without what was not committed. */
export const COMMIT_ONLY = 'commit-only';
