import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { SourceJobs } from './source-jobs.ts';
import type { JobOutput, SourceJob } from './source-jobs.ts';
import type { FromSourceThread, SourceThreadData, ToSourceThread } from './source-messages.ts';

// Reads and hashes source trees beside the thread that draws; see SourceReader.

// Both ends of the channel are of this program and of one version.
const { storage } = workerData as SourceThreadData;
const jobs = new SourceJobs(storage);
const cancels = new Map<number, AbortController>();

parentPort?.on('message', (message: ToSourceThread) => {
  if ('cancel' in message) {
    cancels.get(message.id)?.abort(new Error('cancelled'));
  } else {
    void run(message.id, message.job);
  }
});

async function run(id: number, job: SourceJob): Promise<void> {
  const cancel = new AbortController();
  cancels.set(id, cancel);
  const output: JobOutput = {
    entries: async (entries) => {
      post({ id, entries });
      // One message at a time, so that the other side draws between them.
      await setImmediate();
    },
    kept: (from, count) => post({ id, kept: { from, count } }),
    progress: (progress) => post({ id, progress }),
  };
  try {
    post({ id, answer: await jobs.run(job, output, cancel.signal) });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const failure = { cancelled: cancel.signal.aborted, message };
    post({ id, failure: code === undefined ? failure : { ...failure, code } });
  } finally {
    cancels.delete(id);
  }
}

function post(message: FromSourceThread): void {
  parentPort?.postMessage(message);
}
