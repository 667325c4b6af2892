/** Anything that holds a timer, a file or a subscription. */
export interface Disposable {
  dispose(): void;
}

/** Registers a listener; the returned object ends the subscription. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/**
 * A vscode-free event source with the shape of `vscode.EventEmitter`. A
 * listener that throws never keeps the others from hearing.
 */
export class Emitter<T> implements Disposable {
  private readonly listeners = new Set<{ readonly listener: (value: T) => void }>();
  private readonly onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void = reportLater) {
    this.onListenerError = onListenerError;
  }

  readonly event: Event<T> = (listener) => {
    // Its own object: one function subscribed twice is two subscriptions.
    const entry = { listener };
    this.listeners.add(entry);
    return { dispose: () => this.listeners.delete(entry) };
  };

  fire(value: T): void {
    for (const { listener } of [...this.listeners]) {
      try {
        listener(value);
      } catch (error) {
        this.onListenerError(error);
      }
    }
  }

  dispose(): void {
    this.listeners.clear();
  }
}

/** Collects what a part owns and ends it in reverse order. */
export class DisposableStore implements Disposable {
  private readonly items: Disposable[] = [];
  private disposed = false;

  add<T extends Disposable>(item: T): T {
    if (this.disposed) {
      item.dispose();
    } else {
      this.items.push(item);
    }
    return item;
  }

  dispose(): void {
    this.disposed = true;
    const errors: unknown[] = [];
    for (const item of this.items.splice(0).reverse()) {
      try {
        item.dispose();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) {
      throw new AggregateError(errors, 'some parts could not be disposed');
    }
  }
}

// Surfaces the error as an uncaught one instead of hiding it.
function reportLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
