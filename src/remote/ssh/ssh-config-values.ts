import * as l10n from '@vscode/l10n';
import sshConfig from 'ssh-config';
import { matchesPattern } from './known-hosts-file.ts';

/** The texts that make up a person's SSH configuration. */
export interface SshConfigTexts {
  /** Files ssh reads, the more important first; absolute paths. */
  readonly roots: readonly string[];
  /** Content by absolute path, included files too. */
  readonly texts: ReadonlyMap<string, string>;
  /** What each `Include` pattern stands for: absolute paths in order. */
  readonly includes: ReadonlyMap<string, readonly string[]>;
}

/** One setting with its place. */
export interface ConfigValue {
  /** Words of the value, without quotes. */
  readonly words: readonly string[];
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What the configuration says of one host. */
export interface SshConfigValues {
  /** By keyword in lower case; the first that applies counts, as in ssh. */
  readonly values: ReadonlyMap<string, ConfigValue>;
  /** `IdentityFile` adds up. */
  readonly identityFiles: readonly string[];
  /** What was left out and may matter, translated. */
  readonly notes: readonly string[];
}

/** One line of a configuration, keyword in lower case. */
export interface ConfigLine {
  readonly keyword: string;
  readonly words: readonly string[];
  /** From 1. */
  readonly line: number;
}

const MAX_DEPTH = 16;
// Of these two whichever comes first decides.
const PROXY_KEYWORDS: ReadonlySet<string> = new Set(['proxyjump', 'proxycommand']);

/**
 * Splits a configuration into its settings. Each line stands for itself, so
 * that one nobody understands does not take others with it.
 *
 * @param text - content of a file
 * @returns the lines that hold a setting
 */
export function configLines(text: string): readonly ConfigLine[] {
  return text.split(/\r?\n/).flatMap((raw, index) => {
    const trimmed = raw.trim();
    return trimmed === '' || trimmed.startsWith('#') ? [] : parseLine(trimmed, index + 1);
  });
}

/**
 * Asks the configuration for one host.
 *
 * @param host - as the person named it
 * @param config - all texts
 * @returns what applies to it
 */
export function valuesFor(host: string, config: SshConfigTexts): SshConfigValues {
  const query = new ConfigQuery(host, config);
  for (const root of config.roots) {
    query.read(root, true, 0);
  }
  return query;
}

class ConfigQuery implements SshConfigValues {
  readonly values = new Map<string, ConfigValue>();
  readonly identityFiles: string[] = [];
  readonly notes: string[] = [];
  private readonly host: string;
  private readonly config: SshConfigTexts;

  constructor(host: string, config: SshConfigTexts) {
    this.host = host;
    this.config = config;
  }

  read(file: string, applies: boolean, depth: number): void {
    let active = applies;
    for (const { keyword, words, line } of configLines(this.config.texts.get(file) ?? '')) {
      if (keyword === 'host') {
        active = applies && matchesHostLine(words, this.host);
      } else if (keyword === 'match') {
        active = applies && words.length === 1 && words[0]?.toLowerCase() === 'all';
        if (applies && !active) {
          this.notes.push(l10n.t('The Match block at {0}, line {1}, is not used.', file, line));
        }
      } else if (keyword === 'include') {
        for (const path of words.flatMap((word) => this.config.includes.get(word) ?? [])) {
          if (depth < MAX_DEPTH) {
            this.read(path, active, depth + 1);
          }
        }
      } else if (active) {
        this.set(keyword, { words, file, line });
      }
    }
  }

  private set(keyword: string, value: ConfigValue): void {
    const [first] = value.words;
    if (keyword === 'identityfile') {
      if (first !== undefined && !this.identityFiles.includes(first)) {
        this.identityFiles.push(first);
      }
      return;
    }
    const rivals = PROXY_KEYWORDS.has(keyword) ? PROXY_KEYWORDS : [keyword];
    if (![...rivals].some((rival) => this.values.has(rival))) {
      this.values.set(keyword, value);
    }
  }
}

// A negated pattern that matches takes the whole line away.
function matchesHostLine(patterns: readonly string[], host: string): boolean {
  const negated = patterns.filter((pattern) => pattern.startsWith('!'));
  return (
    !negated.some((pattern) => matchesPattern(pattern.slice(1), host)) &&
    patterns.some((pattern) => !pattern.startsWith('!') && matchesPattern(pattern, host))
  );
}

function parseLine(text: string, line: number): readonly ConfigLine[] {
  try {
    const [node] = sshConfig.parse(text);
    if (node === undefined || !('param' in node) || node.param === '') {
      return [];
    }
    const { value } = node;
    const words = typeof value === 'string' ? [value] : value.map(({ val }) => val);
    return words[0] === undefined || words[0] === ''
      ? []
      : [{ keyword: node.param.toLowerCase(), words, line }];
  } catch {
    // An open quote, or a keyword without a value.
    return [];
  }
}
