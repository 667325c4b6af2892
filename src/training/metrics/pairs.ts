import { nameStrength, QUALIFIERS } from './known-names.ts';
import { draftFacts, type FactsDraft } from './line-facts.ts';
import { NamedValues } from './named-values.ts';
import { COUNT_SOURCE, GROUPED_SOURCE, readCount, readNumber } from './numbers.ts';
import { isLightning, readBar } from './progress-bar.ts';

// Up to three words, then "=", ":", a table's "|" or a gap, then a number. Not inside a word
// or path, and not after "-", where the options of a command line stand. A comma before a
// digit ends no number: "0,5" and "1,23,4" are read by nobody for sure.
const PAIR = new RegExp(
  [
    String.raw`(?<![\w./@-])([A-Za-z][\w./@-]*(?: [A-Za-z][\w./@-]*){0,2})`,
    String.raw`(?:(['"]?\s*[=:|]\s*['"]?)|\s+)`,
    String.raw`(?:(?:tensor|[\w.]{0,12}float\d*)\()?`,
    String.raw`(${GROUPED_SOURCE})(?=[\s;|)\]}'"%<>]|,(?!\d)|:\s|:?$|\.?$)`,
  ].join(''),
  'gi',
);

// "Epoch 3", "Epoch: 3/10", "epoch [3/10]", "Epoch: [3][ 10/391]", "Epoch: 1 [640/60000",
// "Epoch(train) [3][ 10/391]".
const EPOCH = new RegExp(
  [
    String.raw`(?<![\w./@-])epoch(?:\(train\))?['"]?\s*[=:#]?\s*[[(]?\s*(\d+(?:\.\d+)?)(?![\w.])`,
    String.raw`(?:\s*(?:\/|of)\s*(\d+))?\s*[\])]?(?:[\s,:]*\[\s*(\d+)\/(\d+))?`,
  ].join(''),
  'i',
);
const EPOCH_FIRST = /^[\W\d]*(?:train\w*\s+)?epoch\W/i;

// "step 10", "step=10/100", "Step [10/100]", "iter 10:", "Iter(train) [ 10/100]", "step 1,200".
const STEP = new RegExp(
  [
    String.raw`(?<![\w./@-])(global[_ ]step|step|iteration|iter|num_updates|update|batch)`,
    String.raw`(?:\(train\))?['"]?\s*[=:#]?\s*[[(]?\s*(${COUNT_SOURCE})(?![\w.]|,\d)`,
    String.raw`(?:\s*(?:\/|of)\s*(${COUNT_SOURCE}))?`,
  ].join(''),
  'i',
);

// "200/ 2983 batches".
const BATCHES = /(?<![\w./@-])(\d+)\s?\/\s*(\d+) batches\b/i;

const TOTAL = /(?<![\w./@-])(?:total|max)[_ ](?:optimization[_ ])?steps['"]?\s*[=:]\s*(\d[\d,]*)/i;

/**
 * Reads `key=value`, `key: value` and `key value` pairs and bars out of free
 * text: known names only.
 *
 * @param text - one line without control sequences
 * @returns what it tells; may be nothing
 */
export function readPairs(text: string): FactsDraft {
  const facts = draftFacts('pairs');
  const values = new NamedValues(facts);
  for (const [, words, separator, number] of text.matchAll(PAIR)) {
    const name = words === undefined ? undefined : knownEnd(words);
    const value = readNumber(number ?? '');
    // Without "=" or ":" only a clear measurement counts: "loss 0.31".
    const clear = separator !== undefined || /[.en]/i.test(number ?? '');
    if (name !== undefined && value !== undefined && clear) {
      values.add(name, value);
    }
  }
  values.finish();
  readCounts(text, facts);
  return facts;
}

// "reached train loss" → "train loss": the longest end that is a known name.
function knownEnd(text: string): string | undefined {
  let name = text;
  for (;;) {
    const space = name.indexOf(' ');
    const strength = nameStrength(name);
    if (space < 0) {
      return strength === null ? undefined : name;
    }
    if (strength !== null && QUALIFIERS.has(name.slice(0, space).toLowerCase())) {
      return name;
    }
    name = name.slice(space + 1);
  }
}

function readCounts(text: string, facts: FactsDraft): void {
  const measured = facts.metrics.length > 0;
  facts.totalSteps = readCount(TOTAL.exec(text)?.[1]);
  const epoch = EPOCH.exec(text);
  const bar = readBar(text, measured);
  if (epoch !== null && (measured || bar !== null || EPOCH_FIRST.test(text))) {
    facts.epoch = Number(epoch[1]);
    facts.totalEpochs = readCount(epoch[2]);
    nameEpochs(text, facts);
    const at = readCount(epoch[3]);
    facts.bar = at === null ? null : { at, total: readCount(epoch[4]), training: true };
  }
  facts.bar = bar ?? facts.bar;
  // Without a measurement "step 3 of 5" may be about anything.
  if (measured && facts.bar === null) {
    readStep(text, facts);
  }
}

// Lightning counts epochs from 0 and names the last one: "Epoch 0/9" of ten.
function nameEpochs(text: string, facts: FactsDraft): void {
  if (isLightning(text)) {
    facts.firstEpoch = 0;
    facts.totalEpochs = facts.totalEpochs === null ? null : facts.totalEpochs + 1;
  }
}

function readStep(text: string, facts: FactsDraft): void {
  const batches = BATCHES.exec(text);
  if (batches !== null) {
    facts.bar = { at: Number(batches[1]), total: Number(batches[2]), training: true };
    return;
  }
  const match = STEP.exec(text);
  const step = readCount(match?.[2]);
  if (match === null || step === null) {
    return;
  }
  const total = readCount(match[3]);
  const inEpoch = facts.epoch !== null && total !== null;
  if (inEpoch || match[1]?.toLowerCase() === 'batch') {
    facts.bar = { at: step, total, training: true };
  } else {
    facts.step = step;
    facts.totalSteps ??= total;
  }
}
