import { readFileSync } from 'node:fs';
import ignore from 'ignore';
import type { Ignore, TestResult } from 'ignore';

/** Where a rule stands, for a person who asks why. */
export interface RuleSource {
  /** File, relative to the root, or a name such as `[sync] exclude`. */
  readonly source: string;
  /** From 1. */
  readonly line: number;
  readonly pattern: string;
}

/** One ignore file. */
export interface IgnoreFile {
  /** Directory its patterns are relative to; empty for the top, else ending in `/`. */
  readonly base: string;
  readonly source: string;
  readonly lines: readonly string[];
}

const MAX_IGNORE_FILE_BYTES = 16 * 1024 * 1024;
// Like git, which asks the file system once; these are the usual answers.
const IGNORE_CASE = process.platform === 'darwin' || process.platform === 'win32';

/** Rules of several ignore files; later and deeper ones overrule. */
export class IgnoreRules {
  private readonly matcher: Ignore;
  private readonly sources: readonly RuleSource[];
  /** Patterns that bring something back, relative to the top. */
  readonly negations: readonly string[];

  private constructor(
    matcher: Ignore,
    sources: readonly RuleSource[],
    negations: readonly string[],
  ) {
    this.matcher = matcher;
    this.sources = sources;
    this.negations = negations;
  }

  /** Rules without a pattern. */
  static readonly none = new IgnoreRules(newMatcher(), [], []);

  /**
   * @param file - goes after those that are there
   * @returns new rules
   */
  with(file: IgnoreFile): IgnoreRules {
    const sources = [...this.sources];
    const negations = [...this.negations];
    const matcher = newMatcher().add(this.matcher);
    for (const [index, text] of file.lines.entries()) {
      const pattern = rebased(text, file.base);
      if (pattern === undefined) {
        continue;
      }
      matcher.add({ pattern, mark: String(sources.length) });
      sources.push({ source: file.source, line: index + 1, pattern: text });
      if (pattern.startsWith('!')) {
        negations.push(pattern.slice(1));
      }
    }
    return new IgnoreRules(matcher, sources, negations);
  }

  /** Whether there is no pattern at all. */
  get empty(): boolean {
    return this.sources.length === 0;
  }

  /**
   * @param path - relative to the top; a directory ends in `/`
   * @returns whether the path or one of its parents is ignored, and not brought back
   */
  ignores(path: string): boolean {
    return !this.empty && this.matcher.test(path).ignored;
  }

  /**
   * @param path - relative to the top; a directory ends in `/`
   * @returns whether it is ignored, or itself brought back
   */
  test(path: string): TestResult {
    return this.matcher.test(path);
  }

  /**
   * @param path - relative to the top; a directory ends in `/`
   * @returns the rule that ignores it
   */
  ruleFor(path: string): RuleSource | undefined {
    const mark = this.matcher.test(path).rule?.mark;
    return mark === undefined ? undefined : this.sources[Number(mark)];
  }
}

/**
 * Reads an ignore file.
 *
 * @param path - absolute path
 * @param base - directory its patterns are relative to, as in {@link IgnoreFile}
 * @param source - name for people
 * @returns the file; `undefined` when there is none that can be read
 */
export function readIgnoreFile(
  path: string,
  base: string,
  source: string,
): IgnoreFile | undefined {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > MAX_IGNORE_FILE_BYTES) {
      return undefined;
    }
    const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
    return { base, source, lines: text.split(/\r?\n/) };
  } catch {
    return undefined;
  }
}

function newMatcher(): Ignore {
  return ignore({ ignorecase: IGNORE_CASE, allowRelativePaths: true });
}

// The same pattern as seen from the top; `undefined` for a line without one.
function rebased(line: string, base: string): string | undefined {
  if (line.startsWith('#') || line.trim() === '') {
    return undefined;
  }
  if (base === '') {
    return line;
  }
  const negative = line.startsWith('!');
  const pattern = negative ? line.slice(1) : line;
  const inner = pattern.replace(/ +$/, '').replace(/\/$/, '');
  const rest = pattern.startsWith('/') ? pattern.slice(1) : pattern;
  if (rest.trim() === '' || rest === '/') {
    return undefined;
  }
  const prefix = base.replaceAll(/[\\*?[\]!# ]/g, String.raw`\$&`);
  return `${negative ? '!' : ''}/${prefix}${inner.includes('/') ? '' : '**/'}${rest}`;
}
