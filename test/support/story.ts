import { join } from 'node:path';
import type { Context } from 'mocha';
import { waitFor } from '../../scripts/lib/process.ts';
import { channelTexts } from './channel-log.ts';
import { logFile, runIds } from './digits.ts';
import type { RunHost } from './digits.ts';
import type { Scenario } from './scenario.ts';
import type { TreeRow, TreeView } from './tree-view.ts';
import type { VsCodeWindow } from './vscode-window.ts';

/** Opens the first window of a scenario with both trees in sight. */
export async function openFirstWindow(scenario: Scenario): Promise<VsCodeWindow> {
  const window = await scenario.openWindow();
  await window.waitForActivation(1);
  await window.openContainer('runctl');
  return window;
}

/** Launches a profile through the four steps of the palette; answers the new run's id. */
export async function launch(
  scenario: Scenario,
  window: VsCodeWindow,
  profile: string,
): Promise<string> {
  return await newRun(scenario, async () => {
    const { quickInput } = window;
    await quickInput.runCommand('runctl: Launch Training');
    await quickInput.waitFor('Where should it run?');
    await quickInput.pick('Local');
    await quickInput.waitFor('On which machine?');
    await quickInput.pick('/h');
    await quickInput.waitFor('What should run?');
    await quickInput.pickAfterTyping(profile, profile);
    await quickInput.waitFor('Launch this?');
    await quickInput.pick(`Launch ${profile} on`);
  });
}

/** Does what starts one run; answers its id once the machine has it. */
export async function newRun(host: RunHost, act: () => Promise<void>): Promise<string> {
  const before = runIds(host);
  await act();
  return await waitFor('a new run', () => runIds(host).find((id) => !before.includes(id)));
}

/** Waits until a row's label and description match; a failure tells the rows seen last. */
export async function waitForRow(
  tree: TreeView,
  pattern: RegExp,
  timeoutMs?: number,
): Promise<TreeRow> {
  let seen: string[] = [];
  const look = async (): Promise<TreeRow | undefined> => {
    const rows = await tree.rows();
    seen = rows.map(({ label, description }) => `${label} ${description}`);
    return rows[seen.findIndex((text) => pattern.test(text))];
  };
  try {
    return await waitFor(`a row ${String(pattern)}`, look, timeoutMs);
  } catch (error) {
    throw new Error(`rows: ${seen.join(' | ')}`, { cause: error });
  }
}

/** Waits until an answer is the wished one; a failure tells the last answer. */
export async function waitUntil(
  expected: string | RegExp,
  look: () => Promise<string> | string,
  timeoutMs?: number,
): Promise<string> {
  let last = '';
  const holds = (): boolean =>
    typeof expected === 'string' ? last === expected : expected.test(last);
  try {
    return await waitFor(
      String(expected),
      async () => {
        last = await look();
        return holds() ? last : undefined;
      },
      timeoutMs,
    );
  } catch (error) {
    throw new Error(`wished for ${String(expected)}, got: ${last.slice(-1500)}`, { cause: error });
  }
}

/** Name of a run's output channel. */
export function channelName(name: string, id: string): string {
  return `runctl: ${name} (${id.slice(-6)})`;
}

/** Waits until the newest channel of a run shows the very text of its log file on a machine. */
export async function waitForWholeLog(
  scenario: Scenario,
  name: string,
  id: string,
  host: RunHost = scenario,
): Promise<void> {
  const channel = (): string =>
    channelTexts(scenario.dataDir, channelName(name, id)).at(-1) ?? '';
  try {
    await waitFor(
      'the channel to show the whole log',
      () => channel() === logFile(host, id) || undefined,
      15_000,
    );
  } catch {
    const [shown, written] = [channel(), logFile(host, id)];
    const at = written.split('\n').findIndex((line, index) => shown.split('\n')[index] !== line);
    throw new Error(
      `the channel (${shown.length}) leaves the file (${written.length}) after line ${at}:\n` +
        [shown, written].map((text) => text.split('\n').slice(at - 2, at + 3)).join('\n--- file ---\n'),
    );
  }
}

/** Text of the message in the corner that matches, once there is one. */
export async function waitForMessage(window: VsCodeWindow, pattern: RegExp): Promise<string> {
  return await waitUntil(pattern, async () =>
    (await window.panels.notifications()).map(({ message }) => message).join('\n'),
  );
}

/** Keeps a picture of every window when a test fails; for `afterEach`. */
export async function keepPicture(
  context: Context,
  name: string,
  ...windows: readonly (VsCodeWindow | undefined)[]
): Promise<void> {
  if (context.currentTest?.state !== 'failed') return;
  for (const [index, window] of windows.entries()) {
    await window?.screenshot(join('failed', `${name}-${index}`)).catch(() => undefined);
  }
}
