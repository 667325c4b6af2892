import type { PageCommand, RunRow, Strings } from '../../src/ui/dashboard/messages.ts';
import { element, iconButton, setAttribute, setText } from './dom.ts';
import { RunRowView } from './run-row-view.ts';
import { placements } from './table-model.ts';
import type { SortColumn, TablePage, TableView } from './table-model.ts';
import { format } from './text.ts';

/** What a person does in the table. */
export interface TableActions {
  sort: (column: SortColumn) => void;
  turnTo: (page: number) => void;
  chart: (runId: string, checked: boolean) => void;
  command: (command: PageCommand, runId: string) => void;
}

/**
 * The table of runs. Rows are kept by run, so focus, selection and hover stay
 * where they are while figures change.
 */
export class RunsTable {
  readonly root: HTMLElement;
  private readonly strings: Strings;
  private readonly actions: TableActions;
  private readonly body = element('tbody');
  private readonly headers = new Map<SortColumn, HTMLElement>();
  private readonly rows = new Map<string, RunRowView>();
  private readonly range = element('span', { class: 'range' });
  private readonly noMatch: HTMLElement;
  private readonly pager: HTMLElement;
  private readonly previous: HTMLButtonElement;
  private readonly next: HTMLButtonElement;
  private order: readonly string[] = [];
  private page = 0;

  constructor(strings: Strings, actions: TableActions) {
    this.strings = strings;
    this.actions = actions;
    this.noMatch = element('p', { class: 'no-match', hidden: '' }, strings.noMatch);
    this.previous = iconButton('previous', strings.previousPage, () => {
      actions.turnTo(this.page - 1);
    });
    this.next = iconButton('next', strings.nextPage, () => actions.turnTo(this.page + 1));
    const buttons = [this.previous, this.range, this.next];
    this.pager = element('nav', { class: 'pager', 'aria-label': strings.page }, ...buttons);
    const caption = element('caption', { class: 'hidden' }, strings.runs);
    const head = element('thead', {}, this.headerRow());
    const table = element('table', { class: 'runs' }, caption, head, this.body);
    // Narrow editors scroll it sideways, also by keyboard.
    const scroller = element(
      'div',
      { class: 'scroller', role: 'region', tabindex: '0', 'aria-label': strings.runs },
      table,
    );
    this.root = element('div', {}, scroller, this.noMatch, this.pager);
  }

  /** Shows one page; `charted` in the order of the lines' colours. */
  update(page: TablePage, view: TableView, charted: readonly string[]): void {
    this.page = page.page;
    for (const [column, header] of this.headers) {
      setAttribute(header, 'aria-sort', column === view.column ? view.direction : null);
    }
    this.placeRows(page.rows);
    for (const row of page.rows) {
      const line = charted.indexOf(row.id);
      this.rows.get(row.id)?.update(row, line < 0 ? null : line);
    }
    this.noMatch.hidden = page.total > 0;
    this.pager.hidden = page.pages === 1;
    const last = page.first + page.rows.length - 1;
    setText(this.range, format(this.strings.rowsShown, page.first, last, page.total));
    this.previous.disabled = page.page === 0;
    this.next.disabled = page.page === page.pages - 1;
  }

  private placeRows(rows: readonly RunRow[]): void {
    const focused = document.activeElement;
    const order = rows.map((row) => row.id);
    const wanted = new Set(order);
    for (const [id, view] of this.rows) {
      if (!wanted.has(id)) {
        view.root.remove();
        this.rows.delete(id);
      }
    }
    for (const row of rows) {
      if (!this.rows.has(row.id)) {
        this.rows.set(row.id, new RunRowView(row, this.strings, this.actions));
      }
    }
    for (const { key, before } of placements(this.order, order)) {
      const view = this.rows.get(key);
      const next = before === null ? null : (this.rows.get(before)?.root ?? null);
      if (view !== undefined) {
        this.body.insertBefore(view.root, next);
      }
    }
    this.order = order;
    // A row that was moved has lost it.
    if (focused instanceof HTMLElement && focused !== document.activeElement) {
      if (this.body.contains(focused)) {
        focused.focus({ preventScroll: true });
      }
    }
  }

  private headerRow(): HTMLElement {
    const { strings } = this;
    const plain = (text: string, ...names: string[]): HTMLElement =>
      element(
        'th',
        { scope: 'col', class: names.join(' ') },
        element('span', { class: 'hidden' }, text),
      );
    return element(
      'tr',
      {},
      plain(strings.chartColumn, 'chart-cell'),
      this.header('name', strings.run),
      this.header('state', strings.state),
      this.header('machine', strings.machine),
      this.header('started', strings.started),
      this.header('duration', strings.duration, 'number'),
      this.header('cost', strings.cost, 'number'),
      this.header('loss', strings.loss, 'number'),
      this.header('progress', strings.progress),
      this.header('checkpoints', strings.checkpoints, 'number'),
      plain(strings.actions, 'actions-cell'),
    );
  }

  private header(column: SortColumn, text: string, className = ''): HTMLElement {
    const control = element('button', { type: 'button', class: 'sort' }, text);
    control.addEventListener('click', () => this.actions.sort(column));
    const attributes = { scope: 'col', class: className, 'data-column': column };
    const header = element('th', attributes, control);
    this.headers.set(column, header);
    return header;
  }
}
