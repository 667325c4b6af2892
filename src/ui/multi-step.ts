import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../core/errors.ts';

/** One step of a series of picks; returns what comes next, or nothing at the end. */
export type Step<S> = (state: S, ui: StepUi) => Promise<Step<S> | undefined>;

/** A row that stands for a value; one without is there to be read only. */
export interface PickRow<T> extends vscode.QuickPickItem {
  readonly value?: T;
}

/** What a pick shows. */
export interface PickOptions<T> {
  readonly placeholder: string;
  readonly rows: readonly PickRow<T>[] | Promise<readonly PickRow<T>[]>;
}

/** Asks within a series: title, step count and Back come from the series. */
export interface StepUi {
  pick<T>(options: PickOptions<T>): Promise<T>;
  input(options: {
    readonly prompt: string;
    readonly value: string;
    readonly validate: (value: string) => string | undefined;
  }): Promise<string>;
}

class Back extends Error {}

/**
 * Leads through steps with a Back button. A step that is passed over (one
 * possible answer) is no stop on the way back.
 *
 * @param title - of the whole series
 * @param total - steps, for "2/4"
 * @param state - filled in by the steps
 * @param first - where it begins
 * @throws {CancelledError} when the user leaves it
 */
export async function multiStep<S>(
  title: string,
  total: number,
  state: S,
  first: Step<S>,
): Promise<void> {
  const visited: Step<S>[] = [];
  let step: Step<S> | undefined = first;
  while (step !== undefined) {
    const seen = { asked: false };
    // A step that is asked once more makes no further one.
    const number = Math.min(visited.length + 1, total);
    const ui = stepUi(title, number, total, visited.length > 0, () => {
      seen.asked = true;
    });
    try {
      const next: Step<S> | undefined = await step(state, ui);
      if (seen.asked) {
        visited.push(step);
      }
      step = next;
    } catch (error) {
      if (!(error instanceof Back)) {
        throw error;
      }
      step = visited.pop();
    }
  }
}

function stepUi(
  title: string,
  step: number,
  totalSteps: number,
  canGoBack: boolean,
  onAsk: () => void,
): StepUi {
  const dress = (input: vscode.QuickInput & { buttons: readonly vscode.QuickInputButton[] }): void => {
    onAsk();
    input.title = title;
    input.step = step;
    input.totalSteps = totalSteps;
    input.ignoreFocusOut = true;
    input.buttons = canGoBack ? [vscode.QuickInputButtons.Back] : [];
  };
  return {
    pick: async <T>(options: PickOptions<T>): Promise<T> => {
      const input = vscode.window.createQuickPick<PickRow<T>>();
      dress(input);
      input.placeholder = options.placeholder;
      input.matchOnDescription = true;
      input.matchOnDetail = true;
      input.busy = true;
      const accepted = answer(input, () => input.activeItems[0]?.value);
      input.show();
      try {
        void fill(input, options.rows);
        return await accepted;
      } finally {
        input.dispose();
      }
    },
    input: async (options): Promise<string> => {
      const input = vscode.window.createInputBox();
      dress(input);
      input.prompt = options.prompt;
      input.value = options.value;
      input.onDidChangeValue((value) => {
        input.validationMessage = options.validate(value);
      });
      const accepted = answer(input, () =>
        options.validate(input.value) === undefined ? input.value : undefined,
      );
      input.show();
      try {
        return await accepted;
      } finally {
        input.dispose();
      }
    },
  };
}

async function fill<T>(
  input: vscode.QuickPick<PickRow<T>>,
  rows: PickOptions<T>['rows'],
): Promise<void> {
  try {
    input.items = await rows;
    if (input.items.length === 0) {
      input.placeholder = l10n.t('Nothing to choose from');
    }
  } catch (error) {
    input.items = [];
    input.placeholder = error instanceof Error ? error.message : String(error);
  } finally {
    input.busy = false;
  }
}

type Answerable = (vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox) & {
  readonly onDidAccept: vscode.Event<void>;
};

function answer<T>(
  input: Pick<Answerable, 'onDidAccept' | 'onDidHide' | 'onDidTriggerButton'>,
  value: () => T | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    input.onDidAccept(() => {
      const chosen = value();
      if (chosen !== undefined) {
        resolve(chosen);
      }
    });
    input.onDidTriggerButton((button) => {
      if (button === vscode.QuickInputButtons.Back) {
        reject(new Back());
      }
    });
    input.onDidHide(() => reject(new CancelledError()));
  });
}
