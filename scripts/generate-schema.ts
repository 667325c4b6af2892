import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { configFiles } from './lib/config-files.ts';
import { ROOT } from './lib/paths.ts';

// Run after a change of the configuration's schema: `node scripts/generate-schema.ts`.
for (const { path, content } of await configFiles()) {
  const old = await readFile(path, 'utf8').catch(() => undefined);
  if (old !== content) {
    await writeFile(path, content);
    console.log(`written: ${relative(ROOT, path)}`);
  }
}
