import { configJsonSchema, freeChild, keysOf } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { tomlText, typeText } from './schema-text.ts';

/**
 * Writes the tables of all sections for the documentation.
 *
 * @returns Markdown, ending in a line break
 */
export function configTables(): string {
  return keysOf(configJsonSchema())
    .map(([name, schema]) => sectionTable(name, schema))
    .join('\n');
}

function sectionTable(name: string, schema: JsonSchema): string {
  const free = freeChild(schema);
  const table = free ?? schema;
  const heading = free === undefined ? name : `${name}.NAME`;
  const rows = rowsOf(table, '');
  return [
    `### \`[${heading}]\``,
    '',
    schema.description ?? '',
    '',
    '| Key | Type | Default | What for |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function rowsOf(table: JsonSchema, prefix: string): string[] {
  return keysOf(table).flatMap(([key, schema]) => [
    row(prefix + key, schema, table.required?.includes(key) === true),
    ...rowsOf(schema, `${prefix}${key}.`),
  ]);
}

function row(key: string, schema: JsonSchema, required: boolean): string {
  const unset = required ? '**required**' : '';
  const usual = schema.default === undefined ? unset : `\`${tomlText(schema.default)}\``;
  const cells = [`\`${key}\``, typeText(schema), usual, schema.description ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}
