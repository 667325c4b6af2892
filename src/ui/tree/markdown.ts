// A colon and an at sign too: bare addresses become links.
const SPECIAL = /[\\`*_{}[\]()#+\-.!|~:@]/g;
// The dollar as an entity: icons are looked for after backslashes were taken away.
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  $: '&#36;',
};

/**
 * Makes text from outside inert inside a markdown tooltip.
 *
 * @param text - any text
 * @returns markdown that shows exactly that text on one line
 */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(SPECIAL, String.raw`\$&`)
    .replaceAll(/[&<>$]/g, (char) => ENTITIES[char] ?? char)
    .replaceAll(/\s+/g, ' ');
}

/**
 * Lays out facts as a two-column table.
 *
 * @param rows - label and plain text value; rows without a value are left out
 * @returns markdown
 */
export function markdownTable(rows: readonly (readonly [string, string | null])[]): string {
  const lines = rows
    .filter(([, value]) => value !== null && value !== '')
    .map(([label, value]) => `| ${escapeMarkdown(label)} | ${escapeMarkdown(value ?? '')} |`);
  return ['| | |', '|:--|:--|', ...lines].join('\n');
}
