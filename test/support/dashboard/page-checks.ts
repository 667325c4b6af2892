// Run inside the page, as text: tests are compiled without the types of a page.

/** Where the focus is, and whether one can see it. */
export interface Focus {
  readonly tag: string;
  readonly name: string;
  readonly shows: boolean;
}

/** Tells the focus. */
export const FOCUS = `(() => {
  const element = document.activeElement;
  const inner = element.shadowRoot?.activeElement ?? element;
  const shows = [element, ...element.shadowRoot?.querySelectorAll('*') ?? []].some((one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== 'none' && style.outlineWidth !== '0px' ||
      style.borderColor === 'rgb(0, 120, 212)';
  });
  const name = element.getAttribute('aria-label') ?? element.textContent.trim();
  return { tag: element.tagName, name, shows, inner: inner.tagName };
})()`;

/** Lists what a screen reader would stumble over. */
export const FAULTS = `(() => {
  const faults = [];
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  if (new Set(ids).size !== ids.length) faults.push('ids twice');
  for (const one of document.querySelectorAll('button, input, vscode-button, vscode-dropdown, vscode-text-field, progress, [role=img], section')) {
    const label = document.getElementById(one.getAttribute('aria-labelledby'))?.textContent;
    if (!(one.getAttribute('aria-label') ?? label ?? one.textContent).trim()) faults.push('no name: ' + one.outerHTML);
  }
  for (const table of document.querySelectorAll('table')) {
    if (!table.caption?.textContent) faults.push('no caption');
    if (table.querySelector('thead th:not([scope=col])')) faults.push('no scope');
  }
  for (const one of document.querySelectorAll('main svg')) {
    if (one.getAttribute('aria-hidden') !== 'true') faults.push('svg is spoken');
  }
  const levels = [...document.querySelectorAll('h1, h2, h3')].map((one) => Number(one.tagName[1]));
  if (levels[0] !== 1 || levels.some((level, i) => level > (levels[i - 1] ?? 1) + 1)) faults.push('headings ' + levels);
  if (document.querySelectorAll('[aria-live=polite]').length !== 1) faults.push('live region');
  if (!document.documentElement.lang || document.querySelectorAll('main').length !== 1) faults.push('page');
  return faults;
})()`;

/** Lists texts with a contrast below 4.5 to 1. */
export const WEAK_TEXTS = `(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const over = (top, base) => base.map((value, i) => value + (top[i] - value) * (top[3] ?? 1));
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (one) => one === null ? [255, 255, 255] : over(parse(getComputedStyle(one).backgroundColor), ground(one.parentElement));
  const weak = [];
  for (const one of document.querySelectorAll('main *')) {
    if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || one.matches('vscode-button, vscode-option, .hidden')) continue;
    const base = ground(one);
    const pair = [light(base), light(over(parse(getComputedStyle(one).color), base))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) weak.push(one.textContent + ' ' + ratio.toFixed(2));
  }
  return weak;
})()`;

/** Counts the opaque pixels of a chart by colour. */
export function pixelsOf(series: string): string {
  return `new Promise((resolve) => {
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const canvas = document.querySelector('.chart[data-series="${series}"] canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const found = {};
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 255) {
        const key = [data[i], data[i + 1], data[i + 2]].join();
        found[key] = (found[key] ?? 0) + 1;
      }
    }
    resolve(Object.entries(found));
  }));
})`;
}

/** Cells of the table of runs that another one lies over, or that are cut off. */
export const COVERED = `[...document.querySelectorAll('.runs tbody td, .runs tbody th')]
  .filter((cell) => cell.getClientRects().length > 0)
  .flatMap((cell) => {
    const scroller = cell.closest('.scroller').getBoundingClientRect();
    const { left, right, top, height } = cell.getBoundingClientRect();
    if (left < scroller.left - 1 || right > scroller.right + 1) {
      return ['cut off: ' + cell.textContent];
    }
    const row = cell.parentElement.getBoundingClientRect();
    const seen = [...cell.parentElement.children].filter((other) => {
      const box = other.getBoundingClientRect();
      return other !== cell && box.left < right - 1 && box.right > left + 1;
    });
    return seen.length === 0 && row.top <= top && height > 0 ? [] : ['covered: ' + cell.textContent];
  })`;
