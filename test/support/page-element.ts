/** What code that runs inside the page uses of an element; tests know no page types. */
export interface PageElement {
  textContent: string;
  innerText: string;
  style: { top: string };
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  checkVisibility(): boolean;
  getAttribute(name: string): string | null;
  getBoundingClientRect(): { top: number };
}
