import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { isActive } from '../../../src/core/model/run.ts';
import type { Engine } from '../../../src/engine.ts';
import { untilRun } from '../../support/engine.ts';
import { EngineLab } from '../../support/ssh/engine-lab.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import type { SshBedOptions } from '../../support/ssh/ssh-bed.ts';
import { STOPPABLE, assertTrains } from '../../support/ssh/stoppable-training.ts';

/** What login shells read even for one command, and how each is made to talk there. */
const TALKING_SHELLS = [
  { name: 'zsh', file: '.zshenv' },
  { name: 'fish', file: '.config/fish/config.fish' },
  { name: 'tcsh', file: '.tcshrc' },
] as const;

const ODD_NAME = 'ünï "cödé" 名前.txt';

describe('a machine set up in an unusual way', function () {
  this.timeout(120_000);
  let lab: EngineLab | undefined;
  afterEach(async () => {
    await lab?.dispose();
    lab = undefined;
  });

  async function prepared(options: SshBedOptions): Promise<{ made: EngineLab; engine: Engine }> {
    const made = await EngineLab.create(options);
    lab = made;
    await made.write('train.sh', STOPPABLE);
    return { made, engine: await made.startPrepared() };
  }

  for (const sessions of [1, 2]) {
    it(`(MaxSessions ${sessions}) trains, stops, and has log and checkpoints brought back`, async () => {
      const { made, engine } = await prepared({ config: [`MaxSessions ${sessions}`] });
      await assertTrains(made, engine);
    });
  }

  for (const { name, file } of TALKING_SHELLS) {
    it(`(a banner, and ${name} that greets) trains, and neither is taken for an answer`, async function () {
      if (!SshBed.isolated) this.skip(); // Only root can choose the login shell.
      const { made, engine } = await prepared({ shell: `/usr/bin/${name}` });
      const { machine } = made;
      await mkdir(join(machine.home, file, '..'), { recursive: true });
      await writeFile(join(machine.home, file), 'echo "Welcome to $HOME"; echo careful\n');
      await writeFile(join(machine.base, 'banner'), 'Authorized use only.\n'.repeat(40));
      await machine.setConfig(`Banner ${machine.base}/banner`);
      made.proxy.cutAll();
      await assertTrains(made, engine);
      const login = await made.shellThere(engine).then((shell) => shell.exec(['sh', '-c', 'echo out']));
      assert.equal(login.stdout.toString(), 'out\n');
    });
  }

  for (const [title, env] of [
    ['no locale at all', {}],
    ['a locale it does not have', { LANG: 'xx_XX.UTF-8', LC_ALL: 'xx_XX.UTF-8' }],
  ] as const) {
    it(`(${title}) keeps names and lines as they are`, async () => {
      const made = await EngineLab.create({ env });
      lab = made;
      await made.write(ODD_NAME, 'naïve 💡\n');
      await made.write('train.sh', `cat './${ODD_NAME}'; echo "step=1 loss=0.5"\n`);
      const engine = await made.startPrepared();
      const run = await engine.launcher.launch(made.plan('sh', 'train.sh'), { secrets: {} });
      const view = await untilRun(engine, run.id, 'over', (one) => !isActive(one.run));
      assert.equal(view.run.state, 'succeeded', view.run.stateReason);
      assert.equal((await made.logHere(run)).toString(), 'naïve 💡\nstep=1 loss=0.5\n');
    });
  }

  it('(nobody may write to /tmp) trains, stops, and has log and checkpoints brought back', async function () {
    if (!SshBed.isolated) this.skip(); // It needs a mount.
    const { made, engine } = await prepared({ readOnlyTmp: true });
    const shell = await made.shellThere(engine);
    assert.notEqual((await shell.exec(['touch', '/tmp/runctl-odd'])).code, 0);
    await assertTrains(made, engine);
  });
});
