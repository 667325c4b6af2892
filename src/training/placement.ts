import { createHash } from 'node:crypto';
import { isAbsolute, join, posix, relative, sep } from 'node:path';
import type { CodePlace, RunSpec } from '../core/model/run.ts';

/** Variables of every run that name a folder whose content belongs to runs. */
const KEPT_VARIABLES: ReadonlySet<string> = new Set([
  'RUNCTL_CHECKPOINT_DIR',
  'HF_HOME',
  'TORCH_HOME',
  'PIP_CACHE_DIR',
  'UV_CACHE_DIR',
]);

/**
 * Moves what a run was planned to do on this host to where its code lies on
 * the machine. What is inside the workspace folder moves with it; a path
 * outside is one of the machine and stays.
 *
 * @param spec - planned with paths of this host, or placed before
 * @param place - where the code lies now
 * @returns the spec with paths of the machine
 */
export function placeSpec(spec: RunSpec, place: CodePlace): RunSpec {
  const before = spec.place;
  const code = (path: string): string =>
    before === null ? intoTree(path, place) : movedTree(path, before, place);
  const kept = (path: string): string => (before === null ? intoKeep(path, place) : path);
  const directory = code(spec.directory);
  return {
    ...spec,
    argv: spec.argv.map(code),
    setup: spec.setup.map(code),
    setupOutputs: spec.setupOutputs.map(code),
    env: Object.fromEntries(
      Object.entries(spec.env).map(([name, value]) => [
        name,
        KEPT_VARIABLES.has(name) ? kept(value) : value,
      ]),
    ),
    directory,
    checkpointDirectory: kept(spec.checkpointDirectory),
    setupKey: spec.setupKey === null ? null : keyIn(directory, spec.setupKey),
    place,
  };
}

/**
 * Names the folders of a workspace whose content belongs to runs and is never sent.
 *
 * @param spec - planned with paths of this host
 * @param root - absolute path of the workspace folder
 * @returns paths relative to the root, `/` between parts
 */
export function keptFolders(spec: RunSpec, root: string): readonly string[] {
  if (spec.place !== null) {
    return spec.place.kept;
  }
  const folders = [spec.checkpointDirectory];
  for (const [name, value] of Object.entries(spec.env)) {
    if (KEPT_VARIABLES.has(name)) {
      folders.push(value);
    }
  }
  const inside = folders.map((path) => below(root, path)).filter((path) => path !== undefined);
  // The workspace folder itself cannot be both sent and kept.
  const named = [...new Set(inside)].filter((path) => path !== '').sort();
  return named.filter((path) => !named.some((other) => path.startsWith(`${other}/`)));
}

/**
 * Names the folders on this host that runs write to, beside their code.
 *
 * @param spec - planned or placed
 * @returns absolute paths
 */
export function outputFolders(spec: RunSpec): readonly string[] {
  const { place, checkpointDirectory } = spec;
  return place === null
    ? [checkpointDirectory]
    : place.kept.map((folder) => join(place.source, folder));
}

function intoTree(path: string, place: CodePlace): string {
  const inside = below(place.source, path);
  return inside === undefined ? path : posix.join(place.tree, inside);
}

function intoKeep(path: string, place: CodePlace): string {
  const inside = below(place.source, path);
  return inside === undefined ? path : posix.join(place.keep, inside);
}

function movedTree(path: string, before: CodePlace, now: CodePlace): string {
  const isInside = path === before.tree || path.startsWith(`${before.tree}/`);
  return isInside ? `${now.tree}${path.slice(before.tree.length)}` : path;
}

// Undefined when the path is not one below the root.
function below(root: string, path: string): string | undefined {
  if (!isAbsolute(path)) {
    return undefined;
  }
  const inside = relative(root, path);
  const isOutside = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return isOutside ? undefined : inside.split(sep).join('/');
}

// What a set-up step made lies in one tree: in another it has to run again.
function keyIn(directory: string, key: string): string {
  return createHash('sha256').update(`${directory}\n${key}`).digest('hex');
}
