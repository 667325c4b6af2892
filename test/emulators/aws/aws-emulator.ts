import type { EmulatorClock } from './core/clock.ts';
import type { Faults } from './core/faults.ts';
import type { Journal } from './core/journal.ts';
import type { Meter } from './core/meter.ts';
import type { AwsOptions, Identity } from './core/options.ts';
import type { Region } from './core/region.ts';
import type { Instance, StateName } from './core/resources.ts';
import { stateOf } from './core/resources.ts';
import { AwsServer } from './core/server.ts';
import { World } from './core/world.ts';
import { typeOf } from './ec2/launch-plan.ts';
import { reclaim } from './ec2/lifecycle.ts';
import type { Imds } from './machines/imds.ts';
import { MachineHost } from './machines/machine-host.ts';
import type { Machine } from './machines/machine.ts';

/**
 * EC2, SSM, STS, IAM, Pricing and Service Quotas at one address on loopback. Its README says
 * what it knows, which facts are switches, and what is certain.
 */
export class AwsEmulator {
  readonly world: World;
  private readonly server: AwsServer;

  private constructor(world: World, server: AwsServer) {
    this.world = world;
    this.server = server;
  }

  static async start(options: AwsOptions = {}): Promise<AwsEmulator> {
    const world = new World(options);
    const { machines = 'none' } = options;
    if (machines !== 'none') world.machines = await MachineHost.create(machines);
    return new AwsEmulator(world, await AwsServer.start(world));
  }

  /** The endpoint of every service in every region. */
  get endpoint(): string {
    return this.server.endpoint;
  }

  get clock(): EmulatorClock {
    return this.world.clock;
  }

  get faults(): Faults {
    return this.world.faults;
  }

  get journal(): Journal {
    return this.world.journal;
  }

  get meter(): Meter {
    return this.world.meter;
  }

  /** Port of every machine's sshd; the address is the machine's public one. */
  get sshPort(): number {
    if (this.world.machines === undefined) throw new Error('This emulator has no machines');
    return this.world.machines.port;
  }

  region(name: string): Region {
    return this.world.region(name);
  }

  /** Moves the clock on; machines boot and end on the way. */
  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  /** Variables with which the tools of AWS sign as an identity. */
  environment(identity: Identity = this.world.identities[0]!, region = 'us-east-1'): Record<string, string> {
    return {
      AWS_ACCESS_KEY_ID: identity.accessKeyId,
      AWS_SECRET_ACCESS_KEY: identity.secretAccessKey,
      ...(identity.sessionToken !== undefined && { AWS_SESSION_TOKEN: identity.sessionToken }),
      AWS_DEFAULT_REGION: region,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
  }

  /** An instance of any region, also one that lists do not show yet. */
  instance(id: string): Instance {
    for (const region of this.world.regions.values()) {
      const found = region.instances.get(id);
      if (found !== undefined) return found;
    }
    throw new Error(`there is no ${id}`);
  }

  /** The true state of an instance. */
  state(id: string): StateName {
    return stateOf(this.instance(id));
  }

  /** All instances that have not ended, of all regions. */
  live(): Instance[] {
    return [...this.world.regions.values()]
      .flatMap((region) => [...region.instances.values()])
      .filter((one) => !['terminated', 'shutting-down'].includes(stateOf(one)));
  }

  /** The machine behind an instance. */
  machine(id: string): Machine {
    if (this.world.machines === undefined) throw new Error('This emulator has no machines');
    return this.world.machines.machine(id);
  }

  /** The metadata service of an instance. */
  imds(id: string): Imds {
    if (this.world.machines === undefined) throw new Error('This emulator has no machines');
    return this.world.machines.imds(id);
  }

  /** EC2 takes a spot machine back in two minutes. */
  reclaimSpot(id: string): void {
    const instance = this.instance(id);
    reclaim(this.region(instance.region), instance);
  }

  /** Changes the price of spot, and takes back what was to cost less. */
  setSpotPrice(region: string, type: string, zone: string, usd: number): void {
    const held = this.region(region);
    held.setSpotPrice(typeOf(type), zone, usd);
    for (const one of held.instances.values()) {
      const isDear = one.type.name === type && one.zone === zone && usd > (one.spot?.maxPrice ?? Infinity);
      if (isDear && stateOf(one) === 'running' && one.notice === undefined) reclaim(held, one);
    }
  }

  /** EC2 recommends to leave a spot machine. */
  recommendRebalance(id: string): void {
    this.instance(id).rebalanceAt = this.clock.now();
  }

  /** The caller may no longer do this, `ec2:RunInstances`. */
  deny(...actions: readonly string[]): void {
    for (const action of actions) this.world.denied.add(action);
  }

  /** Throws when the emulator was called in a way it does not know, or failed by itself. */
  assertClean(): void {
    this.clock.rethrow();
    this.journal.assertClean();
  }

  async stop(): Promise<void> {
    this.faults.clear();
    await this.server.stop();
    await this.clock.stop();
    await this.world.machines?.dispose();
  }
}
