import { Violation } from './refusal.ts';

/** A parameter before it was understood: texts of a query, or JSON. */
export type Raw = string | number | boolean | null | readonly Raw[] | { readonly [name: string]: Raw };

/** How values are written: texts with dotted names, or JSON. */
export type Notation = 'query' | 'json';

/** Understands one parameter, or throws a Violation that names it. */
export type Field<T> = (raw: Raw, path: string, notation: Notation) => T;

/** Parameters by name; each may be missing. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What comes out of reading `Fields`. */
export type Input<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends Field<infer T> ? T : never;
};

function malformed(path: string, raw: Raw, wanted: string): Violation {
  return new Violation('MalformedParameter', `${path} is no ${wanted}: ${JSON.stringify(raw)}`);
}

export const text: Field<string> = (raw, path) => {
  if (typeof raw !== 'string') throw malformed(path, raw, 'text');
  return raw;
};

export const whole: Field<number> = (raw, path, notation) => {
  const value = notation === 'query' && typeof raw === 'string' && /^-?\d+$/.test(raw) ? Number(raw) : raw;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw malformed(path, raw, 'whole number');
  return value;
};

export const flag: Field<boolean> = (raw, path, notation) => {
  if (notation === 'query' ? raw !== 'true' && raw !== 'false' : typeof raw !== 'boolean') {
    throw malformed(path, raw, 'boolean');
  }
  return raw === 'true' || raw === true;
};

/** Milliseconds since the epoch. */
export const time: Field<number> = (raw, path, notation) => {
  const value = notation === 'query' ? (typeof raw === 'string' ? Date.parse(raw) : NaN) : Number(raw) * 1000;
  if (Number.isNaN(value)) throw malformed(path, raw, 'time');
  return value;
};

/** One of a few words. */
export function oneOf<const W extends readonly string[]>(...words: W): Field<W[number]> {
  return (raw, path) => {
    if (typeof raw !== 'string' || !words.includes(raw)) throw malformed(path, raw, words.join(' or '));
    return raw;
  };
}

/** In a query `Name.1`, `Name.2` (IAM: `Name.member.1`), numbered without gaps. */
export function list<T>(item: Field<T>): Field<readonly T[]> {
  return (raw, path, notation) => {
    if (notation === 'json') {
      if (!Array.isArray(raw)) throw malformed(path, raw, 'list');
      return (raw as readonly Raw[]).map((one, index) => item(one, `${path}[${index}]`, notation));
    }
    if (typeof raw !== 'object' || raw === null) throw malformed(path, raw, 'list');
    const members = raw as Readonly<Record<string, Raw>>;
    if ('member' in members) return list(item)(members['member'] ?? {}, `${path}.member`, notation);
    return Object.keys(members).map((_, index) => {
      const one = members[String(index + 1)];
      if (one === undefined) throw malformed(path, raw, 'list numbered from 1');
      return item(one, `${path}.${index + 1}`, notation);
    });
  };
}

/** Names to lists of texts, as the parameters of an SSM document. JSON only. */
export const listsByName: Field<Readonly<Record<string, readonly string[]>>> = (raw, path, notation) => {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw malformed(path, raw, 'map');
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name, list(text)(value, `${path}.${name}`, notation)]),
  );
};

/** A group of parameters; one that is not named here is a violation. */
export function struct<F extends Fields>(fields: F): Field<Input<F>> {
  return (raw, path, notation) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw malformed(path, raw, 'structure');
    const entries = Object.entries(raw as Readonly<Record<string, Raw>>).map(([name, value]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const where = path === '' ? name : `${path}.${name}`;
      if (field === undefined) {
        throw new Violation('UnknownParameter', `The parameter ${where} is not recognized`);
      }
      return [name, field(value, where, notation)];
    });
    return Object.fromEntries(entries) as Input<F>;
  };
}

/** Turns `A.1.B=x` into `{A: {1: {B: x}}}`. */
export function nested(pairs: Iterable<readonly [string, string]>): Readonly<Record<string, Raw>> {
  const root: Record<string, Raw> = {};
  for (const [name, value] of pairs) {
    const parts = name.split('.');
    const last = parts.pop() ?? '';
    let at: Record<string, Raw> = root;
    for (const part of parts) {
      const next = (at[part] ??= {});
      if (typeof next !== 'object') throw new Violation('MalformedQueryString', name);
      at = next as Record<string, Raw>;
    }
    if (Object.hasOwn(at, last)) throw new Violation('MalformedQueryString', `${name} was given twice`);
    at[last] = value;
  }
  return root;
}

/** The same parameters give the same text, in whatever order they were sent. */
export function fingerprint(raw: Raw): string {
  return JSON.stringify(raw, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
