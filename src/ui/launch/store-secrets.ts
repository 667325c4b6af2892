import { WINDOW_PLACE } from '../../core/model/run-after.ts';
import { parseS3Uri } from '../../core/validation-cloud.ts';
import { settings } from '../settings.ts';

/**
 * Puts together what a machine needs to open a durable place.
 *
 * @param durable - of the run
 * @param secrets - values of its secrets by name
 * @returns values by their AWS names; none for this host or for nowhere
 * @throws {ConfigError} when the user's settings name no address for the bucket's store
 */
export async function storeSecretsOf(
  durable: string | null,
  secrets: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  if (durable === null || durable === WINDOW_PLACE) {
    return {};
  }
  const { endpointOf, storeSecrets } = await import('../late.ts');
  const { bucket } = parseS3Uri(durable, 'durable');
  return storeSecrets(secrets, endpointOf(settings.storageEndpoints(), bucket));
}
