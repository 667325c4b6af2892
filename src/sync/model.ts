/** A file of the source tree, as the file system tells it. */
export interface SourceFile {
  readonly kind: 'file';
  /** Relative to the root, `/` between parts, never beginning with `/` or `../`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Last change, whole milliseconds since the epoch, this host's clock. */
  readonly modifiedAt: number;
  /** Permission bits. */
  readonly mode: number;
  /** Device and inode; tells a replaced file of the same size and time. */
  readonly identity: string;
}

/** A symbolic link that stays inside the tree. */
export interface SourceLink {
  readonly kind: 'link';
  readonly path: string;
  /** As written in the link: relative, resolving inside the root. */
  readonly target: string;
}

/** One thing that is sent. Directories come into being with what they hold. */
export type SourceEntry = SourceFile | SourceLink;

/** Why something is not sent, or may surprise on the machine. */
export type SourceProblemKind =
  | 'outside-link'
  | 'dangling-link'
  | 'case-collision'
  | 'special-file'
  | 'unreadable'
  | 'undecodable-name'
  | 'nested-repository'
  | 'git-refused';

/** One thing to tell the person before the first send. */
export interface SourceProblem {
  readonly kind: SourceProblemKind;
  readonly path: string;
  /** For people, translated. */
  readonly message: string;
  /** Whether the send must not begin before it is mended. */
  readonly blocks: boolean;
}

/** Which files are sent, by what rule. */
export interface SourceTree {
  /** Absolute directory on this host. */
  readonly root: string;
  /** Who answered: git itself, or the `ignore` package without a repository. */
  readonly rule: 'git' | 'ignore-files';
  /** Sorted by path, bytewise. */
  readonly entries: readonly SourceEntry[];
  readonly problems: readonly SourceProblem[];
  /** Bytes of all files. */
  readonly bytes: number;
}

/** A file whose content is known by its hash. */
export interface HashedFile extends SourceFile {
  /** BLAKE2b-512 of the content, lower-case hex: what `b2sum` and `openssl dgst` compute too. */
  readonly hash: string;
}

/** A source tree with all contents hashed: the wish of what the machine should hold. */
export interface HashedTree extends Omit<SourceTree, 'entries'> {
  readonly entries: readonly (HashedFile | SourceLink)[];
}

/** How far a transfer is. */
export interface TransferProgress {
  /** Bytes that have arrived, of those that had to go over the link. */
  readonly sent: number;
  /** Bytes that have to go over the link. */
  readonly total: number;
  /** What is under way, such as a path; for people. */
  readonly what: string;
}
