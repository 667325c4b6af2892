import type { TextRange } from './text-range.ts';

/** What is wrong, for programs. */
export type ConfigProblemCode =
  | 'syntax'
  | 'unknown-key'
  | 'missing-key'
  | 'invalid-value'
  | 'credential'
  | 'plain-secret'
  | 'command-line'
  | 'resume-args'
  | 'no-effect'
  | 'unknown-machine'
  | 'unreadable';

/** A change of the text that mends a problem. */
export interface ConfigFix {
  /** What it does, translated. */
  readonly title: string;
  readonly range: TextRange;
  /** Takes the place of the range. */
  readonly text: string;
}

/** One mistake in a configuration file, at its place. */
export interface ConfigProblem {
  /** The file as it was named to the parser. */
  readonly file: string;
  readonly severity: 'error' | 'warning' | 'information';
  /**
   * Who could have found it: any TOML parser, any JSON schema checker, or only
   * we. Decides which problems stand back beside another TOML extension.
   */
  readonly layer: 'syntax' | 'schema' | 'rule';
  readonly code: ConfigProblemCode;
  /** Translated, one sentence. */
  readonly message: string;
  readonly range: TextRange;
  /** Dotted key, such as `runs.train.grace`; empty for the whole file. */
  readonly path: string;
  readonly fix: ConfigFix | null;
}
