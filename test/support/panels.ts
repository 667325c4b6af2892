import type { Page } from 'playwright-core';
import type { PageElement } from './page-element.ts';
import { oneLine, type QuickInput } from './quick-input.ts';

/** A message in the lower right corner. */
export interface Notification {
  message: string;
  buttons: string[];
}

/** What lies around the editors: Problems, Output, notifications, status bar. */
export class Panels {
  private readonly page: Page;
  private readonly quickInput: QuickInput;

  constructor(page: Page, quickInput: QuickInput) {
    this.page = page;
    this.quickInput = quickInput;
  }

  /** Rows of the Problems panel: files, and under each its messages with `[Ln 3, Col 5]`. */
  async problems(): Promise<string[]> {
    await this.quickInput.runCommand('Problems: Focus on Problems View');
    await this.page.locator('.markers-panel').first().waitFor();
    const rows = this.page.locator('.markers-panel .monaco-list-row');
    return (await rows.allInnerTexts()).map(oneLine);
  }

  /** Lines of the Output panel that are on screen; for all text use `window.channel()`. */
  async outputOnScreen(): Promise<string[]> {
    const lines = this.page.locator('[id="workbench.panel.output"] .view-line');
    // In one go: lines move while they are read. Monaco draws spaces as no-break spaces.
    return await lines.evaluateAll((elements: PageElement[]) =>
      elements
        .sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top))
        .map((line) => line.textContent.replaceAll('\u00a0', ' ')),
    );
  }

  /** Messages on screen now, newest first. */
  async notifications(): Promise<Notification[]> {
    const items = this.page.locator('.notifications-toasts .notification-list-item');
    // In one go: a message may vanish between being listed and being read.
    const seen = await items.evaluateAll((elements: PageElement[]) =>
      elements.map((item) => ({
        message: item.querySelector('.notification-list-item-message')?.innerText ?? '',
        buttons: [...item.querySelectorAll('.notification-list-item-buttons-container .monaco-button')]
          .filter((button) => button.checkVisibility())
          .map((button) => button.innerText),
      })),
    );
    return seen.map(({ message, buttons }) => ({
      message: oneLine(message),
      buttons: buttons.map(oneLine),
    }));
  }

  /** Presses a button of the message that holds the text. */
  async answerNotification(message: string | RegExp, button: string): Promise<void> {
    const item = this.page.locator('.notification-list-item', { hasText: message }).first();
    await item.locator('.monaco-button', { hasText: button }).first().click();
  }

  /** Text and button names of the modal dialog, once there is one. */
  async dialog(): Promise<Notification> {
    const box = this.page.locator('.monaco-dialog-box');
    await box.waitFor();
    return {
      message: oneLine(await box.locator('.dialog-message-row').innerText()),
      buttons: (await box.locator('.dialog-buttons .monaco-button').allInnerTexts()).map(oneLine),
    };
  }

  async answerDialog(button: string): Promise<void> {
    await this.page.locator('.monaco-dialog-box').getByRole('button', { name: button }).click();
  }

  /** Texts of an extension's status bar items, by default ours. */
  async statusBar(extension = 'runctl.runctl'): Promise<string[]> {
    const items = this.page.locator(`.statusbar-item[id^="${extension}"]:visible`);
    return (await items.allInnerTexts()).map(oneLine);
  }

  async clickStatusBar(text: string | RegExp): Promise<void> {
    await this.page.locator('.statusbar-item', { hasText: text }).first().click();
  }
}
