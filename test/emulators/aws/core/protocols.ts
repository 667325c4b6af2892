import type { IncomingMessage } from 'node:http';
import { headerOf } from '../../sigv4.ts';
import { EC2 } from '../ec2/actions.ts';
import { IAM } from '../services/iam.ts';
import { PRICING } from '../services/pricing.ts';
import { QUOTA_ACTIONS } from '../services/quotas.ts';
import { SSM } from '../services/ssm.ts';
import { STS } from '../services/sts.ts';
import type { Actions } from './call.ts';
import type { Refusal } from './refusal.ts';
import { Violation } from './refusal.ts';
import type { Notation, Raw } from './shape.ts';
import { nested } from './shape.ts';
import type { Body } from './xml.ts';
import { escape, json, xml } from './xml.ts';

interface Service {
  readonly notation: Notation;
  /** Version of the API, of the query protocols. */
  readonly version?: string;
  /** What `X-Amz-Target` begins with, of the JSON protocol. */
  readonly target?: string;
  readonly actions: Actions;
}

/** By the name that stands in the scope of the signature. */
export const SERVICES: Readonly<Record<string, Service>> = {
  ec2: { notation: 'query', version: '2016-11-15', actions: EC2 },
  sts: { notation: 'query', version: '2011-06-15', actions: STS },
  iam: { notation: 'query', version: '2010-05-08', actions: IAM },
  ssm: { notation: 'json', target: 'AmazonSSM', actions: SSM },
  pricing: { notation: 'json', target: 'AWSPriceListService', actions: PRICING },
  servicequotas: { notation: 'json', target: 'ServiceQuotasV20190624', actions: QUOTA_ACTIONS },
};

/** An answer on the wire. */
export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a request asks for. */
export function actionOf(name: string, request: IncomingMessage, body: Buffer): { action: string; parameters: Raw } {
  const service = SERVICES[name]!;
  if (request.method !== 'POST' || request.url !== '/') {
    throw new Violation('InvalidAction', `${String(request.method)} ${String(request.url)} is no call of ${name}`);
  }
  return service.notation === 'json' ? ofJson(service, request, body) : ofQuery(service, request, body);
}

function ofQuery(service: Service, request: IncomingMessage, body: Buffer): { action: string; parameters: Raw } {
  const type = headerOf(request, 'content-type').split(';')[0];
  if (type !== 'application/x-www-form-urlencoded') throw new Violation('MalformedQueryString', `content type ${String(type)}`);
  const { Action: action, Version: version, ...parameters } = nested(new URLSearchParams(body.toString()));
  if (typeof action !== 'string') throw new Violation('MissingAction', 'The request is missing an action');
  if (version !== service.version) throw new Violation('NoSuchVersion', `Version ${JSON.stringify(version)} of the API is not known`);
  return { action, parameters };
}

function ofJson(service: Service, request: IncomingMessage, body: Buffer): { action: string; parameters: Raw } {
  const type = headerOf(request, 'content-type');
  if (type !== 'application/x-amz-json-1.1') throw new Violation('SerializationException', `content type ${type}`);
  const [target, action] = headerOf(request, 'x-amz-target').split('.');
  if (target !== service.target || action === undefined) throw new Violation('UnknownOperationException', String(target));
  try {
    return { action, parameters: JSON.parse(body.toString()) as Raw };
  } catch {
    throw new Violation('SerializationException', 'the body is no JSON');
  }
}

/** An answer that is no refusal. */
export function replyTo(name: string, action: string, body: Body, requestId: string): Reply {
  const service = SERVICES[name]!;
  if (service.notation === 'json') return { status: 200, type: 'application/x-amz-json-1.1', body: json(body ?? {}) };
  if (name === 'ec2') {
    const inside = `<requestId>${requestId}</requestId>${xml(body, 'item')}`;
    return wrap(200, `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${inside}</${action}Response>`);
  }
  const result = body === undefined ? '' : `<${action}Result>${xml(body, 'member')}</${action}Result>`;
  const meta = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  const space = `https://${name}.amazonaws.com/doc/${service.version ?? ''}/`;
  return wrap(200, `<${action}Response xmlns="${space}">${result}${meta}</${action}Response>`);
}

/** A refusal in the form of its service. */
export function errorReply(name: string, refusal: Refusal, requestId: string): Reply {
  const { status, code, message } = refusal;
  if (SERVICES[name]?.notation === 'json') {
    return {
      status,
      type: 'application/x-amz-json-1.1',
      body: JSON.stringify({ __type: code, message }),
      headers: { 'x-amzn-errortype': code },
    };
  }
  const inside = `<Code>${escape(code)}</Code><Message>${escape(message)}</Message>`;
  if (name === 'ec2') {
    return wrap(status, `<Response><Errors><Error>${inside}</Error></Errors><RequestID>${requestId}</RequestID></Response>`);
  }
  const type = status >= 500 ? 'Receiver' : 'Sender';
  return wrap(status, `<ErrorResponse><Error><Type>${type}</Type>${inside}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`);
}

function wrap(status: number, body: string): Reply {
  return { status, type: 'text/xml;charset=UTF-8', body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
}
