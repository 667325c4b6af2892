import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'mocha';
import { onlyTools, WebhookReceiver, afterDone } from '../../support/after-machine.ts';
import type { Status, TestAgent } from '../../support/agent.ts';
import { encode, one, refusal, underEachShell } from '../../support/agent.ts';
import { readProc, until } from '../../support/proc.ts';

const id = `end-${String(process.pid)}`;
const SLEEP = ['sleep', '90'];

/** An action that leaves a mark, after having failed so often. */
function action(agent: TestAgent, failures = 0): string[] {
  const mark = join(agent.work, 'mark');
  const script = `echo tried >>${mark}; test "$(wc -l <${mark})" -gt ${String(failures)}`;
  return ['sh', '-c', script].map((word) => `action ${encode(word)}`);
}

async function marks(agent: TestAgent): Promise<number> {
  const text = await readFile(join(agent.work, 'mark'), 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}

function held(agent: TestAgent): Promise<Status> {
  return agent.until(id, 'held', ({ after }) => after?.state === 'holding');
}

underEachShell(
  'the webhook of a run',
  (agent) => {
    let receiver: WebhookReceiver;
    beforeEach(async () => {
      receiver = await WebhookReceiver.start();
    });
    afterEach(() => receiver.stop());

    for (const tool of ['curl', 'python3', 'wget']) {
      it(`is told by ${tool} how it ended, and its address by nobody`, async () => {
        const env = await onlyTools(agent(), tool);
        const lines = [`webhook ${encode(receiver.url)}`];
        await agent().start(id, { argv: ['sh', '-c', 'exit 3'], lines }, { env });
        const { after, exit, started, host } = await afterDone(agent(), id);
        assert.deepEqual([after?.webhook, after?.error], ['sent', null]);
        assert.equal(receiver.calls.length, 1);
        const { path, type, body } = receiver.calls[0] ?? { path: '', type: '', body: '' };
        assert.deepEqual([path, type], ['POST /hook?token=hidden%22value', 'application/json']);
        assert.deepEqual(JSON.parse(body), {
          run: id, state: 'failed', code: 3, signal: null, reason: null, stop: null,
          started, ended: exit?.ended, host, saved: [], error: null,
        });
      });
    }

    it('hears of a stop, and when there is nobody to hear it that is said', async () => {
      const env = await onlyTools(agent(), 'curl');
      const lines = [`webhook ${encode(receiver.url)}`, 'shared 1'];
      await agent().start(id, { argv: SLEEP, lines }, { env });
      await agent().stop(id, 5);
      assert.equal((await afterDone(agent(), id)).after?.webhook, 'sent');
      const { state, stop, signal } = JSON.parse(receiver.calls[0]?.body ?? '') as Record<string, unknown>;
      assert.deepEqual([state, stop, signal], ['stopped', 'user', 15]);
      receiver.status = 500;
      await agent().start(`${id}-2`, { argv: ['true'], lines }, { env });
      assert.equal((await afterDone(agent(), `${id}-2`)).after?.webhook, 'failed');
      assert.equal(receiver.calls.length, 4);
    });

    it('keeps nothing waiting when it is down altogether', async () => {
      const env = await onlyTools(agent(), 'curl', 'python3');
      const address = receiver.url;
      await receiver.stop();
      const mark = join(agent().work, 'mark');
      const lines = [`webhook ${encode(address)}`, ...['sh', '-c', `: >${mark}`].map((word) => `action ${encode(word)}`)];
      await agent().start(id, { argv: ['true'], lines }, { env });
      const { after } = await afterDone(agent(), id);
      assert.deepEqual([after?.webhook, after?.tries, existsSync(mark)], ['failed', 0, true]);
      assert.ok(!existsSync(agent().file(id, 'webhook')), 'the address goes all the same');
      receiver = await WebhookReceiver.start();
    });

    it('is never in a command line or in what is kept of the run', async () => {
      const env = await onlyTools(agent(), 'curl');
      const seen: string[] = [];
      receiver.onCall = () => {
        for (const pid of agent().processes()) seen.push(readProc(pid, 'cmdline'));
      };
      await agent().start(id, { argv: ['true'], lines: [`webhook ${encode(receiver.url)}`] }, { env });
      await afterDone(agent(), id);
      assert.ok(seen.some((line) => line.includes('curl')));
      assert.doesNotMatch(seen.join('\n'), /hidden/);
      assert.doesNotMatch(await readFile(agent().file(id, 'spec'), 'utf8'), /hidden/);
      for (const url of ['http://example.org/', 'https://', 'ftp://localhost/', 'http://localhost.example.org/']) {
        const input = agent().spec({ argv: ['true'], lines: [`webhook ${encode(url)}`] });
        assert.equal(refusal(await agent().call(['start', `${id}-2`], { input })).code, 'usage', url);
      }
    });
  },
  { RUNCTL_BEAT_SECONDS: '1' },
);

underEachShell(
  'the action after a run',
  (agent) => {
    it('comes at once when the run ended well, and again while it fails', async () => {
      const lines = [...action(agent(), 2), 'hold 500'];
      await agent().start(id, { argv: ['true'], lines });
      await agent().until(id, 'failing', ({ after }) => (after?.tries ?? 0) > 0);
      const { after } = await afterDone(agent(), id);
      assert.deepEqual([after?.tries, after?.left, await marks(agent())], [2, null, 3]);
      assert.equal(refusal(await agent().call(['hold', id, '5'])).code, 'ending');
    });

    it('is held back when the run failed, moved by extend, let go by hold', async () => {
      await agent().start(id, { argv: ['false'], lines: [...action(agent()), 'hold 500'] });
      const { after } = await held(agent());
      assert.ok((after?.left ?? 0) > 480, JSON.stringify(after));
      assert.equal(refusal(await agent().call(['remove', id])).code, 'active');
      const moved = one(await agent().call(['extend', id, '1000'])).after;
      assert.ok((moved?.left ?? 0) > 980, JSON.stringify(moved));
      assert.equal(await marks(agent()), 0);
      assert.equal(one(await agent().call(['hold', id, '0'])).after?.left, 0);
      assert.equal((await afterDone(agent(), id)).after?.tries, 0);
      assert.equal(await marks(agent()), 1);
      assert.equal(refusal(await agent().call(['extend', id, '5'])).code, 'ending');
    });

    it('ends the hold by itself, not beyond the lease', async () => {
      await agent().start(id, { argv: ['false'], lines: [...action(agent()), 'hold 500', 'lease 6'] });
      assert.ok(((await held(agent())).after?.left ?? 99) <= 6);
      await afterDone(agent(), id);
      assert.equal(await marks(agent()), 1);
    });

    it('is not held back when the lease ended the run', async () => {
      await agent().start(id, { argv: SLEEP, lines: [...action(agent()), 'hold 500', 'lease 3', 'grace 1'] });
      assert.equal(refusal(await agent().call(['hold', id, '5'])).code, 'active');
      const { exit } = await afterDone(agent(), id);
      assert.equal(exit?.stop, 'lease');
      assert.equal(await marks(agent()), 1);
    });

    it('is none where there is nothing to do', async () => {
      await agent().start(id, { argv: ['true'], lines: ['hold 5'] });
      assert.equal((await agent().ended(id)).after, null);
      assert.equal(refusal(await agent().call(['hold', id, '5'])).code, 'ending');
      assert.equal(refusal(await agent().call(['save', id], { input: 'end\n' })).code, 'nowhere');
      await until('nobody is left', () => Promise.resolve(agent().processes().length === 0 ? true : undefined));
    });
  },
  { RUNCTL_BEAT_SECONDS: '1', RUNCTL_ACTION_SECONDS: '1' },
);
