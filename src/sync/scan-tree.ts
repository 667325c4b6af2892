import { join } from 'node:path';
import { pause } from './breath.ts';
import { collisions } from './collisions.ts';
import {
  filterIgnored,
  ignoredByGit,
  isIgnoredByGit,
  namesByGit,
  nestedKind,
} from './git-names.ts';
import { enclosingRepository } from './git.ts';
import { broughtBack, namesByIgnoreFiles } from './ignore-walk.ts';
import type { LeftOut } from './ignore-walk.ts';
import { danglingLinks, lookAtFiles, specialFiles } from './look-at-files.ts';
import type { SourceLink, SourceTree } from './model.ts';
import { OWN_IGNORE_FILE, OwnRules } from './own-rules.ts';
import type { SelectOptions } from './own-rules.ts';
import { sortByPath } from './raw-source.ts';
import type { FoundProblem, RawTree, StampedFile } from './raw-source.ts';

/**
 * Finds what is sent of a workspace folder. Works in small pieces, but is best
 * done off the main thread.
 *
 * @param root - absolute path of a directory
 * @param options - what a person chose
 * @param signal - gives up
 * @returns entries with stamps, and problems without texts
 */
export async function scanTree(
  root: string,
  options: SelectOptions,
  signal?: AbortSignal,
): Promise<RawTree> {
  return (await scanAll(root, options, signal)).tree;
}

/** A tree, and what is needed to tell why something is not in it. */
export interface FullScan {
  readonly tree: RawTree;
  readonly own: OwnRules;
  /** What our rules or ignore files left out; what git itself did is not among it. */
  readonly leftOut: readonly LeftOut[];
  /** Repositories whose git answered: empty for the root, else ending in `/`. */
  readonly repositories: readonly string[];
}

/**
 * Finds what is sent, and what is not.
 *
 * @param root - absolute path of a directory
 * @param options - what a person chose
 * @param signal - gives up
 * @returns the tree and the rest
 */
export async function scanAll(
  root: string,
  options: SelectOptions,
  signal?: AbortSignal,
): Promise<FullScan> {
  const scan = new Scan(root, options, signal);
  const repository = enclosingRepository(root);
  let rule: SourceTree['rule'] = 'ignore-files';
  if (repository === undefined) {
    await scan.byIgnoreFiles('', root);
  } else {
    rule = await scan.byGit('', repository);
  }
  const tree = await scan.finish(rule);
  return { tree, own: scan.own, leftOut: scan.leftOut, repositories: scan.repositories };
}

// Judged in one go: to ask for the time costs more.
const FEW = 50;

/** One look at a tree and the repositories inside of it. */
class Scan {
  readonly own: OwnRules;
  readonly leftOut: LeftOut[] = [];
  readonly repositories: string[] = [];
  private readonly root: string;
  private readonly signal: AbortSignal | undefined;
  private readonly entries = new Map<string, StampedFile | SourceLink>();
  private readonly problems: FoundProblem[] = [];

  constructor(root: string, options: SelectOptions, signal: AbortSignal | undefined) {
    this.root = root;
    this.own = new OwnRules(root, options);
    this.signal = signal;
  }

  // From where a repository begins: empty for the root, else ending in `/`.
  async byGit(from: string, repository: string): Promise<SourceTree['rule']> {
    const { signal } = this;
    const directory = join(this.root, from);
    const found = await namesByGit(directory, signal);
    if ('refusal' in found) {
      this.problems.push({ kind: 'git-refused', path: from, about: found.refusal });
      await this.byIgnoreFiles(from, repository);
      return 'ignore-files';
    }
    if (found.names.length === 0 && (await isIgnoredByGit(directory, signal))) {
      await this.byIgnoreFiles(from, directory);
      return 'ignore-files';
    }
    this.repositories.push(from);
    this.readOwnFiles(found.names, from);
    await this.lookAt(found.names.map((name) => `${from}${name}`));
    this.problems.push(...found.problems.map((one) => ({ ...one, path: `${from}${one.path}` })));
    await this.bringBack(from);
    return 'git';
  }

