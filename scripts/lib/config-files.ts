import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configTables } from '../../src/core/config/config-table.ts';
import { configJsonSchema } from '../../src/core/config/json-schema.ts';
import { ROOT } from './paths.ts';

const BEGIN = '<!-- config tables: written by scripts/generate-schema.ts -->';
const END = '<!-- end of config tables -->';

export interface GeneratedFile {
  readonly path: string;
  /** What the file should hold. */
  readonly content: string;
}

/** The files that follow from the configuration's schema. */
export async function configFiles(): Promise<readonly GeneratedFile[]> {
  const schema = join(ROOT, 'media', 'runctl.schema.json');
  const page = join(ROOT, 'docs', 'configuration.md');
  return [
    { path: schema, content: `${JSON.stringify(configJsonSchema(), null, 2)}\n` },
    { path: page, content: withTables(await readFile(page, 'utf8')) },
  ];
}

function withTables(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error('docs/configuration.md has lost the markers of its tables');
  }
  return `${page.slice(0, begin)}${BEGIN}\n\n${configTables()}\n${page.slice(end)}`;
}
