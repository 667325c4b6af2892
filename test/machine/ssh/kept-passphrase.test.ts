import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError } from '../../../src/core/errors.ts';
import type { Logger } from '../../../src/core/logger.ts';
import type { Engine } from '../../../src/engine.ts';
import type { SshPerson } from '../../../src/providers/ssh/ssh-person.ts';
import { SharedSecrets } from '../../support/secrets.ts';
import { EngineLab, LAB, WILLING } from '../../support/ssh/engine-lab.ts';

const FIRST = 'correct horse';
const SECOND = 'battery staple';

describe('A passphrase that is kept', function () {
  this.timeout(60_000);
  let lab: EngineLab;
  let locked: string;
  let secrets: SharedSecrets;
  let asked: boolean[];
  let logged: string;
  beforeEach(async () => {
    lab = await EngineLab.create();
    secrets = new SharedSecrets();
    locked = lab.machine.makeKey('locked', { passphrase: FIRST });
    await lab.machine.allow(await lab.machine.publicKey(locked));
    await lab.configure(locked);
    [asked, logged] = [[], ''];
  });
  afterEach(() => lab.dispose());

  const note = (...words: readonly unknown[]): void => {
    logged += `${words.map((word) => (word instanceof Error ? word.stack : String(word))).join(' ')}\n`;
  };
  const logger: Logger = { trace: note, debug: note, info: note, warn: note, error: note };
  const person = (answer: string, wish: 'keep' | 'never' | 'once'): [SshPerson, Promise<void>] => {
    let settle: (done: Promise<void>) => void = () => undefined;
    const decided = new Promise<void>((resolve) => (settle = resolve));
    return [
      {
        ...WILLING,
        askPassphrase: ({ wrong }) => {
          asked.push(wrong);
          return Promise.resolve(answer);
        },
        offerToKeep: ({ decide }) => settle(wish === 'once' ? Promise.resolve() : decide(wish)),
      },
      decided,
    ];
  };
  // As after a reload: the same storage, another engine.
  const session = (): Promise<Engine> => {
    lab.secrets = secrets.window();
    return lab.start(logger);
  };

  it('lets the next session in, and its work in the background, with nobody asked', async () => {
    const first = await session();
    const [willing, kept] = person(FIRST, 'keep');
    await first.ssh?.prepare(LAB, willing);
    await kept;
    await first.close();
    const second = await session();
    const machine = await second.ssh?.connect(LAB);
    assert.equal((await machine?.shell.exec(['true']))?.code, 0);
    assert.deepEqual(asked, [false]);
    await second.close();
    assert.ok(secrets.text.includes(FIRST));
    for (const file of await readdir(lab.bed.storage, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) {
        const content = await readFile(join(file.parentPath, file.name));
        assert.ok(!content.includes(FIRST), `${file.name} holds it`);
      }
    }
    assert.ok(logged.length > 0 && !logged.includes(FIRST));
  });

  it('is not kept unless wished: the next session asks, and its background stays out', async () => {
    const first = await session();
    const [willing, answered] = person(FIRST, 'once');
    await first.ssh?.prepare(LAB, willing);
    await answered;
    await first.close();
    assert.equal(secrets.text, '');
    const second = await session();
    const refusal = await second.ssh?.connect(LAB).catch((error: unknown) => error);
    assert.ok(refusal instanceof MachineError);
    assert.equal(refusal.code, 'key-passphrase');
    await second.close();
  });

  it('that was changed since is dropped and asked for anew', async () => {
    const first = await session();
    const [willing, kept] = person(FIRST, 'keep');
    await first.ssh?.prepare(LAB, willing);
    await kept;
    await first.close();
    const change = ['-q', '-p', '-a', '1', '-P', FIRST, '-N', SECOND, '-f', locked];
    assert.equal(spawnSync('ssh-keygen', change).status, 0);
    const second = await session();
    const [again, keptAgain] = person(SECOND, 'keep');
    await second.ssh?.prepare(LAB, again);
    await keptAgain;
    assert.deepEqual(asked, [false, false], 'asked anew, and not told that it was wrong');
    assert.ok(secrets.text.includes(SECOND) && !secrets.text.includes(FIRST));
    await second.ssh?.keys.forgetPassphrases(
      (await second.ssh.keys.passphrases.list()).map(({ fingerprint }) => fingerprint),
    );
    assert.equal(secrets.text, '');
    await second.close();
    assert.ok(!logged.includes(FIRST) && !logged.includes(SECOND));
  });
});
