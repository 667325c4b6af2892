/** A Python file that may be the one that trains. */
export interface ScriptCandidate {
  /** Relative to the folder, with `/`; at most one folder down. */
  readonly path: string;
  /** Its beginning. */
  readonly text: string;
}

const LIBRARIES = [
  'accelerate',
  'catboost',
  'deepspeed',
  'fastai',
  'flax',
  'jax',
  'keras',
  'lightgbm',
  'lightning',
  'optax',
  'peft',
  'pytorch_lightning',
  'sklearn',
  'tensorflow',
  'timm',
  'torch',
  'transformers',
  'trl',
  'ultralytics',
  'xgboost',
];
const IMPORTS_LIBRARY = new RegExp(
  String.raw`^[ \t]*(?:import|from)[ \t]+(?:${LIBRARIES.join('|')})\b`,
  'm',
);
const IS_SCRIPT = /^if[ \t]+__name__[ \t]*==/m;

/** Names people give to what they start, the surest first. */
const NAMES = [/^train\.py$/, /^main\.py$/, /^run\.py$/, /^(?:pre)?train[\w-]*\.py$/, /^fine_?tune[\w-]*\.py$/];
const NO_SCRIPT = /^(?:setup|conftest|noxfile|tasks|test_.*|.*_test)\.py$/;

/**
 * Chooses the script a first configuration runs: what looks like a training
 * before what does not, then the top folder before `src` before others, then
 * `train.py` before `main.py` before `run.py` before the like.
 *
 * @param candidates - Python files of the folder
 * @returns the best; several when they are equally good; empty when there is none
 */
export function guessScripts(candidates: readonly ScriptCandidate[]): readonly string[] {
  const ranked = candidates
    .filter(isPossible)
    .map((candidate) => ({ path: candidate.path, rank: rankOf(candidate) }))
    .sort((left, right) => compare(left.rank, right.rank) || (left.path < right.path ? -1 : 1));
  const [best] = ranked;
  return best === undefined
    ? []
    : ranked.filter(({ rank }) => compare(rank, best.rank) === 0).map(({ path }) => path);
}

// A file of any other name must import a library and be made to be started.
function isPossible(candidate: ScriptCandidate): boolean {
  const name = nameOf(candidate.path);
  return !NO_SCRIPT.test(name) && (nameRank(name) < NAMES.length || signs(candidate) === 2);
}

function rankOf(candidate: ScriptCandidate): readonly number[] {
  const name = nameOf(candidate.path);
  // The name is a sign too: a training need not import any library.
  const named = /train|tune/.test(name) ? 1 : 0;
  const looks = Math.min(2, signs(candidate) + named);
  return [-looks, folderRank(candidate.path), nameRank(name)];
}

function signs({ text }: ScriptCandidate): number {
  return Number(IMPORTS_LIBRARY.test(text)) + Number(IS_SCRIPT.test(text));
}

function folderRank(path: string): number {
  if (!path.includes('/')) {
    return 0;
  }
  return path.startsWith('src/') ? 1 : 2;
}

function nameRank(name: string): number {
  const index = NAMES.findIndex((pattern) => pattern.test(name));
  return index < 0 ? NAMES.length : index;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function compare(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((value, index) => value !== right[index]);
  return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}
