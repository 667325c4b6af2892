import type { ImageSpec } from '../catalog/images.ts';
import type { TypeSpec } from '../catalog/types.ts';
import type { Charge } from './meter.ts';

/** Tags of a resource. */
export type Tags = Map<string, string>;

/** What all resources of a region have in common. */
export interface Resource {
  readonly id: string;
  /** Milliseconds of the emulator's clock. */
  readonly createdAt: number;
  readonly tags: Tags;
}

export type StateName = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

export const STATE_CODES: Readonly<Record<StateName, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/** A state and since when. */
export interface StateChange {
  readonly at: number;
  readonly state: StateName;
}

/** A disk of a machine. */
export interface Attachment {
  readonly instanceId: string;
  readonly device: string;
  readonly at: number;
  status: 'attaching' | 'attached' | 'detaching' | 'detached';
  deleteOnTermination: boolean;
}

export interface Volume extends Resource {
  readonly zone: string;
  kind: string;
  gb: number;
  iops: number | undefined;
  throughput: number | undefined;
  readonly encrypted: boolean;
  readonly snapshotId: string | undefined;
  state: 'creating' | 'available' | 'in-use' | 'deleting' | 'deleted' | 'error';
  attachment: Attachment | undefined;
  modification: Modification | undefined;
  charge: Charge | undefined;
}

/** A change of a volume; the next is possible hours later. */
export interface Modification {
  state: 'modifying' | 'optimizing' | 'completed' | 'failed';
  progress: number;
  readonly startedAt: number;
  endedAt: number | undefined;
  readonly from: { readonly kind: string; readonly gb: number; readonly iops?: number; readonly throughput?: number };
}

export interface Snapshot extends Resource {
  readonly volumeId: string;
  readonly gb: number;
  readonly description: string;
  readonly encrypted: boolean;
  state: 'pending' | 'completed' | 'error';
  charge: Charge | undefined;
}

export interface Instance extends Resource {
  readonly seq: number;
  readonly region: string;
  readonly zone: string;
  readonly type: TypeSpec;
  readonly image: ImageSpec;
  readonly reservationId: string;
  readonly launchIndex: number;
  readonly keyName: string | undefined;
  readonly token: string;
  readonly spot: SpotRequest | undefined;
  readonly profileArn: string | undefined;
  readonly userData: string;
  readonly subnetId: string;
  readonly privateIp: string;
  readonly interfaceId: string;
  readonly interfaceTags: Tags;
  readonly groupIds: readonly string[];
  readonly publicIpWanted: boolean;
  readonly ebsOptimized: boolean;
  readonly monitoring: boolean;
  /** Its disks. */
  readonly volumes: Set<Volume>;
  launchedAt: number;
  shutdownBehavior: 'stop' | 'terminate';
  terminationProtected: boolean;
  stopProtected: boolean;
  metadata: MetadataOptions;
  publicIp: string | undefined;
  history: StateChange[];
  reason: string;
  stateReason: { readonly code: string; readonly message: string } | undefined;
  charge: Charge | undefined;
  ipCharge: Charge | undefined;
  /** Counts starts: what was planned for an earlier one is void. */
  epoch: number;
  /** Since when it runs, or nothing. */
  runningSince: number | undefined;
  /** Whether the agent of SSM never comes. */
  agentDead: boolean;
  /** What the metadata service says of an end by EC2. */
  notice: { readonly action: 'terminate' | 'stop' | 'hibernate'; readonly time: number } | undefined;
  rebalanceAt: number | undefined;
}

export interface MetadataOptions {
  tokens: 'optional' | 'required';
  hops: number;
  endpoint: 'enabled' | 'disabled';
  tagsShown: 'enabled' | 'disabled';
}

export interface SpotRequest extends Resource {
  readonly kind: 'one-time' | 'persistent';
  readonly interruption: 'terminate' | 'stop' | 'hibernate';
  readonly maxPrice: number;
  readonly zone: string;
  readonly type: TypeSpec;
  readonly image: ImageSpec;
  readonly groupIds: readonly string[];
  readonly keyName: string | undefined;
  state: 'open' | 'active' | 'closed' | 'cancelled' | 'failed';
  /** Launches, as soon as there is room and the request is still open. */
  readonly fill: () => void;
  status: { readonly code: string; readonly message: string; readonly at: number };
  instanceId: string | undefined;
}

/** One rule of a security group that lets something in. */
export interface Rule {
  readonly id: string;
  readonly protocol: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly cidr4?: string;
  readonly cidr6?: string;
  readonly groupId?: string;
  readonly description?: string;
}

export interface SecurityGroup extends Resource {
  readonly name: string;
  readonly description: string;
  readonly vpcId: string;
  readonly ingress: Rule[];
}

export interface KeyPair extends Resource {
  readonly name: string;
  readonly publicKey: string;
  readonly kind: 'rsa' | 'ed25519';
  readonly fingerprint: string;
}

export interface Subnet extends Resource {
  readonly zone: string;
  readonly cidr: string;
  publicIps: boolean;
}

export interface Address extends Resource {
  readonly ip: string;
  instanceId: string | undefined;
  readonly charge: Charge;
}

/** The newest state, or the one at an earlier moment. */
export function stateOf(instance: Instance, at = Infinity): StateName {
  const past = instance.history.findLast((change) => change.at <= at);
  return (past ?? instance.history[0])?.state ?? 'pending';
}
