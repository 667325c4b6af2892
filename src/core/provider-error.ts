import * as l10n from '@vscode/l10n';
import { toRunctlError } from './error-chain.ts';
import { CloudProviderError, RunctlError } from './errors.ts';
import type { NextAction } from './errors.ts';
import { causeChain, errorCodes, httpStatus, readText } from './foreign-error.ts';
import { CAPACITY_CODES, NETWORK_CODES, THROTTLING_CODES } from './retryable.ts';

/** What kind of failure a provider's answer is; also the code of the error. */
export type ProviderFailure =
  | 'access-denied'
  | 'capacity'
  | 'failed'
  | 'network'
  | 'not-found'
  | 'throttled';

const MAX_MESSAGE = 300;

const ACCESS_CODES: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthFailure',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'OptInRequired',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'UnauthorizedOperation',
  'UnrecognizedClientException',
]);

// EC2 names what is missing: InvalidInstanceID.NotFound, InvalidVolume.NotFound.
const NOT_FOUND_CODE = /(?:\.NotFound|^NotFound|^NoSuch\w+|NotFoundException|\.Unknown)$/;

/**
 * Turns what a provider's client threw into an error with steps that fit.
 * Our own errors, a cancel among them, pass unchanged.
 *
 * @param provider - provider id, such as `aws`
 * @param error - what was thrown
 * @param operation - what was being done, translated, such as `Starting the machine`
 * @param nextAction - replaces the usual button
 * @returns a {@link CloudProviderError} whose code is the {@link ProviderFailure}
 */
export function providerErrorWithTroubleshooting(
  provider: string,
  error: unknown,
  operation: string,
  nextAction?: NextAction,
): RunctlError {
  if (error instanceof RunctlError && error.kind !== 'retryable') {
    return error;
  }
  const links = causeChain(error);
  if (links.some((link) => errorCodes(link).includes('AbortError'))) {
    return toRunctlError(error);
  }
  const failure = classifyProviderError(error);
  const status = links.map(httpStatus).find((found) => found !== undefined);
  const said = links.map((link) => readText(link, 'message')).findLast(Boolean);
  const providerMessage = said?.slice(0, MAX_MESSAGE);
  const options = {
    cause: error,
    nextAction: nextAction ?? usualAction(failure),
    steps: stepsFor(failure, provider),
    details: {
      operation,
      providerCode: links.flatMap(errorCodes).find((code) => !/^(?:\w*Error)$/.test(code)),
      providerMessage,
    },
    ...(status === undefined ? {} : { status }),
  };
  const reason = reasonFor(failure, provider, providerMessage);
  const message = l10n.t('{0} failed: {1}', operation, reason);
  return new CloudProviderError(provider, failure, message, options);
}

/**
 * Tells what kind of failure it is, by codes first and HTTP status second.
 *
 * @param error - what a provider's client threw
 * @returns its kind; `failed` when nothing more is known
 */
export function classifyProviderError(error: unknown): ProviderFailure {
  const links = causeChain(error);
  const codes = links.flatMap(errorCodes);
  const statuses = new Set(links.map(httpStatus));
  if (codes.some((code) => CAPACITY_CODES.has(code))) {
    return 'capacity';
  }
  if (codes.some((code) => THROTTLING_CODES.has(code)) || statuses.has(429)) {
    return 'throttled';
  }
  if (codes.some((code) => ACCESS_CODES.has(code)) || statuses.has(401) || statuses.has(403)) {
    return 'access-denied';
  }
  if (codes.some((code) => NOT_FOUND_CODE.test(code)) || statuses.has(404) || statuses.has(410)) {
    return 'not-found';
  }
  const unreachable = codes.some((code) => NETWORK_CODES.has(code) || code === 'TimeoutError');
  return unreachable ? 'network' : 'failed';
}

function reasonFor(failure: ProviderFailure, provider: string, said: string | undefined): string {
  switch (failure) {
    case 'access-denied':
      return l10n.t('{0} refused access', provider);
    case 'capacity':
      return l10n.t('{0} has no such machine free for you now', provider);
    case 'network':
      return l10n.t('{0} could not be reached', provider);
    case 'not-found':
      return l10n.t('{0} does not know it', provider);
    case 'throttled':
      return l10n.t('{0} asks for fewer requests', provider);
    case 'failed':
      return said ?? l10n.t('{0} gave no reason', provider);
  }
}

function stepsFor(failure: ProviderFailure, provider: string): readonly string[] {
  switch (failure) {
    case 'access-denied':
      return [
        l10n.t('Check that the key or profile for {0} is the right one and not expired.', provider),
        l10n.t('Check that it may do this; the log names what was refused.'),
        l10n.t('A wrong clock on this computer makes signed requests invalid.'),
      ];
    case 'capacity':
      return [
        l10n.t('Choose another machine type, zone or region.'),
        l10n.t('On demand instead of spot is often free when spot is not.'),
        l10n.t('Check your quota for this machine type.'),
      ];
    case 'network':
      return [
        l10n.t('Check the network connection, VPN and proxy settings.'),
        l10n.t('Check the region or address set for {0}.', provider),
        l10n.t('Machines that run go on running and billing meanwhile.'),
      ];
    case 'not-found':
      return [
        l10n.t('Refresh: it may have been deleted elsewhere.'),
        l10n.t('Check the region and account.'),
      ];
    case 'throttled':
      return [
        l10n.t('Wait a minute, then try again.'),
        l10n.t('Other tools that use the same account count too.'),
      ];
    case 'failed':
      return [
        l10n.t('Try again in a few minutes.'),
        l10n.t('Look at the status page of {0}.', provider),
        l10n.t('The log has the whole answer.'),
      ];
  }
}

function usualAction(failure: ProviderFailure): NextAction {
  const mayPass = failure === 'network' || failure === 'not-found' || failure === 'throttled';
  return mayPass
    ? { title: l10n.t('Refresh'), command: 'runctl.refresh' }
    : { title: l10n.t('Show Log'), command: 'runctl.showOutput' };
}
