import { Worker } from 'node:worker_threads';
import { packFiles } from './pack-files.ts';
import type { PackedBatch, PackedFile } from './pack-files.ts';
import { sourceChanged } from './transfer-failure.ts';

interface Waiting {
  readonly files: readonly PackedFile[];
  readonly resolve: (batch: PackedBatch) => void;
}

/** A thread that packs small files, batch by batch, in the order they were given. */
export class PackThread {
  private readonly worker: Worker;
  private readonly waiting: Waiting[] = [];
  private lost = false;

  /** Starts it. */
  constructor() {
    // Run from source, as tests do, or from the bundle, where it lies beside this.
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    this.worker = new Worker(new URL(`./pack.worker.${ending}`, import.meta.url), {
      name: 'runctl pack',
    });
    this.worker.on('message', (batch: PackedBatch) => this.waiting.shift()?.resolve(batch));
    this.worker.on('error', () => this.goOnHere());
    this.worker.on('exit', () => this.goOnHere());
  }

  /**
   * Packs files.
   *
   * @param files - small ones
   * @returns members of an archive
   * @throws {TransferError} with code `source-changed` when one is not what it was
   */
  async pack(files: readonly PackedFile[]): Promise<Buffer> {
    if (this.lost) {
      return packHere(files);
    }
    return bytesOf(
      await new Promise<PackedBatch>((resolve) => {
        this.waiting.push({ files, resolve });
        this.worker.postMessage(files);
      }),
    );
  }

  /** Ends it; what is under way is packed on the caller's thread. */
  async close(): Promise<void> {
    await this.worker.terminate();
  }

  // Such as for want of memory: it is slower here, and no less right.
  private goOnHere(): void {
    this.lost = true;
    for (const { files, resolve } of this.waiting.splice(0)) {
      resolve(packFiles(files));
    }
  }
}

/**
 * Packs files on this thread.
 *
 * @param files - few and small ones
 * @returns members of an archive
 * @throws {TransferError} with code `source-changed` when one is not what it was
 */
export function packHere(files: readonly PackedFile[]): Buffer {
  return bytesOf(packFiles(files));
}

function bytesOf(batch: PackedBatch): Buffer {
  if ('changed' in batch) {
    throw sourceChanged(batch.changed, new Error(batch.message));
  }
  const { buffer, byteOffset, byteLength } = batch.bytes;
  return Buffer.from(buffer, byteOffset, byteLength);
}
