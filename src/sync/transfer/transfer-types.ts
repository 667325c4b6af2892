import type { Clock } from '../../core/clock.ts';
import type { RemoteShell } from '../../remote/remote-shell.ts';
import type { HashedFile, HashedTree, TransferProgress } from '../model.ts';
import type { SentStore } from './sent-store.ts';

/** A piece of a file, known by its hash. */
export interface FileChunk {
  /** Bytes from the begin of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** SHA-256 of the content, hex. */
  readonly hash: string;
}

/** Who knows the pieces of big files. */
export interface ChunkSource {
  /**
   * Tells the pieces of a file, in order, without gaps.
   *
   * @param file - a file of the tree
   */
  chunksOf(file: HashedFile): Promise<readonly FileChunk[]>;
}

/** How to reach a machine with a transfer; the same for all of them. */
export interface TransferWay {
  readonly shell: RemoteShell;
  /** The script of the machine's half. */
  readonly script: Buffer;
  /** Absolute path of the agent's own directory on the machine. */
  readonly home: string;
  /** Hex; tells this installation from others that use the same machine. */
  readonly client: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly clock: Clock;
}

/** What to bring to a machine, and where. */
export interface SyncRequest extends TransferWay {
  /** Hex; names the workspace on the machine. */
  readonly workspaceKey: string;
  /** What it should hold; while this is still being read, the machine is looked at. */
  readonly tree: HashedTree | Promise<HashedTree>;
  readonly chunks: ChunkSource;
  /** What this host remembers of earlier sends. */
  readonly sent: SentStore;
  /** Relative directories whose content belongs to runs, such as `checkpoints`. */
  readonly persistent: readonly string[];
  /** Slots that active runs use, such as `a`. */
  readonly busyTrees: readonly string[];
}

/** How a transfer went about its work. */
export interface TransferMethod {
  /** `none`: nothing had to be done. */
  readonly kind: 'none' | 'packed';
  /** What proved the content: a program on the machine. */
  readonly verifiedBy: string;
  /** Files that were made from their last version. */
  readonly deltas: number;
  /** What made them; `none` when big files are sent whole for want of a tool. */
  readonly assembledBy: string;
  readonly compressed: boolean;
}

/** Something of a run that stood where the tree had to go. */
export interface MovedAside {
  /** Relative to the tree. */
  readonly path: string;
  /** Absolute path on the machine where it is now. */
  readonly backup: string;
  /** `drift`: a file of ours that was changed there; `conflict`: a run made it. */
  readonly why: 'conflict' | 'drift';
}

/** A tree that is whole on the machine. */
export interface SyncOutcome {
  /** Absolute directory on the machine to run in. */
  readonly directory: string;
  /** Its name among the trees of the workspace. */
  readonly slot: string;
  /** Bytes that went over the link, after compression. */
  readonly sentBytes: number;
  /** Files and links that were put in place. */
  readonly files: number;
  /** Files and links that were deleted. */
  readonly deleted: number;
  readonly method: TransferMethod;
  /** What stood in the way and was kept. */
  readonly movedAside: readonly MovedAside[];
  /** Names what the tree holds; the same content has the same name. */
  readonly manifestId: string;
}

/** What to copy from a machine, and where to. */
export interface FetchRequest extends TransferWay {
  /** Absolute path of a file or folder on the machine. */
  readonly source: string;
  /** Absolute path on this host. */
  readonly destination: string;
  /** Whether something at the destination may be replaced. */
  readonly replace: boolean;
}

/** Something that was left out of a copy. */
export interface LeftOut {
  /** Relative to what was copied. */
  readonly path: string;
  readonly why: 'outside-link' | 'special-file' | 'unreadable';
}

/** A copy that is whole on this host. */
export interface FetchOutcome {
  /** Bytes that came over the link. */
  readonly receivedBytes: number;
  readonly files: number;
  readonly leftOut: readonly LeftOut[];
  /** The program on the machine whose hashes were compared. */
  readonly verifiedBy: string;
}

/** What to copy to a machine, and where to. */
export interface PutRequest extends TransferWay {
  /** Absolute path of a file or folder on this host. */
  readonly source: string;
  /** Absolute path on the machine. */
  readonly destination: string;
  /** Whether something at the destination may be replaced. */
  readonly replace: boolean;
}

/** A copy that is whole on a machine. */
export interface PutOutcome {
  /** Bytes that went over the link. */
  readonly sentBytes: number;
  /** Files and links. */
  readonly files: number;
  readonly leftOut: readonly LeftOut[];
  readonly verifiedBy: string;
}
