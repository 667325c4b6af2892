import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { cancelledBy } from '../../core/cancellation.ts';
import { reachError, timeoutError } from './ssh-errors.ts';
import type { Endpoint } from './ssh-errors.ts';

/**
 * Opens a TCP connection, trying all addresses of the name.
 *
 * @param to - where to
 * @param timeoutMs - for name and connection together; 0 for no limit
 * @param signal - gives up
 * @returns the connection, without the delay that waits for more to send
 * @throws {MachineError} with code `dns`, `refused`, `unreachable` or `timeout`
 */
export function openTcp(to: Endpoint, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: to.host, port: to.port, noDelay: true });
    const settled = new AbortController();
    const fail = (error: Error): void => {
      settled.abort();
      socket.destroy();
      reject(error);
    };
    const cancel = (): void => fail(cancelledBy(signal));
    if (signal.aborted) {
      cancel();
      return;
    }
    signal.addEventListener('abort', cancel, { signal: settled.signal });
    if (timeoutMs > 0) {
      const timer = setTimeout(() => fail(timeoutError(to)), timeoutMs);
      settled.signal.addEventListener('abort', () => clearTimeout(timer));
    }
    const onError = (error: Error): void => fail(reachError(to, error));
    socket.once('error', onError);
    socket.once('connect', () => {
      settled.abort();
      socket.off('error', onError);
      resolve(socket);
    });
  });
}
