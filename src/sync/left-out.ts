import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from './breath.ts';
import { ignoredByGit, rulesByGit } from './git-names.ts';
import type { RuleSource } from './ignore-rules.ts';
import type { OwnReason, OwnRules, SelectOptions } from './own-rules.ts';
import { scanAll } from './scan-tree.ts';

/** Something that is not sent, and why. */
export interface LeftOutItem {
  /** Relative to the root; a directory ends in `/`. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  /** Whether there is more than was counted. */
  readonly atLeast: boolean;
  /** `ignored` is by git or an ignore file of git; the others are ours. */
  readonly reason: OwnReason | 'ignored';
  /** The line that says so; unset when it is not known. */
  readonly rule?: RuleSource;
}

interface Counted {
  readonly files: number;
  readonly bytes: number;
  readonly atLeast: boolean;
  /** Any file in it. */
  readonly sample: string;
}

const MOST_PER_ITEM = 50_000;
const MOST_AT_ALL = 400_000;
const MOST_RULES = 200;

/**
 * Lists what is not sent of a workspace folder.
 *
 * @param root - absolute path
 * @param options - what a person chose
 * @param signal - gives up
 * @returns files, and directories as one, largest first
 */
export async function listLeftOut(
  root: string,
  options: SelectOptions,
  signal?: AbortSignal,
): Promise<LeftOutItem[]> {
  const { tree, own, leftOut, repositories } = await scanAll(root, options, signal);
  const sent = new Set(tree.entries.map(({ path }) => path));
  const rules = new Map(leftOut.map(({ path, rule }) => [collapsed(own, path), rule]));
  const owners = new Map<string, string>();
  for (const from of repositories) {
    for (const name of await ignoredByGit(join(root, from), signal)) {
      owners.set(collapsed(own, `${from}${name}`), from);
    }
  }
  const never = ['.git', '.runctl'].map((name) => asFound(root, name)).filter(isString);
  const runs = own.directoriesOfRuns.map((name) => asFound(root, name)).filter(isString);
  const counter = new Counter(root, sent, signal);
  const items: (LeftOutItem & { readonly sample: string })[] = [];
  for (const path of outermost([...never, ...runs, ...rules.keys(), ...owners.keys()])) {
    const counted = await counter.count(path);
    if (counted !== undefined) {
      const ours = own.opinion(path) === 'leave' ? own.reason(path) : undefined;
      const rule = ours?.rule ?? rules.get(path);
      const reason = ours?.kind ?? 'ignored';
      items.push({ path, ...counted, reason, ...(rule === undefined ? {} : { rule }) });
    }
  }
  items.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
  const asked = await askForRules(root, items, owners, signal);
  return items.map(({ sample: _sample, ...item }) => {
    const rule = item.rule ?? asked.get(item.path);
    return rule === undefined ? item : { ...item, rule };
  });
}

// The largest ones: nobody reads on that far.
async function askForRules(
  root: string,
  items: readonly (LeftOutItem & { readonly sample: string })[],
  owners: ReadonlyMap<string, string>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, RuleSource>> {
  const found = new Map<string, RuleSource>();
  const asking = items
    .filter(({ path, reason, rule }) => reason === 'ignored' && !rule && owners.has(path))
    .slice(0, MOST_RULES);
  for (const from of new Set(owners.values())) {
    const here = asking.filter(({ path }) => owners.get(path) === from);
    // No rule may match the directory itself, but one all that is in it.
    const inner = here.flatMap(({ path, sample }) => [path, sample]);
    const names = inner.map((path) => path.slice(from.length));
    const rules = await rulesByGit(join(root, from), names, signal);
    for (const { path, sample } of here) {
      const rule = rules.get(path.slice(from.length)) ?? rules.get(sample.slice(from.length));
      if (rule !== undefined) {
        found.set(path, { ...rule, source: sourceName(from, rule.source) });
      }
    }
  }
  return found;
}

function sourceName(from: string, source: string): string {
  return /^(?:\/|[A-Za-z]:)/.test(source) ? source : `${from}${source}`;
}

/** Counts with a limit, for what is ignored may be a whole disk. */
class Counter {
  private readonly root: string;
  private readonly sent: ReadonlySet<string>;
  private readonly signal: AbortSignal | undefined;
  private left = MOST_AT_ALL;

  constructor(root: string, sent: ReadonlySet<string>, signal: AbortSignal | undefined) {
    this.root = root;
    this.sent = sent;
    this.signal = signal;
  }

  // `undefined` when all there was is sent, or gone.
  async count(path: string): Promise<Counted | undefined> {
    let files = 0;
    let bytes = 0;
    let sample = path;
    const limit = Math.min(MOST_PER_ITEM, this.left);
    const stack = [path];
    let seen = 0;
    for (let next = stack.pop(); next !== undefined && seen < limit; next = stack.pop()) {
      await pause(this.signal);
      seen += 1;
      if (next.endsWith('/')) {
        stack.push(...this.children(next));
      } else if (!this.sent.has(next)) {
        const stats = lstatSync(join(this.root, next), { throwIfNoEntry: false });
        files += stats === undefined ? 0 : 1;
        bytes += stats?.size ?? 0;
        sample = next;
      }
    }
    this.left -= seen;
    const atLeast = stack.length > 0;
    return files === 0 && !atLeast ? undefined : { files, bytes, atLeast, sample };
  }

  private children(directory: string): string[] {
    try {
      const entries = readdirSync(join(this.root, directory), { withFileTypes: true });
      return entries.map((one) => `${directory}${one.name}${one.isDirectory() ? '/' : ''}`);
    } catch {
      return [];
    }
  }
}

// The uppermost directory that our rules leave out as a whole.
function collapsed(own: OwnRules, path: string): string {
  return parents(path).find((parent) => own.opinion(parent) === 'leave') ?? path;
}

// Git also lists what is in a directory that it lists.
function outermost(paths: readonly string[]): string[] {
  const all = new Set(paths);
  return [...all].filter((path) => !parents(path).some((parent) => all.has(parent)));
}

// Uppermost first, each with its slash.
function parents(path: string): string[] {
  const found: string[] = [];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    found.push(path.slice(0, at + 1));
  }
  return found.filter((parent) => parent !== path);
}

function asFound(root: string, name: string): string | undefined {
  const stats = lstatSync(join(root, name), { throwIfNoEntry: false });
  return stats === undefined ? undefined : `${name}${stats.isDirectory() ? '/' : ''}`;
}

function isString(value: string | undefined): value is string {
  return value !== undefined;
}
