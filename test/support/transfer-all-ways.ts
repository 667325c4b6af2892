import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemClock } from '../../src/core/clock.ts';
import { LocalShell } from '../../src/remote/local-shell.ts';
import { SourceReader } from '../../src/sync/source-reader.ts';
import { fetchPath } from '../../src/sync/transfer/fetch-path.ts';
import { putPath } from '../../src/sync/transfer/put-path.ts';
import { FileSentStore } from '../../src/sync/transfer/sent-store.ts';
import { syncTree } from '../../src/sync/transfer/sync-tree.ts';

// A program of its own: syncs SOURCE to a machine under BASE, copies it there and back.

const [source = '', base = '', script = ''] = process.argv.slice(2);
const reader = new SourceReader(join(base, 'index'));
const way = {
  shell: new LocalShell(),
  script: await readFile(script),
  home: join(base, 'machine'),
  client: 'ab',
  clock: new SystemClock(),
};
const outcome = await syncTree({
  ...way,
  workspaceKey: 'abc123',
  tree: await reader.read(source, {}),
  chunks: { chunksOf: (file) => reader.chunksOf(source, file) },
  sent: new FileSentStore(join(base, 'sent')),
  persistent: [],
  busyTrees: [],
});
const there = join(base, 'there');
await putPath({ ...way, source, destination: there, replace: false });
await fetchPath({ ...way, source: there, destination: join(base, 'back'), replace: false });
await reader.close();
console.log(JSON.stringify({ ...outcome.method, directory: outcome.directory }));
