import { StringDecoder } from 'node:string_decoder';
import * as l10n from '@vscode/l10n';
import { toRunctlError } from '../../core/error-chain.ts';
import type { InteractiveShell, TerminalSize } from './machine-shell.ts';

/** What opens a login shell. */
export interface TerminalWay {
  interactive(size: TerminalSize, signal?: AbortSignal): Promise<InteractiveShell>;
}

/** What a session needs, and whom it tells. */
export interface TerminalSessionParts {
  /** The machine, asked anew each time; the person may be asked on the way. */
  readonly way: () => Promise<TerminalWay>;
  /** Takes what is to be shown. */
  readonly write: (text: string) => void;
  /** The shell has ended by itself: there is nothing more to show. */
  readonly end: () => void;
}

/** The terminals of VS Code take all they get at once: more than this would freeze them. */
const FRAME_BYTES = 128 * 1024;
const FRAME_MS = 16;
/**
 * A long paste goes in steps: what waits in sshd for a terminal without echo comes back as one
 * packet of that size, and the SSH client takes none over 35,000 bytes.
 */
const PASTE_BYTES = 8 * 1024;
const PASTE_MS = 8;

/**
 * A login shell in a terminal of this computer. When the connection is lost it
 * says so, and any key opens another shell.
 */
export class TerminalSession {
  private readonly parts: TerminalSessionParts;
  private size: TerminalSize;
  private shell: InteractiveShell | undefined;
  private attempt: AbortController | undefined;
  private pasted: Buffer[] = [];
  private feeding = false;
  private waits = false;
  private closed = false;

  constructor(parts: TerminalSessionParts, size: TerminalSize) {
    this.parts = parts;
    this.size = size;
  }

  /**
   * Opens the shell and shows it until it ends.
   *
   * @returns when it has ended, or the connection was lost
   */
  async open(): Promise<void> {
    const attempt = new AbortController();
    this.attempt = attempt;
    this.waits = false;
    try {
      const way = await this.parts.way();
      const shell = await way.interactive(this.size, attempt.signal);
      if (this.closed) {
        shell.close();
        return;
      }
      this.shell = shell;
      // The window may have changed while the machine was connected to.
      shell.resize(this.size);
      await this.show(shell);
      await shell.done;
      if (!this.isClosed()) {
        this.parts.end();
      }
    } catch (error) {
      this.lost(error);
    } finally {
      this.shell = undefined;
      this.pasted = [];
    }
  }

  /**
   * Takes what is typed or pasted; nothing of it is lost, however long it is.
   *
   * @param text - as the terminal sends it
   */
  input(text: string): void {
    if (this.waits) {
      void this.open();
      return;
    }
    // Typed before there is a shell: an answer to nothing.
    if (this.shell !== undefined) {
      this.pasted.push(Buffer.from(text, 'utf8'));
      void this.feed(this.shell);
    }
  }

  /**
   * The terminal has another size now.
   *
   * @param size - columns and rows
   */
  resize(size: TerminalSize): void {
    this.size = size;
    this.shell?.resize(size);
  }

  /** The terminal was closed: ends the shell and what runs in it. */
  close(): void {
    this.closed = true;
    this.attempt?.abort(new Error('closed'));
    this.shell?.close();
  }

  // In order, and no faster than the machine takes it.
  private async feed({ input }: InteractiveShell): Promise<void> {
    if (this.feeding) {
      return;
    }
    this.feeding = true;
    try {
      for (let next = this.pasted.shift(); next !== undefined; next = this.pasted.shift()) {
        for (let at = 0; at < next.length && !input.destroyed; at += PASTE_BYTES) {
          if (at > 0) {
            await new Promise((resolve) => setTimeout(resolve, PASTE_MS));
          }
          await new Promise((resolve) => input.write(next.subarray(at, at + PASTE_BYTES), resolve));
        }
      }
    } finally {
      this.feeding = false;
    }
  }

  // One frame after the other: what the terminal has no time for waits on the machine.
  private async show(shell: InteractiveShell): Promise<void> {
    const decoder = new StringDecoder('utf8');
    const { output } = shell;
    for await (const chunk of output) {
      let text = decoder.write(chunk as Buffer);
      let bytes = (chunk as Buffer).length;
      while (bytes < FRAME_BYTES) {
        const more = output.read() as Buffer | null;
        if (more === null) {
          break;
        }
        bytes += more.length;
        text += decoder.write(more);
      }
      if (this.closed) {
        return;
      }
      this.parts.write(text);
      if (bytes >= FRAME_BYTES) {
        await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
      }
    }
    this.parts.write(decoder.end());
  }

  private lost(error: unknown): void {
    if (this.closed) {
      return;
    }
    const { kind, message } = toRunctlError(error);
    const said = kind === 'cancelled' ? l10n.t('Not connected') : message;
    const hint = l10n.t('Press any key to connect again.');
    this.waits = true;
    // Whatever the program did to colours and modes ends with it.
    this.parts.write(`\u001B[0m\u001B[?25h\u001B[?1049l\u001B[?2004l\r\n${said}. ${hint}\r\n`);
  }

  // A method of its own: the compiler takes what it saw before an await for settled.
  private isClosed(): boolean {
    return this.closed;
  }
}
