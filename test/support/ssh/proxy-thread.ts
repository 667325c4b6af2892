import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { LinkProxy } from './link-proxy.ts';
import type { LinkShape } from './link-proxy.ts';

interface Data {
  readonly target: number;
  readonly shape: LinkShape;
}

/** A proxy on a thread of its own: it takes no time from the side that is measured. */
export async function proxyThread(
  target: number,
  shape: LinkShape,
): Promise<{ readonly port: number; dispose(): Promise<void> }> {
  const data: Data = { target, shape };
  const worker = new Worker(new URL(import.meta.url), { workerData: data });
  const [port] = (await once(worker, 'message')) as [number];
  return {
    port,
    dispose: async () => {
      await worker.terminate();
    },
  };
}

if (!isMainThread && parentPort !== null) {
  const { target, shape } = workerData as Data;
  const proxy = await LinkProxy.start(target, shape);
  parentPort.postMessage(proxy.port);
}
