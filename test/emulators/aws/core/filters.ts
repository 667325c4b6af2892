import { Violation } from './refusal.ts';
import type { Field, Input } from './shape.ts';
import { list, struct, text } from './shape.ts';

const FILTER = struct({ Name: text, Value: list(text) });

/** `Filter.1.Name`, `Filter.1.Value.1`… */
export const filters: Field<readonly Input<{ Name: typeof text; Value: Field<readonly string[]> }>[]> = list(FILTER);

/** Filters as they were read. */
export type Filters = readonly { readonly Name?: string; readonly Value?: readonly string[] }[];

/** Values of a resource by the name of the filter that asks for them. */
export type Facets<T> = Readonly<Record<string, (item: T) => string | readonly (string | undefined)[] | undefined>>;

/** Leaves what every filter lets through; values of one filter are alternatives. */
export function sift<T>(
  items: Iterable<T>,
  given: Filters | undefined,
  facets: Facets<T>,
  tagsOf?: (item: T) => ReadonlyMap<string, string>,
): T[] {
  const tests = (given ?? []).map((filter) => testOf(filter, facets, tagsOf));
  return [...items].filter((item) => tests.every((test) => test(item)));
}

function testOf<T>(
  { Name: name = '', Value: values = [] }: Filters[number],
  facets: Facets<T>,
  tagsOf: ((item: T) => ReadonlyMap<string, string>) | undefined,
): (item: T) => boolean {
  if (values.length > 200) throw new Violation('FilterLimitExceeded', `The filter '${name}' has more than 200 values`);
  const patterns = values.map(patternOf);
  const fits = (value: string | undefined): boolean =>
    value !== undefined && patterns.some((pattern) => pattern.test(value));
  if (tagsOf !== undefined && name.startsWith('tag:')) return (item) => fits(tagsOf(item).get(name.slice(4)));
  if (tagsOf !== undefined && name === 'tag-key') return (item) => [...tagsOf(item).keys()].some(fits);
  const facet = Object.hasOwn(facets, name) ? facets[name] : undefined;
  if (facet === undefined) throw new Violation('InvalidParameterValue', `The filter '${name}' is invalid`);
  return (item) => {
    const value = facet(item);
    return typeof value === 'string' || value === undefined ? fits(value) : value.some(fits);
  };
}

/** `*` stands for any text, `?` for one sign, unless a backslash is before it. */
function patternOf(value: string): RegExp {
  const source = value.replace(/\\([*?\\])|[\s\S]/g, (sign, escaped: string | undefined) => {
    if (escaped !== undefined) return `\\${escaped}`;
    if (sign === '*') return '[\\s\\S]*';
    if (sign === '?') return '[\\s\\S]';
    return sign.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}
