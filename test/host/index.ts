import { runMocha } from '../support/run-mocha.ts';

/** Called by VS Code in the extension host; a rejection becomes exit code 1. */
export async function run(): Promise<void> {
  const { RUNCTL_TEST_RESULT: resultFile, RUNCTL_TEST_FILES: files } = process.env;
  if (resultFile === undefined || files === undefined) throw new Error('not started by the runner');
  const result = await runMocha({
    group: 'host',
    // Written by the runner as a list of paths.
    files: JSON.parse(files) as string[],
    resultFile,
    timeoutMs: 30_000,
    grep: process.env['RUNCTL_TEST_GREP'],
    countsRejection: isOurs,
  });
  if (result.failed > 0) throw new Error(`${result.failed} failed`);
}

/** Other extensions live in this process too; only what our code left unhandled counts. */
function isOurs(reason: unknown): boolean {
  const trace = reason instanceof Error ? String(reason.stack) : String(reason);
  return trace.includes('runctl.runctl-') || trace.includes('/out/test/host/');
}
