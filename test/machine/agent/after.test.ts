import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, it } from 'mocha';
import { S3Server } from '../../emulators/s3-server.ts';
import {
  ACCOUNT,
  afterDone,
  BUCKET,
  checkpoint,
  durableLines,
  fakeTool,
  onlyTools,
  zip,
} from '../../support/after-machine.ts';
import { encode, underEachShell } from '../../support/agent.ts';

const id = `after-${String(process.pid)}`;
const place = `some/prefix/${id}`;

underEachShell(
  'a run with a durable place',
  (agent) => {
    let server: S3Server;
    beforeEach(async () => {
      server = await S3Server.start(BUCKET, ACCOUNT);
    });
    afterEach(() => server.stop());

    it('is saved with its newest whole checkpoint, the index last', async () => {
      const env = await onlyTools(agent(), 'python3');
      await checkpoint(agent(), 'step-1.pt', zip(), 7);
      await checkpoint(agent(), 'step-2.pt', zip('with a comment'), 6);
      await checkpoint(agent(), 'step-3.pt', zip().subarray(0, 20), 5);
      await checkpoint(agent(), 'step-4.pt.tmp', zip(), 4);
      const begun = await agent().start(
        id,
        { argv: ['sh', '-c', 'echo ready; env; exit 3'], lines: [...durableLines(server), `json ${encode('{"name":1}')}`] },
        { env },
      );
      assert.equal(begun.after?.state, 'waiting');
      const { after, exit } = await afterDone(agent(), id);
      assert.deepEqual([after?.error, after?.by, after?.webhook], [null, 'python3', null]);
      assert.equal(after?.place, `s3://${BUCKET}/${place}`);
      const names = ['run.json', 'exit.json', 'log', 'checkpoints/step-2.pt'];
      assert.deepEqual(after.saved.map(({ name }) => name), names);
      assert.deepEqual(server.order, [...names, 'index.json'].map((name) => `${place}/${name}`));
      assert.equal(server.text(`${place}/run.json`), '{"name":1}\n');
      assert.deepEqual(JSON.parse(server.text(`${place}/exit.json`)), exit);
      assert.equal(server.text(`${place}/log`), await agent().log(id));
      const index = JSON.parse(server.text(`${place}/index.json`)) as {
        run: string;
        files: { name: string; bytes: number; sha256: string }[];
      };
      assert.equal(index.run, id);
      assert.deepEqual(index.files.map(({ name }) => name), names);
      for (const { name, bytes, sha256 } of index.files) {
        const stored = server.objects.get(`${place}/${name}`)?.bytes ?? Buffer.alloc(0);
        assert.equal(stored.length, bytes);
        assert.equal(createHash('sha256').update(stored).digest('hex'), sha256);
      }
      assert.doesNotMatch(await agent().log(id), /AKIDTEST|cret/);
      assert.ok(!existsSync(agent().file(id, 'after-secrets')));
    });

    it('is not called lost, nor robbed of its credentials, while nobody has begun yet', async () => {
      const env = await onlyTools(agent(), 'python3');
      // Whoever follows comes late.
      await fakeTool(agent(), 'setsid', `case $* in *' after '*) /bin/sleep 1 ;; esac; exec /usr/bin/setsid "$@"`);
      await agent().start(id, { argv: ['true'], lines: durableLines(server) }, { env });
      const { after } = await agent().ended(id);
      assert.equal(after?.state, 'waiting');
      assert.equal((await afterDone(agent(), id)).after?.error, null);
    });
  },
  { RUNCTL_BEAT_SECONDS: '1' },
);
