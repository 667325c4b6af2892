import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'mocha';
import { COVERED, FAULTS, FOCUS, pixelsOf, WEAK_TEXTS } from '../support/dashboard/page-checks.ts';
import type { Focus } from '../support/dashboard/page-checks.ts';
import { DashboardHarness } from '../support/dashboard/page-harness.ts';
import { busyRuns, manyRuns, runView, snapshotOf } from '../support/dashboard/samples.ts';
import { DARK, KINDS, LIGHT } from '../support/dashboard/themes.ts';

const BUSY = snapshotOf(busyRuns());
const FRESH = {};

describe('The dashboard page in a browser', () => {
  let harness: DashboardHarness;

  before(async function () {
    this.timeout(60_000);
    harness = await DashboardHarness.start();
  });
  after(() => harness.dispose());

  afterEach(() => {
    assert.deepEqual(harness.violations, [], 'the content security policy is kept');
    assert.deepEqual(harness.errors, []);
  });

  const names = () => harness.page.locator('.runs tbody th .name').allTextContents();
  const row = (name: string) => harness.page.locator(`tr[data-run="r-${name}"]`);
  const header = (name: string) =>
    harness.page.locator('.runs thead').getByRole('button', { name, exact: true });
  const chart = (series: string) => harness.page.locator(`.chart[data-series="${series}"]`);

  /** How many pixels of a chart are painted in another colour than the axes. */
  async function colours(series: string): Promise<Map<string, number>> {
    await chart(series).locator('canvas').waitFor();
    return new Map(await harness.page.evaluate<[string, number][]>(pixelsOf(series)));
  }

  it('shows runs, totals and the charts of the newest active run', async () => {
    await harness.open(BUSY, FRESH);
    assert.equal((await names())[0], 'vit-small-finetune');
    assert.equal(await row('lr-sweep-1e-2').locator('.state').textContent(), 'failed');
    assert.match((await row('lr-sweep-1e-2').textContent()) ?? '', /not a number/);
    assert.match((await row('night-run').textContent()) ?? '', /unknown/);
    const tiles = await harness.page.locator('.tile').allTextContents();
    assert.match(tiles[0] ?? '', /Active runs3/);
    assert.match(tiles[1] ?? '', /\$0\.48\/h/);
    await chart('loss').locator('.legend tbody tr').waitFor();
    assert.ok(await row('digits-cosine').getByRole('checkbox').isChecked());
  });

  it('shows a run\'s name as text, whatever it is', async () => {
    const evil = '<img src=x onerror="document.title=1">';
    await harness.open(snapshotOf([runView({ name: evil, state: 'running', minutesAgo: 3 })]), FRESH);
    assert.deepEqual(await names(), [evil]);
    assert.equal(await harness.page.locator('main img').count(), 0);
  });

  it('sorts by a header, by mouse and by keyboard, and says so', async () => {
    await harness.open(BUSY, FRESH);
    await header('Loss').click();
    assert.deepEqual((await names()).slice(0, 2), ['lr-sweep-3e-4', 'night-run']);
    const sorted = harness.page.locator('.runs th[aria-sort]');
    assert.equal(await sorted.getAttribute('aria-sort'), 'ascending');
    await harness.page.keyboard.press('Enter');
    assert.equal((await names())[0], 'resnet-warmup');
    assert.equal(await sorted.getAttribute('aria-sort'), 'descending');
    assert.ok((await names()).slice(-2).includes('vit-small-finetune'), 'no loss comes last');
  });

  it('filters, pages, and remembers all of it over a reload', async () => {
    await harness.open(snapshotOf(manyRuns(120)), FRESH);
    assert.equal((await names()).length, 25);
    await header('Run').click();
    await harness.page.getByRole('button', { name: 'Next page' }).click();
    assert.equal((await names())[0], 'sweep-025');
    assert.equal(await harness.page.locator('.range').textContent(), '26–50 of 120');
    await row('sweep-030').getByRole('checkbox').check();
    await chart('loss').locator('.line-1').waitFor();
    await harness.open(snapshotOf(manyRuns(120)));
    await chart('loss').locator('.line-1').waitFor();
    assert.equal((await names())[0], 'sweep-025');
    assert.ok(await row('sweep-030').getByRole('checkbox').isChecked());
    await harness.page.getByRole('textbox', { name: 'Filter runs' }).fill('sweep-11');
    assert.equal((await names()).length, 10);
    await harness.page.getByRole('textbox', { name: 'Filter runs' }).fill('nothing like it');
    assert.ok(await harness.page.getByText('No run matches.').isVisible());
  });

  it('draws each ticked run in its own colour', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'] });
    const blue = '89,164,249';
    const orange = '209,134,22';
    const one = await colours('loss');
    assert.ok((one.get(blue) ?? 0) > 50, 'a line is there');
    assert.equal(one.get(orange), undefined);
    await row('digits-baseline').getByRole('checkbox').check();
    await chart('loss').locator('.legend .line-1').waitFor();
    assert.ok(((await colours('loss')).get(orange) ?? 0) > 50);
    const label = await chart('loss').getByRole('img').getAttribute('aria-label');
    assert.match(label ?? '', /loss over Step\./);
    assert.match(label ?? '', /digits-cosine: last 0\.\d+.*, lowest 0\.\d+, highest \d\.\d+\./);
    assert.match(label ?? '', /digits-baseline: last /);
    assert.match((await chart('loss').locator('.legend').textContent()) ?? '', /at step/);
  });

  it('charts the series one picks, over time, and on a logarithmic scale', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'], series: ['loss'] });
    const before = await colours('loss');
    await harness.page.getByRole('checkbox', { name: 'accuracy' }).click();
    await chart('accuracy').locator('canvas').waitFor();
    await harness.page.getByRole('checkbox', { name: 'Logarithmic' }).click();
    await harness.page.getByRole('combobox', { name: 'Over' }).click();
    await harness.page.getByRole('option', { name: 'Time since start' }).click();
    await harness.page.getByRole('img', { name: /loss over Time/ }).waitFor();
    assert.notDeepEqual(await colours('loss'), before);
  });

  it('gives every value as text in a second tab', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'], series: ['loss'] });
    await chart('loss').waitFor();
    await harness.page.getByRole('tab', { name: 'Values' }).click();
    const table = harness.page.getByRole('table', { name: 'loss of digits-cosine' });
    assert.ok((await table.getByRole('row').count()) > 20);
    assert.equal(await table.getByRole('cell').first().textContent(), '12,600');
  });

  it('takes colours of a new theme at once', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'], series: ['loss'] });
    await colours('loss');
    await harness.theme('vscode-light', LIGHT);
    await harness.page.waitForTimeout(100);
    const light = await colours('loss');
    assert.ok((light.get('0,99,211') ?? 0) > 50);
    assert.equal(light.get('89,164,249'), undefined);
    await harness.theme('vscode-dark', DARK);
  });

  it('fits its charts into a narrow editor', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'], series: ['loss'] });
    await colours('loss');
    await harness.page.setViewportSize({ width: 520, height: 800 });
    await harness.page.waitForTimeout(200);
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
    assert.ok(Number(await harness.page.evaluate(overflow)) <= 0, 'nothing sticks out');
    await harness.screenshot('narrow');
    await harness.page.setViewportSize({ width: 1280, height: 800 });
  });

  it('shows every fact of a run and covers none, in any width from 600 pixels on', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'], series: ['loss'] });
    await chart('loss').waitFor();
    const facts = [/digits-cosine/g, /running/g, /This computer/g, /\d+:\d\d/g, /52m/g,
      /\$0\.41/g, /0\.1642/g, /68%/g, /26m left/g, /3( checkpoints|\nstep 12,000)/g];
    for (let width = 600; width <= 1300; width += 50) {
      await harness.page.setViewportSize({ width, height: 800 });
      const text = await row('digits-cosine').innerText();
      for (const fact of facts) {
        assert.equal(text.match(fact)?.length, 1, `${String(fact)} once in ${width} pixels: ${text}`);
      }
      assert.deepEqual(await harness.page.evaluate<string[]>(COVERED), [], `${width} pixels`);
    }
    for (const [name, kind, theme] of KINDS) {
      await harness.theme(kind, theme);
      for (const width of [900, 600]) {
        await harness.page.setViewportSize({ width, height: 800 });
        await harness.screenshot(`${width}-${name}`);
      }
    }
    await harness.page.setViewportSize({ width: 1280, height: 800 });
  });

  it('marks a stopped run in the colour of quiet text: the person wanted it, so it warns of nothing', async () => {
    await harness.open(BUSY, FRESH);
    const stopped = row('resnet-warmup').locator('.state');
    assert.equal(await stopped.textContent(), 'stopped');
    for (const [name, kind, theme] of KINDS) {
      await harness.theme(kind, theme);
      const [marker, quiet] = await harness.page.evaluate<string[]>(`[
        getComputedStyle(document.querySelector('[data-state=stopped]'), '::before').backgroundColor,
        getComputedStyle(document.querySelector('.tile .detail')).color,
      ]`);
      assert.equal(marker, quiet, name);
    }
  });

  it('touches only what changed, and leaves the focus where it is', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'], table: { column: 'loss', direction: 'ascending' } });
    await chart('loss').waitFor();
    const log = row('digits-baseline').getByRole('button', { name: /log/ });
    await log.focus();
    await harness.page.evaluate(`
      window.touched = new Set();
      new MutationObserver((records) => {
        for (const { target } of records) {
          const element = target.nodeType === 1 ? target : target.parentElement;
          window.touched.add(element?.closest('tr')?.dataset.run ?? element?.tagName);
        }
      }).observe(document.querySelector('.runs'), { subtree: true, childList: true, characterData: true });
    `);
    const runs = busyRuns().map((view) =>
      view.run.name === 'digits-baseline'
        ? runView({ name: 'digits-baseline', state: 'running', minutesAgo: 95, loss: 0.01, cost: 1_310_000, step: 15_200, total: 18_000, steps: [14_000, 10_000] })
        : view,
    );
    await harness.change(snapshotOf(runs));
    await harness.page.locator('tbody tr:first-child[data-run="r-digits-baseline"]').waitFor();
    assert.deepEqual(
      new Set(await harness.page.evaluate<string[]>('[...window.touched]')),
      new Set(['r-digits-baseline', 'TBODY']),
    );
    const focused = await harness.page.evaluate('document.activeElement.title');
    assert.equal(focused, await log.getAttribute('title'));
    const patch = harness.posted.find((message) => message.kind === 'patch');
    assert.deepEqual(patch?.rows.upsert.map(({ id }) => id), ['r-digits-baseline']);
  });

  it('asks the extension to act, for what a run can do', async () => {
    await harness.open(BUSY, FRESH);
    await row('digits-cosine').getByRole('button', { name: 'Stop digits-cosine' }).click();
    await row('digits-cosine').getByRole('button', { name: /log/ }).click();
    await row('resnet-warmup').getByRole('button', { name: 'Resume resnet-warmup' }).click();
    await harness.page.getByRole('button', { name: 'Launch Training…' }).click();
    await harness.page.waitForFunction('true');
    assert.deepEqual(harness.commands, [
      ['runctl.stopRun', 'r-digits-cosine'], ['runctl.showLog', 'r-digits-cosine'],
      ['runctl.resumeRun', 'r-resnet-warmup'], ['runctl.launch', null],
    ]);
    assert.equal(await row('resnet-warmup').getByRole('button', { name: /Stop/ }).count(), 0);
    assert.equal(await row('lr-sweep-1e-2').getByRole('button', { name: /Resume/ }).count(), 0);
  });

  it('is silent while nobody sees it, and right when it comes back', async () => {
    await harness.open(BUSY, FRESH);
    await chart('loss').waitFor();
    harness.dashboard.setVisible(false);
    harness.posted.length = 0;
    const ended = busyRuns().filter(({ run }) => run.endedAt !== null);
    await harness.change(snapshotOf(ended));
    assert.deepEqual(harness.posted, []);
    harness.dashboard.setVisible(true);
    await harness.change(snapshotOf(ended));
    await row('digits-cosine').waitFor({ state: 'detached' });
    assert.match((await harness.page.locator('.tile').first().textContent()) ?? '', /Active runs0/);
  });

  it('waits for facts, then offers the first launch', async () => {
    await harness.open(null, FRESH);
    assert.ok(await harness.page.getByText('Loading runs…').isVisible());
    await harness.change(snapshotOf([]));
    await harness.page.getByRole('heading', { name: 'No runs yet' }).waitFor();
    await harness.screenshot('empty');
    await harness.page.getByRole('button', { name: 'Launch Training…' }).click();
    await harness.page.waitForFunction('true');
    assert.deepEqual(harness.commands, [['runctl.launch', null]]);
    await harness.change(BUSY);
    await row('digits-cosine').waitFor();
  });

  it('can be used by keyboard alone, and always shows where one is', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'], series: ['loss'] });
    await chart('loss').waitFor();
    const seen = new Set<string>();
    for (let presses = 0; presses < 90; presses += 1) {
      await harness.page.keyboard.press('Tab');
      const focus = await harness.page.evaluate<Focus>(FOCUS);
      if (focus.tag === 'BODY') break;
      assert.ok(focus.name !== '', `${focus.tag} has a name`);
      assert.ok(focus.shows, `${focus.tag} ${focus.name} shows its focus`);
      seen.add(focus.name);
    }
    const wanted = ['Launch Training…', 'Filter runs', 'Show', 'Loss', 'Chart digits-cosine',
      'Stop digits-cosine', 'Show log of night-run', 'Over', 'Logarithmic', 'accuracy', 'Charts'];
    for (const name of wanted) {
      assert.ok(seen.has(name), `${name} is reached: ${[...seen].join(', ')}`);
    }
    assert.ok([...seen].some((name) => name.startsWith('Line chart of loss')), 'the chart is reached');
  });

  it('has the bones a screen reader needs', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'], series: ['loss'] });
    await chart('loss').locator('canvas').waitFor();
    const faults = await harness.page.evaluate<string[]>(FAULTS);
    assert.deepEqual(faults, []);
  });

  it('keeps text readable in every theme', async () => {
    await harness.open(BUSY, { runIds: ['r-digits-cosine'], series: ['loss'] });
    await chart('loss').locator('canvas').waitFor();
    for (const [name, kind, theme] of KINDS) {
      await harness.theme(kind, theme);
      const weak = await harness.page.evaluate<string[]>(WEAK_TEXTS);
      assert.deepEqual(weak, [], name);
    }
  });

  it('looks like a page of VS Code in light, dark and high contrast', async () => {
    const runIds = ['r-digits-cosine', 'r-digits-baseline', 'r-lr-sweep-3e-4'];
    await harness.open(BUSY, { runIds, series: ['loss', 'accuracy'] });
    await chart('accuracy').locator('canvas').waitFor();
    for (const [name, kind, theme] of KINDS) {
      await harness.theme(kind, theme);
      await colours('loss');
      // An empty page is a few kilobytes.
      assert.ok(statSync(await harness.screenshot(name)).size > 30_000);
    }
  });
});
