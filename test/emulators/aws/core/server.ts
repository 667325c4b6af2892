import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bodyOf } from '../../sigv4.ts';
import type { Call } from './call.ts';
import type { Fault } from './faults.ts';
import type { JournalEntry } from './journal.ts';
import type { Reply } from './protocols.ts';
import { actionOf, errorReply, replyTo, SERVICES } from './protocols.ts';
import { Refusal, Violation } from './refusal.ts';
import { authenticate } from './signing.ts';
import type { World } from './world.ts';

/** The one address of all services and regions; the signature says which is meant. */
export class AwsServer {
  private readonly world: World;
  private readonly server: Server;

  private constructor(world: World) {
    this.world = world;
    this.server = createServer((request, response) => {
      void this.handle(request, response).catch((error: unknown) => {
        world.journal.violation(`the emulator itself failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
        response.destroy();
      });
    });
  }

  static async start(world: World): Promise<AwsServer> {
    const server = new AwsServer(world);
    server.server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const requestId = this.world.uuid();
    response.setHeader('date', new Date().toUTCString());
    response.setHeader('x-amzn-requestid', requestId);
    const { call, refusal, service } = this.read(request, body);
    if (call === undefined) {
      this.note(undefined, refusal, service);
      send(response, errorReply(service, refusal, requestId));
      return;
    }
    const entry: JournalEntry = {
      at: this.world.clock.now(),
      service: call.service,
      region: call.region.name,
      action: call.action,
      parameters: call.parameters,
      outcome: 200,
    };
    this.world.journal.entries.push(entry);
    await this.act(call, entry, requestId, response);
  }

  /** Everything up to the action: who asks what of whom. */
  private read(request: IncomingMessage, body: Buffer): { call?: Call; refusal: Refusal; service: string } {
    let service = 'ec2';
    try {
      const { identity, region, service: named } = authenticate(this.world, request, body);
      service = named;
      const { action, parameters } = actionOf(service, request, body);
      const call = { world: this.world, region, service, action, identity, parameters, staleMs: 0 };
      return { call, refusal: new Refusal('', ''), service };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { refusal: error, service };
    }
  }

  private async act(call: Call, entry: JournalEntry, requestId: string, response: ServerResponse): Promise<void> {
    const faults = this.world.faults.of(call.action, call.region.name);
    if (await this.before(faults, call, entry, requestId, response)) return;
    const stale = Math.max(0, ...faults.map(({ script }) => script.stale ?? 0));
    let reply: Reply;
    try {
      const handler = SERVICES[call.service]?.actions[call.action];
      if (handler === undefined) throw new Violation('InvalidAction', `The action ${call.action} is not valid for this web service.`);
      reply = replyTo(call.service, call.action, await handler({ ...call, staleMs: stale }), requestId);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.note(entry, error, call.service);
      reply = errorReply(call.service, error, requestId);
    }
    for (const fault of faults) await fault.wait('after');
    if (faults.some(({ script }) => script.drop === 'after')) {
      entry.outcome = 'dropped after';
      response.destroy();
      return;
    }
    const late = faults.find(({ script }) => script.errorAfter !== undefined)?.script.errorAfter;
    if (late !== undefined) {
      const refusal = new Refusal(late.code, late.message ?? late.code, late.status ?? 500);
      this.note(entry, refusal, call.service);
      reply = errorReply(call.service, refusal, requestId);
    }
    send(response, reply);
  }

  /** What faults do before the effect; true when that was the end of the call. */
  private async before(
    faults: readonly Fault[],
    call: Call,
    entry: JournalEntry,
    requestId: string,
    response: ServerResponse,
  ): Promise<boolean> {
    for (const fault of faults) {
      const { delay, drop, html, error, throttle } = fault.script;
      await fault.wait('before');
      if (delay !== undefined) await this.world.clock.sleep(delay);
      if (drop === 'before') {
        entry.outcome = 'dropped before';
        response.destroy();
        return true;
      }
      if (html !== undefined) {
        entry.outcome = html;
        send(response, { status: html, type: 'text/html', body: '<html><head><title>502 Bad Gateway</title></head><body><hr></body></html>' });
        return true;
      }
      const scripted = throttle === true ? throttling(call.service) : error;
      if (scripted === undefined) continue;
      const refusal = new Refusal(scripted.code, scripted.message ?? scripted.code, scripted.status ?? 400);
      this.note(entry, refusal, call.service);
      send(response, errorReply(call.service, refusal, requestId));
      return true;
    }
    return false;
  }

  private note(entry: JournalEntry | undefined, refusal: Refusal, service: string): void {
    if (entry !== undefined) {
      entry.outcome = refusal.status;
      entry.code = refusal.code;
    }
    if (refusal instanceof Violation) {
      this.world.journal.violation(`${service}:${entry?.action ?? '?'} ${refusal.code}: ${refusal.message}`);
    }
  }
}

function throttling(service: string): { code: string; status: number; message: string } {
  if (service === 'ec2') return { code: 'RequestLimitExceeded', status: 503, message: 'Request limit exceeded.' };
  if (service === 'sts' || service === 'iam') return { code: 'Throttling', status: 400, message: 'Rate exceeded' };
  return { code: 'ThrottlingException', status: 400, message: 'Rate exceeded' };
}

function send(response: ServerResponse, { status, type, body, headers }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': type, ...headers }).end(body);
}
