import { MASK, maskSecretShapes } from '../core/mask.ts';
import { stripControls } from './log/control-stripper.ts';

const LONGEST = 160;

/**
 * Shortens what the shells around a run complained of to what a message can hold.
 *
 * @param raw - the end of their output, as the machine sent it
 * @param secrets - names of the run's secrets
 * @returns its last line, no secret and no control character in it; `null` when there is none
 */
export function complaintLine(
  raw: string | null | undefined,
  secrets: readonly string[],
): string | null {
  const line = (raw ?? '')
    .split(/[\r\n]+/)
    .map((text) => stripControls(text).trim())
    .findLast((text) => text !== '');
  if (line === undefined) {
    return null;
  }
  // Masked before it is cut: half a secret has no shape.
  const masked = secrets.reduce(maskValueOf, maskSecretShapes(line));
  return masked.length > LONGEST ? `${masked.slice(0, LONGEST - 1).trimEnd()}…` : masked;
}

// A shell that complains of a variable may say its value, to the end of the line.
function maskValueOf(text: string, name: string): string {
  const at = text.indexOf(`${name}=`);
  return at === -1 ? text : `${text.slice(0, at + name.length + 1)}${MASK}`;
}
