import { draftFacts, type FactsDraft } from './line-facts.ts';
import { NamedValues } from './named-values.ts';
import { NUMBER_SOURCE, readNumber } from './numbers.ts';

// 'name': 0.5 — also '0.5', tensor(0.5), np.float64(0.5).
const ENTRY = new RegExp(
  String.raw`['"]([^'"]{1,60})['"]\s*:\s*(?:['"]|[\w.]{1,20}\()?(${NUMBER_SOURCE})(?=[\s,})'"]|$)`,
  'gi',
);

/**
 * Reads a line that is a printed Python dict, as the Hugging Face Trainer
 * logs them: known names only.
 *
 * @param text - a line that starts with `{`
 * @returns what it tells; may be nothing
 */
export function readPythonDict(text: string): FactsDraft {
  const facts = draftFacts('dict');
  const values = new NamedValues(facts);
  for (const [, name, number] of text.matchAll(ENTRY)) {
    const value = readNumber(number ?? '');
    if (name !== undefined && value !== undefined) {
      values.add(name, value);
    }
  }
  values.finish();
  return facts;
}
