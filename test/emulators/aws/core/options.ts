import type { RegionSpec } from '../catalog/regions.ts';

/** Keys that may sign. */
export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Wanted with every request when it is given. */
  readonly sessionToken?: string;
  /** Milliseconds since the epoch on the emulator's clock. */
  readonly expiresAt?: number;
  /** As GetCallerIdentity tells it. */
  readonly arn: string;
  readonly userId: string;
}

/** How long things take, in milliseconds of the emulator's clock. */
export interface Timings {
  /** `pending` until `running`. */
  readonly pending: number;
  readonly stopping: number;
  readonly shuttingDown: number;
  readonly reboot: number;
  /** How long a terminated machine is listed. */
  readonly terminatedListed: number;
  /** A volume from `creating` to `available`. */
  readonly volume: number;
  readonly attach: number;
  readonly snapshot: number;
  /** `modifying` until `optimizing`, and until `completed`. */
  readonly modify: number;
  /** From running until the console shows the host keys. */
  readonly console: number;
  /** From running until the agent of SSM is online, and until the checks are `ok`. */
  readonly agent: number;
  readonly checks: number;
  /** Until GetCommandInvocation knows a command. */
  readonly invocation: number;
  /** From the notice to the end of a spot machine. */
  readonly spotNotice: number;
}

/** Facts nobody could verify, and hardships that not every call meets. See the README. */
export interface Switches {
  /** For how long after its creation a machine is not found by its id. */
  readonly notFoundMs: number;
  /** For how long after its creation a resource is missing from lists. */
  readonly listLagMs: number;
  /** By how much lists show older states than the true ones. */
  readonly stateLagMs: number;
  /** Whether an empty page with a token comes between any two pages. */
  readonly emptyPages: boolean;
  /** Whether a spot launch that was refused for capacity leaves an open request behind, which may still be filled. */
  readonly openRequestAfterRefusal: boolean;
  /** Whether the request of a one-time spot machine closes when the machine has ended. */
  readonly spotRequestCloses: boolean;
  /** For how long a client token is remembered. */
  readonly tokenMs: number;
  /** For how long a terminated machine counts against the quota. */
  readonly terminatedCountsMs: number;
  /** Whether a spot machine of a one-time request may be stopped. */
  readonly oneTimeSpotStops: boolean;
  /** How many DescribeTags, RunInstances… a second: whether the token buckets are in force. */
  readonly throttling: boolean;
}

/** What stands behind an instance. */
export type MachineKind =
  /** Nothing: for lists, states and money. */
  | 'none'
  /** A home of its own in which commands run, without sshd. */
  | 'shell'
  /** As `shell`, with a real sshd. */
  | 'sshd';

/** How an emulator is made; everything has a default. */
export interface AwsOptions {
  /** Milliseconds since the epoch; the true time by default. */
  readonly start?: number;
  /** How fast its clock runs by itself; 0, the default, is not at all. */
  readonly speed?: number;
  readonly seed?: number;
  readonly account?: string;
  readonly identities?: readonly Identity[];
  readonly regions?: readonly RegionSpec[];
  readonly machines?: MachineKind;
  readonly timings?: Partial<Timings>;
  readonly switches?: Partial<Switches>;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;

export const TIMINGS: Timings = {
  pending: 8 * SECOND,
  stopping: 20 * SECOND,
  shuttingDown: 12 * SECOND,
  reboot: 10 * SECOND,
  terminatedListed: HOUR,
  volume: 2 * SECOND,
  attach: 2 * SECOND,
  snapshot: 60 * SECOND,
  modify: 30 * SECOND,
  console: 45 * SECOND,
  agent: 25 * SECOND,
  checks: 90 * SECOND,
  invocation: SECOND,
  spotNotice: 120 * SECOND,
};

export const SWITCHES: Switches = {
  notFoundMs: 0,
  listLagMs: 0,
  stateLagMs: 0,
  emptyPages: false,
  openRequestAfterRefusal: false,
  spotRequestCloses: true,
  tokenMs: 24 * HOUR,
  terminatedCountsMs: 0,
  oneTimeSpotStops: false,
  throttling: true,
};

/** Every hardship at once, for stories that must survive it. */
export const HARD: Partial<Switches> = {
  notFoundMs: 5 * SECOND,
  listLagMs: 8 * SECOND,
  stateLagMs: 3 * SECOND,
  emptyPages: true,
  openRequestAfterRefusal: true,
  spotRequestCloses: false,
  terminatedCountsMs: 60 * SECOND,
};
