import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { runFiles } from '../../support/run-files.ts';
import type { FilesOptions } from '../../support/run-files.ts';
import { readResult } from '../../support/run-mocha.ts';
import type { GroupResult } from '../../support/run-mocha.ts';

describe('Test files in processes of their own', function () {
  this.timeout(30_000);
  let folder: string;
  let printed: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-files-'));
    printed = '';
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are counted together, with the titles of what was skipped', async () => {
    const files = [
      await file('a', "it('one', () => {}); it('two', () => {});"),
      await file('b', "it('three', () => {}); it.skip('four', () => {});"),
      await file('c', "it('five', () => { throw new Error('wrong'); });"),
    ];
    const result = await run(files);
    assert.deepEqual(result, {
      group: 'unit',
      planned: 5,
      passed: 3,
      failed: 1,
      skipped: ['four'],
    });
    assert.deepEqual(await readResult(join(folder, 'result.json')), result);
    assert.match(printed, /Error: wrong/);
  });

  const endings = [
    { what: 'one that ends itself', source: "it('dies', () => process.exit(0));" },
    { what: 'one that is killed', source: "it('dies', () => process.kill(process.pid, 9));" },
    { what: 'one that cannot be read', source: 'it(' },
  ];
  for (const { what, source } of endings) {
    it(`count ${what} as a failure`, async () => {
      const files = [await file('a', "it('one', () => {});"), await file('b', source)];
      const { passed, failed } = await run(files);
      assert.deepEqual([passed, failed], [1, 1]);
      assert.match(printed, /b\.test\.mjs: no result, it ended with/);
    });
  }

  it('run two at a time, in their order; beside some runs nothing', async () => {
    const files: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      files.push(await file(name, note(name, name === 'c' ? 'd' : undefined)));
    }
    const [a, b, c = '', d] = files;
    const result = await run(files, { first: [c], alone: [a ?? '', b ?? ''] });
    assert.equal(result.passed, 4);
    const order = (await readFile(join(folder, 'order'), 'utf8')).trim().split('\n');
    // c ended only after d had begun: they ran at once.
    assert.deepEqual(order.slice(0, 4).sort(), ['c began', 'c ended', 'd began', 'd ended']);
    assert.deepEqual(order.slice(4), ['a began', 'a ended', 'b began', 'b ended']);
    assert.ok(d);
  });

  it('must exist where a list names them', async () => {
    const files = [await file('a', "it('one', () => {});")];
    await assert.rejects(run(files, { alone: [join(folder, 'gone')] }), /no such test file/);
  });

  async function file(name: string, source: string): Promise<string> {
    const path = join(folder, `${name}.test.mjs`);
    await writeFile(path, source);
    return path;
  }

  /** A test that notes when it began and, after another has begun, when it ended. */
  function note(name: string, after?: string): string {
    const order = JSON.stringify(join(folder, 'order'));
    const wait =
      after === undefined
        ? ''
        : `while (!readFileSync(${order}, 'utf8').includes('${after} began')) {
             await new Promise((resolve) => setTimeout(resolve, 10));
           }`;
    return `
      import { appendFileSync, readFileSync } from 'node:fs';
      it('notes', async () => {
        appendFileSync(${order}, '${name} began\\n');
        ${wait}
        appendFileSync(${order}, '${name} ended\\n');
      });`;
  }

  async function run(
    files: readonly string[],
    changes: Partial<FilesOptions> = {},
  ): Promise<GroupResult> {
    return runFiles({
      group: 'unit',
      files,
      first: [],
      alone: [],
      jobs: 2,
      resultFile: join(folder, 'result.json'),
      show: (path) => basename(path),
      print: (text) => (printed += text),
      ...changes,
    });
  }
});
