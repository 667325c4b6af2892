import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../test/bench/bench-case.ts';
import { ensureDebian } from './debian.ts';
import { ROOT } from './lib/paths.ts';

const names = process.argv.slice(2);
const chosen = names.length > 0 ? names : ['activation', 'logs', 'tree', 'sync'];
await ensureDebian('browser');
if (chosen.some((name) => name === 'sync' || name === 'logs')) await ensureDebian('ssh');
for (const name of chosen) {
  const path = join(ROOT, 'test', 'bench', `${name}.bench.ts`);
  if (!/^[a-z0-9-]+$/.test(name) || !existsSync(path)) {
    console.error(`There is no bench named ${name}`);
    process.exitCode = 1;
    continue;
  }
  const { bench } = (await import(path)) as { bench: Bench };
  for await (const result of bench()) {
    console.log(JSON.stringify(result));
  }
}
