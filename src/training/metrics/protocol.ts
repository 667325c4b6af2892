import { eachNumber, isObject } from './json-values.ts';
import { draftFacts, type FactsDraft } from './line-facts.ts';
import { asCount } from './numbers.ts';

type JsonObject = Readonly<Record<string, unknown>>;

// What the protocol reads itself; beside `"runctl": 1` these are no metrics.
const RESERVED = new Set([
  'runctl',
  'step',
  'total_steps',
  'epoch',
  'total_epochs',
  'time',
  'timestamp',
]);

/**
 * Reads a line of the exact protocol: a JSON object with `"runctl": 1`, or
 * with an object under `metrics`. Any name counts. See `docs/metrics.md`.
 *
 * @param object - the line
 * @returns what it tells, or `undefined` when it is not of the protocol
 */
export function readProtocol(object: JsonObject): FactsDraft | undefined {
  const nested = object['metrics'];
  const marked = object['runctl'] === 1;
  if (!marked && !isObject(nested)) {
    return undefined;
  }
  const facts = draftFacts('protocol');
  facts.step = asCount(object['step']);
  facts.totalSteps = asCount(object['total_steps']);
  facts.epoch = asCount(object['epoch']);
  facts.totalEpochs = asCount(object['total_epochs']);
  const source = isObject(nested) ? nested : withoutReserved(object);
  eachNumber(source, (name, value) => {
    if (name !== '') {
      facts.metrics.push([name, value]);
    }
  });
  return facts;
}

function withoutReserved(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !RESERVED.has(key)));
}
