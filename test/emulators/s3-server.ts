import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  allSigned,
  authorizationOf,
  bodyOf,
  expectedSignature,
  headerOf,
  sha256,
  timeOf,
} from './sigv4.ts';

/** Who may write to the bucket. */
export interface S3Account {
  readonly key: string;
  readonly secret: string;
  /** Wanted with every request when it is given. */
  readonly token?: string;
}

/** An object as it was stored. */
export interface S3Object {
  readonly bytes: Buffer;
  readonly etag: string;
  /** Of how many parts it was made; 0 when it was sent whole. */
  readonly parts: number;
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
}

/** A refusal in the words of the service. */
class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** What a server does before it looks at a request: answer by itself (`true`) or not. */
export type S3Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

const SKEW_MS = 15 * 60_000;

/**
 * One bucket of an S3-like service on loopback, addressed by path or by name. It takes only what is
 * signed with Signature Version 4, checks the content against a hash that is signed too, and
 * refuses calls it does not know. Written from Amazon's reference alone.
 */
export class S3Server {
  readonly objects = new Map<string, S3Object>();
  /** `METHOD key?query` of every request that was signed well. */
  readonly requests: string[] = [];
  readonly uploads = new Map<string, Upload>();
  /** Keys in the order in which they came to be. */
  readonly order: string[] = [];
  fault: S3Fault | undefined;
  /** Milliseconds by which its clock is ahead of the true one. */
  clockAhead = 0;
  private readonly bucket: string;
  private readonly account: S3Account;
  private readonly region: string;
  private readonly server: Server;

  private constructor(bucket: string, account: S3Account, region: string) {
    this.bucket = bucket;
    this.account = account;
    this.region = region;
    this.server = createServer((request, response) => {
      void this.answer(request, response);
    });
  }

