/** Test files of a minute and more, about the longest first. */
export const LONGEST: readonly string[] = [
  'test/machine/ledger/windows.test.ts',
  'test/machine/agent/lease.test.ts',
  'test/machine/crash/launch.test.ts',
  'test/machine/sync/tree.test.ts',
  'test/machine/sync/cut.test.ts',
  'test/machine/engine.test.ts',
  'test/machine/digits.test.ts',
  'test/machine/ssh/hard-machines.test.ts',
  'test/machine/ssh/engine-chaos.test.ts',
  'test/machine/crash/windows.test.ts',
  'test/machine/crash/kills.test.ts',
  'test/machine/agent/files.test.ts',
];

/** Test files that nothing may run beside, and why. */
export const ALONE: Readonly<Record<string, string>> = {
  'test/machine/agent/follow.test.ts': 'it measures how many bytes a second a backlog takes',
  'test/machine/agent/look.test.ts': 'it measures how soon the status of a run is answered',
  'test/machine/log-follow.test.ts': 'it measures delays of lines and of the event loop',
};
