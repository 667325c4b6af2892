import type {
  HostMessage,
  PageCommand,
  PageMessage,
  PageRequest,
  Selection,
} from '../../src/ui/dashboard/messages.ts';
import { asPageState } from './page-state.ts';
import type { PageState } from './page-state.ts';

interface VsCodeApi {
  postMessage(message: PageMessage): void;
  getState(): unknown;
  setState(state: PageState): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** The page's way to the extension. */
export class Host {
  // May be asked for only once, so it is kept here and nowhere else.
  private readonly api = acquireVsCodeApi();
  private readonly waiting = new Map<number, (error: string | null) => void>();
  private lastId = 0;

  state(): PageState {
    return asPageState(this.api.getState());
  }

  keep(state: PageState): void {
    this.api.setState(state);
  }

  /** Begins to listen, and says that the page is there. */
  start(selection: Selection, onMessage: (message: HostMessage) => void): void {
    window.addEventListener('message', (event: MessageEvent<HostMessage>) => {
      const message = event.data;
      if (message.kind === 'response') {
        this.waiting.get(message.id)?.(message.error);
        this.waiting.delete(message.id);
      } else {
        onMessage(message);
      }
    });
    this.api.postMessage({ kind: 'ready', selection });
  }

  /** Resolves with the error text, `null` when it worked. */
  select(selection: Selection): Promise<string | null> {
    return this.request({ name: 'select', ...selection });
  }

  command(command: PageCommand, runId: string | null): Promise<string | null> {
    return this.request({ name: 'command', command, runId });
  }

  private request(request: PageRequest): Promise<string | null> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.api.postMessage({ kind: 'request', id, request });
    });
  }
}
