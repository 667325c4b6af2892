import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { SystemClock } from '../../src/core/clock.ts';
import type { RunId } from '../../src/core/ids.ts';
import { NULL_LOGGER } from '../../src/core/logger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { NOW, sampleRun } from '../support/samples.ts';
import { Scenario } from '../support/scenario.ts';
import { RUNS } from './bench-case.ts';

const SEEDED = 10_000;
const STORAGE = 'data/User/globalStorage/runctl.runctl/ledger.sqlite';

/**
 * Milliseconds from the click on "Show more" in a Runs view of 10,000 runs to
 * the next page's first row on the screen.
 */
export async function repaintTimes(): Promise<readonly number[]> {
  const scenario = await Scenario.start('bench-tree');
  try {
    await seed(join(scenario.dataDir, STORAGE));
    const window = await scenario.openWindow();
    await window.openContainer('runctl');
    const tree = window.tree('Runs');
    await tree.row(/run 0000/).waitFor();
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      await window.page.evaluate("document.querySelector('.pane-body .monaco-list').focus()");
      await window.page.keyboard.press('End');
      await tree.row(/Show more/).waitFor();
      const next = `run ${String(500 * (run + 1)).padStart(4, '0')}`;
      times.push(await clickToRow(window.page, next));
    }
    return times;
  } finally {
    await scenario.dispose();
  }
}

// Measured in the page itself, so that the way to it costs nothing. As text:
// this file is compiled without the types of a page.
async function clickToRow(page: Page, text: string): Promise<number> {
  const wanted = JSON.stringify(text);
  return await page.evaluate<number>(`new Promise((resolve) => {
    const rows = () => [...document.querySelectorAll('.pane-body .monaco-list-row')];
    const more = rows().find((row) => row.textContent.includes('Show more'));
    const began = performance.now();
    const look = () => {
      if (rows().some((row) => row.textContent.includes(${wanted}))) {
        requestAnimationFrame(() => resolve(performance.now() - began));
      } else {
        requestAnimationFrame(look);
      }
    };
    const label = more.querySelector('.monaco-icon-label-container') ?? more;
    for (const type of ['mousedown', 'mouseup', 'click']) {
      label.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, button: 0 }));
    }
    look();
  })`);
}

async function seed(path: string): Promise<void> {
  const clock = new SystemClock();
  const { ledger } = await openLedger(path, { clock, logger: NULL_LOGGER });
  for (let index = 0; index < SEEDED; index += 1) {
    const name = `run ${String(index).padStart(4, '0')}`;
    await ledger.runs.insert(
      sampleRun({
        id: `r${String(SEEDED - index).padStart(6, '0')}` as RunId,
        name,
        state: 'succeeded',
        createdAt: NOW - index,
        endedAt: NOW,
      }),
    );
  }
  await ledger.close();
}
