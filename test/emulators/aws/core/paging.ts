import { Refusal } from './refusal.ts';
import type { World } from './world.ts';

/** How an action pages. */
export interface PageRules {
  readonly least: number;
  readonly most: number;
  /** How many come when the caller does not say; all when it is left out. */
  readonly standard?: number;
  /** Code of a refusal where it is not that of EC2. */
  readonly code?: string;
}

/** What a caller asks for. */
export interface PageInput {
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

/** Almost all lists of EC2. */
export const EC2_PAGES: PageRules = { least: 5, most: 1000 };

/** A page and the token of the next. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string | undefined;
}

interface Token {
  readonly action: string;
  /** How many items came before. */
  readonly done: number;
  /** Whether the page before was empty. */
  readonly idle: boolean;
}

/** Cuts one page out of all that fits. */
export function page<T>(world: World, action: string, all: readonly T[], input: PageInput, rules: PageRules): Page<T> {
  const { MaxResults: size = rules.standard } = input;
  if (size !== undefined && (size < rules.least || size > rules.most)) {
    const bounds = `Value must be between ${rules.least} and ${rules.most}`;
    throw new Refusal(rules.code ?? 'InvalidParameterValue', `Value ( ${size} ) for parameter maxResults is invalid. Expecting a value between: ${bounds}.`);
  }
  const { done, idle } = input.NextToken === undefined ? { done: 0, idle: true } : read(action, input.NextToken);
  const next = (token: Token): string => Buffer.from(JSON.stringify(token)).toString('base64url');
  if (world.switches.emptyPages && !idle) {
    return { items: [], nextToken: next({ action, done, idle: true }) };
  }
  const items = all.slice(done, size === undefined ? undefined : done + size);
  const end = done + items.length;
  return { items, nextToken: end < all.length ? next({ action, done: end, idle: false }) : undefined };
}

function read(action: string, text: string): Token {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as Token;
    if (token.action === action && Number.isInteger(token.done)) return token;
  } catch {
    // No token of ours: refused below.
  }
  throw new Refusal('InvalidNextToken', `The token '${text}' is invalid`);
}
