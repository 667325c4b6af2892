import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { ensureDebian } from './debian.ts';
import { withLock } from './lib/install-lock.ts';
import { CACHE } from './lib/paths.ts';
import { run } from './lib/process.ts';

/** The npm package that carries the whole VS Code server (VS Code 1.139.1). */
const CODE_SERVER = '4.139.1';

/** Native modules the server cannot do without; the rest would need more libraries. */
const NATIVE = ['@vscode/spdlog', 'node-pty', '@vscode/native-watchdog'];

/** Where an installed VS Code server keeps its parts; absolute paths. */
export interface ServerInstall {
  /** The Node the server runs on. */
  node: string;
  /** VS Code's own server: for tests, it takes the smoke-test driver. */
  serverMain: string;
  /** code-server's own start: for people, it keeps secrets. */
  entry: string;
}

/**
 * Installs the VS Code server on first use (about a minute, 800 MB), later finds
 * it in the cache. Safe to call from several processes at once.
 */
export async function ensureServer(): Promise<ServerInstall> {
  const folder = join(CACHE, `code-server-${CODE_SERVER}-${process.platform}-${process.arch}`);
  const marker = join(folder, '.complete');
  if (!existsSync(marker)) {
    await mkdir(CACHE, { recursive: true });
    await withLock(`${folder}.lock`, async () => {
      if (!existsSync(marker)) await install(folder, marker);
    });
  }
  return layout(folder);
}

async function install(folder: string, marker: string): Promise<void> {
  console.log(`Installing the VS Code server once into ${folder} (about a minute)…`);
  await ensureDebian('build');
  // A half-finished install has no marker: start again.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const nodePackage = `node-${process.platform}-${process.arch}`;
  const dependencies = { 'code-server': CODE_SERVER, [nodePackage]: '24' };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const npm = npmIn(join(folder, 'node_modules', nodePackage));
  await npm(folder, ['install', '--ignore-scripts']);
  const vscode = join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
  await npm(vscode, ['install', '--omit=dev', '--ignore-scripts']);
  await npm(vscode, ['rebuild', '--ignore-scripts=false', ...NATIVE]);
  await writeFile(marker, new Date().toISOString());
}

/** npm on the server's own Node, so that native modules fit it. */
function npmIn(nodeFolder: string): (cwd: string, args: string[]) => Promise<string> {
  const env: NodeJS.ProcessEnv = { npm_config_nodedir: nodeFolder };
  for (const [name, value] of Object.entries(process.env)) {
    // An outer `npm test` hands its own settings down; they are not for this folder.
    if (!/^npm_(package|lifecycle|command|execpath|node_execpath|config_local_prefix)/.test(name)) {
      env[name] ??= value;
    }
  }
  env['PATH'] = [join(nodeFolder, 'bin'), process.env['PATH'] ?? ''].join(delimiter);
  return (cwd, args) => run('npm', args, { cwd, env, timeoutMs: 10 * 60_000 });
}

function layout(folder: string): ServerInstall {
  const root = join(folder, 'node_modules', 'code-server');
  const nodePackage = `node-${process.platform}-${process.arch}`;
  return {
    node: join(dirname(root), nodePackage, 'bin', 'node'),
    serverMain: join(root, 'lib', 'vscode', 'out', 'server-main.js'),
    entry: join(root, 'out', 'node', 'entry.js'),
  };
}

if (process.argv[1] === import.meta.filename) console.log(await ensureServer());
