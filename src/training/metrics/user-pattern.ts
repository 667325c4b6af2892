import { createContext, Script, type Context } from 'node:vm';

import * as l10n from '@vscode/l10n';

import { MAX_NAME } from './json-values.ts';
import { draftFacts, saysSomething, type LineFacts } from './line-facts.ts';
import { readCount, readNumber } from './numbers.ts';

/** Longest line a pattern is tried on. */
export const MAX_PATTERN_LINE = 4096;

const SLOW_MS = 200;
const MAX_SLOW = 3;
const FORGIVE_LINES = 10_000;

type Groups = Readonly<Record<string, string | undefined>>;

// Only a script run with a time limit can be stopped inside one match; it
// goes through many lines at once, as each start costs about 50 µs.
const MATCH = new Script(`
  re ??= new RegExp(source);
  for (; at < lines.length; at++) {
    found[at] = re.exec(lines[at])?.groups ?? null;
  }
`);

interface Sandbox {
  source: string;
  re: undefined;
  lines: readonly string[];
  found: (Groups | null)[];
  at: number;
}

/**
 * A user's regular expression with named groups. One that backtracks without
 * end is cut off after 200 ms, and given up at the third time.
 */
export class UserPattern {
  /** Why it is no longer used, for people; `null` while it is. */
  problem: string | null = null;
  private readonly sandbox: Sandbox;
  private readonly context: Context;
  private slow = 0;
  private linesSinceSlow = 0;

  /**
   * Never throws; a pattern that cannot be used says so in `problem`.
   *
   * @param source - JavaScript regular expression
   */
  constructor(source: string) {
    this.sandbox = { source, re: undefined, lines: [], found: [], at: 0 };
    this.context = createContext(this.sandbox, { codeGeneration: { strings: false, wasm: false } });
    try {
      new RegExp(source);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.problem = l10n.t('The metrics pattern cannot be used: {0}', why);
    }
  }

  /**
   * Tries the pattern on lines.
   *
   * @param lines - texts without their ends
   * @returns for each line what its groups tell, or `null` where it is of no use
   */
  match(lines: readonly string[]): readonly (LineFacts | null)[] {
    const { sandbox } = this;
    sandbox.lines = lines.map((line) => (line.length > MAX_PATTERN_LINE ? '' : line));
    sandbox.found = lines.map(() => null);
    sandbox.at = 0;
    while (this.problem === null && sandbox.at < lines.length) {
      this.tryOn();
    }
    this.linesSinceSlow += lines.length;
    if (this.linesSinceSlow >= FORGIVE_LINES) {
      // A busy machine can look slow now and then.
      this.slow = 0;
    }
    return sandbox.found.map((groups) => (groups === null ? null : factsOf(groups)));
  }

  private tryOn(): void {
    try {
      MATCH.runInContext(this.context, { timeout: SLOW_MS });
    } catch {
      this.sandbox.at++;
      this.slow++;
      this.linesSinceSlow = 0;
      if (this.slow >= MAX_SLOW) {
        this.problem = l10n.t(
          'The metrics pattern takes too long on this log and is no longer used; make it simpler.',
        );
      }
    }
  }
}

function factsOf(groups: Groups): LineFacts | null {
  const facts = draftFacts('pattern');
  const { name, value } = groups;
  if (name !== undefined && value !== undefined) {
    addMetric(facts.metrics, name, value);
  }
  for (const [key, text] of Object.entries(groups)) {
    if (text === undefined) {
      continue;
    }
    if (key === 'step') {
      facts.step = readCount(text.trim());
    } else if (key === 'total_steps') {
      facts.totalSteps = readCount(text.trim());
    } else if (key === 'epoch') {
      const epoch = readNumber(text.trim()) ?? Number.NaN;
      facts.epoch = Number.isFinite(epoch) && epoch >= 0 ? epoch : null;
    } else if (key !== 'name' && key !== 'value') {
      // A group's name cannot hold "/", so "__" stands for it.
      addMetric(facts.metrics, key.replaceAll('__', '/'), text);
    }
  }
  return saysSomething(facts) ? facts : null;
}

function addMetric(metrics: [string, number][], name: string, text: string): void {
  const value = readNumber(text.trim());
  if (value !== undefined) {
    metrics.push([name.slice(0, MAX_NAME), value]);
  }
}
