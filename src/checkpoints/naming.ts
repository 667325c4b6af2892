import { posix } from 'node:path';

/** What a name tells; `null` where it is silent. */
export interface NameFacts {
  readonly step: number | null;
  readonly epoch: number | null;
  readonly loss: number | null;
  readonly best: boolean;
  readonly final: boolean;
}

/** Suffixes stripped before a name is read, so that `1.5.ckpt` is no number. */
const EXTENSION = /(?:\.(?:pt|pth|ckpt|safetensors|keras|pkl|orbax|bin|tar|h5))+$/i;
const NUMBER = String.raw`(\d+(?:\.\d+)?(?:e[+-]?\d+)?)`;
const LABEL_START = '(?:^|[^a-z])';
const STEP = labelled('global[_-]?step|steps?|iter(?:ation)?s?');
const EPOCH = labelled('epochs?|ep');
const LOSS = labelled('loss');
/** `checkpoint-500`, `ckpt_1e4`, `weights.12`: the number alone is the step. */
const BARE = new RegExp(
  `^(?:checkpoint|ckpt|weights|model|state|snapshot)?[-_=.]?${NUMBER}$`,
  'i',
);

/**
 * Reads step, epoch, loss and marks from a checkpoint's name.
 *
 * @param path - absolute or relative path; only its last part counts
 * @returns what it tells; steps and epochs are whole numbers
 */
export function factsFromName(path: string): NameFacts {
  const name = posix.basename(path).replace(EXTENSION, '');
  const epoch = whole(read(EPOCH, name));
  const labelledStep = whole(read(STEP, name));
  return {
    step: labelledStep ?? (epoch === null ? whole(read(BARE, name)) : null),
    epoch,
    loss: read(LOSS, name),
    best: hasWord(name, 'best'),
    final: hasWord(name, 'final'),
  };
}

// `step-000400`, `step=400`, `step400`, `step.400`.
function labelled(names: string): RegExp {
  return new RegExp(`${LABEL_START}(?:${names})[-_=.:]?${NUMBER}`, 'i');
}

function read(pattern: RegExp, name: string): number | null {
  const text = pattern.exec(name)?.[1];
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

function whole(value: number | null): number | null {
  return value !== null && Number.isSafeInteger(value) ? value : null;
}

function hasWord(name: string, word: string): boolean {
  return new RegExp(`(?:^|[^a-z])${word}(?:[^a-z]|$)`, 'i').test(name);
}
