import { ValidationError } from '../core/errors.ts';

const PLAIN = /[A-Za-z0-9_./:=,@%+-]/;

/**
 * Writes text so that one line of any POSIX shell's `printf %b` gives the
 * same bytes back: everything outside a small set becomes `\0ooo`.
 *
 * @param text - any text without NUL
 * @param field - what it is, for the error
 * @returns one line of ASCII
 * @throws {ValidationError} when it holds a NUL, which no process argument can carry
 */
export function encodeWire(text: string, field: string): string {
  if (text.includes('\0')) {
    throw new ValidationError(field, `${field} contains a NUL character`);
  }
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte);
    encoded += PLAIN.test(char) ? char : `\\0${byte.toString(8).padStart(3, '0')}`;
  }
  return encoded;
}
