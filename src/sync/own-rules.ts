import { join, posix } from 'node:path';
import { IgnoreRules, readIgnoreFile } from './ignore-rules.ts';
import type { RuleSource } from './ignore-rules.ts';

/** Name of the ignore file of ours; same patterns as `.gitignore`. */
export const OWN_IGNORE_FILE = '.runctlignore';

/** What a person chose about a sync, beside what git knows. */
export interface SelectOptions {
  /** `[sync] exclude`; patterns as in `.gitignore`, relative to the root. */
  readonly exclude?: readonly string[];
  /** Directories the runs own, such as those of checkpoints; relative to the root. */
  readonly persistent?: readonly string[];
}

/** Why something is left out, other than by what git ignores. */
export type OwnReason = 'never' | 'persistent' | 'rule';

/** What our rules say of a path. `undefined`: nothing, so git's answer holds. */
export type Opinion = 'send' | 'leave' | undefined;

/**
 * Rules above those of git: `[sync] exclude`, then `.runctlignore` files, the
 * deeper the later. Unlike in git a pattern with `!` also brings back a file
 * inside a folder that git ignores; no pattern brings back what is in a folder
 * that these rules themselves leave out.
 */
export class OwnRules {
  private rules: IgnoreRules;
  /** Relative to the root, without a slash at the end. */
  readonly directoriesOfRuns: readonly string[];
  private readonly directories = new Map<string, Opinion>();

  /**
   * @param root - absolute path; its own `.runctlignore` is read
   * @param options - what a person chose
   */
  constructor(root: string, options: SelectOptions) {
    const lines = options.exclude ?? [];
    this.rules = IgnoreRules.none.with({ base: '', source: '[sync] exclude', lines });
    this.directoriesOfRuns = persistentPaths(options.persistent ?? []);
    this.addFile(root, '');
  }

  /**
   * Reads the `.runctlignore` of a directory; upper ones must come first.
   *
   * @param root - absolute path
   * @param directory - relative to the root, empty or ending in `/`
   */
  addFile(root: string, directory: string): void {
    const source = `${directory}${OWN_IGNORE_FILE}`;
    const file = readIgnoreFile(join(root, source), directory, source);
    if (file !== undefined) {
      this.rules = this.rules.with(file);
      this.directories.clear();
    }
  }

  /** Patterns that bring back what git ignores. */
  get negations(): readonly string[] {
    return this.rules.negations;
  }

  /**
   * @param path - relative to the root; a directory ends in `/`
   * @returns what our rules say
   */
  opinion(path: string): Opinion {
    if (this.isNever(path) || this.isOfRuns(path)) {
      return 'leave';
    }
    return this.rules.empty ? undefined : this.ruled(path);
  }

  /**
   * @param path - relative to the root; a directory ends in `/`
   * @returns why our rules leave it out; `undefined` when they don't
   */
  reason(path: string): { readonly kind: OwnReason; readonly rule?: RuleSource } | undefined {
    if (this.isNever(path)) {
      return { kind: 'never' };
    }
    if (this.isOfRuns(path)) {
      return { kind: 'persistent' };
    }
    const rule = this.rules.ruleFor(path);
    return rule === undefined ? undefined : { kind: 'rule', rule };
  }

  /**
   * @param path - relative to the root
   * @returns whether it is in a directory the runs own
   */
  isOfRuns(path: string): boolean {
    return this.directoriesOfRuns.some((one) => path === one || path.startsWith(`${one}/`));
  }

  private isNever(path: string): boolean {
    // Also as a file system that does not tell case would read it.
    return /(?:^|\/)\.(?:git|runctl)(?:\/|$)/i.test(path);
  }

  // The nearest parent that a pattern matches speaks for what is in it.
  private ruled(path: string): Opinion {
    const { ignored, unignored } = this.rules.test(path);
    if (ignored) {
      return 'leave';
    }
    return unignored ? 'send' : this.ofParent(path);
  }

  private ofParent(path: string): Opinion {
    const slash = path.lastIndexOf('/', path.length - 2);
    if (slash === -1) {
      return undefined;
    }
    const parent = path.slice(0, slash + 1);
    if (!this.directories.has(parent)) {
      this.directories.set(parent, this.ruled(parent));
    }
    return this.directories.get(parent);
  }
}

// The whole root, or what lies outside of it, is no directory of a run.
function persistentPaths(given: readonly string[]): readonly string[] {
  return given
    .map((path) => posix.normalize(path.replaceAll('\\', '/')).replace(/\/+$/, ''))
    .filter((path) => path !== '' && path !== '.' && !/^(?:\/|\.\.(?:\/|$)|[A-Za-z]:)/.test(path));
}
