import type { Locator, Page } from 'playwright-core';
import { waitFor } from '../../scripts/lib/process.ts';

/** The box at the top of the window: command palette, quick picks, input boxes. */
export class QuickInput {
  private readonly page: Page;
  private readonly widget: Locator;

  constructor(page: Page) {
    this.page = page;
    this.widget = page.locator('.quick-input-widget');
  }

  /**
   * Runs a command from the palette as a person would, by its title with or
   * without the category: `runctl: Launch Training…`. Waits until it is offered.
   */
  async runCommand(title: string): Promise<void> {
    // The palette lists what was contributed when it opened: a window that has
    // just come up may need another look.
    for (let left = 9; ; left -= 1) {
      await this.openPalette();
      await this.input().fill(`>${title}`);
      try {
        await this.row(title).first().click({ timeout: 3000 });
        return;
      } catch (error) {
        if (left === 0) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** Titles the palette offers for some text; empty when nothing matches. */
  async offeredCommands(text: string): Promise<string[]> {
    await this.openPalette();
    await this.input().fill(`>${text}`);
    const rows = (await this.rows()).filter((row) => !row.startsWith('No matching'));
    await this.cancel();
    return rows;
  }

  /** What the open pick shows, once it has rows, line by line: label, description and detail of each. */
  async rows(): Promise<string[]> {
    const rows = this.widget.locator('.monaco-list-row');
    await rows.first().waitFor();
    return (await rows.allInnerTexts()).map(oneLine);
  }

  /** Takes the first row that holds the text. Waits for it. */
  async pick(text: string | RegExp): Promise<void> {
    await this.row(text).first().click();
  }

  /** Narrows the open pick with some text, then takes the first row that holds another. */
  async pickAfterTyping(filter: string, text: string | RegExp): Promise<void> {
    await this.input().fill(filter);
    await this.pick(text);
  }

  /** Fills in the input box that is open and confirms it. */
  async type(text: string): Promise<void> {
    await this.input().fill(text);
    await this.input().press('Enter');
  }

  /** Title, step ("2/4") and message of what is open. */
  async heading(): Promise<string> {
    const parts = ['.quick-input-title', '.quick-input-message'].map((part) =>
      this.widget.locator(part).innerText(),
    );
    return (await Promise.all(parts)).map(oneLine).join(' — ');
  }

  /** Goes a step back in a multi-step pick. */
  async back(): Promise<void> {
    await this.widget.locator('.quick-input-titlebar .codicon-quick-input-back').click();
  }

  async cancel(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.widget.waitFor({ state: 'hidden' });
  }

  /** Waits until nothing is open: an answer is taken only then. */
  async waitUntilClosed(): Promise<void> {
    await this.widget.waitFor({ state: 'hidden' });
  }

  /** Waits until a pick or input box is open whose title or placeholder holds the text. */
  async waitFor(text: string): Promise<void> {
    const placeholder = this.widget.locator(`input[placeholder*=${JSON.stringify(text)}]`);
    await this.widget.getByText(text).or(placeholder).first().waitFor();
  }

  private async openPalette(): Promise<void> {
    // A key pressed while the focus moves (a box closes, an editor opens) is lost.
    await waitFor('the command palette', async () => {
      await this.page.keyboard.press('F1');
      return await this.input()
        .waitFor({ timeout: 2000 })
        .then(() => true)
        .catch(() => undefined);
    });
  }

  private row(text: string | RegExp): Locator {
    return this.widget.locator('.monaco-list-row', { hasText: text });
  }

  private input(): Locator {
    return this.widget.locator('.quick-input-box input');
  }
}

/** Text of an element as one line with single spaces. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
