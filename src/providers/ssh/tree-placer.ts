import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { CodePlace } from '../../core/model/run.ts';
import type { RemoteShell } from '../../remote/remote-shell.ts';
import type { SourceReader } from '../../sync/source-reader.ts';
import { discardTrees, weighTrees } from '../../sync/transfer/discard-trees.ts';
import type { WorkPart, WorkWeight } from '../../sync/transfer/discard-trees.ts';
import { fetchPath } from '../../sync/transfer/fetch-path.ts';
import { formatManifest } from '../../sync/transfer/manifest.ts';
import { putPath } from '../../sync/transfer/put-path.ts';
import type { SentStore } from '../../sync/transfer/sent-store.ts';
import { syncTree } from '../../sync/transfer/sync-tree.ts';
import type { TransferWay } from '../../sync/transfer/transfer-types.ts';
import type {
  CodePlacer,
  CopiedPath,
  CopyPathRequest,
  PathFetcher,
  PathSender,
  PlaceRequest,
} from '../training-provider.ts';

/** What brings code to one machine. */
export interface TreePlacerParts {
  readonly shell: RemoteShell;
  /** The script of the machine's half. */
  readonly script: Buffer;
  /** Absolute directory on the machine that holds the code. */
  readonly directory: string;
  /** Hex; tells this installation from others that use the same machine. */
  readonly client: string;
  readonly reader: SourceReader;
  readonly sent: SentStore;
  readonly clock: Clock;
}

/** What this installation has left on a machine of the folders it sent there. */
export interface TreeKeeper {
  /**
   * Names where a folder's trees are, as this installation names it.
   *
   * @param source - absolute path of the folder on this host
   * @param directory - absolute directory of code on the machine; that of now unless told
   * @returns absolute directory on the machine
   */
  workOf(source: string, directory?: string): string;
  /**
   * Weighs what there is.
   *
   * @param works - of `workOf`
   * @returns those that exist
   * @throws {MachineError} when the way broke
   */
  weigh(works: readonly string[]): Promise<readonly WorkWeight[]>;
  /**
   * Deletes parts of what there is of one folder.
   *
   * @param work - of `workOf`
   * @param parts - what goes
   * @throws {TransferError} when the machine refuses
   * @throws {MachineError} when the way broke
   */
  discard(work: string, parts: readonly WorkPart[]): Promise<void>;
}

/** Brings workspace folders to a machine as trees of ours, by what changed, and copies single paths either way. */
export class TreePlacer implements CodePlacer, PathFetcher, PathSender, TreeKeeper {
  private readonly parts: TreePlacerParts;

  constructor(parts: TreePlacerParts) {
    this.parts = parts;
  }

  async place(request: PlaceRequest): Promise<CodePlace> {
    const { reader, directory, ...way } = this.parts;
    const { source, kept, exclude, signal, onProgress } = request;
    const tree = reader.read(source, { exclude, persistent: kept }, { signal });
    const outcome = await syncTree({
      ...way,
      home: directory,
      workspaceKey: keyOf(this.parts.client, source),
      tree,
      chunks: { chunksOf: (file) => reader.chunksOf(source, file, signal) },
      persistent: kept,
      busyTrees: request.busy.map((path) => posix.basename(path)),
      signal,
      onProgress,
    });
    for (const { path, backup, why } of outcome.movedAside) {
      request.onMoved?.({ path, backup, why });
    }
    return {
      source,
      tree: outcome.directory,
      keep: posix.join(posix.dirname(outcome.directory), 'keep'),
      kept,
      exclude,
      manifest: outcome.manifestId,
    };
  }

  async sentList(id: string): Promise<string | undefined> {
    const manifest = await this.parts.sent.manifest(id);
    return manifest && formatManifest(manifest);
  }

  fetch(request: CopyPathRequest): Promise<CopiedPath> {
    return fetchPath({ ...this.way(), ...request });
  }

  put(request: CopyPathRequest): Promise<CopiedPath> {
    return putPath({ ...this.way(), ...request });
  }

  workOf(source: string, directory = this.parts.directory): string {
    return posix.join(directory, 'trees', keyOf(this.parts.client, source));
  }

  weigh(works: readonly string[]): Promise<readonly WorkWeight[]> {
    return weighTrees(this.way(), works);
  }

  discard(work: string, parts: readonly WorkPart[]): Promise<void> {
    return discardTrees(this.way(), work, parts);
  }

  private way(): TransferWay {
    const { shell, script, client, clock, directory: home } = this.parts;
    return { shell, script, client, clock, home };
  }
}

// Folders of two computers may have one path: neither may switch the other's code.
function keyOf(client: string, source: string): string {
  return createHash('sha256').update(`${client}\n${source}`).digest('hex').slice(0, 16);
}
