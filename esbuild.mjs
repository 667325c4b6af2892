import console from 'node:console';
import { existsSync, globSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import * as esbuild from 'esbuild';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');
const hostTests = process.argv.includes('--host-tests');

/** Files the extension reads at run time, by their place in dist/. */
const ASSETS = {
  'agent.sh': 'src/remote/agent/agent.sh',
  'after.py': 'src/remote/agent/after.py',
  'sync.sh': 'src/sync/transfer/sync.sh',
};

/** Bundled CommonJS packages (ssh2 among them) still expect these three names. */
const COMMONJS_NAMES = [
  "import { createRequire as runctlCreateRequire } from 'node:module';",
  "import { dirname as runctlDirname } from 'node:path';",
  "import { fileURLToPath as runctlFileUrlToPath } from 'node:url';",
  'const require = runctlCreateRequire(import.meta.url);',
  'const __filename = runctlFileUrlToPath(import.meta.url);',
  'const __dirname = runctlDirname(__filename);',
].join('\n');

/** Built parts that make ssh2 faster where they are; it goes on without them. */
const NATIVE = ['cpu-features', '*.node'];

const common = {
  bundle: true,
  format: 'esm',
  splitting: true,
  minify: production,
  sourcemap: !production,
  metafile: true,
  logLevel: 'warning',
};

const node = {
  ...common,
  platform: 'node',
  target: 'node22',
  // The log tells errors by the names of their classes.
  keepNames: true,
  external: ['vscode', ...NATIVE],
  banner: { js: COMMONJS_NAMES },
  // Beside their entry, so that import.meta.url and __dirname mean dist/ everywhere.
  chunkNames: 'chunk-[hash]',
};

const extension = {
  ...node,
  entryPoints: {
    extension: 'src/extension.ts',
    ...named(globSync('src/**/*.worker.ts'), (path) => basename(path, '.ts')),
  },
  outdir: 'dist',
  plugins: [reporter('dist')],
};

const webview = {
  ...common,
  platform: 'browser',
  target: 'chrome128',
  entryPoints: named(globSync('webview-ui/*/main.ts'), (path) => basename(dirname(path))),
  outdir: 'dist/webview',
  tsconfig: 'webview-ui/tsconfig.json',
  plugins: [reporter('dist/webview')],
};

/** Tests for the extension host; mocha stays outside, it must be one instance. */
const host = {
  ...node,
  minify: false,
  sourcemap: 'inline',
  external: ['vscode', 'mocha', ...NATIVE],
  entryPoints: named(globSync('test/host/**/*.ts'), (path) =>
    path.slice('test/host/'.length).replace(/\.ts$/, ''),
  ),
  outdir: 'out/test/host',
  outExtension: { '.js': '.mjs' },
};

const builds = (hostTests ? [host] : [extension, webview]).filter(
  (options) => Object.keys(options.entryPoints).length > 0,
);

for (const options of builds) await rm(options.outdir, { recursive: true, force: true });
if (!hostTests) await copyAssets();

if (watch) {
  for (const options of builds) await (await esbuild.context(options)).watch();
  console.log('watching');
} else {
  for (const options of builds) await esbuild.build(options);
}

function named(paths, nameOf) {
  return Object.fromEntries(paths.map((path) => [nameOf(path), path]));
}

async function copyAssets() {
  await mkdir('dist', { recursive: true });
  for (const [name, source] of Object.entries(ASSETS)) {
    if (existsSync(source)) await copyFile(source, join('dist', name));
  }
}

// Writes FOLDER/meta.json after each build and says how much each entry loads at once.
function reporter(folder) {
  return {
    name: 'reporter',
    setup(build) {
      build.onEnd(async (result) => {
        if (result.metafile === undefined) return;
        await writeFile(join(folder, 'meta.json'), JSON.stringify(result.metafile));
        const { outputs } = result.metafile;
        for (const [path, output] of Object.entries(outputs)) {
          if (output.entryPoint === undefined) continue;
          console.log(`${path}: ${(loadedBytes(outputs, path) / 1000).toFixed(1)} kB with what it imports`);
        }
      });
    },
  };
}

// Bytes of an entry and of everything it imports statically.
function loadedBytes(outputs, entry) {
  const seen = new Set([entry]);
  // A set visits what is added while it is walked.
  for (const path of seen) {
    for (const { path: next, kind } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && outputs[next] !== undefined) seen.add(next);
    }
  }
  return [...seen].reduce((sum, path) => sum + outputs[path].bytes, 0);
}
