import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { element } from './dom.ts';

// The only file that knows the toolkit: its successor replaces this one.

/** A control whose value a person changes. */
export interface Control<T> {
  readonly root: HTMLElement;
  /** Sets it without telling the listener. */
  set: (value: T) => void;
}

/** Registers the elements used; once, before any is made. */
export function registerToolkit(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodePanels(),
    vsCodePanelTab(),
    vsCodePanelView(),
    vsCodeTextField(),
  );
}

export function button(
  text: string,
  appearance: 'primary' | 'secondary',
  onClick: () => void,
): HTMLElement {
  const root = element('vscode-button', { appearance }, text);
  root.addEventListener('click', onClick);
  return root;
}

export function checkbox(
  text: string,
  checked: boolean,
  onChange: (checked: boolean) => void,
): Control<boolean> {
  const root = element('vscode-checkbox', {}, text) as HTMLElement & { checked: boolean };
  let silent = false;
  root.checked = checked;
  root.addEventListener('change', () => {
    if (!silent) {
      onChange(root.checked);
    }
  });
  return {
    root,
    set: (value) => {
      // The element tells of changes by code as well.
      silent = true;
      root.checked = value;
      silent = false;
    },
  };
}

export function dropdown<T extends string>(
  label: string,
  options: readonly (readonly [value: T, text: string])[],
  value: T,
  onChange: (value: T) => void,
): Control<T> {
  const children = options.map(([name, text]) => {
    const option = element('vscode-option', { value: name }, text);
    option.toggleAttribute('selected', name === value);
    return option;
  });
  const list = element('vscode-dropdown', { 'aria-label': label }, ...children) as HTMLElement & {
    value: string;
  };
  list.addEventListener('change', () => {
    const chosen = options.find(([name]) => name === list.value);
    if (chosen !== undefined) {
      onChange(chosen[0]);
    }
  });
  return { root: list, set: (next) => (list.value = next) };
}

export function textField(
  label: string,
  placeholder: string,
  onInput: (text: string) => void,
): Control<string> {
  // The element takes its name from its text alone; the style sheet hides that.
  const root = element('vscode-text-field', { placeholder, size: '34' }, label) as HTMLElement & {
    value: string;
  };
  root.addEventListener('input', () => onInput(root.value));
  return { root, set: (value) => (root.value = value) };
}

/** Tabs with a view each; tells which one is shown after a change. */
export function panels(
  label: string,
  views: readonly (readonly [id: string, title: string, content: HTMLElement])[],
  onShow: (id: string) => void,
): HTMLElement {
  const root = element(
    'vscode-panels',
    { 'aria-label': label },
    ...views.map(([id, title]) => element('vscode-panel-tab', { id }, title)),
    ...views.map(([id, , content]) => element('vscode-panel-view', { id: `${id}-view` }, content)),
  ) as HTMLElement & { activeid: string };
  root.addEventListener('change', (event) => {
    // Controls within a view tell of their changes by the same event.
    if (event.target === root) {
      onShow(root.activeid);
    }
  });
  return root;
}