  async byIgnoreFiles(from: string, repository: string): Promise<void> {
    const { own, signal } = this;
    const found = await namesByIgnoreFiles(this.root, { from, repository, own, signal });
    this.problems.push(...found.problems);
    this.leftOut.push(...found.leftOut);
    await this.lookAt(found.names);
  }

  async finish(rule: SourceTree['rule']): Promise<RawTree> {
    const entries = sortByPath([...this.entries.values()]);
    await this.addSpecialFiles(entries, rule);
    const links = entries.filter((entry) => entry.kind === 'link');
    if (links.length > 0) {
      const there = withParents(entries);
      this.problems.push(
        ...danglingLinks(links, (path) => there.has(path) || this.own.isOfRuns(path)),
      );
    }
    const problems = [...this.problems, ...collisions(entries)];
    return { root: this.root, rule, entries, problems: sortByPath(problems) };
  }

  private readOwnFiles(names: readonly string[], from: string): void {
    const files = names.filter((name) => name.endsWith(`/${OWN_IGNORE_FILE}`));
    const nested = from === '' ? files : [OWN_IGNORE_FILE, ...files];
    for (const file of nested.sort((a, b) => a.split('/').length - b.split('/').length)) {
      const directory = `${from}${file}`.slice(0, -OWN_IGNORE_FILE.length);
      if (this.own.opinion(directory) !== 'leave') {
        this.own.addFile(this.root, directory);
      }
    }
  }

  private async lookAt(names: readonly string[]): Promise<void> {
    const wanted: string[] = [];
    for (const [at, path] of names.entries()) {
      if (at % FEW === 0) {
        await pause(this.signal);
      }
      if (this.own.opinion(path) === 'leave') {
        this.leftOut.push({ path });
      } else {
        wanted.push(path);
      }
    }
    const seen = await lookAtFiles(this.root, wanted, this.signal);
    for (const entry of seen.entries) {
      this.entries.set(entry.path, entry);
    }
    this.problems.push(...seen.problems);
    for (const path of seen.directories) {
      await this.enter(path);
    }
  }

  // A directory that git lists as one thing.
  private async enter(path: string): Promise<void> {
    const directory = join(this.root, path);
    const kind = nestedKind(directory);
    if (this.own.opinion(`${path}/`) === 'leave' || kind === 'other') {
      return;
    }
    const detail = kind === 'empty' ? 'empty' : 'included';
    this.problems.push({ kind: 'nested-repository', path, detail });
    if (kind === 'repository') {
      await this.byGit(`${path}/`, directory);
    }
  }

  private async bringBack(from: string): Promise<void> {
    const { own, root, signal } = this;
    if (own.negations.length === 0) {
      return;
    }
    const names: string[] = [];
    for (const name of await ignoredByGit(join(root, from), signal)) {
      const path = `${from}${name}`;
      if (path.endsWith('/')) {
        names.push(...(await broughtBack(root, path, own, signal)));
      } else if (own.opinion(path) === 'send') {
        names.push(path);
      }
    }
    await this.lookAt(names);
  }

  private async addSpecialFiles(
    entries: readonly (StampedFile | SourceLink)[],
    rule: SourceTree['rule'],
  ): Promise<void> {
    if (rule !== 'git') {
      return;
    }
    const all = await specialFiles(this.root, entries, this.signal);
    const paths = all.filter((path) => this.own.opinion(path) !== 'leave');
    const ignored = await filterIgnored(this.root, paths, this.signal);
    const told = paths.filter((path) => !ignored.has(path) || this.own.opinion(path) === 'send');
    const known = new Set(this.problems.map(({ path }) => path));
    this.problems.push(
      ...told
        .filter((path) => !known.has(path))
        .map((path): FoundProblem => ({ kind: 'special-file', path })),
    );
  }
}

function withParents(entries: readonly { readonly path: string }[]): ReadonlySet<string> {
  const paths = new Set(['.']);
  for (const { path } of entries) {
    for (let at = path; at !== '' && !paths.has(at); at = parentOf(at)) {
      paths.add(at);
    }
  }
  return paths;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
