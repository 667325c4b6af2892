/** Longest series name; a longer one is cut. */
export const MAX_NAME = 200;

const MAX_DEPTH = 8;

// A failing JSON.parse is slow, and a Python dict would fail each time.
const LOOKS_LIKE_JSON = /^\s*\{\s*["}]/;

/**
 * Reads a line that is one JSON object. The bare `NaN` and `Infinity` that
 * Python and others write are read too.
 *
 * @param text - the line
 * @returns the object, or `undefined` when the line is none
 */
export function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!LOOKS_LIKE_JSON.test(text)) {
    return undefined;
  }
  const plain = parse(text);
  if (plain !== undefined) {
    return plain;
  }
  return /NaN|Infinity/.test(text) ? parse(quoteBareWords(text)) : undefined;
}

/**
 * Reads a value as a number.
 *
 * @param value - of a JSON object
 * @returns the number, NaN or infinite too, or `undefined` when it is none
 */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') {
    return value;
  }
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity'
    ? Number(value)
    : undefined;
}

/**
 * Walks all numbers of an object; nested names are joined by `/`. Arrays,
 * texts, booleans and nulls are passed over.
 *
 * @param object - as read
 * @param visit - called with the whole name and the value, in order
 * @param prefix - names of the objects around it
 * @param depth - how deep it is nested
 */
export function eachNumber(
  object: Readonly<Record<string, unknown>>,
  visit: (name: string, value: number) => void,
  prefix = '',
  depth = 1,
): void {
  for (const [key, value] of Object.entries(object)) {
    const name = cleanName(prefix + key);
    const number = numberOf(value);
    if (number !== undefined) {
      visit(name, number);
    } else if (isObject(value) && depth < MAX_DEPTH) {
      eachNumber(value, visit, `${name}/`, depth + 1);
    }
  }
}

/**
 * Makes a name fit to be stored and shown.
 *
 * @param name - as the log has it
 * @returns without control characters, white space turned into `_`, cut to 200
 */
export function cleanName(name: string): string {
  if (/^[\w./@-]{1,200}$/.test(name)) {
    return name;
  }
  return name
    .trim()
    .replace(/\s+/g, '_')
    .replace(/\p{C}/gu, '')
    .slice(0, MAX_NAME);
}

/**
 * Tells an object from arrays, null and plain values.
 *
 * @param value - anything JSON
 * @returns true for an object
 */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

// Texts are matched first, so that a word inside one stays as it is.
function quoteBareWords(text: string): string {
  return text.replace(
    /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g,
    (token) => (token.startsWith('"') ? token : `"${token === '-NaN' ? 'NaN' : token}"`),
  );
}
