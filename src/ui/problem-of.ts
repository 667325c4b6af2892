/**
 * Makes the message of an input box from a rule of the domain.
 *
 * @param rule - throws when the text breaks it
 * @param text - what was typed
 * @returns why it cannot be taken, or `undefined`
 */
export function problemOf(rule: (text: string) => unknown, text: string): string | undefined {
  try {
    rule(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
