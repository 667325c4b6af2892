import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { fromDollars } from '../../money.ts';
import { DURATION_PATTERN, parseDuration } from './duration.ts';

// Patterns also go into the JSON schema: only what every regex dialect reads, no look-around.

/** Names of runs and machines: one bare TOML key. */
export const NAME_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

const ENV_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_DOLLARS = 1_000_000;
const MAX_PORT = 65_535;

/**
 * Text that is not empty.
 *
 * @returns the schema
 */
export function text(): z.ZodString {
  return argument().regex(/\S/, { error: () => l10n.t('Must not be empty') });
}

/**
 * An argument of a program: any text the system can pass on.
 *
 * @returns the schema
 */
export function argument(): z.ZodString {
  return z.string().refine((value) => !value.includes('\0'), {
    error: () => l10n.t('Must not contain a NUL character'),
  });
}

/**
 * Text for an address, a user name or an argument: a leading hyphen would be
 * read as an option by the programs it is given to.
 *
 * @returns the schema
 */
export function hostText(): z.ZodString {
  return argument().regex(/^[A-Za-z0-9_.:][^\s]*$/, {
    error: () => l10n.t('Must not be empty, hold spaces or start with a hyphen'),
  });
}

/**
 * A list of texts.
 *
 * @returns the schema
 */
export function texts(): z.ZodArray<z.ZodString> {
  return z.array(text());
}

/**
 * A program, or a program and its arguments; becomes an argument vector.
 *
 * @returns the schema
 */
export function argv() {
  const list = z
    .array(argument())
    .min(1)
    .refine(([program]) => program?.trim() !== '', {
      path: [0],
      error: () => l10n.t('Must not be empty'),
    });
  return z
    .union([text(), list])
    .transform((value): string[] => (typeof value === 'string' ? [value] : value));
}

/**
 * A length of time; becomes whole seconds.
 *
 * @returns the schema
 */
export function duration() {
  return z
    .union([
      z.string().min(1).regex(DURATION_PATTERN, {
        error: () => l10n.t('Write a duration such as "30s", "5m", "1h30m" or "2d"'),
      }),
      z.int().min(0),
    ])
    .transform((value) => (typeof value === 'number' ? value : parseDuration(value) ?? 0));
}

/**
 * An amount of dollars; becomes micro-dollars.
 *
 * @returns the schema
 */
export function dollars() {
  return z.number().min(0).max(MAX_DOLLARS).transform(fromDollars);
}

/**
 * A TCP port.
 *
 * @returns the schema
 */
export function port(): z.ZodInt {
  return z.int().min(1).max(MAX_PORT);
}

/**
 * The name of an environment variable.
 *
 * @returns the schema
 */
export function envName(): z.ZodString {
  return z.string().regex(ENV_PATTERN, {
    error: () => l10n.t('Use letters, digits and _, such as HF_TOKEN'),
  });
}

/**
 * The name of a run profile or machine.
 *
 * @returns the schema
 */
export function name(): z.ZodString {
  return z.string().regex(NAME_PATTERN, {
    error: () => l10n.t('Use letters, digits, - and _ (at most 64)'),
  });
}

/**
 * A key that may stay unset; TOML itself has no null, so only our default is.
 *
 * @param schema - what the value is when set
 * @returns the schema, `null` when unset
 */
export function unset<T extends z.ZodType>(schema: T): z.ZodDefault<z.ZodNullable<T>> {
  return z._default(z.nullable(schema), null);
}
