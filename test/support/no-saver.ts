import type { WindowSaver } from '../../src/training/after/window-saver.ts';

/** For tests in which nothing is brought to this host. */
export const NO_SAVER: Pick<WindowSaver, 'save'> = {
  save: () => Promise.reject(new Error('Nothing is to be saved here')),
};
