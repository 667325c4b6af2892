import { QUOTAS } from '../catalog/quotas.ts';
import type { TypeSpec } from '../catalog/types.ts';
import type { Call } from '../core/call.ts';
import { ec2Action } from '../core/call.ts';
import { Refusal } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import type { Instance, SpotRequest } from '../core/resources.ts';
import { stateOf } from '../core/resources.ts';
import { tagsAtCreation } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';
import { once } from './client-token.ts';
import { instanceBody } from './instance-body.ts';
import type { LaunchInput } from './launch-input.ts';
import { LAUNCH_FIELDS } from './launch-input.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { planLaunch } from './launch-plan.ts';
import { bringUp } from './lifecycle.ts';
import { settle } from './spot-requests.ts';
import { makeVolume } from './volume-state.ts';

/** How often an open request is tried. */
const LOOK_MS = 5000;

const KINDS = ['instance', 'volume', 'network-interface', 'spot-instances-request'] as const;

export const runInstances = ec2Action(LAUNCH_FIELDS, (input, call): Body => {
  const ids = once(call, input.ClientToken, () => launch(input, call));
  const instances = ids.map((id) => call.region.instances.get(id)).filter((one) => one !== undefined);
  if (instances.every((one) => stateOf(one) === 'terminated')) {
    throw new Refusal(
      'IdempotentInstanceTerminated',
      'The request to launch an instance uses the same client token as a previous request for which the instance has been terminated.',
    );
  }
  return reservationBody(call, instances);
});

/** Launches what fits; ids of the machines. */
export function launch(input: LaunchInput, call: Call): string[] {
  const { region, world } = call;
  const plan = planLaunch(input, call);
  const tags = tagsAtCreation(input.TagSpecification, ...KINDS);
  if (plan.spot === undefined && tags('spot-instances-request').size > 0) {
    throw new Refusal('InvalidParameterValue', 'You can only tag a spot-instances-request when you ask for a Spot Instance.');
  }
  if (world.switches.throttling) world.throttle.machines(region.name, call.action, plan.most);
  const count = checkQuota(region, plan);
  const zone = zoneWithRoom(call, plan, input, count);
  const reservationId = world.id('r');
  return Array.from({ length: count }, (_, index) => launchOne(call, plan, input, { zone, reservationId, index }).id);
}

/** vCPUs of the family in use, on demand or as spot. */
export function vcpusInUse(region: Region, families: readonly string[], spot: boolean): number {
  const { clock, switches } = region.world;
  const counts = (instance: Instance): boolean => {
    const state = stateOf(instance);
    if (state === 'stopped') return false;
    const since = instance.history.at(-1)?.at ?? 0;
    return state !== 'terminated' || clock.now() < since + switches.terminatedCountsMs;
  };
  return [...region.instances.values()]
    .filter((one) => families.includes(one.type.family) && (one.spot !== undefined) === spot && counts(one))
    .reduce((sum, one) => sum + one.type.vcpus, 0);
}

