import { schemaAt } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { namesBelow } from './line-scan.ts';
import type { TomlOutline } from './line-scan.ts';
import { CHECKPOINT_PLACEHOLDER } from './schema/run-profile.ts';

/**
 * Lists values that fit a key: its fixed choices, its default, its examples,
 * and names that stand elsewhere in the document.
 *
 * @param path - of the value; list places as numbers
 * @param outline - the document
 * @returns plain values, each once
 */
export function valueChoices(
  path: readonly (string | number)[],
  outline: TomlOutline,
): readonly unknown[] {
  const inList = typeof path.at(-1) === 'number';
  const listPath = inList ? path.slice(0, -1) : path;
  const schema = schemaAt(path);
  const own = inList ? elements(schemaAt(listPath)) : wholeValues(schema);
  return unique([...namedElsewhere(listPath, inList, outline), ...own]);
}

function wholeValues(schema: JsonSchema | undefined): readonly unknown[] {
  if (schema === undefined) {
    return [];
  }
  if (schema.enum !== undefined) {
    return schema.enum;
  }
  if (schema.type === 'boolean') {
    return [true, false];
  }
  const usual = isPlain(schema.default) ? [schema.default] : [];
  return [...usual, ...(schema.examples ?? [])];
}

function elements(schema: JsonSchema | undefined): readonly unknown[] {
  const lists = [schema?.default, ...(schema?.examples ?? [])];
  return lists.filter((one) => Array.isArray(one)).flat();
}

function namedElsewhere(
  path: readonly (string | number)[],
  inList: boolean,
  outline: TomlOutline,
): readonly string[] {
  const key = path[0] === 'runs' && path.length === 3 ? path[2] : undefined;
  if (key === 'machine') {
    return ['local', ...namesBelow(outline, ['machines'])];
  }
  return key === 'resume_args' && inList ? [CHECKPOINT_PLACEHOLDER] : [];
}

// An empty list or table as a default is no choice worth offering.
function isPlain(value: unknown): boolean {
  return Array.isArray(value)
    ? value.length > 0
    : value !== undefined && (typeof value !== 'object' || value === null);
}

function unique(values: readonly unknown[]): readonly unknown[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = JSON.stringify(value);
    return !seen.has(text) && seen.add(text);
  });
}
