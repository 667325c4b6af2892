import * as l10n from '@vscode/l10n';
import { schemaAt } from './json-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { fullPath, keyParts, outlineToml } from './line-scan.ts';
import type { EntryLine, KeyPart } from './line-scan.ts';
import { tomlText, typeText } from './schema-text.ts';
import { scanValue } from './value-scan.ts';

/** What to show over a key, and over which part of the text. */
export interface ConfigHover {
  /** Plain Markdown without commands or HTML. */
  readonly markdown: string;
  readonly start: number;
  readonly end: number;
}

interface Target {
  readonly path: readonly string[];
  readonly part: KeyPart;
}

/**
 * Explains the key or section under the mouse.
 *
 * @param text - the document, half typed or not
 * @param offset - of the mouse
 * @returns the explanation, or `undefined` where there is nothing to say
 */
export function hoverAt(text: string, offset: number): ConfigHover | undefined {
  const target = targetAt(text, offset);
  const schema = target === undefined ? undefined : schemaAt(target.path);
  if (target === undefined || schema === undefined) {
    return undefined;
  }
  const { start, end } = target.part;
  return { markdown: explanation(target.path, schema), start, end };
}

/**
 * Writes what a key is for.
 *
 * @param path - of the key
 * @param schema - of the key
 * @returns Markdown: name and type, description, default, examples
 */
export function explanation(path: readonly string[], schema: JsonSchema): string {
  const lines = [`**${path.join('.')}** (${typeText(schema)})`, schema.description ?? ''];
  if (schema.default !== undefined && schema.properties === undefined) {
    lines.push(l10n.t('Default: {0}', `\`${tomlText(schema.default)}\``));
  }
  if (schema.examples !== undefined) {
    const examples = schema.examples.map((one) => `\`${tomlText(one)}\``).join(', ');
    lines.push(l10n.t('Examples: {0}', examples));
  }
  return lines.filter((line) => line !== '').join('\n\n');
}

function targetAt(text: string, offset: number): Target | undefined {
  for (const line of outlineToml(text).lines) {
    const index = line.parts.findIndex((part) => part.start <= offset && offset <= part.end);
    const part = line.parts[index];
    if (part !== undefined) {
      const before = fullPath(line).length - line.parts.length;
      return { path: fullPath(line).slice(0, before + index + 1), part };
    }
    if (line.kind === 'entry' && line.equals !== null && offset > line.equals && offset < line.end) {
      return inlineTarget(text, line, line.equals, offset);
    }
  }
  return undefined;
}

// A key within `{ … }`: a word in front of an equals sign.
function inlineTarget(
  text: string,
  line: EntryLine,
  equals: number,
  offset: number,
): Target | undefined {
  const scan = scanValue(text, equals + 1, offset);
  const frame = scan.frames.at(-1);
  if (frame?.kind !== 'table' || frame.key !== null || scan.string !== null || scan.inComment) {
    return undefined;
  }
  const stop = text.indexOf('=', offset);
  const [part, ...more] = keyParts(text, frame.partStart, stop < 0 ? line.end : stop);
  if (part === undefined || more.length > 0 || offset < part.start || offset > part.end) {
    return undefined;
  }
  const outer = scan.frames.slice(0, -1).flatMap((one) => (one.key === null ? [] : [one.key]));
  return { path: [...fullPath(line), ...outer, part.name], part };
}
