/** How sure a name is of a metric: `weak` ones count in company only. */
export type NameStrength = 'strong' | 'weak';

const LONGEST_NAME = 60;
const MOST_WORDS = 6;
const CACHE_SIZE = 2000;

// One of these words makes a name a metric, whatever stands around it.
const STRONG = words(
  'loss losses lr acc accuracy ppl perplexity gnorm gradnorm f1 auc auroc auprc bleu rouge',
  'wer cer reward rewards rew mse rmse mae mape iou miou dice psnr ssim fid nll elbo bpb bpc',
  'bce kld mrr ndcg meteor logloss mlogloss',
);
// These are ordinary words as well, so they need a qualifier or company.
const WEAK = words(
  'precision recall error err map ap score r2 entropy kl return returns throughput ce',
);
// Two words that say it together.
const PAIRS = new Set([
  ...['learning rate', 'grad norm', 'gradient norm', 'per second', 'per sec'],
  ...['tokens s', 'tok s', 'samples s'],
]);

/** Words that say of what data or kind a metric is. */
export const QUALIFIERS = words(
  'train training val valid validation eval evaluation test dev avg average mean ema smoothed',
  'smooth best running total epoch step batch episode top macro micro weighted balanced final',
  'policy value actor critic generator discriminator learning grad gradient box cls obj mask',
  'tokens samples steps max min median std clip raw',
);
const SPLITS = words('train training val valid validation eval evaluation test dev');

// With these a name is a setting or a label, not a measurement.
const SETTINGS = words(
  'fn func function weight weights type scale scaler coef coeff lambda mode name path dir file',
  'id size num count interval every freq frequency scheduler schedule warmup decay factor',
  'threshold patience target class module device version seed alpha beta steps reduction',
);

/** Finds lines worth a closer look; misses none that a known name is in. */
export const HINT = new RegExp(
  [
    ...STRONG,
    ...['learning.?rate', String.raw`grad\w*.?norm`, 'per.sec', 'epoch', '%\\|'],
    String.raw`total.(?:\w+.)?steps|max.steps|mAP|(?:tok|tokens|samples)/s`,
    // A weak word alone counts beside the name of a split only.
    String.raw`(?:train|val|eval|test|dev)[\w/. -]{0,24}(?:${[...WEAK].join('|')})`,
  ].join('|'),
  'i',
);

const cache = new Map<string, NameStrength | null>();

/**
 * Judges whether a name from free text is that of a metric.
 *
 * @param name - one name, words joined by `_`, `/`, `.`, `-`, `@`, space or case
 * @returns how sure it is, or `null` when it is not known
 */
export function nameStrength(name: string): NameStrength | null {
  const known = cache.get(name);
  if (known !== undefined) {
    return known;
  }
  const strength = name.length > LONGEST_NAME ? null : judge(name);
  if (cache.size >= CACHE_SIZE) {
    cache.clear();
  }
  cache.set(name, strength);
  return strength;
}

function judge(name: string): NameStrength | null {
  const parts = wordsOf(name);
  if (parts.length > MOST_WORDS || parts.some((word) => SETTINGS.has(word))) {
    return parts.join(' ').includes('steps per sec') ? 'strong' : null;
  }
  const paired = parts.some((word, index) => PAIRS.has(`${word} ${parts[index + 1] ?? ''}`));
  if (paired || name.includes('mAP') || parts.some((word) => STRONG.has(word))) {
    return 'strong';
  }
  if (!parts.some((word) => WEAK.has(word))) {
    return null;
  }
  return parts.some((word) => SPLITS.has(word)) ? 'strong' : 'weak';
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[\s_./@:-]+/)
    .filter((word) => word !== '')
    .map((word) => (STRONG.has(word) || WEAK.has(word) ? word : word.replace(/\d+$/, '')));
}

function words(...lists: string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list) => list.split(' ')));
}
