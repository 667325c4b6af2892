import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { pause } from './breath.ts';
import { pythonImports } from './python-imports.ts';
import type { PythonImport } from './python-imports.ts';

/** Which script is asked about. */
export interface ImportQuestion {
  /** Relative to the root, such as `train.py`. */
  readonly script: string;
  /** More directories of modules, relative to the root, such as the `cwd` of a run. */
  readonly searchPath?: readonly string[];
}

/** A module that is here, and would not be on the machine. */
export interface MissingImport {
  /** File that imports it; empty when it is the script itself that is not sent. */
  readonly importer: string;
  /** From 1. */
  readonly line: number;
  /** As it is written; empty for the script. */
  readonly module: string;
  /** File that is not sent. */
  readonly path: string;
}

const MAX_FILES = 2000;
const MAX_FILE_BYTES = 2 * 1024 * 1024;

/**
 * Looks for modules that a script imports, itself or through modules of the
 * workspace, and that are not sent. It knows nothing of what is installed:
 * only what exists in the workspace is told.
 *
 * @param root - absolute path
 * @param question - the script
 * @param sent - paths that are sent
 * @param signal - gives up
 * @returns each missing file once
 */
export async function missingImports(
  root: string,
  question: ImportQuestion,
  sent: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<MissingImport[]> {
  const script = posix.normalize(question.script);
  const modules = new Modules(root, [
    posix.dirname(script),
    ...(question.searchPath ?? []).map((path) => posix.normalize(path)),
    '.',
    'src',
  ]);
  const missing = new Map<string, MissingImport>();
  if (!sent.has(modules.real(script) ?? script) && modules.isFile(script)) {
    missing.set(script, { importer: '', line: 1, module: '', path: script });
  }
  const queue = new Set([script]);
  for (const importer of queue) {
    await pause(signal);
    for (const found of pythonImports(modules.text(importer))) {
      for (const path of modules.filesOf(importer, found)) {
        if (!sent.has(modules.real(path) ?? path) && !missing.has(path)) {
          const module = `${'.'.repeat(found.level)}${found.module}`;
          missing.set(path, { importer, line: found.line, module, path });
        }
        if (queue.size < MAX_FILES) {
          queue.add(path);
        }
      }
    }
  }
  return [...missing.values()];
}

/** Modules as Python would find them in the workspace. */
class Modules {
  private readonly root: string;
  private readonly directories: readonly string[];
  private readonly kinds = new Map<string, 'file' | 'directory' | undefined>();

  constructor(root: string, directories: readonly string[]) {
    this.root = root;
    this.directories = [...new Set(directories)].filter((path) => !/^(?:\.\.|\/)/.test(path));
  }

  isFile(path: string): boolean {
    return this.kind(path) === 'file';
  }

  text(path: string): string {
    try {
      const absolute = join(this.root, path);
      return statSync(absolute).size > MAX_FILE_BYTES ? '' : readFileSync(absolute, 'utf8');
    } catch {
      return '';
    }
  }

  // Where a path really lies, which links of the tree may hide.
  real(path: string): string | undefined {
    try {
      const way = relative(realpathSync(this.root), realpathSync(join(this.root, path)));
      return way.replaceAll('\\', '/');
    } catch {
      return undefined;
    }
  }

  // All files that an import would read.
  filesOf(importer: string, { level, module, names }: PythonImport): string[] {
    const parts = module === '' ? [] : module.split('.').filter((part) => part !== '');
    if (level > 0) {
      const up = Array.from({ length: level - 1 }, () => '..');
      const base = posix.join(posix.dirname(importer), ...up);
      return base.startsWith('..') ? [] : this.below(base, parts, names);
    }
    // The first directory that knows it, as Python does.
    for (const directory of this.directories) {
      const files = this.below(directory, parts, names);
      if (files.length > 0) {
        return files;
      }
    }
    return [];
  }

  private below(base: string, parts: readonly string[], names: readonly string[]): string[] {
    const files: string[] = [];
    let at = base;
    for (const part of parts) {
      at = posix.join(at, part);
      files.push(...this.moduleFiles(at));
      if (this.kind(at) !== 'directory') {
        return files;
      }
    }
    files.push(...names.flatMap((name) => this.moduleFiles(posix.join(at, name))));
    return [...new Set(files)];
  }

  // A folder of no `__init__.py` is only a module by what is in it.
  private moduleFiles(path: string): string[] {
    return [`${path}/__init__.py`, `${path}.py`].filter((file) => this.isFile(file)).slice(0, 1);
  }

  private kind(path: string): 'file' | 'directory' | undefined {
    if (!this.kinds.has(path)) {
      const stats = statSync(join(this.root, path), { throwIfNoEntry: false });
      const kind = stats?.isDirectory() === true ? 'directory' : 'file';
      this.kinds.set(path, stats === undefined ? undefined : kind);
    }
    return this.kinds.get(path);
  }
}
