/**
 * The icon that stands for a provider wherever it is named.
 *
 * @param id - of the provider
 * @returns name of a codicon
 */
export function providerIcon(id: string): string {
  switch (id) {
    case 'local':
      return 'device-desktop';
    case 'ssh':
      return 'server';
    default:
      return 'cloud';
  }
}
