import { mkdir, mkdtemp, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory of one test, removed by `dispose`. */
export class TemporaryDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryDirectory> {
    return new TemporaryDirectory(await realpath(await mkdtemp(join(tmpdir(), 'runctl-ckpt-'))));
  }

  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Writes files, `modifiedAt` in ms since the epoch. */
  async write(
    files: Readonly<Record<string, string | Buffer>>,
    modifiedAt = 1_000_000,
  ): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const path = this.join(name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      await utimes(path, modifiedAt / 1000, modifiedAt / 1000);
    }
  }

  async dispose(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
