import type * as vscode from 'vscode';
import { setContext } from '../context-keys.ts';

const KEY = 'runctl.runFilter';

/** The text that narrows the Runs view; kept for the workspace. */
export class RunFilter {
  private readonly state: vscode.Memento;
  private readonly onChange: () => void;

  constructor(state: vscode.Memento, onChange: () => void) {
    this.state = state;
    this.onChange = onChange;
    setContext('runctl.runsFiltered', this.text !== '');
  }

  /** Empty when every run shows. */
  get text(): string {
    return this.state.get(KEY, '');
  }

  /**
   * Sets the filter.
   *
   * @param text - words that must all occur; empty shows every run
   */
  async set(text: string): Promise<void> {
    await this.state.update(KEY, text.trim());
    setContext('runctl.runsFiltered', this.text !== '');
    this.onChange();
  }
}
