import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What the `Authorization` header of Signature Version 4 says. */
export interface Authorization {
  readonly key: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
  /** Names of the signed headers, in the order given. */
  readonly signed: readonly string[];
  /** 64 hexadecimal digits. */
  readonly signature: string;
}

/** A request as Signature Version 4 sees it. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Name and value of the signed headers, by name. */
  readonly headers: readonly (readonly [string, string])[];
  readonly hash: string;
  readonly stamp: string;
  readonly scope: string;
}

const FORM =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** The parts of the header, or nothing when it is missing or of another form. */
export function authorizationOf(request: IncomingMessage): Authorization | undefined {
  const match = FORM.exec(request.headers.authorization ?? '');
  if (match === null) return undefined;
  const [, key = '', day = '', region = '', service = '', names = '', signature = ''] = match;
  return { key, day, region, service, signed: names.split(';'), signature };
}

/** Milliseconds since the epoch of an `x-amz-date`; NaN when it is none. */
export function timeOf(stamp: string): number {
  return Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

/** Whether the host and every `x-amz-` header is among what was signed. */
export function allSigned(request: IncomingMessage, signed: readonly string[]): boolean {
  const mandatory = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'));
  return ['host', ...mandatory].every((name) => signed.includes(name));
}

/** The signature this request must have from the holder of `secret`. */
export function expectedSignature(
  secret: string,
  request: IncomingMessage,
  { day, region, service, signed }: Authorization,
  hash: string,
): string {
  return signatureOf(secret, {
    method: request.method ?? '',
    target: request.url ?? '',
    headers: signed.map((name) => [name, headerOf(request, name)]),
    hash,
    stamp: headerOf(request, 'x-amz-date'),
    scope: `${day}/${region}/${service}/aws4_request`,
  });
}

/** The signature a request must have. */
export function signatureOf(secret: string, request: SignedRequest): string {
  const [path = '', query = ''] = request.target.split('?');
  const canonical = [
    request.method,
    path,
    query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
      .sort()
      .join('&'),
    ...request.headers.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, ' ')}`),
    '',
    request.headers.map(([name]) => name).join(';'),
    request.hash,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', request.stamp, request.scope, sha256(canonical)].join('\n');
  const key = request.scope
    .split('/')
    .reduce<Buffer | string>((last, part) => createHmac('sha256', last).update(part).digest(), `AWS4${secret}`);
  return createHmac('sha256', key).update(text).digest('hex');
}

/** A header's value; empty when it was not sent. */
export function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

/** The whole body of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Hexadecimal SHA-256. */
export function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}
