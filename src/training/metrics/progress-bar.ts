import type { BarPlace } from './line-facts.ts';
import { readCount } from './numbers.ts';

// "desc:  50%|█████     | 50/100 [00:01<00:01, 49.9it/s, loss=0.3]": tqdm, and
// Lightning, whose bar is tqdm's. The text after the bar is read as pairs.
const TQDM = /(?:\d%\|[^|]*\|\s*|(?:^|\s))(\d+)\/(\d+)\s*\[[^\]<]{0,20}<[^\],]{0,20},\s*([^\],]*)/;

// The same in another bar format: "50%|█████     | 50/100", whatever follows.
const PERCENT = /\d%\|[^|]*\|\s*(\d+)\/(\d+)(?=[\s[,]|$)/;

// "Epoch 0/9 ━━━━━━━ 50/100 0:00:10 • 0:00:12 4.3it/s train_loss: 0.3": Lightning's other bar.
const RICH = /[━╸╺]\s+(\d+)\/(\d+)\s+\d+:\d\d:\d\d\s+•/;

// "12/100 [===>....] - ETA: 3s - loss: 0.3" and "12/100 ━━━━ 3s 31ms/step - loss: 0.3": Keras.
const KERAS = /^\s*(\d+)\/(\d+) (?:\[[=>.]+\]|[━╸╺ ]*[━╸╺])/;

const BESIDE = new RegExp(
  'val|eval|test|sanity|download|load|fetch|map|token|filter|generat|sampl|extract|check|' +
    'upload|sav|predict|infer|cach|index|read|scan|pars',
  'i',
);
const TRAINING = /epoch|train|step|iter|fit|batch|optimi/i;

/**
 * Finds a progress bar in a line.
 *
 * @param text - one line or frame without control sequences
 * @param hasMetrics - whether metrics were found in it
 * @returns where the bar stands, or `null` when there is none
 */
export function readBar(text: string, hasMetrics: boolean): BarPlace | null {
  if (text.includes('<')) {
    const match = TQDM.exec(text);
    if (match !== null) {
      const training = isTraining(text.slice(0, match.index), match[3] ?? '', hasMetrics);
      return placeOf(match[1], match[2], training);
    }
  }
  const other = text.includes('%|') ? PERCENT.exec(text) : RICH.exec(text);
  if (other !== null) {
    const training = isTraining(text.slice(0, other.index), '', hasMetrics);
    return placeOf(other[1], other[2], training);
  }
  const match = KERAS.exec(text);
  return match === null ? null : placeOf(match[1], match[2], true);
}

/**
 * Tells a bar of Lightning from others that look the same.
 *
 * @param text - one line or frame without control sequences
 * @returns true when it is surely one
 */
export function isLightning(text: string): boolean {
  return /\bv_num\b/.test(text) || RICH.test(text);
}

function isTraining(label: string, rate: string, hasMetrics: boolean): boolean {
  // Bytes are a download; "?B/s" is one that has not begun.
  if (/[\d?]\s*[kKMGT]?i?B\/s/.test(rate) || (BESIDE.test(label) && !/train/i.test(label))) {
    return false;
  }
  return hasMetrics || TRAINING.test(label) || !/[a-z]/i.test(label);
}

function placeOf(
  at: string | undefined,
  all: string | undefined,
  training: boolean,
): BarPlace | null {
  const place = readCount(at);
  const total = readCount(all);
  return place === null || total === null || total === 0 || place > total
    ? null
    : { at: place, total, training };
}
