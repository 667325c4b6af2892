import * as l10n from '@vscode/l10n';
import { ConfigError } from '../core/errors.ts';
import { readField } from '../core/foreign-error.ts';

/** Where a store that is not Amazon's answers. */
export interface StoreEndpoint {
  /** `https://host`, or `http://` on this very machine. */
  readonly endpoint: string;
  /** `null` where the store does not care. */
  readonly region: string | null;
}

/** The user's setting that tells it, by bucket. */
export const ENDPOINTS_SETTING = 'runctl.storage.endpoints';

const REGION = /^[a-z0-9-]{1,64}$/;

/** Secrets of a profile that also open its durable place, by their AWS names. */
const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const;

/**
 * Finds where the store of a bucket answers. Only the user's own settings say
 * so: credentials go there.
 *
 * @param setting - value of the setting, of any shape
 * @param bucket - name of the bucket
 * @returns its store; `null` for Amazon's
 * @throws {ConfigError} when the setting says something else than an address
 */
export function endpointOf(setting: unknown, bucket: string): StoreEndpoint | null {
  if (typeof setting !== 'object' || setting === null || !Object.hasOwn(setting, bucket)) {
    return null;
  }
  const value = readField(setting, bucket);
  const endpoint = typeof value === 'string' ? value : readField(value, 'endpoint');
  const region = readField(value, 'region') ?? null;
  if (typeof endpoint !== 'string' || !isSafe(endpoint)) {
    throw refused(l10n.t('The address of the store of {0} must be https://, or http:// on this machine, without user and path', bucket));
  }
  if (region !== null && (typeof region !== 'string' || !REGION.test(region))) {
    throw refused(l10n.t('The region of the store of {0} must be a word such as eu-central-1', bucket));
  }
  return { endpoint: endpoint.replace(/\/$/, ''), region };
}

/**
 * Chooses what the machine is given to open the durable place with. Without
 * any it uses its own: its user's files, or the role of an instance.
 *
 * @param secrets - values of the profile's secrets by name
 * @param store - where the bucket is; `null` for Amazon's
 * @returns values by their AWS names
 */
export function storeSecrets(
  secrets: Readonly<Record<string, string>>,
  store: StoreEndpoint | null,
): Readonly<Record<string, string>> {
  const own = CREDENTIALS.flatMap((name) => {
    const value = secrets[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(own),
    ...(store === null ? {} : { AWS_ENDPOINT_URL_S3: store.endpoint }),
    ...(store?.region == null ? {} : { AWS_REGION: store.region }),
  };
}

/**
 * Picks the names of secrets that open a durable place.
 *
 * @param names - of a profile
 * @returns those of them
 */
export function storeSecretNames(names: readonly string[]): readonly string[] {
  return CREDENTIALS.filter((name) => names.includes(name));
}

function isSafe(address: string): boolean {
  const url = URL.parse(address);
  // Whatever else an address can hold has no place here.
  if (url?.href.replace(/\/$/, '') !== `${String(url?.protocol)}//${String(url?.host)}`) {
    return false;
  }
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isHere);
}

function refused(message: string): ConfigError {
  return new ConfigError('storage-endpoint', message, {
    nextAction: {
      title: l10n.t('Open Settings'),
      command: 'workbench.action.openSettings',
      arguments: [ENDPOINTS_SETTING],
    },
  });
}
