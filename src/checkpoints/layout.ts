/** Levels below the checkpoint directory in which a checkpoint may lie. */
export const SEARCH_DEPTH = 4;
/** Levels below a checkpoint that is a directory; orbax goes deep. */
export const DIRECTORY_DEPTH = 8;

/** What is a checkpoint when the user does not say. */
export const DEFAULT_CHECKPOINT_GLOBS: readonly string[] = [
  'pt',
  'pth',
  'ckpt',
  'safetensors',
  'keras',
  'pkl',
].map((extension) => `**/*.${extension}`);

/** Frameworks whose checkpoint is a directory of a known shape. */
export type DirectoryLayout = 'huggingface' | 'orbax' | 'sharded' | 'plain';

const HUGGINGFACE_NAME = /^checkpoint-\d+$/;
const ORBAX_NAME = /^(?:\d+|.+\.orbax)$/;
const ORBAX_FILES: ReadonlySet<string> = new Set(['_CHECKPOINT_METADATA', 'checkpoint']);
const SHARD = /-\d{5}-of-\d{5}\.[^.]+$/;
const TEMPORARY =
  /^\.|\.(?:tmp|partial)(?:[.-]?\d+)?$|\.orbax-checkpoint-tmp(?:-|$)|^tmp-checkpoint-\d+/;
const WEIGHTS = /^(?:pytorch_model|model|adapter_model|flax_model|tf_model)[^/]*\.[a-z0-9]+$/;

/**
 * Tells a directory checkpoint by its name and direct children.
 *
 * @param name - the directory's name
 * @param children - names directly in it
 * @returns its layout, or `null` when nothing says it is one
 */
export function directoryLayout(
  name: string,
  children: ReadonlySet<string>,
): Exclude<DirectoryLayout, 'plain'> | null {
  if (HUGGINGFACE_NAME.test(name)) {
    return children.size > 0 ? 'huggingface' : null;
  }
  if (ORBAX_NAME.test(name) && [...ORBAX_FILES].some((file) => children.has(file))) {
    return 'orbax';
  }
  return [...children].some(isShard) ? 'sharded' : null;
}

/**
 * Tells one piece of a checkpoint that is several files.
 *
 * @param name - file name, such as `model-00001-of-00003.safetensors`
 * @returns true when it is worth nothing alone
 */
export function isShard(name: string): boolean {
  return SHARD.test(name);
}

/**
 * Tells files that hold a Hugging Face model's weights.
 *
 * @param name - file name
 * @returns true for weights, whole or sharded, of a model or an adapter
 */
export function isWeights(name: string): boolean {
  return WEIGHTS.test(name) && !name.endsWith('.json');
}

/**
 * Tells what writers leave behind while they write.
 *
 * @param path - relative path, `/` between parts
 * @returns true when any part of it is temporary or hidden
 */
export function isTemporary(path: string): boolean {
  return path.split('/').some((part) => TEMPORARY.test(part));
}
