import type { AwsEmulator } from './aws-emulator.ts';
import { PUBLIC_IPV4_HOUR } from './catalog/rates.ts';
import type { Call } from './core/call.ts';
import type { Address } from './core/resources.ts';
import { publicIp } from './ec2/lifecycle.ts';
import { launch } from './ec2/run-instances.ts';

/** An address of one's own: it bills whether a machine has it or not. */
export function seedAddress({ world }: AwsEmulator, region: string, instanceId?: string): Address {
  const id = world.id('eipalloc');
  const address: Address = {
    id,
    createdAt: world.clock.now(),
    tags: new Map(),
    ip: publicIp(world.next()),
    instanceId,
    charge: world.meter.begin({ resource: id, what: 'public-ipv4', region, rate: PUBLIC_IPV4_HOUR, minimumMs: 0 }),
  };
  world.region(region).addresses.set(address.id, address);
  return address;
}

/** Many machines of one kind, as if they had been there for long. */
export interface Seed {
  readonly region: string;
  readonly count: number;
  readonly type?: string;
  readonly zone?: string;
  readonly spot?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  /** GiB; that of the image when it is left out. */
  readonly rootGb?: number;
}

/**
 * Launches past the wire, the quotas and the token buckets, and lets the machines come up.
 *
 * @returns their ids
 */
export async function seed(emulator: AwsEmulator, wish: Seed): Promise<string[]> {
  const { world } = emulator;
  const region = emulator.region(wish.region);
  const throttling = world.switches.throttling;
  const quotas = new Map(region.quotas);
  for (const code of quotas.keys()) region.quotas.set(code, Infinity);
  world.switches.throttling = false;
  const image = region.images.find(({ arch, alias }) => arch === 'x86_64' && alias !== undefined)!;
  const Tag = Object.entries(wish.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  const kinds = ['instance', 'volume'];
  const call: Call = {
    world,
    region,
    service: 'ec2',
    action: 'RunInstances',
    identity: world.identities[0]!,
    parameters: {},
    staleMs: 0,
  };
  try {
    const ids = launch(
      {
        ImageId: image.id,
        InstanceType: wish.type ?? 'g4dn.xlarge',
        MinCount: wish.count,
        MaxCount: wish.count,
        TagSpecification: Tag.length === 0 ? [] : kinds.map((ResourceType) => ({ ResourceType, Tag })),
        BlockDeviceMapping: [
          { DeviceName: image.rootDevice, Ebs: { VolumeType: 'gp3', ...(wish.rootGb !== undefined && { VolumeSize: wish.rootGb }) } },
        ],
        ...(wish.zone !== undefined && { Placement: { AvailabilityZone: wish.zone } }),
        ...(wish.spot === true && { InstanceMarketOptions: { MarketType: 'spot' as const } }),
      },
      call,
    );
    await emulator.advance(world.timings.pending);
    return ids;
  } finally {
    world.switches.throttling = throttling;
    for (const [code, value] of quotas) region.quotas.set(code, value);
  }
}
