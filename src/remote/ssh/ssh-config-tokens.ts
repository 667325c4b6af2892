/** What the `%` tokens of ssh stand for, by letter. */
export type TokenValues = Readonly<Record<string, string>>;

/**
 * Fills `%` tokens in; `%%` is a percent sign. One that is not known stays as
 * it is: the file it names will be missing, which is said then.
 *
 * @param text - value of the configuration
 * @param values - by letter
 * @returns the text without tokens
 */
export function expandTokens(text: string, values: TokenValues): string {
  return text.replaceAll(/%(.)/g, (token, letter: string) =>
    letter === '%' ? '%' : values[letter] ?? token,
  );
}

/**
 * Fills `${NAME}` in, and a value that is `$NAME` as a whole.
 *
 * @param text - value of the configuration
 * @param env - environment
 * @returns the text; a variable that is not set is empty
 */
export function expandVariables(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const whole = /^\$([A-Za-z_]\w*)$/.exec(text)?.[1];
  return whole === undefined
    ? text.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, (_match, name: string) => env[name] ?? '')
    : env[whole] ?? '';
}
