import { SpanText, type Span } from './mask-spans.ts';

/** What stands where a secret stood. */
export const MASK = '***';

/**
 * Values shorter than this are not looked for: hiding every `true` or `8080`
 * would make logs unreadable, and no real key is so short.
 */
export const SHORTEST_SECRET = 6;

/** A shape of well-known secrets; `$1` in front of them stays readable. */
const SHAPES: readonly RegExp[] = [
  /()-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(\bauthorization["']?\s*[:=]\s*["']?)(?:[A-Za-z]+ +)?[A-Za-z0-9._~+/=-]{8,}/gi,
  /(\bBearer\s+)[A-Za-z0-9._~+/=-]{16,}/gi,
  // AWS access key ids; secret keys have no shape, so they go by their name below.
  /()(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/g,
  /()(?<![A-Za-z0-9])hf_[A-Za-z0-9]{20,}/g,
  /()(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}/g,
  /()(?<![A-Za-z0-9])rpa_[A-Za-z0-9]{20,}/g,
  /()(?<![A-Za-z0-9])(?:gh[oprsu]_|github_pat_|glpat-|xox[abeprs]-)[A-Za-z0-9_-]{16,}/g,
  // JSON web tokens.
  /()(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
  // A password in an address, and signed S3 addresses.
  /(:\/\/[^/\s:@]{1,256}:)[^/\s@]{4,256}(?=@)/g,
  /(\bX-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"']{4,}/gi,
  // NAME=value and "name": "value".
  new RegExp(
    '((?:secret_?access_?key|session_?token|api_?key|access_?token|auth_?token' +
      '|client_?secret|passw(?:or)?d)["\']?\\s*[:=]\\s*["\']?)[^\\s"\',;&]{8,}',
    'gi',
  ),
];

// How the shapes above begin: what follows on the line may still become one.
const SHAPE_BEGUN = new RegExp(
  '(?:-----BEGIN [A-Z ]*PRIVATE KEY-----(?![\\s\\S]*-----END )[\\s\\S]*' +
    '|(?:\\bauthorization["\']?[ \\t]*[:=][ \\t]*["\']?(?:[A-Z]+ +)?|\\bBearer[ \\t]+' +
    '|(?<![A-Z0-9])(?:AKIA|ASIA|hf_|sk-|rpa_|gh[oprsu]_|github_pat_|glpat-|xox[abeprs]-|eyJ)' +
    '|:\\/\\/|X-Amz-[A-Z-]+=|(?:secret_?access_?key|session_?token|api_?key|access_?token' +
    '|auth_?token|client_?secret|passw(?:or)?d)["\']?[ \\t]*[:=][ \\t]*["\']?)\\S*)$',
  'i',
);

/** How far back the beginning of a shape is looked for, in characters. */
const LONGEST_BEGUN = 8 * 1024;

/** What views of a log need to hide secrets in text that comes in pieces. */
export type TextMasker = Pick<SecretMasker, 'mask' | 'holdBack' | 'spans'>;

/**
 * Hides secrets in text that people may pass on: the values it was told, in
 * plain, JSON, URL and base64 form, and whatever looks like a well-known
 * token. Hiding twice changes nothing more.
 */
export class SecretMasker {
  private readonly known = new Set<string>();
  private pattern: RegExp | undefined;

  /**
   * Learns a secret. Of one with several lines each line counts too, since logs
   * come line by line.
   *
   * @param secret - its value; shorter than {@link SHORTEST_SECRET} it is ignored
   */
  add(secret: string): void {
    const lines = secret.split(/\r?\n/).map((line) => line.trim());
    for (const part of [secret, secret.trim(), ...lines]) {
      if (part.length >= SHORTEST_SECRET && !part.startsWith('-----') && !/^\**$/.test(part)) {
        this.known.add(part);
        this.known.add(JSON.stringify(part).slice(1, -1));
        this.known.add(encodeText(part));
        this.known.add(Buffer.from(part).toString('base64'));
      }
    }
    this.pattern = undefined;
  }

  /**
   * Hides every secret in the text.
   *
   * @param text - any text
   * @returns the text with {@link MASK} in place of each secret
   */
  mask(text: string): string {
    this.pattern ??= patternOf(this.known);
    const known = this.pattern;
    return untilStable(text, (current) => {
      const masked = known === undefined ? current : current.replace(known, MASK);
      return maskShapesOnce(masked);
    });
  }

  /**
   * Tells what {@link mask} would replace, for a text that must keep what stands
   * in between.
   *
   * @param text - any text
   * @returns in order, none over another
   */
  spans(text: string): readonly Span[] {
    this.pattern ??= patternOf(this.known);
    const patterns = this.pattern === undefined ? SHAPES : [this.pattern, ...SHAPES];
    const found = new SpanText(text, MASK);
    untilStable(text, () => {
      patterns.forEach((pattern) => found.replace(pattern));
      return found.text;
    });
    return found.spans;
  }

  /**
   * Tells how much of an unfinished text may be the beginning of a secret, so
   * that what comes next decides whether it may be shown.
   *
   * @param text - a piece that ends anywhere
   * @returns number of characters at its end to keep for now, often 0
   */
  holdBack(text: string): number {
    // A look at the end alone: long text full of beginnings would take for ever.
    const from = Math.max(0, text.length - LONGEST_BEGUN);
    const shape = SHAPE_BEGUN.exec(text.slice(from));
    let start = shape === null ? text.length : from + shape.index;
    for (const secret of this.known) {
      start = Math.min(start, text.length - begun(text, secret));
    }
    return text.length - this.beforeSecret(text, start);
  }

  // A whole secret that reaches over the cut would lose its tail.
  private beforeSecret(text: string, cut: number): number {
    this.pattern ??= patternOf(this.known);
    if (cut === text.length || this.pattern === undefined) {
      return cut;
    }
    for (const match of text.matchAll(this.pattern)) {
      if (match.index < cut && match.index + match[0].length > cut) {
        return match.index;
      }
    }
    return cut;
  }
}

/**
 * Hides what looks like a well-known token, without knowing any value.
 *
 * @param text - any text
 * @returns the text with {@link MASK} in place of each token
 */
export function maskSecretShapes(text: string): string {
  return untilStable(text, maskShapesOnce);
}

function maskShapesOnce(text: string): string {
  let masked = text;
  for (const shape of SHAPES) {
    masked = masked.replace(shape, `$1${MASK}`);
  }
  return masked;
}

// What is left around a mask may look like a secret in its turn. Every round
// shortens the text (each secret is longer than the mask), so this ends.
function untilStable(text: string, maskOnce: (text: string) => string): string {
  let current = text;
  for (let next = maskOnce(current); next !== current; next = maskOnce(current)) {
    current = next;
  }
  return current;
}

// Characters at the end of the text that a secret begins with, but not all of it.
function begun(text: string, secret: string): number {
  for (let size = Math.min(secret.length - 1, text.length); size > 0; size--) {
    if (text.endsWith(secret.slice(0, size))) {
      return size;
    }
  }
  return 0;
}

// The longest first, else a secret that begins another would leave its tail.
function patternOf(known: ReadonlySet<string>): RegExp | undefined {
  if (known.size === 0) {
    return undefined;
  }
  const parts = [...known].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  return new RegExp(parts.join('|'), 'g');
}

// Lone surrogates have no URL form; they stay as they are.
function encodeText(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function escapeForRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
