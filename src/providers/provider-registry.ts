import * as l10n from '@vscode/l10n';
import { notFoundWithSuggestions } from '../core/error-helpers.ts';
import { ExistsError } from '../core/errors.ts';
import type { TrainingProvider } from './training-provider.ts';

/** The providers of this window, by id. */
export class ProviderRegistry {
  private readonly providers = new Map<string, TrainingProvider>();

  /**
   * Adds a provider.
   *
   * @param provider - with an id not yet taken
   * @throws {ExistsError} when the id is taken
   */
  register(provider: TrainingProvider): void {
    if (this.providers.has(provider.id)) {
      throw new ExistsError(
        'provider-exists',
        l10n.t('The provider {0} is registered already', provider.id),
      );
    }
    this.providers.set(provider.id, provider);
  }

  /**
   * Finds a provider.
   *
   * @param id - such as `local`
   * @returns the provider
   * @throws {NotFoundError} with close names when there is none
   */
  get(id: string): TrainingProvider {
    const provider = this.providers.get(id);
    if (provider === undefined) {
      throw notFoundWithSuggestions(l10n.t('provider'), id, [...this.providers.keys()]);
    }
    return provider;
  }

  /**
   * Lists them in the order they were registered.
   *
   * @returns all providers
   */
  all(): readonly TrainingProvider[] {
    return [...this.providers.values()];
  }
}
