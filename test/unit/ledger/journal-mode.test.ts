import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { chooseJournalMode, fileSystemType } from '../../../src/ledger/journal-mode.ts';

const EXT4 = 0xef53;

function choose(sqliteVersion: string, type: number | undefined = EXT4): string {
  return chooseJournalMode({ sqliteVersion, platform: 'linux', fileSystemType: type });
}

describe('journal mode', () => {
  it('is WAL only where the version cannot corrupt the file on a WAL reset', () => {
    for (const version of ['3.51.3', '3.51.10', '3.52.0', '3.60.1', '3.50.7', '3.50.12', '4.0.0']) {
      assert.equal(choose(version), 'wal', version);
    }
    for (const version of ['3.51.2', '3.51.0', '3.50.6', '3.49.9', '3.7.17', '2.9.9', 'unknown']) {
      assert.equal(choose(version), 'truncate', version);
    }
  });

  it('is never WAL on a network file system or one nobody knows', () => {
    const nfs = 0x6969;
    const cifs = 0xff534d42;
    const smb2 = 0xfe534d42;
    const fuse = 0x65735546;
    const plan9 = 0x01021997;
    for (const type of [nfs, cifs, smb2, fuse, plan9, 0, 12345]) {
      assert.equal(choose('3.53.0', type), 'truncate', type.toString(16));
    }
  });

  it('is never WAL where the file system cannot be told', () => {
    const facts = { sqliteVersion: '3.53.0', fileSystemType: undefined };
    assert.equal(chooseJournalMode({ ...facts, platform: 'linux' }), 'truncate');
    assert.equal(
      chooseJournalMode({ ...facts, platform: 'darwin', fileSystemType: EXT4 }),
      'truncate',
    );
  });

  it('asks the system about the folder, also before the file exists', async () => {
    const type = await fileSystemType(join(tmpdir(), 'not-there-yet.sqlite'));
    assert.equal(typeof type, 'number');
    assert.equal(await fileSystemType('/no/such/folder/file'), undefined);
  });
});
