import { relative } from 'node:path';
import {
  copyDigits,
  endDigits,
  logFile,
  stepsOf,
} from '../test/support/digits.ts';
import { Scenario } from '../test/support/scenario.ts';
import {
  channelName,
  launch,
  newRun,
  openFirstWindow,
  waitForRow,
  waitForWholeLog,
} from '../test/support/story.ts';
import type { VsCodeWindow } from '../test/support/vscode-window.ts';
import { ensureDebian } from './debian.ts';
import { ROOT } from './lib/paths.ts';
import { waitFor } from './lib/process.ts';

// Plays the story unattended on the packaged VSIX in a headless, real VS Code:
// launch, log, checkpoints, reload, stop, resume. `npm run demo`.
const PROFILE = 'digits-slow';

await ensureDebian('browser', 'build');
console.log('Starting VS Code with the packaged extension on a copy of examples/digits…');
const scenario = await Scenario.start('demo');
try {
  await copyDigits(scenario.workspace);
  await play(await openFirstWindow(scenario));
  console.log('\nEverything happened as it should.');
} catch (error) {
  console.error('\n✘ This did not happen:', error);
  process.exitCode = 1;
} finally {
  await endDigits(scenario);
}
// A leaked handle must not keep the demo from ending.
process.exit();

async function play(window: VsCodeWindow): Promise<void> {
  const tree = window.tree('Runs');
  await window.page.setViewportSize({ width: 1440, height: 900 });

  const run = await launch(scenario, window, PROFILE);
  await waitForRow(tree, new RegExp(`^${PROFILE} running`));
  told(`launched ${PROFILE} from the palette as ${run}`);

  await window.waitForChannel(channelName(PROFILE, run), 'step=50 ');
  told('its log streams into an output channel');
  await shot(window, 'demo-log');

  await waitForRow(tree, new RegExp(`^${PROFILE} running · \\d+% · loss `), 60_000);
  await tree.row(PROFILE).locator('.monaco-tl-twistie.collapsible').waitFor();
  await tree.expand(PROFILE);
  const found = await waitForRow(tree, /^step-000180\.ckpt step 180 /, 60_000);
  told(`checkpoints appear: ${found.label}, ${found.description}`);
  await showAll(window);
  await shot(window, 'demo-watching');

  await window.reloadByCommand();
  await window.openContainer('runctl');
  await waitForRow(tree, new RegExp(`^${PROFILE} running`));
  told('the window was reloaded, and the run is still there');

  await tree.inlineAction(PROFILE, 'Stop Run');
  const stopped = await waitForRow(tree, new RegExp(`^${PROFILE} stopped`), 60_000);
  await waitForWholeLog(scenario, PROFILE, run);
  told(`stopped: ${stopped.description}; no line of its log is missing or doubled`);
  await shot(window, 'demo-stopped');

  await tree.expand(PROFILE);
  const resumed = await newRun(scenario, () =>
    tree.inlineAction('step-000180.ckpt', 'Resume from Here'),
  );
  const first = await waitFor('the first step', () => stepsOf(logFile(scenario, resumed))[0]);
  if (first !== 190) throw new Error(`resumed with a line of step ${first} instead of 190`);
  await waitForRow(tree, new RegExp(`^${PROFILE} running · \\d+%`));
  told(`resumed from step-000180.ckpt as ${resumed}; its first line is of step ${first}`);
  await shot(window, 'demo-resumed');

  await tree.inlineAction(PROFILE, 'Stop Run');
  await waitForRow(tree, new RegExp(`^${PROFILE} stopped`), 60_000);
  told('stopped again');
}

/** The dashboard above the log, with room for both, and for the tree beside them. */
async function showAll(window: VsCodeWindow): Promise<void> {
  const { page } = window;
  await window.setTheme('dark');
  await window.quickInput.runCommand('runctl: Open Dashboard');
  const chart = window.webview().locator('.chart[data-series="loss"] canvas');
  await chart.waitFor();
  const panel = await page.locator('.part.panel').boundingBox();
  const [x, y] = [1000, panel?.y ?? 600];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x, y + 90, { steps: 5 });
  await page.mouse.up();
  await chart.scrollIntoViewIfNeeded();
  await waitForRow(window.tree('Runs'), /^step-000360/, 60_000);
}

function told(text: string): void {
  console.log(`✔ ${text}`);
}

async function shot(window: VsCodeWindow, name: string): Promise<void> {
  console.log(`  picture: ${relative(ROOT, await window.screenshot(name))}`);
}