  static async start(bucket: string, account: S3Account, region = 'us-east-1'): Promise<S3Server> {
    const server = new S3Server(bucket, account, region);
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

  /** Text of an object; fails when there is none. */
  text(key: string): string {
    const found = this.objects.get(key);
    if (found === undefined) throw new Error(`no ${key} among ${[...this.objects.keys()].join()}`);
    return found.bytes.toString('utf8');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('date', new Date(this.now()).toUTCString());
    response.setHeader('x-amz-request-id', randomUUID());
    try {
      if (this.fault?.(request, response) === true) return;
      const body = await bodyOf(request);
      this.verify(request, body);
      this.handle(request, body, response);
    } catch (error) {
      if (response.destroyed) return;
      const { status, code, message } =
        error instanceof Refusal ? error : new Refusal(500, 'InternalError', String(error));
      if (code === 'AuthorizationHeaderMalformed') {
        response.setHeader('x-amz-bucket-region', this.region);
      }
      response.writeHead(status, { 'content-type': 'application/xml' });
      // The service repeats the key of who asked; so must this.
      response.end(
        request.method === 'HEAD'
          ? ''
          : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message>` +
              `<AWSAccessKeyId>${this.account.key}</AWSAccessKeyId></Error>`,
      );
    }
  }

  private now(): number {
    return Date.now() + this.clockAhead;
  }

  private verify(request: IncomingMessage, body: Buffer): void {
    const given = authorizationOf(request);
    if (given?.service !== 's3') throw new Refusal(403, 'AccessDenied', 'not signed');
    if (given.key !== this.account.key) throw new Refusal(403, 'InvalidAccessKeyId');
    if (given.region !== this.region) {
      throw new Refusal(400, 'AuthorizationHeaderMalformed', `expecting ${this.region}`);
    }
    const time = timeOf(headerOf(request, 'x-amz-date'));
    if (!(Math.abs(time - this.now()) <= SKEW_MS)) throw new Refusal(403, 'RequestTimeTooSkewed');
    if (this.account.token !== undefined && headerOf(request, 'x-amz-security-token') !== this.account.token) {
      throw new Refusal(400, 'InvalidToken');
    }
    const { signed } = given;
    if (!allSigned(request, signed)) throw new Refusal(403, 'AccessDenied', 'a header was not signed');
    const hash = headerOf(request, 'x-amz-content-sha256');
    if (expectedSignature(this.account.secret, request, given, hash) !== given.signature) {
      throw new Refusal(403, 'SignatureDoesNotMatch');
    }
    if (hash === 'UNSIGNED-PAYLOAD' && signed.includes('content-md5')) {
      const md5Sum = createHash('md5').update(body).digest('base64');
      if (md5Sum !== headerOf(request, 'content-md5')) throw new Refusal(400, 'BadDigest');
    } else if (sha256(body) !== hash) {
      throw new Refusal(400, 'XAmzContentSHA256Mismatch');
    }
  }

  private handle(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.endpoint);
    const isInName = headerOf(request, 'host').startsWith(`${this.bucket}.s3.`);
    const path = isInName ? `/${this.bucket}${url.pathname}` : url.pathname;
    const [, bucket, ...rest] = path.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    if (bucket !== this.bucket) throw new Refusal(404, 'NoSuchBucket');
    this.requests.push(`${request.method ?? ''} ${key}${url.search}`);
    const names = [...url.searchParams.keys()].filter((name) => name !== 'x-id').sort().join();
    const uploadId = url.searchParams.get('uploadId') ?? '';
    switch (`${request.method ?? ''} ${names}`) {
      case 'PUT ':
        this.store(key, body, `"${md5(body)}"`, 0);
        response.setHeader('etag', `"${md5(body)}"`).end();
        return;
      case 'GET ':
      case 'HEAD ': {
        const found = this.objects.get(key);
        if (found === undefined) throw new Refusal(404, 'NoSuchKey');
        response.writeHead(200, { 'content-length': found.bytes.length, etag: found.etag });
        response.end(request.method === 'HEAD' ? undefined : found.bytes);
        return;
      }
      case 'POST uploads': {
        const id = randomUUID();
        this.uploads.set(id, { key, parts: new Map() });
        response.end(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
        return;
      }
      case 'PUT partNumber,uploadId':
        this.upload(uploadId).parts.set(Number(url.searchParams.get('partNumber')), body);
        response.setHeader('etag', `"${md5(body)}"`).end();
        return;
      case 'POST uploadId':
        response.end(
          `<CompleteMultipartUploadResult><ETag>&quot;${this.complete(uploadId, body.toString())}&quot;</ETag></CompleteMultipartUploadResult>`,
        );
        return;
      case 'DELETE uploadId':
        this.upload(uploadId);
        this.uploads.delete(uploadId);
        response.writeHead(204).end();
        return;
      default:
        throw new Refusal(501, 'NotImplemented', `${request.method ?? ''} ${names}`);
    }
  }

  private complete(uploadId: string, xml: string): string {
    const { key, parts } = this.upload(uploadId);
    const named = [...xml.matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
      number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
      etag: /<ETag>(?:"|&quot;)?([0-9a-f]{32})/.exec(part)?.[1],
    }));
    const pieces = named.map(({ number, etag }, index) => {
      const piece = parts.get(number);
      if (piece === undefined || md5(piece) !== etag || number <= (named[index - 1]?.number ?? 0)) {
        throw new Refusal(400, 'InvalidPart');
      }
      if (piece.length < 5 * 1024 * 1024 && index < named.length - 1) throw new Refusal(400, 'EntityTooSmall');
      return piece;
    });
    const digests = Buffer.concat(pieces.map((piece) => createHash('md5').update(piece).digest()));
    const etag = `${md5(digests)}-${String(pieces.length)}`;
    this.store(key, Buffer.concat(pieces), `"${etag}"`, pieces.length);
    this.uploads.delete(uploadId);
    return etag;
  }

  private store(key: string, bytes: Buffer, etag: string, parts: number): void {
    this.objects.set(key, { bytes, etag, parts });
    this.order.push(key);
  }

  private upload(id: string): Upload {
    const found = this.uploads.get(id);
    if (found === undefined) throw new Refusal(404, 'NoSuchUpload');
    return found;
  }
}

function md5(data: Buffer): string {
  return createHash('md5').update(data).digest('hex');
}
