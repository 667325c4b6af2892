import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What the link does to bytes. Times in milliseconds, rates in bytes a second. */
export interface LinkShape {
  readonly latencyUpMs?: number;
  readonly latencyDownMs?: number;
  readonly bandwidthUp?: number;
  readonly bandwidthDown?: number;
}

/** What passed since the proxy began. */
export interface LinkCounts {
  connections: number;
  /** Towards the server. */
  bytesUp: number;
  /** Of these, what the link let through before it was cut. */
  passedUp: number;
  /** Towards the client. */
  bytesDown: number;
}

const QUEUE_LIMIT = 1024 * 1024;

/** A link to 127.0.0.1:PORT that can be slow, cut, refused or dead silent. */
export class LinkProxy {
  readonly counts: LinkCounts = { connections: 0, bytesUp: 0, passedUp: 0, bytesDown: 0 };
  private readonly target: number;
  private readonly server: Server;
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private shape: LinkShape = {};
  private refusing = false;
  private silent = false;
  private cutEvery = Infinity;
  private sinceCut = 0;
  /** How often it cut by itself. */
  cuts = 0;
  /** Connections that were refused. */
  refusals = 0;

  private constructor(target: number) {
    this.target = target;
    this.server = createServer((client) => this.accept(client));
  }

  static async start(target: number, shape: LinkShape = {}): Promise<LinkProxy> {
    const proxy = new LinkProxy(target);
    proxy.shape = shape;
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Connections open now. */
  get open(): number {
    return this.pairs.size;
  }

  /** Holds for bytes that arrive from now on. */
  set(shape: LinkShape): void {
    this.shape = shape;
  }

  /** Resets every open connection, as a lost network does in the end. */
  cutAll(): void {
    for (const [client, server] of [...this.pairs]) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Ends every open connection as a lost network does: what has passed arrives, nothing more. */
  private loseAll(): void {
    for (const [client, server] of [...this.pairs]) {
      client.resetAndDestroy();
      server.end();
    }
  }

  /** Loses every open connection each time so many bytes more have gone to the server. */
  cutEach(bytes: number): void {
    this.cutEvery = bytes;
    this.sinceCut = 0;
  }

  /** New connections are dropped at once. */
  refuse(refusing: boolean): void {
    this.refusing = refusing;
  }

  /** Nothing passes and nothing is said, as when a cable is pulled. */
  silence(silent: boolean): void {
    this.silent = silent;
  }

  async dispose(): Promise<void> {
    this.cutAll();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(client: Socket): void {
    if (this.refusing) {
      this.refusals += 1;
      client.resetAndDestroy();
      return;
    }
    this.counts.connections += 1;
    const server = connect(this.target, '127.0.0.1');
    const pair = [client, server] as const;
    this.pairs.add(pair);
    const end = (): void => {
      this.pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', end).on('close', end);
    }
    this.pump(client, server, 'up');
    this.pump(server, client, 'down');
  }

  private pump(from: Socket, to: Socket, way: 'up' | 'down'): void {
    let freeAt = 0;
    let queued = 0;
    // One chain keeps the order; the times lie in what each link waits for.
    let last = Promise.resolve();
    const pass = (size: number, act: () => void): void => {
      const { latency, bandwidth } = this.limits(way);
      freeAt = Math.max(freeAt, performance.now()) + (size / bandwidth) * 1000;
      const due = freeAt + latency;
      queued += size;
      if (queued > QUEUE_LIMIT) from.pause();
      last = last.then(async () => {
        const wait = due - performance.now();
        if (wait >= 0.5) await new Promise((resolve) => setTimeout(resolve, wait));
        queued -= size;
        if (queued <= QUEUE_LIMIT) from.resume();
        if (!this.silent && !to.destroyed) act();
      });
    };
    from.on('data', (chunk: Buffer) => {
      this.counts[way === 'up' ? 'bytesUp' : 'bytesDown'] += chunk.length;
      pass(chunk.length, () => {
        if (way === 'up') this.countPassed(chunk.length);
        if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    });
    from.on('end', () => pass(0, () => to.end()));
  }

  private countPassed(bytes: number): void {
    this.counts.passedUp += bytes;
    this.sinceCut += bytes;
    if (this.sinceCut >= this.cutEvery) {
      this.sinceCut = 0;
      this.cuts += 1;
      this.loseAll();
    }
  }

  private limits(way: 'up' | 'down'): { latency: number; bandwidth: number } {
    const { latencyUpMs, latencyDownMs, bandwidthUp, bandwidthDown } = this.shape;
    return way === 'up'
      ? { latency: latencyUpMs ?? 0, bandwidth: bandwidthUp ?? Infinity }
      : { latency: latencyDownMs ?? 0, bandwidth: bandwidthDown ?? Infinity };
  }
}
