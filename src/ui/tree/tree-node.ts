/** What an action on a node is about; plain data, safe to pass to commands. */
export type NodeTarget =
  | { readonly kind: 'provider'; readonly provider: string }
  | { readonly kind: 'machine'; readonly provider: string; readonly machine: string }
  | { readonly kind: 'run'; readonly runId: string }
  | { readonly kind: 'checkpoint'; readonly runId: string; readonly path: string }
  | { readonly kind: 'more'; readonly parent: string; readonly shown: number }
  | { readonly kind: 'fact' };

/** A row of a tree, before VS Code sees it. Pure data and pure functions. */
export interface TreeNode {
  /** Stays the same for the same thing across snapshots. */
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** Codicon name and, where the state calls for it, a theme colour. */
  readonly icon: { readonly name: string; readonly color?: string };
  /** Flags for `when` clauses, joined by `;`. */
  readonly context: string;
  /** What a screen reader says instead of label and description. */
  readonly spoken: string;
  /** Markdown, made only when the pointer rests on the row. */
  readonly tooltip: (() => string) | null;
  readonly expand: 'none' | 'collapsed' | 'expanded';
  readonly children: () => readonly TreeNode[];
  readonly target: NodeTarget;
  /** Command of a click, given the node's target. */
  readonly command: string | null;
}

/** Rows of one parent shown before "Show more". */
export const PAGE_SIZE = 500;
