import type { Strings, Totals } from '../../src/ui/dashboard/messages.ts';
import { element, setText } from './dom.ts';

interface Tile {
  readonly value: HTMLElement;
  readonly detail: HTMLElement;
}

/** The tiles on top; a screen reader hears of changed counts, not of every cent. */
export class TotalsView {
  readonly root: HTMLElement;
  private readonly list = element('dl', { class: 'tiles' });
  private readonly spoken = element('p', {
    class: 'hidden',
    role: 'status',
    'aria-live': 'polite',
  });
  private readonly problems = element('ul', { class: 'problems' });
  private readonly notListed = element('p', { class: 'detail' });
  private readonly tiles = new Map<string, Tile>();

  constructor(strings: Strings) {
    const parts = [this.list, this.problems, this.notListed, this.spoken];
    this.root = element('section', { 'aria-label': strings.totals }, ...parts);
  }

  update(totals: Totals): void {
    for (const { id, label, value, detail } of totals.tiles) {
      const tile = this.tiles.get(id) ?? this.addTile(id, label);
      setText(tile.value, value);
      setText(tile.detail, detail);
    }
    setText(this.spoken, totals.spoken);
    const items = totals.problems.map((problem) => element('li', {}, problem));
    this.problems.replaceChildren(...items);
    this.problems.hidden = items.length === 0;
    setText(this.notListed, totals.notListed);
    this.notListed.hidden = totals.notListed === '';
  }

  private addTile(id: string, label: string): Tile {
    const value = element('span', { class: 'figure' });
    const detail = element('span', { class: 'detail' });
    const figures = element('dd', {}, value, detail);
    this.list.append(element('div', { class: 'tile' }, element('dt', {}, label), figures));
    this.tiles.set(id, { value, detail });
    return { value, detail };
  }
}
