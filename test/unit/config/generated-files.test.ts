import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'mocha';
import { configFiles } from '../../../scripts/lib/config-files.ts';
import { ROOT } from '../../../scripts/lib/paths.ts';
import { parseConfig } from '../../../src/core/config/parse.ts';

describe('What is generated from the configuration schema', () => {
  for (const name of ['media/runctl.schema.json', 'docs/configuration.md']) {
    it(`is up to date: ${name}`, async () => {
      const file = (await configFiles()).find(({ path }) => path === `${ROOT}/${name}`);
      assert(file);
      const hint = 'run `node scripts/generate-schema.ts`';
      assert.equal(await readFile(file.path, 'utf8'), file.content, hint);
    });
  }

  it('stands beside examples that parse without problems', async () => {
    const page = await readFile(`${ROOT}/docs/configuration.md`, 'utf8');
    const examples = [...page.matchAll(/```toml\n(.*?)```/gs)].map((match) => match[1] ?? '');
    assert(examples.length >= 8);
    const lab = examples.find((example) => example.includes('[machines.lab]')) ?? '';
    for (const example of examples) {
      // The machine of the first examples is that of the later ones.
      const text = example.includes('machine = "lab"') && example !== lab ? `${lab}${example}` : example;
      assert.deepEqual((await parseConfig(text, 'f')).problems, [], example);
    }
  });
});
