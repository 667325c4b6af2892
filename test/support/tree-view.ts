import type { Locator, Page } from 'playwright-core';
import { waitFor } from '../../scripts/lib/process.ts';
import type { PageElement } from './page-element.ts';
import { oneLine } from './quick-input.ts';

/** One visible row of a tree. */
export interface TreeRow {
  label: string;
  description: string;
  /** 1 for the root's children. */
  level: number;
  /** Undefined for a leaf. */
  expanded: boolean | undefined;
  /** What a screen reader says. */
  ariaLabel: string;
}

/** How long rows must be the same, in milliseconds. */
const STILL_MS = 700;

/** A tree in the side bar, by the title of its pane. */
export class TreeView {
  private readonly page: Page;
  private readonly pane: Locator;

  constructor(page: Page, title: string) {
    this.page = page;
    const header = page.locator('.pane-header .title', { hasText: new RegExp(`^${title}$`, 'i') });
    this.pane = page.locator('.pane', { has: header });
  }

  /** The rows on screen from top to bottom; the list is virtual, others do not exist. */
  async rows(): Promise<TreeRow[]> {
    // In one go: rows move while a tree loads.
    return await this.pane.locator('.monaco-list-row').evaluateAll(readRows);
  }

  /** The first row whose label or description holds the text. */
  row(text: string | RegExp): Locator {
    return this.pane.locator('.monaco-list-row', { hasText: text }).first();
  }

  /** Opens the pane itself when it is folded. */
  async unfold(): Promise<void> {
    const header = this.pane.locator('.pane-header');
    await header.waitFor();
    if ((await header.getAttribute('aria-expanded')) === 'false') await header.click();
  }

  async expand(text: string | RegExp): Promise<void> {
    // A row gets its twistie when it gets its first child.
    const row = this.pane.locator('.monaco-list-row[aria-expanded]', { hasText: text }).first();
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) === 'true') return;
    await row.locator('.monaco-tl-twistie').click();
    await this.pane.locator('.monaco-list-row[aria-expanded="true"]', { hasText: text }).waitFor();
  }

  async select(text: string | RegExp): Promise<void> {
    await this.row(text).click();
  }

  /** Selects several rows, each given by a text of its own. */
  async selectAll(texts: readonly (string | RegExp)[]): Promise<void> {
    const [first, ...rest] = texts;
    if (first === undefined) return;
    await this.row(first).click();
    for (const text of rest) await this.row(text).click({ modifiers: ['ControlOrMeta'] });
  }

  /** Clicks an inline button of a row, by its tooltip. */
  async inlineAction(text: string | RegExp, action: string): Promise<void> {
    await this.standStill();
    await this.row(text).hover();
    await this.row(text).getByRole('button', { name: action }).click();
  }

  // A row that moves between the look and the press loses the click: right after
  // a run has ended its last checkpoints still come and are settled.
  private async standStill(): Promise<void> {
    await waitFor('rows that stand still', async () => {
      const before = await this.labels();
      await this.page.waitForTimeout(STILL_MS);
      return (await this.labels()) === before ? true : undefined;
    });
  }

  private async labels(): Promise<string> {
    return (await this.rows()).map(({ label, level }) => `${level} ${label}`).join('\n');
  }

  /** Chooses from a row's context menu. */
  async contextMenu(text: string | RegExp, item: string): Promise<void> {
    await this.row(text).click({ button: 'right' });
    // A menu ignores clicks for a moment after it opened; Enter takes what is hovered.
    await this.page.locator('.context-view .action-label', { hasText: item }).first().hover();
    await this.page.keyboard.press('Enter');
  }

  /** Clicks a button of the pane's own title, by its tooltip. */
  async titleAction(action: string): Promise<void> {
    await this.pane.locator('.pane-header').hover();
    await this.pane.locator('.pane-header').getByRole('button', { name: action }).click();
  }

  /** Text of the tooltip of a row. */
  async tooltip(text: string | RegExp): Promise<string> {
    const shown = this.page.locator('.workbench-hover-container .monaco-hover').last();
    // Resolved lazily: VS Code says so first.
    const hover = shown.filter({ hasNotText: /^\s*Loading\.\.\.\s*$/ });
    // A row that is written anew meanwhile shows none: point at it again, as people do.
    return await waitFor(`a tooltip of ${String(text)}`, async () => {
      // Away first: a hover that is already shown would not be the row's.
      await this.page.mouse.move(0, 0);
      await this.row(text).locator('.label-name').first().hover();
      return await hover.innerText({ timeout: 2000 }).then(oneLine, () => undefined);
    });
  }

  /** Text and buttons of the welcome view shown while the tree is empty. */
  async welcome(): Promise<string> {
    return oneLine(await this.pane.locator('.welcome-view-content').innerText());
  }
}

/** Runs inside the page, so it may use nothing from around it. */
function readRows(rows: PageElement[]): TreeRow[] {
  const text = (row: PageElement, part: string): string =>
    [...row.querySelectorAll(part)]
      .map((element) => element.textContent)
      .join(' ')
      .replace(/\s+/g, ' ')
      .trim();
  return rows
    .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
    .map((row) => {
      const expanded = row.getAttribute('aria-expanded');
      return {
        label: text(row, '.label-name'),
        description: text(row, '.label-description'),
        level: Number(row.getAttribute('aria-level')),
        expanded: expanded === null ? undefined : expanded === 'true',
        ariaLabel: row.getAttribute('aria-label') ?? '',
      };
    });
}
