import { parentPort } from 'node:worker_threads';
import { packFiles } from './pack-files.ts';
import type { PackedFile } from './pack-files.ts';

// Packs small files beside the thread that draws and encrypts; see PackThread.

parentPort?.on('message', (files: readonly PackedFile[]) => {
  const batch = packFiles(files);
  parentPort?.postMessage(batch, 'bytes' in batch ? [batch.bytes.buffer] : []);
});
