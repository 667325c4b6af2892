import type { ImageSpec } from '../catalog/images.ts';
import { imagesOf } from '../catalog/images.ts';
import { QUOTAS } from '../catalog/quotas.ts';
import type { RegionSpec } from '../catalog/regions.ts';
import type { TypeSpec } from '../catalog/types.ts';
import { TYPES } from '../catalog/types.ts';
import { Refusal } from './refusal.ts';
import type {
  Address,
  Instance,
  KeyPair,
  Resource,
  SecurityGroup,
  Snapshot,
  SpotRequest,
  Subnet,
  Volume,
} from './resources.ts';
import type { World } from './world.ts';

/** How many more machines can be had; what is left out stands for all. */
export interface Capacity {
  readonly zone?: string;
  readonly type?: string;
  readonly market?: 'spot' | 'on-demand';
  left: number;
}

/** A launch that a client token stands for. */
export interface Launch {
  readonly fingerprint: string;
  readonly at: number;
  readonly ids: readonly string[];
}

interface SpotPrice {
  readonly at: number;
  /** US dollars an hour. */
  readonly usd: number;
}

/** What one region holds. */
export class Region {
  readonly spec: RegionSpec;
  readonly world: World;
  readonly vpcId: string;
  readonly images: readonly ImageSpec[];
  readonly subnets = new Map<string, Subnet>();
  readonly groups = new Map<string, SecurityGroup>();
  readonly keys = new Map<string, KeyPair>();
  readonly instances = new Map<string, Instance>();
  readonly volumes = new Map<string, Volume>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly spotRequests = new Map<string, SpotRequest>();
  readonly addresses = new Map<string, Address>();
  /** By action and token. */
  readonly tokens = new Map<string, Launch>();
  readonly capacity: Capacity[] = [];
  /** vCPUs by code. */
  readonly quotas = new Map<string, number>(QUOTAS.map(({ code, value }) => [code, value]));
  private readonly spotPrices = new Map<string, SpotPrice[]>();
  private addressCount = 0;

  constructor(spec: RegionSpec, world: World) {
    this.spec = spec;
    this.world = world;
    this.vpcId = world.id('vpc');
    this.images = imagesOf(spec.name, world.account);
    const createdAt = world.clock.now();
    spec.zones.forEach((zone, index) => {
      const id = world.id('subnet');
      const cidr = `172.31.${index * 16}.0/20`;
      this.subnets.set(id, { id, createdAt, tags: new Map(), zone, cidr, publicIps: true });
    });
    const id = world.id('sg');
    this.groups.set(id, {
      id,
      createdAt,
      tags: new Map(),
      name: 'default',
      description: 'default VPC security group',
      vpcId: this.vpcId,
      ingress: [{ id: world.id('sgr'), protocol: '-1', from: undefined, to: undefined, groupId: id }],
    });
  }

  get name(): string {
    return this.spec.name;
  }

  get enabled(): boolean {
    return this.spec.optIn !== 'not-opted-in';
  }

  get defaultGroup(): SecurityGroup {
    return [...this.groups.values()].find(({ name }) => name === 'default')!;
  }

  /** Zones that offer a type. */
  zonesOf(type: TypeSpec): readonly string[] {
    if (this.spec.without.includes(type.name)) return [];
    return this.spec.only[type.name] ?? this.spec.zones;
  }

  /** Types that some zone offers. */
  get types(): TypeSpec[] {
    return [...TYPES.values()].filter((type) => this.zonesOf(type).length > 0);
  }

  /** US dollars an hour, on demand. */
  onDemandPrice(type: TypeSpec): number {
    return Math.round(type.onDemand * this.spec.factor * 1e6) / 1e6;
  }

  /** US dollars an hour at a moment. */
  spotPrice(type: TypeSpec, zone: string, at = this.world.clock.now()): number {
    const changes = this.spotHistory(type, zone);
    return (changes.findLast((change) => change.at <= at) ?? changes[0])!.usd;
  }

  /** Every price there was, oldest first. */
  spotHistory(type: TypeSpec, zone: string): readonly SpotPrice[] {
    const name = `${type.name} ${zone}`;
    let changes = this.spotPrices.get(name);
    if (changes === undefined) {
      // Each zone has a price of its own.
      const spread = 1 + this.spec.zones.indexOf(zone) * 0.03;
      const usd = Math.round(this.onDemandPrice(type) * type.spotShare * spread * 1e4) / 1e4;
      changes = [{ at: this.world.clock.now() - 7 * 86_400_000, usd }];
      this.spotPrices.set(name, changes);
    }
    return changes;
  }

  /** Changes the price of spot from now on. */
  setSpotPrice(type: TypeSpec, zone: string, usd: number): void {
    this.spotHistory(type, zone);
    this.spotPrices.get(`${type.name} ${zone}`)!.push({ at: this.world.clock.now(), usd });
  }

  /** Scripts how much can still be had; the newest that fits counts. */
  setCapacity(capacity: Readonly<Capacity>): void {
    this.capacity.unshift({ ...capacity });
  }

  /** The script that fits, or nothing where there is no end. */
  capacityOf(type: TypeSpec, zone: string, market: 'spot' | 'on-demand'): Capacity | undefined {
    return this.capacity.find(
      (one) =>
        (one.zone ?? zone) === zone && (one.type ?? type.name) === type.name && (one.market ?? market) === market,
    );
  }

  /** An address out of 172.31.0.0/16. */
  privateIp(subnet: Subnet): string {
    const offset = ++this.addressCount + 3;
    const third = Number(subnet.cidr.split('.')[2]) + (Math.floor(offset / 250) % 16);
    return `172.31.${third}.${(offset % 250) + 4}`;
  }

  /** The only holder of an id, for calls that name it. */
  instance(id: string): Instance {
    if (!/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) {
      throw new Refusal('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
    }
    const found = this.instances.get(id);
    if (found === undefined || this.isHidden(found)) {
      throw new Refusal('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
    }
    return found;
  }

  volume(id: string): Volume {
    const found = this.volumes.get(id);
    if (found === undefined) throw new Refusal('InvalidVolume.NotFound', `The volume '${id}' does not exist.`);
    return found;
  }

  group(id: string): SecurityGroup {
    const found = this.groups.get(id);
    if (found === undefined) throw new Refusal('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
    return found;
  }

  /** Whether a name that is true is not yet known everywhere. */
  isHidden({ createdAt }: Resource): boolean {
    return this.world.clock.now() < createdAt + this.world.switches.notFoundMs;
  }

  /** Every resource that can have tags, with the word DescribeTags has for it. */
  *tagged(): Generator<{ readonly kind: string; readonly id: string; readonly tags: Map<string, string> }> {
    for (const one of this.instances.values()) {
      yield { kind: 'instance', id: one.id, tags: one.tags };
      yield { kind: 'network-interface', id: one.interfaceId, tags: one.interfaceTags };
    }
    const rest: readonly (readonly [string, Iterable<Resource>])[] = [
      ['volume', this.volumes.values()],
      ['snapshot', this.snapshots.values()],
      ['spot-instances-request', this.spotRequests.values()],
      ['security-group', this.groups.values()],
      ['key-pair', this.keys.values()],
      ['subnet', this.subnets.values()],
      ['elastic-ip', this.addresses.values()],
    ];
    for (const [kind, all] of rest) for (const { id, tags } of all) yield { kind, id, tags };
  }
}
