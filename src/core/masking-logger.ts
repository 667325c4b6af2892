import { describeError } from './error-chain.ts';
import type { Logger } from './logger.ts';
import type { SecretMasker } from './mask.ts';

/**
 * Hides secrets in every line and detail before they reach the sink. Errors
 * become one line with their cause chain.
 *
 * @param sink - where lines go
 * @param masker - knows the secrets
 * @returns a logger to hand to everything else
 */
export function maskingLogger(sink: Logger, masker: SecretMasker): Logger {
  const mask = (text: string): string => masker.mask(text);
  const clean = (details: readonly unknown[]): unknown[] =>
    details.map((detail) => maskDetail(detail, mask));
  return {
    trace: (message, ...details) => sink.trace(mask(message), ...clean(details)),
    debug: (message, ...details) => sink.debug(mask(message), ...clean(details)),
    info: (message, ...details) => sink.info(mask(message), ...clean(details)),
    warn: (message, ...details) => sink.warn(mask(message), ...clean(details)),
    error: (message, ...details) => sink.error(mask(message), ...clean(details)),
  };
}

function maskDetail(detail: unknown, mask: (text: string) => string): unknown {
  if (detail instanceof Error) {
    return describeError(detail, mask);
  }
  if (typeof detail === 'string') {
    return mask(detail);
  }
  if (typeof detail !== 'object' || detail === null) {
    return detail;
  }
  try {
    return mask(JSON.stringify(detail));
  } catch {
    return '[object that cannot be written down]';
  }
}
