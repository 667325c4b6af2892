/** Fills `{0}`, `{1}`… of a translated text. */
export function format(text: string, ...values: readonly (string | number)[]): string {
  return text.replaceAll(/\{(\d+)\}/g, (whole, index: string) =>
    String(values[Number(index)] ?? whole),
  );
}

/** Language of the page's texts, as the host set it; `undefined` outside of a page. */
export function displayLanguage(): string | undefined {
  // Unit tests know no document.
  const { document } = globalThis as { document?: { documentElement: { lang: string } } };
  const lang = document?.documentElement.lang;
  return lang === '' ? undefined : lang;
}

/** Writes a number as the language of the page does. */
export function numberText(value: number): string {
  return value.toLocaleString(displayLanguage());
}
