import type { CheckpointFiles, RemovableFiles } from '../checkpoints/checkpoint-files.ts';
import type { NextAction } from '../core/errors.ts';
import type { Resource } from '../core/model/records.ts';
import type { CodePlace } from '../core/model/run.ts';
import type { AgentClient } from '../remote/agent/agent-client.ts';
import type { MachineProbe } from '../remote/machine-probe.ts';
import type { RemoteShell } from '../remote/remote-shell.ts';
import type { MachineView } from '../resources/account-snapshot.ts';
import type { TransferProgress } from '../sync/model.ts';
import type { LeftOut } from '../sync/transfer/transfer-types.ts';

/** What a provider can do, so that the UI hides what cannot be. */
export interface ProviderCapabilities {
  /** Machines can be stopped and started again. */
  readonly stop: boolean;
  readonly spot: boolean;
  readonly volumes: boolean;
  /** The provider itself ends a machine at a given time. */
  readonly lease: boolean;
  /** Resources carry tags that prove whose they are. */
  readonly tags: boolean;
}

/** Whether a provider can be used on this host, and if not what to do. */
export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string; readonly nextAction?: NextAction };

/** One complete listing of an account. */
export interface ProviderListing {
  readonly machines: readonly MachineView[];
  readonly resources: readonly Resource[];
}

/** Something of a run that stood where code had to go, and was kept. */
export interface MovedFile {
  /** Relative to the tree. */
  readonly path: string;
  /** Absolute path on the machine where it is now. */
  readonly backup: string;
  /** `drift`: a file of ours that was changed there; `conflict`: a run made it. */
  readonly why: 'conflict' | 'drift';
}

/** A workspace folder to bring to a machine. */
export interface PlaceRequest {
  /** Absolute path on this host. */
  readonly source: string;
  /** Folders below it that belong to runs and are not sent, relative. */
  readonly kept: readonly string[];
  /** Patterns of what else is not sent, as in `.gitignore`. */
  readonly exclude: readonly string[];
  /** Absolute directories on the machine that active runs use: left as they are. */
  readonly busy: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly onMoved?: ((moved: MovedFile) => void) | undefined;
}

/** Brings code to a machine that does not see this host's files. */
export interface CodePlacer {
  /**
   * Makes a tree on the machine hold what the folder holds, whole or not at all.
   *
   * @param request - folder and what to leave alone
   * @returns where it is now
   * @throws {TransferError} when folder or machine refuses
   * @throws {MachineError} when the way to the machine stays broken
   */
  place(request: PlaceRequest): Promise<CodePlace>;
  /**
   * Tells what a tree held.
   *
   * @param manifest - names it, see `CodePlace`
   * @returns the manifest as text; `undefined` when it is not remembered any more
   */
  sentList(manifest: string): Promise<string | undefined>;
}

/** How a single path is copied, either way. */
export interface CopyPathRequest {
  /** Absolute path of a file or a directory, on the side it comes from. */
  readonly source: string;
  /** Absolute path on the other side; nothing may be there unless it is to be replaced. */
  readonly destination: string;
  readonly replace: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** A copy that is whole, and proved by hash. */
export interface CopiedPath {
  readonly files: number;
  /** What could not come along, relative to what was copied. */
  readonly leftOut: readonly LeftOut[];
}

/** Copies from a machine that does not share its files with this host. */
export interface PathFetcher {
  /**
   * Copies a file or directory, proved by hash; one that was cut goes on.
   *
   * @param request - what and where to
   * @returns what came
   * @throws {ExistsError} when something is at the destination
   * @throws {IoError} when this host has no room
   * @throws {TransferError} when it cannot be read, or changes all the time
   * @throws {MachineError} when the way to the machine stays broken
   */
  fetch(request: CopyPathRequest): Promise<CopiedPath>;
}

/** Copies to a machine that does not share its files with this host. */
export interface PathSender {
  /**
   * Copies a file or directory, proved by hash; one that was cut goes on.
   *
   * @param request - what and where to
   * @returns what went
   * @throws {ExistsError} when something is at the destination
   * @throws {TransferError} when either side refuses, or the machine has no room
   * @throws {MachineError} when the way to the machine stays broken
   */
  put(request: CopyPathRequest): Promise<CopiedPath>;
}

/** A machine one can work on. Training, logs and checkpoints need nothing more. */
export interface Machine {
  readonly provider: string;
  readonly id: string;
  readonly shell: RemoteShell;
  readonly agent: AgentClient;
  readonly files: CheckpointFiles & RemovableFiles;
  /** True when paths on the machine are paths on this host. */
  readonly sameHost: boolean;
  /** `null` when the machine sees this host's files. */
  readonly placer: CodePlacer | null;
  /** `null` when its files are this host's. */
  readonly fetcher: PathFetcher | null;
  /** What it has; `null` when that is looked up on this host. */
  readonly probe: MachineProbe | null;
}

/** One contract for every vendor. */
export interface TrainingProvider {
  /** Registry id, such as `local`. */
  readonly id: string;
  /** Name for people, translated. */
  readonly name: string;
  readonly capabilities: ProviderCapabilities;

  /** Tells whether it can be used here; cheap, calls no network. */
  availability(): Promise<Availability>;

  /**
   * Lists the whole account, page by page.
   *
   * @param signal - gives up
   * @returns everything the provider holds or bills
   */
  list(signal: AbortSignal): Promise<ProviderListing>;

  /**
   * Opens the way to a machine.
   *
   * @param machineId - id from a listing
   * @returns the machine, connected on first use
   * @throws {NotFoundError} when there is no such machine
   */
  connect(machineId: string): Promise<Machine>;
}
