import { Worker } from 'node:worker_threads';
import type { HashProgress } from './hash-tree.ts';
import type { SourceAnswers, SourceJob } from './source-jobs.ts';
import type {
  FromSourceThread,
  SourceFailure,
  SourceThreadData,
  ToSourceThread,
} from './source-messages.ts';

/** What becomes of a job. */
export type JobEnd =
  | { readonly answer: SourceAnswers[SourceJob['kind']] }
  | { readonly failure: SourceFailure };

/** Who listens to a job. */
export interface JobListener {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: HashProgress) => void) | undefined;
  readonly onEntries: (
    part: Extract<FromSourceThread, { readonly entries: unknown }>['entries'],
  ) => void;
  readonly onKept?: ((from: number, count: number) => void) | undefined;
}

interface Pending extends JobListener {
  readonly worker: Worker;
  readonly end: (end: JobEnd) => void;
}

// A second run soon after finds all as it was, and is twice as quick.
const IDLE_MS = 300_000;

/** A thread that is there while there is work for it, and a little longer. */
export class SourceThread {
  private readonly data: SourceThreadData;
  private readonly pending = new Map<number, Pending>();
  private worker: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;
  private lastId = 0;

  /**
   * @param data - for the thread
   */
  constructor(data: SourceThreadData) {
    this.data = data;
  }

  /**
   * @param job - what to do
   * @param listener - takes what comes before the end
   * @returns how it ended; a job given up ends with a failure
   */
  async ask(job: SourceJob, listener: JobListener): Promise<JobEnd> {
    const worker = (this.worker ??= this.start());
    const id = (this.lastId += 1);
    const onAbort = (): void => post(worker, { id, cancel: true });
    listener.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise<JobEnd>((resolve) => {
        this.pending.set(id, { ...listener, worker, end: resolve });
        this.hold(worker);
        post(worker, { id, job });
        if (listener.signal?.aborted === true) {
          onAbort();
        }
      });
    } finally {
      listener.signal?.removeEventListener('abort', onAbort);
      this.pending.delete(id);
      this.release(worker);
    }
  }

  /** Whether something is under way. */
  get busy(): boolean {
    return this.pending.size > 0;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    clearTimeout(this.idle);
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private start(): Worker {
    // Run from source, as tests do, or from the bundle, where it lies beside this.
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const url = new URL(`./source.worker.${ending}`, import.meta.url);
    const worker = new Worker(url, { workerData: this.data, name: 'runctl source' });
    worker.on('message', (message: FromSourceThread) => this.receive(message));
    worker.on('error', (error: Error) => this.lost(worker, error.message));
    worker.on('exit', (code) => this.lost(worker, `thread ended with ${code}`));
    return worker;
  }

  private receive(message: FromSourceThread): void {
    const job = this.pending.get(message.id);
    if ('entries' in message) {
      job?.onEntries(message.entries);
    } else if ('kept' in message) {
      job?.onKept?.(message.kept.from, message.kept.count);
    } else if ('progress' in message) {
      job?.onProgress?.(message.progress);
    } else {
      job?.end(message);
    }
  }

  // Such as for want of memory. The next question starts another one.
  private lost(worker: Worker, message: string): void {
    if (this.worker === worker) {
      this.worker = undefined;
    }
    for (const job of this.pending.values()) {
      if (job.worker === worker) {
        job.end({ failure: { cancelled: false, message } });
      }
    }
  }

  private hold(worker: Worker): void {
    clearTimeout(this.idle);
    worker.ref();
  }

  private release(worker: Worker): void {
    if (this.pending.size > 0 || this.worker !== worker) {
      return;
    }
    // It must not keep this process from ending.
    worker.unref();
    this.idle = setTimeout(() => void this.close(), IDLE_MS);
    this.idle.unref();
  }
}

function post(worker: Worker, message: ToSourceThread): void {
  worker.postMessage(message);
}
