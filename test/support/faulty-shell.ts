import { PassThrough, Writable } from 'node:stream';
import { MachineError } from '../../src/core/errors.ts';
import type {
  ExecOptions,
  ExecResult,
  ProcessEnd,
  RemoteProcess,
  RemoteShell,
} from '../../src/remote/remote-shell.ts';

/** A way to a machine that breaks after so many bytes, again and again. */
export class FaultyShell implements RemoteShell {
  private readonly shell: RemoteShell;
  private readonly random: () => number;
  private readonly mean: number;
  private left: number;
  /** How often it broke. */
  cuts = 0;
  /** No more breaks. */
  isCalm = false;

  /**
   * @param shell - the way that works
   * @param random - from 0 to 1
   * @param mean - bytes between two breaks, on average
   */
  constructor(shell: RemoteShell, random: () => number, mean: number) {
    this.shell = shell;
    this.random = random;
    this.mean = mean;
    this.left = this.next();
  }

  async exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    const kind = this.random();
    if (this.spend(500) && kind < 0.3) throw this.broke();
    const result = await this.shell.exec(argv, options);
    // The answer is lost; what was asked has been done.
    if (this.spend(result.stdout.length)) throw this.broke();
    return result;
  }

  async start(argv: readonly string[], signal?: AbortSignal): Promise<RemoteProcess> {
    const child = await this.shell.start(argv, signal);
    const stdout = new PassThrough();
    let breakNow: (error: Error) => void = () => undefined;
    const broken = new Promise<ProcessEnd>((_resolve, reject) => {
      breakNow = reject;
    });
    broken.catch(() => undefined);
    const cut = (): void => {
      const error = this.broke();
      // Half the time the machine hears nothing of it: its input only ends.
      if (this.random() < 0.5) child.kill();
      else child.stdin.destroy();
      breakNow(error);
      stdout.destroy(error);
      stdin.destroy(error);
    };
    const stdin = new Writable({
      highWaterMark: 65_536,
      write: (piece: Buffer, _encoding, done) => {
        const room = Math.max(0, this.left);
        if (this.spend(piece.length)) {
          child.stdin.write(piece.subarray(0, room), () => cut());
          return;
        }
        if (child.stdin.write(piece)) done();
        else child.stdin.once('drain', () => done());
      },
      final: (done) => {
        child.stdin.end(() => done());
      },
    });
    stdin.on('error', () => undefined);
    child.stdin.on('error', (error) => stdin.destroy(error));
    child.stdin.on('close', () => stdin.destroy());
    void (async () => {
      try {
        for await (const piece of child.stdout as AsyncIterable<Buffer>) {
          const room = Math.max(0, this.left);
          if (this.spend(piece.length)) {
            stdout.write(piece.subarray(0, room));
            cut();
            return;
          }
          if (!stdout.write(piece)) await new Promise((resolve) => stdout.once('drain', resolve));
        }
        stdout.end();
      } catch {
        stdout.destroy();
      }
    })();
    const done = Promise.race([child.done, broken]);
    done.catch(() => undefined);
    return { stdin, stdout, stderr: child.stderr, done, kill: () => child.kill() };
  }

  put(path: string, content: Buffer, mode: number): Promise<void> {
    if (this.spend(content.length)) return Promise.reject(this.broke());
    return this.shell.put(path, content, mode);
  }

  get(path: string): Promise<Buffer | undefined> {
    if (this.spend(200)) return Promise.reject(this.broke());
    return this.shell.get(path);
  }

  // Whether the way breaks within the next bytes.
  private spend(bytes: number): boolean {
    if (this.isCalm) return false;
    this.left -= bytes;
    if (this.left > 0) return false;
    this.left = this.next();
    return true;
  }

  private next(): number {
    return Math.ceil(-Math.log(1 - this.random()) * this.mean) + 1;
  }

  private broke(): MachineError {
    this.cuts += 1;
    return new MachineError('connection-lost', 'The connection broke');
  }
}
