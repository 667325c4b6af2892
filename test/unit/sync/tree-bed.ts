import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SourceTree } from '../../../src/sync/model.ts';

/** A temporary directory to build trees in. */
export class TreeBed {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'runctl-sync-')));

  write(files: Readonly<Record<string, string>>): this {
    for (const [path, text] of Object.entries(files)) {
      const absolute = join(this.root, path);
      mkdirSync(dirname(absolute), { recursive: true });
      writeFileSync(absolute, text);
    }
    return this;
  }

  link(path: string, target: string): this {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    symlinkSync(target, join(this.root, path));
    return this;
  }

  /** Runs git in a directory of the tree, untouched by the settings of this user. */
  git(args: readonly string[], directory = '.'): string {
    const user = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'protocol.file.allow=always'];
    return execFileSync('git', ['-C', join(this.root, directory), ...user, ...args], {
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** What git itself would take, by its own listing. */
  gitNames(directory = '.'): string[] {
    const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    return this.git(list, directory).split('\0').filter((name) => name !== '').sort();
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export function paths(tree: SourceTree): string[] {
  return tree.entries.map(({ path }) => path);
}

export function problems(tree: SourceTree): string[] {
  return tree.problems.map(({ kind, path }) => `${kind} ${path}`);
}
