/** What code that runs inside the page uses of an element; tests know no page types. */
export interface PageElement {
  textContent: string;
  style: { top: string };
  querySelectorAll(selector: string): Iterable<PageElement>;
  getAttribute(name: string): string | null;
  getBoundingClientRect(): { top: number };
}
