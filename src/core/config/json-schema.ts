import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { configSchema } from './schema.ts';

/** What we use of a JSON schema (draft 7). */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

let cached: JsonSchema | undefined;

/**
 * The schema of what people write (before defaults), for TOML extensions, for
 * our own completion and hover, and for the documentation.
 *
 * @returns the same object every time; do not change it
 */
export function configJsonSchema(): JsonSchema {
  cached ??= withTitle(withoutNull(z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' })));
  return cached;
}

/**
 * Finds the schema of a key.
 *
 * @param path - names from the top; list places as numbers
 * @returns the schema, or `undefined` when there is no such key
 */
export function schemaAt(path: readonly PropertyKey[]): JsonSchema | undefined {
  let schema: JsonSchema | undefined = configJsonSchema();
  for (const part of path) {
    if (schema === undefined) {
      return undefined;
    }
    schema = typeof part === 'number' ? itemsOf(schema) : childOf(schema, String(part));
  }
  return schema;
}

/**
 * Lists the keys a table can have.
 *
 * @param schema - of the table
 * @returns names and schemas, empty when the names are free
 */
export function keysOf(schema: JsonSchema | undefined): readonly (readonly [string, JsonSchema])[] {
  return Object.entries(schema?.properties ?? {});
}

/**
 * Finds the schema of the tables whose names are free, as `[runs.NAME]`.
 *
 * @param schema - of the outer table
 * @returns the schema of what each name holds, or `undefined`
 */
export function freeChild(schema: JsonSchema | undefined): JsonSchema | undefined {
  const free = schema?.additionalProperties;
  return typeof free === 'object' ? free : undefined;
}

function childOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, name)) {
    return properties[name];
  }
  return freeChild(schema);
}

function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  return schema.items ?? schema.anyOf?.map((part) => part.items).find((items) => items);
}

function withTitle(schema: object): JsonSchema {
  return { title: l10n.t('Configuration of runctl'), ...schema } as JsonSchema;
}

// TOML has no null: "unset" is written by leaving the key out.
function withoutNull(node: unknown): object {
  return clean(node) as object;
}

function clean(node: unknown): unknown {
  if (Array.isArray(node)) {
    return node.map(clean);
  }
  if (typeof node !== 'object' || node === null) {
    return node;
  }
  const entries = Object.entries(node)
    .filter(([key, value]) => !(key === 'default' && value === null))
    .map(([key, value]): [string, unknown] => [key, cleanKey(key, value)]);
  const result = Object.fromEntries(entries);
  const { anyOf, ...rest } = result;
  // One alternative left, or alternatives within the only one: no nesting needed.
  const [only] = Array.isArray(anyOf) && anyOf.length === 1 ? (anyOf as object[]) : [];
  return only === undefined ? result : { ...rest, ...only };
}

function cleanKey(key: string, value: unknown): unknown {
  if (key === 'anyOf' && Array.isArray(value)) {
    return value.filter((part: unknown) => !isNull(part)).map(clean);
  }
  if (key === 'type' && Array.isArray(value)) {
    const types = value.filter((type) => type !== 'null');
    return types.length === 1 ? types[0] : types;
  }
  return key === 'default' || key === 'examples' ? value : clean(value);
}

function isNull(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'null';
}
