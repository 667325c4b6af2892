/** Colours a canvas needs; everything else takes them from the style sheet. */
export interface ChartTheme {
  readonly lines: readonly string[];
  readonly text: string;
  readonly grid: string;
  readonly font: string;
  /** Lines are thicker and dashed, so that colour alone tells nothing. */
  readonly highContrast: boolean;
}

const LINES = ['blue', 'orange', 'green', 'purple', 'red', 'yellow'] as const;

/** Reads the colours of the present theme. */
export function readTheme(): ChartTheme {
  const style = getComputedStyle(document.body);
  const read = (name: string, fallback: string): string =>
    style.getPropertyValue(`--vscode-${name}`).trim() || fallback;
  const text = read('foreground', style.color);
  return {
    lines: LINES.map((name) => read(`charts-${name}`, text)),
    text: read('descriptionForeground', text),
    grid: read('charts-lines', text),
    font: `11px ${read('font-family', 'sans-serif')}`,
    highContrast: document.body.className.includes('high-contrast'),
  };
}

/** Tells when VS Code has changed the theme: it rewrites the root's style and the body's class. */
export function onThemeChange(listener: () => void): void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributeFilter: ['class', 'data-vscode-theme-kind'] });
}
