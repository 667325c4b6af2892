import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RunctlError } from '../../core/errors.ts';
import { Emitter } from '../../core/events.ts';
import type { Event } from '../../core/events.ts';
import { errorCodes } from '../../core/foreign-error.ts';

/** What can connect to an address as a machine sees it. */
export interface ForwardWay {
  forward(host: string, port: number, signal?: AbortSignal): Promise<Duplex>;
}

/** What is to be forwarded. */
export interface ForwardRequest {
  /** Id of the machine. */
  readonly machine: string;
  /** Name or address as the machine sees it, such as `localhost`. */
  readonly host: string;
  /** TCP port there. */
  readonly port: number;
  /** For people, such as `TensorBoard`; `null` when nobody knows. */
  readonly label: string | null;
  /** The machine, asked anew for each connection: what was lost is made again. */
  readonly way: () => Promise<ForwardWay>;
}

/** A port of this computer that leads to one of a machine. */
export interface PortForward {
  readonly id: string;
  readonly machine: string;
  readonly host: string;
  readonly port: number;
  readonly label: string | null;
  /** TCP port on 127.0.0.1 here. */
  readonly localPort: number;
  /** Connections open now. */
  readonly connections: number;
  /** Why the last connection did not come about, translated; `null` when it did. */
  readonly problem: string | null;
}

interface Entry {
  readonly request: ForwardRequest;
  readonly server: Server;
  readonly localPort: number;
  /** Aborted when it is stopped. */
  readonly end: AbortController;
  readonly sockets: Set<Socket>;
  problem: string | null;
}

const HERE = '127.0.0.1';
/** The wanted port is not to be had; another one does as well. */
const TAKEN: ReadonlySet<string> = new Set(['EACCES', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EPERM']);

/**
 * Ports of machines that can be used as ports of this computer. Each listens on
 * 127.0.0.1 alone, until it is stopped; that the machine is away for a while
 * ends the open connections and nothing more.
 */
export class PortForwarder {
  readonly onDidChange: Event<readonly PortForward[]>;
  private readonly changes = new Emitter<readonly PortForward[]>();
  private readonly entries = new Map<string, Promise<Entry>>();
  private readonly ready = new Map<string, Entry>();

  constructor() {
    this.onDidChange = this.changes.event;
  }

  /**
   * Lists what is forwarded now.
   *
   * @returns in the order they were started
   */
  list(): readonly PortForward[] {
    return [...this.ready].map(([id, entry]) => forwardOf(id, entry));
  }

  /**
   * Forwards a port; one that is forwarded already stays as it is.
   *
   * @param request - see the fields
   * @returns where it can be used; on the same port here when that is free
   * @throws {Error} with an errno when this computer gives no port at all
   */
  async start(request: ForwardRequest): Promise<PortForward> {
    const id = `${request.machine} ${request.host} ${request.port}`;
    const starting = this.entries.get(id) ?? this.listen(id, request);
    this.entries.set(id, starting);
    try {
      return forwardOf(id, await starting);
    } catch (error) {
      this.entries.delete(id);
      throw error;
    }
  }

  /**
   * Stops a forward and ends what is open on it.
   *
   * @param id - of the forward; one that is gone already is no mistake
   */
  async stop(id: string): Promise<void> {
    const starting = this.entries.get(id);
    this.entries.delete(id);
    const entry = await starting?.catch(() => undefined);
    if (entry === undefined) {
      return;
    }
    // Another of the same id may have been started meanwhile.
    if (this.ready.get(id) === entry) {
      this.ready.delete(id);
    }
    entry.end.abort(new Error('stopped'));
    for (const socket of entry.sockets) {
      socket.destroy();
    }
    await new Promise<void>((resolve) => entry.server.close(() => resolve()));
    this.changed();
  }

  /**
   * Stops those of one machine.
   *
   * @param machine - its id
   */
  async stopMachine(machine: string): Promise<void> {
    const ids = this.list().filter((forward) => forward.machine === machine);
    await Promise.all(ids.map(({ id }) => this.stop(id)));
  }

  /** Stops all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.entries.keys()].map((id) => this.stop(id)));
    this.changes.dispose();
  }

  private async listen(id: string, request: ForwardRequest): Promise<Entry> {
    // What the client ends, the machine hears of; what it still answers, the client gets.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const localPort = await listenOn(server, request.port);
    const end = new AbortController();
    const entry: Entry = { request, server, localPort, end, sockets: new Set(), problem: null };
    server.on('connection', (socket) => void this.serve(entry, socket));
    this.ready.set(id, entry);
    this.changed();
    return entry;
  }

  private async serve(entry: Entry, socket: Socket): Promise<void> {
    const { request, end, sockets } = entry;
    const gone = new AbortController();
    socket.on('error', () => undefined);
    socket.once('close', () => {
      gone.abort(new Error('closed'));
      sockets.delete(socket);
      this.changed();
    });
    sockets.add(socket);
    this.changed();
    try {
      const signal = AbortSignal.any([end.signal, gone.signal]);
      const channel = await (await request.way()).forward(request.host, request.port, signal);
      this.tell(entry, null);
      await Promise.all([pipeline(socket, channel), pipeline(channel, socket)]);
    } catch (error) {
      // Whatever the client did is no problem of the way.
      if (error instanceof RunctlError && error.kind !== 'cancelled') {
        this.tell(entry, error.message);
      }
      socket.destroy();
    }
  }

  private tell(entry: Entry, problem: string | null): void {
    if (entry.problem !== problem) {
      entry.problem = problem;
      this.changed();
    }
  }

  private changed(): void {
    this.changes.fire(this.list());
  }
}

function forwardOf(id: string, { request, localPort, sockets, problem }: Entry): PortForward {
  const { machine, host, port, label } = request;
  return { id, machine, host, port, label, localPort, connections: sockets.size, problem };
}

async function listenOn(server: Server, wanted: number): Promise<number> {
  try {
    return await tryPort(server, wanted);
  } catch (error) {
    if (errorCodes(error).some((code) => TAKEN.has(code))) {
      return tryPort(server, 0);
    }
    throw error;
  }
}

function tryPort(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HERE, () => {
      server.off('error', reject);
      // What goes wrong with one connection later must not end the window.
      server.on('error', () => undefined);
      const address: AddressInfo | string | null = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
