/**
 * Diagnostic log. Lines are English and name a component; they never carry a
 * secret (the sink masks what it knows, callers pass none).
 */
export interface Logger {
  trace(message: string, ...details: unknown[]): void;
  debug(message: string, ...details: unknown[]): void;
  info(message: string, ...details: unknown[]): void;
  warn(message: string, ...details: unknown[]): void;
  error(message: string, ...details: unknown[]): void;
}

/** Swallows everything; for tests and for parts that need no log. */
export const NULL_LOGGER: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * Prefixes every line with a component name.
 *
 * @param logger - where lines go
 * @param component - short name, such as `ledger`
 * @returns a logger for that component
 */
export function componentLogger(logger: Logger, component: string): Logger {
  const tag = `[${component}] `;
  return {
    trace: (message, ...details) => logger.trace(tag + message, ...details),
    debug: (message, ...details) => logger.debug(tag + message, ...details),
    info: (message, ...details) => logger.info(tag + message, ...details),
    warn: (message, ...details) => logger.warn(tag + message, ...details),
    error: (message, ...details) => logger.error(tag + message, ...details),
  };
}
