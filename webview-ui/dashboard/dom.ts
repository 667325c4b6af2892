const SVG = 'http://www.w3.org/2000/svg';

/** Makes an element; text stays text. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Sets a text only when it differs: a rewrite would lose a selection in it. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

/** Sets or removes an attribute, only when it differs. */
export function setAttribute(target: Element, name: string, value: string | null): void {
  if (target.getAttribute(name) === value) {
    return;
  }
  if (value === null) {
    target.removeAttribute(name);
  } else {
    target.setAttribute(name, value);
  }
}

/** Pictures of 16 by 16, in the text's colour. */
export type IconName = 'stop' | 'resume' | 'log' | 'details' | 'previous' | 'next';

const ICONS: Readonly<Record<IconName, readonly string[]>> = {
  stop: ['M3.5 3.5h9v9h-9z'],
  resume: ['M4 2.5v11M7 3.2v9.6l6.5-4.8z'],
  log: ['M2.5 3.5h11M2.5 6.5h8M2.5 9.5h11M2.5 12.5h6'],
  details: ['M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 7v4.2M8 4.6v.9'],
  previous: ['M10 3l-5 5 5 5'],
  next: ['M6 3l5 5-5 5'],
};

/** A picture that screen readers pass over. */
export function icon(name: IconName): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  for (const d of ICONS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

/** An icon alone, so it carries its name for screen readers and as a tooltip. */
export function iconButton(name: IconName, label: string, onClick: () => void): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.className = 'icon-button';
  made.append(icon(name));
  setLabel(made, label);
  made.addEventListener('click', onClick);
  return made;
}

export function setLabel(target: Element, label: string): void {
  setAttribute(target, 'aria-label', label);
  setAttribute(target, 'title', label);
}
