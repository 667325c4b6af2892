import type { NodeTarget, TreeNode } from '../tree/tree-node.ts';

/**
 * Reads which run a command is about. Commands come from rows of a tree, from
 * links with a run's id, and from the palette with nothing.
 *
 * @param argument - first argument of the command
 * @returns the run's id, or `undefined` when the user must be asked
 */
export function runIdOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') {
    return argument;
  }
  const target = targetOf(argument);
  return target?.kind === 'run' || target?.kind === 'checkpoint' ? target.runId : undefined;
}

/**
 * Reads which checkpoint a command is about.
 *
 * @param argument - first argument of the command
 * @returns run and absolute path, or `undefined`
 */
export function checkpointOf(
  argument: unknown,
): { readonly runId: string; readonly path: string } | undefined {
  const target = targetOf(argument);
  return target?.kind === 'checkpoint' ? target : undefined;
}

/**
 * Reads which runs a command is about when several rows are selected.
 *
 * @param argument - first argument of the command
 * @param selected - second argument: all selected rows, when there are several
 * @returns ids, each once; empty when the user must be asked
 */
export function runIdsOf(argument: unknown, selected: unknown): readonly string[] {
  return [...new Set(rowsOf(argument, selected).flatMap((row) => runIdOf(row) ?? []))];
}

/**
 * Reads which checkpoints a command is about when several rows are selected.
 *
 * @param argument - first argument of the command
 * @param selected - second argument: all selected rows, when there are several
 * @returns runs and absolute paths, each path once
 */
export function checkpointsOf(
  argument: unknown,
  selected: unknown,
): readonly { readonly runId: string; readonly path: string }[] {
  const found = rowsOf(argument, selected).flatMap((row) => checkpointOf(row) ?? []);
  return [...new Map(found.map((target) => [target.path, target])).values()];
}

// Runs of one directory list the same files, and a row may show in two places.
function rowsOf(argument: unknown, selected: unknown): readonly unknown[] {
  return Array.isArray(selected) && selected.length > 0 ? (selected as unknown[]) : [argument];
}

/**
 * Reads the target of a row.
 *
 * @param argument - first argument of the command
 * @returns what the row stands for, or `undefined` when it is no row
 */
export function targetOf(argument: unknown): NodeTarget | undefined {
  return isNode(argument) ? argument.target : undefined;
}

function isNode(argument: unknown): argument is TreeNode {
  return (
    typeof argument === 'object' &&
    argument !== null &&
    'target' in argument &&
    typeof argument.target === 'object' &&
    argument.target !== null &&
    'kind' in argument.target
  );
}
