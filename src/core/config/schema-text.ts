import * as l10n from '@vscode/l10n';
import { formatAlternatives } from '../locale.ts';
import type { JsonSchema } from './json-schema.ts';
import { DURATION_PATTERN } from './schema/duration.ts';

/**
 * Says in words what a key takes.
 *
 * @param schema - of the key
 * @returns such as `text`, `whole number, at least 1` or `one of "min", "max"`
 */
export function typeText(schema: JsonSchema): string {
  if (schema.enum !== undefined) {
    return l10n.t('one of {0}', schema.enum.map((value) => JSON.stringify(value)).join(', '));
  }
  const alternatives = schema.anyOf ?? [];
  if (alternatives.some((one) => one.pattern === DURATION_PATTERN.source)) {
    return l10n.t('duration such as "30s" or "1h30m", or seconds');
  }
  if (alternatives.length > 0) {
    return formatAlternatives(alternatives.map(typeText));
  }
  switch (schema.type) {
    case 'string':
      return l10n.t('text');
    case 'integer':
      return withLimits(l10n.t('whole number'), schema);
    case 'number':
      return withLimits(l10n.t('number'), schema);
    case 'boolean':
      return l10n.t('true or false');
    case 'array':
      return l10n.t('list of texts');
    default:
      return l10n.t('table');
  }
}

/**
 * Writes a value as TOML on one line.
 *
 * @param value - plain data
 * @returns the text; texts with backslashes in single quotes, which need no doubling
 */
export function tomlText(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(tomlText).join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, one]) => `${key} = ${tomlText(one)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  if (typeof value === 'string' && value.includes('\\') && !value.includes("'")) {
    return `'${value}'`;
  }
  return JSON.stringify(value);
}

function withLimits(name: string, schema: JsonSchema): string {
  const { minimum, exclusiveMinimum } = schema;
  if (minimum !== undefined) {
    return l10n.t('{0}, at least {1}', name, minimum);
  }
  return exclusiveMinimum === undefined
    ? name
    : l10n.t('{0}, more than {1}', name, exclusiveMinimum);
}
