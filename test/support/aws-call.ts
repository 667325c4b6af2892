import { request } from 'node:http';
import type { AwsEmulator } from '../emulators/aws/aws-emulator.ts';
import type { Identity } from '../emulators/aws/core/options.ts';
import { sha256, signatureOf } from '../emulators/sigv4.ts';

/** A value of a parameter; lists are numbered from 1. */
export type Parameter = string | number | boolean | readonly Parameter[] | { readonly [name: string]: Parameter };

export interface CallOptions {
  readonly service?: 'ec2' | 'sts' | 'iam' | 'ssm' | 'pricing' | 'servicequotas';
  readonly region?: string;
  readonly identity?: Identity;
  /** Milliseconds by which the caller's clock is ahead. */
  readonly ahead?: number;
  readonly version?: string;
}

/** What came back. */
export class AwsAnswer {
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    this.status = status;
    this.body = body;
  }

  /** Code of the refusal, or empty. */
  get code(): string {
    if (this.body.startsWith('{')) return (this.json() as { __type?: string }).__type ?? '';
    return this.first('Code');
  }

  /** Texts of all elements of a name. */
  all(name: string): string[] {
    return [...this.body.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => text);
  }

  first(name: string): string {
    return this.all(name)[0] ?? '';
  }

  json(): unknown {
    return JSON.parse(this.body);
  }
}

const VERSIONS: Readonly<Record<string, string>> = { ec2: '2016-11-15', sts: '2011-06-15', iam: '2010-05-08' };
const TARGETS: Readonly<Record<string, string>> = {
  ssm: 'AmazonSSM',
  pricing: 'AWSPriceListService',
  servicequotas: 'ServiceQuotasV20190624',
};

/** Makes one call, signed as the services want it. Rejects when the connection is cut. */
export function awsCall(
  emulator: AwsEmulator,
  action: string,
  parameters: Readonly<Record<string, Parameter>> = {},
  options: CallOptions = {},
): Promise<AwsAnswer> {
  const { service = 'ec2', region = 'us-east-1', ahead = 0 } = options;
  const identity = options.identity ?? emulator.world.identities[0]!;
  const target = TARGETS[service];
  const form = { Action: action, Version: options.version ?? VERSIONS[service] ?? '', ...flat(parameters) };
  const body = target === undefined ? new URLSearchParams(form).toString() : JSON.stringify(parameters);
  const { host, hostname, port } = new URL(emulator.endpoint);
  const stamp = new Date(Date.now() + ahead).toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    'content-type': target === undefined ? 'application/x-www-form-urlencoded; charset=utf-8' : 'application/x-amz-json-1.1',
    host,
    'x-amz-date': stamp,
    ...(identity.sessionToken !== undefined && { 'x-amz-security-token': identity.sessionToken }),
    ...(target !== undefined && { 'x-amz-target': `${target}.${action}` }),
  };
  const names = Object.keys(headers).sort();
  const scope = `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`;
  const signature = signatureOf(identity.secretAccessKey, {
    method: 'POST',
    target: '/',
    headers: names.map((name) => [name, headers[name] ?? '']),
    hash: sha256(body),
    stamp,
    scope,
  });
  const authorization = `AWS4-HMAC-SHA256 Credential=${identity.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method: 'POST', path: '/', headers: { ...headers, authorization } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve(new AwsAnswer(response.statusCode ?? 0, text)));
      response.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function flat(value: Parameter, path = ''): Record<string, string> {
  if (typeof value !== 'object') return { [path]: String(value) };
  const entries = Array.isArray(value)
    ? (value as readonly Parameter[]).map((one, index) => [String(index + 1), one] as const)
    : Object.entries(value);
  return Object.assign({}, ...entries.map(([name, one]) => flat(one, path === '' ? name : `${path}.${name}`))) as Record<string, string>;
}
