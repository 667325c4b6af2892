/** What an answer is made of; dates are times, lists are written with an element for each item. */
export type Body = string | number | boolean | Date | undefined | readonly Body[] | { readonly [name: string]: Body };

/** The inside of an element. */
export function xml(body: Body, item: 'item' | 'member'): string {
  if (body === undefined) return '';
  if (body instanceof Date) return body.toISOString();
  if (Array.isArray(body)) return (body as readonly Body[]).map((one) => element(item, one, item)).join('');
  if (typeof body === 'object') {
    return Object.entries(body)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => element(name, value, item))
      .join('');
  }
  return escape(String(body));
}

function element(name: string, body: Body, item: 'item' | 'member'): string {
  return `<${name}>${xml(body, item)}</${name}>`;
}

/** Text for the inside of an element. */
export function escape(value: string): string {
  return value.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** The same body for the JSON protocol: times are seconds since the epoch. */
export function json(body: Body): string {
  return JSON.stringify(body, function (this: Record<string, unknown>, name: string, value: unknown) {
    const original = this[name];
    return original instanceof Date ? original.getTime() / 1000 : value;
  });
}
