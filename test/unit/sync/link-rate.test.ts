import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, it } from 'mocha';
import type { RemoteProcess, RemoteShell } from '../../../src/remote/remote-shell.ts';
import { linkRate } from '../../../src/sync/transfer/link-rate.ts';
import { MachineScript } from '../../../src/sync/transfer/machine-script.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const FIRST = 64 * 1024;
const MIB = 1024 * 1024;

describe('the rate of a link', () => {
  let clock: FakeClock;
  let rates: number[];
  let measured: number[];
  let ask: (bytes: number) => Promise<number>;

  beforeEach(() => {
    clock = new FakeClock();
    rates = [];
    measured = [];
    // Takes bytes at the next of the rates, by the fake clock.
    const start = (): Promise<RemoteProcess> => {
      const stdout = new PassThrough();
      const stderr = new PassThrough();
      let bytes = -FIRST;
      const { promise, resolve } = Promise.withResolvers<{ code: number; signal: null }>();
      const stdin = new Writable({
        write: (piece: Buffer, _encoding, done) => {
          bytes += piece.length;
          done();
        },
        final: (done) => {
          done();
          void (async () => {
            stdout.write('runctl-sync 1\0go\0');
            await setImmediate();
            measured.push(bytes);
            await clock.advance((bytes * 1000) / (rates.shift() ?? 1));
            stdout.end('end\0');
            stderr.end();
            resolve({ code: 0, signal: null });
          })();
        },
      });
      return Promise.resolve({ stdin, stdout, stderr, done: promise, kill: () => undefined });
    };
    const shell = { start } as unknown as RemoteShell;
    const way = { shell, script: Buffer.from('script'), home: '/home/u/runctl', client: 'c1', clock };
    const script = new MachineScript(way);
    ask = (bytes) => linkRate(way, script, { bytes, fast: 40e6 });
  });

  it('is measured by more bytes the more there is to send, and within bounds', async () => {
    rates = [4e6, 4e6, 4e6];
    await ask(MIB);
    await ask(40 * MIB);
    await ask(4000 * MIB);
    assert.deepEqual(measured, [448 * 1024, 2 * MIB, 4 * MIB]);
  });

  it('holds for what is no larger, for some minutes', async () => {
    rates = [4e6, 8e6];
    const rate = await ask(40 * MIB);
    assert.ok(Math.abs(rate - 4e6) < 4e4, `${rate}`);
    assert.equal(await ask(30 * MIB), rate);
    await clock.advance(301_000);
    assert.ok((await ask(30 * MIB)) > 7e6);
    assert.equal(measured.length, 2);
  });

  it('is looked at again when a fast link on a busy host looks slow, but not when it is slow', async () => {
    rates = [20e6, 90e6];
    assert.ok((await ask(100 * MIB)) > 40e6);
    assert.equal(measured.length, 2);
    rates = [12e6];
    await clock.advance(301_000);
    assert.ok((await ask(100 * MIB)) < 13e6);
    assert.equal(measured.length, 3);
  });

  it('is taken for slow where the link breaks while it is measured, and not measured again', async () => {
    let starts = 0;
    const shell = {
      start: () => {
        starts += 1;
        return Promise.reject(new Error('cut'));
      },
    } as unknown as RemoteShell;
    const way = { shell, script: Buffer.from('script'), home: '/home/u/runctl', client: 'c1', clock };
    const script = new MachineScript(way);
    const use = { bytes: 60 * MIB, fast: 40e6 };
    await assert.rejects(linkRate(way, script, use), /cut/);
    assert.equal(await linkRate(way, script, use), 0);
    assert.equal(starts, 1);
  });
});
