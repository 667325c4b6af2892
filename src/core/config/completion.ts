import * as l10n from '@vscode/l10n';
import { cursorContext } from './cursor.ts';
import type { CursorContext } from './cursor.ts';
import { explanation } from './hover.ts';
import { configJsonSchema, freeChild, keysOf, schemaAt } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { namesBelow, outlineToml } from './line-scan.ts';
import type { TomlOutline } from './line-scan.ts';
import { tomlText, typeText } from './schema-text.ts';
import { valueChoices } from './value-choices.ts';

/** One thing that could be typed. */
export interface ConfigCompletion {
  readonly label: string;
  readonly kind: 'section' | 'key' | 'value';
  /** A snippet in the syntax of VS Code. */
  readonly snippet: string;
  /** What the typed text is compared with. */
  readonly filterText: string;
  /** Short, beside the label. */
  readonly detail: string;
  /** Markdown. */
  readonly documentation: string;
  /** Offsets of the text it replaces. */
  readonly start: number;
  readonly end: number;
}

/**
 * Lists what fits where the cursor stands.
 *
 * @param text - the document, half typed or not
 * @param offset - of the cursor
 * @returns the choices, the likeliest first
 */
export function completionsAt(text: string, offset: number): readonly ConfigCompletion[] {
  const outline = outlineToml(text);
  const context = cursorContext(text, offset, outline);
  switch (context.kind) {
    case 'section':
      return sections(outline).map((section) => ({
        ...sectionItem(section),
        snippet: context.closed ? section.snippet : `${section.snippet}]`,
        start: context.start,
        end: context.end,
      }));
    case 'key':
      return keyItems(context, outline);
    case 'value':
      return valueItems(context, outline);
    default:
      return [];
  }
}

interface Section {
  readonly name: string;
  readonly snippet: string;
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

function sections(outline: TomlOutline): readonly Section[] {
  const there = namesBelow(outline, []);
  return keysOf(configJsonSchema()).flatMap(([name, schema]): Section[] => {
    const free = freeChild(schema);
    if (free === undefined) {
      return there.includes(name) ? [] : [{ name, snippet: name, path: [name], schema }];
    }
    const dots = { name: `${name}.NAME`, path: [name, 'NAME'], schema };
    return [{ ...dots, snippet: `${name}.\${1:${name === 'runs' ? 'train' : 'lab'}}` }];
  });
}

function sectionItem(section: Section): Omit<ConfigCompletion, 'start' | 'end'> {
  return {
    label: `[${section.name}]`,
    kind: 'section',
    snippet: section.snippet,
    filterText: section.name,
    detail: '',
    documentation: section.schema.description ?? '',
  };
}

function keyItems(
  context: Extract<CursorContext, { kind: 'key' }>,
  outline: TomlOutline,
): readonly ConfigCompletion[] {
  const { start, end, table } = context;
  const schema = schemaAt(table);
  const required = new Set(schema?.required);
  const keys = keysOf(schema)
    .filter(([name, one]) => !context.taken.includes(name) && (table.length > 0 || !isTable(one)))
    .sort(([a], [b]) => Number(required.has(b)) - Number(required.has(a)))
    .map(([name, one]): ConfigCompletion => {
      return {
        label: name,
        kind: 'key',
        snippet: context.hasEquals ? name : `${name} = ${valueSnippet(one)}`,
        filterText: name,
        detail: typeText(one),
        documentation: explanation([...table, name], one),
        start,
        end,
      };
    });
  const more = context.alone
    ? sections(outline).map((section) => ({
        ...sectionItem(section),
        snippet: `[${section.snippet}]\n`,
        start,
        end,
      }))
    : [];
  return [...keys, ...more];
}

function valueItems(
  context: Extract<CursorContext, { kind: 'value' }>,
  outline: TomlOutline,
): readonly ConfigCompletion[] {
  const { start, end, quote, path } = context;
  return valueChoices(path, outline)
    .filter((value) => quote === null || typeof value === 'string')
    .map((value): ConfigCompletion => {
      const text = quote === null ? tomlText(value) : withinQuotes(String(value), quote);
      return {
        label: text,
        kind: 'value',
        snippet: escapeSnippet(text),
        filterText: String(value),
        detail: value === schemaAt(path)?.default ? l10n.t('default') : '',
        documentation: '',
        start,
        end,
      };
    });
}

function isTable(schema: JsonSchema): boolean {
  return schema.properties !== undefined || freeChild(schema) !== undefined;
}

function valueSnippet(schema: JsonSchema): string {
  if (schema.enum?.every((value) => typeof value === 'string') === true) {
    return `"\${1|${schema.enum.join(',')}|}"`;
  }
  if (schema.type === 'boolean') {
    // The other one than the default is what somebody types the key for.
    return schema.default === true ? '${1|false,true|}' : '${1|true,false|}';
  }
  if (schema.type === 'array') {
    return '["$1"]';
  }
  if (isTable(schema)) {
    return '{ $1 }';
  }
  if (schema.type === 'number' || schema.type === 'integer') {
    return typeof schema.default === 'number' ? `\${1:${schema.default}}` : '$1';
  }
  const shown = typeof schema.default === 'string' ? escapeSnippet(schema.default) : '';
  return shown === '' ? '"$1"' : `"\${1:${shown}}"`;
}

function withinQuotes(text: string, quote: '"' | "'"): string {
  return quote === '"' ? JSON.stringify(text).slice(1, -1) : text;
}

function escapeSnippet(text: string): string {
  return text.replaceAll(/[\\$}]/g, String.raw`\$&`);
}