/** How many of those asked for the quota allows; refuses fewer than the least. */
function checkQuota(region: Region, { type, spot, least, most }: LaunchPlan): number {
  const isSpot = spot !== undefined;
  const quota = QUOTAS.find((one) => one.spot === isSpot && one.families.includes(type.family))!;
  const limit = region.quotas.get(quota.code) ?? 0;
  const room = Math.floor((limit - vcpusInUse(region, quota.families, isSpot)) / type.vcpus);
  if (room >= least) return Math.min(room, most);
  if (isSpot) throw new Refusal('MaxSpotInstanceCountExceeded', 'Max spot instance count exceeded');
  throw new Refusal(
    'VcpuLimitExceeded',
    `You have requested more vCPU capacity than your current vCPU limit of ${limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
  );
}

/** A zone that has room now; takes the room. */
function zoneWithRoom(call: Call, plan: LaunchPlan, input: LaunchInput, count: number): string {
  const { region } = call;
  const { type, spot, zones } = plan;
  const market = spot === undefined ? 'on-demand' : 'spot';
  const affordable = zones.filter((zone) => spot === undefined || region.spotPrice(type, zone) <= spot.maxPrice);
  if (affordable.length === 0 && spot !== undefined) {
    const least = Math.min(...zones.map((zone) => region.spotPrice(type, zone)));
    throw new Refusal(
      'SpotMaxPriceTooLow',
      `Your Spot request price of ${spot.maxPrice} is lower than the minimum required Spot request fulfillment price of ${least}.`,
    );
  }
  const found = affordable.find((zone) => (region.capacityOf(type, zone, market)?.left ?? Infinity) >= count);
  if (found !== undefined) {
    const script = region.capacityOf(type, found, market);
    if (script !== undefined) script.left -= count;
    return found;
  }
  if (spot !== undefined && call.world.switches.openRequestAfterRefusal) leaveOpen(call, plan, input, zones[0]!);
  throw noCapacity(type, affordable, plan, region);
}

function noCapacity(type: TypeSpec, zones: readonly string[], { spot }: LaunchPlan, region: Region): Refusal {
  if (spot !== undefined) {
    return new Refusal('InsufficientInstanceCapacity', 'There is no Spot capacity available that matches your request.', 500);
  }
  const others = region.zonesOf(type).filter((zone) => !zones.includes(zone));
  return new Refusal(
    'InsufficientInstanceCapacity',
    `We currently do not have sufficient ${type.name} capacity in the Availability Zone you requested (${zones.join(', ')}). Our system will be working on provisioning additional capacity. You can currently get ${type.name} capacity by not specifying an Availability Zone in your request or choosing ${others.join(', ')}.`,
    500,
  );
}

/** The request stays open and launches by itself when there is room: the late twin. */
function leaveOpen(call: Call, plan: LaunchPlan, input: LaunchInput, zone: string): void {
  makeRequest(call, plan, input, zone, 'open').fill();
}

/** Looks every few seconds whether an open request can be filled. */
function fill(call: Call, plan: LaunchPlan, input: LaunchInput, spot: SpotRequest): void {
  const { region, world } = call;
  world.clock.after(LOOK_MS, () => {
    if (spot.state !== 'open') return;
    const script = region.capacityOf(plan.type, spot.zone, 'spot');
    if ((script?.left ?? Infinity) < 1 || region.spotPrice(plan.type, spot.zone) > spot.maxPrice) {
      spot.fill();
      return;
    }
    if (script !== undefined) script.left -= 1;
    launchOne(call, plan, input, { zone: spot.zone, reservationId: world.id('r'), index: 0, spot });
  });
}

function makeRequest(
  call: Call,
  plan: LaunchPlan,
  input: LaunchInput,
  zone: string,
  state: 'open' | 'active',
): SpotRequest {
  const { region, world } = call;
  const { kind, interruption, maxPrice } = plan.spot!;
  const spot: SpotRequest = {
    id: `sir-${world.hex(8)}`,
    createdAt: world.clock.now(),
    tags: tagsAtCreation(input.TagSpecification, ...KINDS)('spot-instances-request'),
    kind,
    interruption,
    maxPrice,
    zone,
    type: plan.type,
    image: plan.image,
    groupIds: plan.groupIds,
    keyName: input.KeyName,
    state,
    status: { code: 'capacity-not-available', message: 'There is no Spot capacity.', at: world.clock.now() },
    instanceId: undefined,
    fill: () => fill(call, plan, input, spot),
  };
  region.spotRequests.set(spot.id, spot);
  settle(region, spot);
  return spot;
}

interface Place {
  readonly zone: string;
  readonly reservationId: string;
  readonly index: number;
  /** A request that was open already. */
  readonly spot?: SpotRequest;
}

function launchOne(call: Call, plan: LaunchPlan, input: LaunchInput, place: Place): Instance {
  const { region, world } = call;
  const tags = tagsAtCreation(input.TagSpecification, ...KINDS);
  const subnet = plan.subnetIn(place.zone);
  const spot = plan.spot === undefined ? undefined : (place.spot ?? makeRequest(call, plan, input, place.zone, 'active'));
  const instance: Instance = {
    id: world.id('i'),
    seq: world.next(),
    createdAt: world.clock.now(),
    tags: tags('instance'),
    region: region.name,
    zone: place.zone,
    type: plan.type,
    image: plan.image,
    reservationId: place.reservationId,
    launchIndex: place.index,
    keyName: input.KeyName,
    token: input.ClientToken ?? world.uuid(),
    spot,
    profileArn: plan.profileArn,
    userData: plan.userData,
    subnetId: subnet.id,
    privateIp: region.privateIp(subnet),
    interfaceId: world.id('eni'),
    interfaceTags: tags('network-interface'),
    groupIds: plan.groupIds,
    publicIpWanted: plan.publicIp ?? subnet.publicIps,
    ebsOptimized: input.EbsOptimized ?? false,
    monitoring: input.Monitoring?.Enabled ?? false,
    volumes: new Set(),
    launchedAt: world.clock.now(),
    shutdownBehavior: input.InstanceInitiatedShutdownBehavior ?? (spot === undefined ? 'stop' : 'terminate'),
    terminationProtected: input.DisableApiTermination ?? false,
    stopProtected: input.DisableApiStop ?? false,
    metadata: plan.metadata,
    publicIp: undefined,
    history: [],
    reason: '',
    stateReason: undefined,
    charge: undefined,
    ipCharge: undefined,
    epoch: 0,
    runningSince: undefined,
    agentDead: false,
    notice: undefined,
    rebalanceAt: undefined,
  };
  region.instances.set(instance.id, instance);
  if (spot !== undefined) {
    spot.state = 'active';
    spot.instanceId = instance.id;
    spot.status = { code: 'fulfilled', message: 'Your spot request is fulfilled.', at: world.clock.now() };
    settle(region, spot);
  }
  for (const { device, deleteOnTermination, wish } of plan.disks) {
    const volume = makeVolume(region, { ...wish, zone: place.zone, tags: tags('volume') });
    volume.state = 'in-use';
    volume.attachment = {
      instanceId: instance.id,
      device,
      at: world.clock.now(),
      status: 'attached',
      deleteOnTermination,
    };
    instance.volumes.add(volume);
  }
  bringUp(region, instance);
  return instance;
}

function reservationBody({ region, world }: Call, instances: readonly Instance[]): Body {
  return {
    reservationId: instances[0]?.reservationId,
    ownerId: world.account,
    groupSet: [],
    instancesSet: instances.map((one) => instanceBody(region, one, stateOf(one))),
  };
}
