import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DisposableStore, Emitter } from '../../../src/core/events.ts';

describe('Emitter', () => {
  it('tells every listener, in the order they came', () => {
    const emitter = new Emitter<number>();
    const heard: string[] = [];
    emitter.event((value) => heard.push(`a${value}`));
    emitter.event((value) => heard.push(`b${value}`));
    emitter.fire(1);
    assert.deepEqual(heard, ['a1', 'b1']);
  });

  it('tells nobody who unsubscribed, and nobody after its end', () => {
    const emitter = new Emitter<number>();
    const heard: number[] = [];
    const subscription = emitter.event((value) => heard.push(value));
    subscription.dispose();
    emitter.fire(1);
    emitter.event((value) => heard.push(value));
    emitter.dispose();
    emitter.fire(2);
    assert.deepEqual(heard, []);
  });

  it('lets the others hear when one listener throws', () => {
    const errors: unknown[] = [];
    const emitter = new Emitter<number>((error) => errors.push(error));
    const heard: number[] = [];
    const failure = new Error('listener');
    emitter.event(() => {
      throw failure;
    });
    emitter.event((value) => heard.push(value));
    emitter.fire(1);
    assert.deepEqual(heard, [1]);
    assert.deepEqual(errors, [failure]);
  });

  it('keeps two subscriptions of one function apart', () => {
    const emitter = new Emitter<number>();
    const heard: number[] = [];
    const listen = (value: number): number => heard.push(value);
    const first = emitter.event(listen);
    emitter.event(listen);
    first.dispose();
    emitter.fire(1);
    assert.deepEqual(heard, [1]);
  });

  it('may lose and gain listeners while it tells', () => {
    const emitter = new Emitter<number>();
    const heard: string[] = [];
    const first = emitter.event(() => {
      heard.push('first');
      first.dispose();
      emitter.event(() => heard.push('late'));
    });
    emitter.event(() => heard.push('second'));
    emitter.fire(1);
    assert.deepEqual(heard, ['first', 'second']);
    emitter.fire(2);
    assert.deepEqual(heard, ['first', 'second', 'second', 'late']);
  });
});

describe('DisposableStore', () => {
  it('ends the rest when one fails, and tells of it', () => {
    const ended: string[] = [];
    const store = new DisposableStore();
    store.add({ dispose: () => ended.push('a') });
    store.add({
      dispose: () => {
        throw new Error('stuck');
      },
    });
    assert.throws(() => store.dispose(), AggregateError);
    assert.deepEqual(ended, ['a']);
  });

  it('ends what it holds once, the newest first', () => {
    const ended: string[] = [];
    const store = new DisposableStore();
    store.add({ dispose: () => ended.push('a') });
    store.add({ dispose: () => ended.push('b') });
    store.dispose();
    store.dispose();
    assert.deepEqual(ended, ['b', 'a']);
  });

  it('ends at once what comes too late', () => {
    const ended: string[] = [];
    const store = new DisposableStore();
    store.dispose();
    const item = { dispose: () => ended.push('late') };
    assert.equal(store.add(item), item);
    assert.deepEqual(ended, ['late']);
  });
});
