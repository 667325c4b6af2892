import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import { SecretMasker } from '../../../src/core/mask.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { ChannelFeedOptions } from '../../../src/training/log/log-channel-feed.ts';
import { LogChannels } from '../../../src/ui/logs/log-channels.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { sampleRun } from '../../support/samples.ts';

/** What became of one channel and its feed. */
interface Seen {
  readonly name: string;
  text: string;
  shows: boolean[];
  disposed: boolean;
  options?: ChannelFeedOptions;
  finished: boolean;
  settle: () => void;
  fail: (error: Error) => void;
}

const run = (id: string, changes: Partial<Run> = {}): Run =>
  sampleRun({ id: id as RunId, logPath: `/logs/${id}`, workspaceFolder: '/here', ...changes });
const ended = (id: string): Run => run(id, { state: 'succeeded' });

describe('log channels', () => {
  let seen: Seen[];
  let errors: unknown[];
  let onScreen: string;
  let channels: LogChannels;

  beforeEach(() => {
    seen = [];
    errors = [];
    onScreen = '';
    channels = new LogChannels({
      clock: new FakeClock(),
      masker: new SecretMasker(),
      replayBytes: () => 4096,
      onError: (error) => errors.push(error),
      window: {
        folders: () => ['/here'],
        isShown: (part) => onScreen !== '' && part.includes(onScreen),
        create: (name) => {
          const one: Seen = {
            name,
            text: '',
            shows: [],
            disposed: false,
            finished: false,
            settle: () => undefined,
            fail: () => undefined,
          };
          seen.push(one);
          return {
            append: (text) => (one.text += text),
            show: (preserveFocus) => one.shows.push(preserveFocus),
            dispose: () => (one.disposed = true),
          };
        },
        feed: (options) => {
          const one = seen.findLast((item) => options.path.endsWith(item.name.slice(-5, -1)));
          assert.ok(one, options.path);
          one.options = options;
          const done = new Promise<void>((resolve, reject) => {
            one.settle = resolve;
            one.fail = reject;
          });
          const finish = (): Promise<void> => {
            one.finished = true;
            return done;
          };
          return Promise.resolve({ done, finish });
        },
      },
    });
  });

  function at(index: number): Seen {
    const one = seen[index];
    assert.ok(one, `channel ${index}`);
    return one;
  }

  it('show a run once it is asked for, again in the same channel', async () => {
    channels.show(run('r-000001'), true);
    channels.show(run('r-000001'), false);
    await turns();
    assert.equal(seen.length, 1);
    assert.match(at(0).name, /^runctl: .* \(000001\)$/);
    assert.deepEqual(at(0).shows, [true, false]);
    assert.deepEqual([at(0).options?.path, at(0).options?.replayBytes], ['/logs/r-000001', 4096]);
    at(0).options?.sink.append('text');
    assert.equal(at(0).text, 'text');
  });

  it('show nothing of a run that has no log here', () => {
    channels.show(run('r-000001', { logPath: null }), false);
    assert.equal(seen.length, 0);
  });

  it('open unseen for the runs of this window and of none, under way only', () => {
    channels.sync([
      run('r-000001'),
      run('r-000002', { workspaceFolder: '/elsewhere' }),
      run('r-000003', { workspaceFolder: null }),
      ended('r-000004'),
    ]);
    channels.sync([run('r-000001')]);
    assert.deepEqual(
      seen.map(({ name, shows }) => [name.slice(-8), shows.length]),
      [
        ['(000001)', 0],
        ['(000003)', 0],
      ],
    );
  });

  it('read to the end of an ended run, then go, unless somebody looked', async () => {
    const runs = ['r-000001', 'r-000002', 'r-000003'];
    channels.sync(runs.map((id) => run(id)));
    channels.show(run('r-000002'), true);
    await turns();
    onScreen = '000003';
    channels.sync(runs.map((id) => ended(id)));
    assert.deepEqual(seen.map(({ finished, disposed }) => [finished, disposed]), [
      [true, false],
      [true, false],
      [true, false],
    ]);
    for (const one of seen) one.settle();
    await turns();
    assert.deepEqual(seen.map(({ disposed }) => disposed), [true, false, false]);
    assert.deepEqual(seen.map(({ options }) => options?.signal.aborted), [true, false, false]);
  });

  it('stay when they are shown while they read to the end', async () => {
    channels.sync([run('r-000001')]);
    await turns();
    channels.sync([ended('r-000001')]);
    channels.show(ended('r-000001'), false);
    at(0).settle();
    await turns();
    assert.equal(at(0).disposed, false);
  });

  it('of an ended run read what there is and stop', async () => {
    channels.show(ended('r-000001'), false);
    await turns();
    assert.equal(at(0).finished, true);
  });

  it('close with their run: the feed is told, and the next show makes another', async () => {
    channels.show(run('r-000001'), false);
    await turns();
    channels.close('r-000001');
    channels.close('r-000009');
    assert.deepEqual([at(0).disposed, at(0).options?.signal.aborted], [true, true]);
    channels.show(run('r-000001'), false);
    assert.equal(seen.length, 2);
    assert.equal(at(1).disposed, false);
  });

  it('closed while they read to the end leave their successor alone', async () => {
    channels.sync([run('r-000001')]);
    await turns();
    channels.sync([ended('r-000001')]);
    channels.close('r-000001');
    channels.sync([run('r-000001')]);
    at(0).settle();
    await turns();
    assert.deepEqual(seen.map(({ disposed }) => disposed), [true, false]);
  });

  it('that end before their feed has begun read to the end all the same', async () => {
    channels.sync([run('r-000001')]);
    channels.sync([ended('r-000001')]);
    await turns();
    assert.equal(at(0).finished, true);
    at(0).settle();
    await turns();
    assert.equal(at(0).disposed, true);
  });

  it('whose log could not be read try again when they are shown again, not before', async () => {
    channels.show(run('r-000001'), false);
    await turns();
    at(0).fail(new Error('no permission'));
    await turns();
    channels.sync([run('r-000001')]);
    assert.equal(seen.length, 1, 'a change of the runs is no reason to fail again');
    channels.show(run('r-000001'), false);
    await turns();
    assert.deepEqual(seen.map(({ disposed }) => disposed), [true, false]);
    assert.deepEqual(at(1).shows, [false]);
    at(1).options?.sink.append('readable');
    channels.show(run('r-000001'), false);
    assert.equal(seen.length, 2);
    assert.equal(at(1).text, 'readable');
  });

  it('all close with the window, and a failure of a feed is told once', async () => {
    channels.sync([run('r-000001'), run('r-000002')]);
    await turns();
    at(0).fail(new Error('gone'));
    await turns();
    channels.sync([ended('r-000001')]);
    await turns();
    assert.deepEqual(errors.map(String), ['Error: gone']);
    channels.dispose();
    assert.deepEqual(seen.map(({ disposed }) => disposed), [true, true]);
  });
});

async function turns(): Promise<void> {
  for (let count = 0; count < 5; count++) await new Promise(setImmediate);
}
