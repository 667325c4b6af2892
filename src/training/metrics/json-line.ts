import { eachNumber } from './json-values.ts';
import { draftFacts, type FactsDraft } from './line-facts.ts';
import { NamedValues } from './named-values.ts';

/**
 * Reads a line that is a JSON object of whatever program: known names only.
 *
 * @param object - the line
 * @returns what it tells; may be nothing
 */
export function readJsonLine(object: Readonly<Record<string, unknown>>): FactsDraft {
  const facts = draftFacts('json');
  const values = new NamedValues(facts);
  eachNumber(object, (name, value) => values.add(name, value));
  values.finish();
  return facts;
}
