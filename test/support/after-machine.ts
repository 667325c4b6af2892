import { once } from 'node:events';
import { chmod, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { S3Server } from '../emulators/s3-server.ts';
import type { Status, TestAgent } from './agent.ts';
import { encode } from './agent.ts';
import { BASIC_TOOLS, toolbox } from './toolbox.ts';

export const ACCOUNT = { key: 'AKIDTESTTESTTEST', secret: 'se/cret+oftheaccount' };
export const BUCKET = 'trained';

/** What the agent needs, with a way to detach, and nothing that could save. */
export const PLAIN_TOOLS: readonly string[] = [
  ...BASIC_TOOLS,
  ...['cut', 'find', 'ps', 'setsid', 'sha256sum', 'tail', 'cp', 'echo', 'mktemp'],
];

/** Lines of a spec that have a run saved to a server's bucket. */
export function durableLines(server: S3Server, account: { key: string; secret: string } = ACCOUNT): string[] {
  return [
    `durable s3://${BUCKET}/some/prefix/`,
    ...secretLines(server, account),
    'checkpoints checkpoints',
  ];
}

/** What is sent to the agent to save with. */
export function secretLines(server: S3Server, account: { key: string; secret: string } = ACCOUNT): string[] {
  return [
    `after-secret AWS_ACCESS_KEY_ID=${encode(account.key)}`,
    `after-secret AWS_SECRET_ACCESS_KEY=${encode(account.secret)}`,
    'after-secret AWS_REGION=us-east-1',
    `after-secret AWS_ENDPOINT_URL_S3=${encode(server.endpoint)}`,
  ];
}

/** Environment in which these tools alone are found, and no credentials. */
export async function onlyTools(agent: TestAgent, ...tools: string[]): Promise<NodeJS.ProcessEnv> {
  const bin = await toolbox(join(agent.work, '../bin'), [...PLAIN_TOOLS, ...tools]);
  return { PATH: bin, HOME: agent.work, AWS_EC2_METADATA_DISABLED: 'true' };
}

/** A program of this name, which is a shell script. */
export async function fakeTool(agent: TestAgent, name: string, script: string): Promise<void> {
  const path = join(agent.work, '../bin', name);
  await rm(path, { force: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

/** Waits until what follows a run is done. */
export function afterDone(agent: TestAgent, id: string): Promise<Status> {
  return agent.until(id, 'done with what follows', ({ after }) => after?.state === 'done');
}

/** Writes a file below the run's checkpoint directory, changed so many seconds ago. */
export async function checkpoint(
  agent: TestAgent,
  name: string,
  bytes: string | Buffer,
  secondsAgo: number,
): Promise<void> {
  const path = join(agent.work, 'checkpoints', name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, bytes);
  const time = Date.now() / 1000 - secondsAgo;
  await utimes(path, time, time);
  if (name.includes('/')) await utimes(join(path, '..'), time, time);
}

/** A ZIP archive without members; whole unless it is cut. */
export function zip(comment = ''): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([Buffer.from('PK\x03\x04some member', 'latin1'), end, Buffer.from(comment)]);
}

/** A safetensors file with one tensor. */
export function safetensors(): Buffer {
  const header = Buffer.from(JSON.stringify({ w: { dtype: 'U8', shape: [9], data_offsets: [0, 9] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.from('123456789')]);
}

/** Somebody who is told of the ends of runs. */
export class WebhookReceiver {
  readonly calls: { readonly path: string; readonly type: string | undefined; readonly body: string }[] = [];
  status = 204;
  /** Before it answers. */
  onCall: () => void = () => undefined;
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      void this.receive(request, response);
    });
  }

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}/hook?token=hidden%22value`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    this.calls.push({
      path: `${request.method ?? ''} ${request.url ?? ''}`,
      type: request.headers['content-type'],
      body,
    });
    this.onCall();
    response.writeHead(this.status).end();
  }
}
