/** What the page loads, and how it is fenced in. */
export interface PageParts {
  /** New for every page. */
  readonly nonce: string;
  /** The panel's `cspSource`. */
  readonly cspSource: string;
  readonly script: string;
  readonly style: string;
  /** Language of the texts, such as `en`. */
  readonly language: string;
  /** Translated. */
  readonly title: string;
}

/**
 * The page's only rights: our script, our style sheet, our pictures and fonts.
 *
 * @param nonce - of this page
 * @param cspSource - the panel's
 * @returns a Content-Security-Policy
 */
export function contentSecurityPolicy(nonce: string, cspSource: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource} 'nonce-${nonce}'`,
    `img-src ${cspSource}`,
    `font-src ${cspSource}`,
  ].join('; ');
}

/**
 * Writes the page, empty: all it shows comes by messages.
 *
 * @param parts - addresses and the nonce
 * @returns a whole HTML document
 */
export function dashboardHtml(parts: PageParts): string {
  const { nonce, cspSource, script, style, language, title } = parts;
  return `<!DOCTYPE html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(nonce, cspSource)}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${escapeHtml(style)}">
<title>${escapeHtml(title)}</title>
</head>
<body>
<main id="dashboard"></main>
<script type="module" nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
