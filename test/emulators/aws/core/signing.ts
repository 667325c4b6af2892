import type { IncomingMessage } from 'node:http';
import { allSigned, authorizationOf, expectedSignature, headerOf, sha256, timeOf } from '../../sigv4.ts';
import type { Identity } from './options.ts';
import { SERVICES } from './protocols.ts';
import { Refusal, Violation } from './refusal.ts';
import type { Region } from './region.ts';
import type { World } from './world.ts';

const SKEW_MS = 5 * 60_000;

/** Who signed a request, for which service and region. */
export interface Signer {
  readonly identity: Identity;
  readonly region: Region;
  readonly service: string;
}

/** Checks the signature; each service has its own words for what is wrong. */
export function authenticate(world: World, request: IncomingMessage, body: Buffer): Signer {
  const given = authorizationOf(request);
  if (given === undefined) throw new Refusal('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
  const { service } = given;
  if (SERVICES[service] === undefined) throw new Violation('SignatureDoesNotMatch', `There is no service '${service}' here`, 403);
  const identity = world.identities.find(({ accessKeyId }) => accessKeyId === given.key);
  if (identity === undefined) throw unknownKey(service);
  const region = world.regions.get(given.region);
  if (region === undefined) throw new Violation('SignatureDoesNotMatch', `There is no region '${given.region}'`, 403);
  if (!region.enabled) throw unknownKey(service);
  checkScope(service, region.name);
  if (!(Math.abs(timeOf(headerOf(request, 'x-amz-date')) - Date.now()) <= SKEW_MS)) throw expired(service);
  const hash = headerOf(request, 'x-amz-content-sha256') || sha256(body);
  if (hash !== sha256(body) || !allSigned(request, given.signed)) throw badSignature(service);
  if (expectedSignature(identity.secretAccessKey, request, given, hash) !== given.signature) throw badSignature(service);
  if (headerOf(request, 'x-amz-security-token') !== (identity.sessionToken ?? '')) throw unknownKey(service);
  if (identity.expiresAt !== undefined && world.clock.now() >= identity.expiresAt) throw expiredToken(service);
  return { identity, region, service };
}

/** Some services are at home in few regions. */
function checkScope(service: string, region: string): void {
  const homes: Readonly<Record<string, readonly string[]>> = {
    iam: ['us-east-1'],
    pricing: ['us-east-1', 'eu-central-1', 'ap-south-1'],
  };
  if (homes[service]?.includes(region) === false) {
    throw new Violation('SignatureDoesNotMatch', `${service} has no endpoint in ${region}`, 403);
  }
}

function unknownKey(service: string): Refusal {
  if (service === 'ec2') {
    return new Refusal('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
  }
  const text = 'The security token included in the request is invalid.';
  return isQuery(service) ? new Refusal('InvalidClientTokenId', text, 403) : new Refusal('UnrecognizedClientException', text);
}

function badSignature(service: string): Refusal {
  const text =
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';
  if (service === 'ec2') {
    return new Refusal('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
  }
  return isQuery(service) ? new Refusal('SignatureDoesNotMatch', text, 403) : new Refusal('InvalidSignatureException', text);
}

function expired(service: string): Refusal {
  if (service === 'ec2') return new Refusal('RequestExpired', 'Request has expired.');
  const text = 'Signature expired: the date of the request is too far from now';
  return isQuery(service) ? new Refusal('SignatureDoesNotMatch', text, 403) : new Refusal('InvalidSignatureException', text);
}

function expiredToken(service: string): Refusal {
  if (service === 'ec2') return new Refusal('RequestExpired', 'Request has expired.');
  const text = 'The security token included in the request is expired';
  return isQuery(service) ? new Refusal('ExpiredToken', text, 403) : new Refusal('ExpiredTokenException', text);
}

function isQuery(service: string): boolean {
  return SERVICES[service]?.notation === 'query';
}
