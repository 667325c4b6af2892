import { PUBLIC_IPV4_HOUR } from '../catalog/rates.ts';
import { Refusal } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import type { Instance, StateName } from '../core/resources.ts';
import { stateOf } from '../core/resources.ts';
import { endRequest } from './spot-requests.ts';
import { releaseVolumes } from './volume-state.ts';

const MINUTE = 60_000;
const FREE_SPOT_MS = 60 * MINUTE;

/** Enters `pending` and from there `running`, as after a launch or a start. */
export function bringUp(region: Region, instance: Instance): void {
  const { clock, timings } = region.world;
  instance.launchedAt = clock.now();
  enter(region, instance, 'pending');
  whenStill(region, instance, timings.pending, () => run(region, instance));
}

/** Takes an address and begins to bill. */
async function run(region: Region, instance: Instance): Promise<void> {
  const { world } = region;
  enter(region, instance, 'running');
  instance.runningSince = world.clock.now();
  const { spot, type, zone } = instance;
  instance.charge = world.meter.begin({
    resource: instance.id,
    what: 'instance',
    region: region.name,
    rate: spot === undefined ? region.onDemandPrice(type) : (at) => region.spotPrice(type, zone, at),
    minimumMs: MINUTE,
  });
  takeAddress(region, instance);
  await world.machines?.boot(region, instance);
}

/** A public address is another one after each start. */
function takeAddress(region: Region, instance: Instance): void {
  const { world } = region;
  const own = [...region.addresses.values()].find(({ instanceId }) => instanceId === instance.id);
  if (own !== undefined) {
    instance.publicIp = own.ip;
    return;
  }
  if (!instance.publicIpWanted) return;
  instance.publicIp = world.machines?.address(instance) ?? publicIp(world.next());
  instance.ipCharge = world.meter.begin({
    resource: instance.id,
    what: 'public-ipv4',
    region: region.name,
    rate: PUBLIC_IPV4_HOUR,
    minimumMs: MINUTE,
  });
}

/** Addresses that are nobody's: 203.0.113.0/24, 198.51.100.0/24, then 198.18.0.0/15. */
export function publicIp(number: number): string {
  if (number < 250) return `203.0.113.${number + 1}`;
  return `198.18.${Math.floor(number / 250) % 256}.${(number % 250) + 1}`;
}

/** Stops a machine; without effect where it is stopped already. */
export function stop(region: Region, instance: Instance, reason: string, code: string): void {
  const { world } = region;
  const state = stateOf(instance);
  if (state === 'stopped' || state === 'stopping') return;
  if (state !== 'running' && state !== 'pending') throw wrongState(instance, 'stopped');
  if (instance.spot?.kind === 'one-time' && !world.switches.oneTimeSpotStops) {
    throw new Refusal(
      'UnsupportedOperation',
      `You can't stop the Spot Instance '${instance.id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests.`,
    );
  }
  endBilling(region, instance, 'stopping', reason, code);
  world.machines?.ask(instance);
  whenStill(region, instance, world.timings.stopping, async () => {
    await world.machines?.halt(instance);
    enter(region, instance, 'stopped');
  });
}

/** Terminates a machine; without effect where it has ended. */
export function terminate(region: Region, instance: Instance, reason: string, code: string): void {
  const { world } = region;
  const state = stateOf(instance);
  if (state === 'terminated' || state === 'shutting-down') return;
  endBilling(region, instance, 'shutting-down', reason, code);
  world.machines?.ask(instance);
  whenStill(region, instance, world.timings.shuttingDown, async () => {
    await world.machines?.destroy(instance);
    enter(region, instance, 'terminated');
    for (const address of region.addresses.values()) {
      if (address.instanceId === instance.id) address.instanceId = undefined;
    }
    releaseVolumes(region, instance);
    endRequest(region, instance, code);
    world.clock.after(world.timings.terminatedListed, () => {
      region.instances.delete(instance.id);
    });
  });
}

/** Starts a stopped machine. */
export function start(region: Region, instance: Instance): void {
  const state = stateOf(instance);
  if (state === 'running' || state === 'pending') return;
  if (state !== 'stopped') throw wrongState(instance, 'started');
  instance.reason = '';
  instance.stateReason = undefined;
  bringUp(region, instance);
}

/** Boots the system again; the state stays `running`. */
export function reboot(region: Region, instance: Instance): void {
  if (stateOf(instance) !== 'running') throw wrongState(instance, 'rebooted');
  const { world } = region;
  whenStill(region, instance, world.timings.reboot, async () => {
    await world.machines?.halt(instance);
    await world.machines?.boot(region, instance);
  });
}

/** What `shutdown` inside does: by the shutdown behaviour. */
export function shutDownFromInside(region: Region, instance: Instance): void {
  const text = 'Client.InstanceInitiatedShutdown: Instance initiated shutdown';
  if (stateOf(instance) !== 'running') return;
  // A spot machine's own shutdown always ends it.
  if (instance.shutdownBehavior === 'terminate' || instance.spot?.kind === 'one-time') {
    terminate(region, instance, text, 'Client.InstanceInitiatedShutdown');
  } else stop(region, instance, text, 'Client.InstanceInitiatedShutdown');
}

/** EC2 takes a spot machine back: the notice now, the end two minutes later. */
export function reclaim(region: Region, instance: Instance): void {
  const { spot } = instance;
  const { world } = region;
  if (spot === undefined) throw new Error(`${instance.id} is no spot machine`);
  const action = spot.interruption;
  instance.notice = { action, time: world.clock.now() + world.timings.spotNotice };
  spot.status = {
    code: action === 'terminate' ? 'marked-for-termination' : 'marked-for-stop',
    message: `Your Spot Instance is marked for ${action === 'terminate' ? 'termination' : 'stop'}.`,
    at: world.clock.now(),
  };
  whenStill(region, instance, world.timings.spotNotice, () => {
    const since = instance.runningSince;
    const { charge } = instance;
    const isFree = since !== undefined && world.clock.now() - since < FREE_SPOT_MS;
    instance.notice = undefined;
    if (action === 'terminate') {
      terminate(region, instance, 'Server.SpotInstanceTermination: Spot instance termination', 'Server.SpotInstanceTermination');
    } else stop(region, instance, 'Server.SpotInstanceShutdown: Spot instance shutdown', 'Server.SpotInstanceShutdown');
    if (isFree && charge !== undefined) charge.waived = true;
  });
}

/** IncorrectInstanceState in the words of EC2. */
export function wrongState(instance: Instance, act: string): Refusal {
  return new Refusal(
    'IncorrectInstanceState',
    `The instance '${instance.id}' is not in a state from which it can be ${act}.`,
  );
}

function endBilling(region: Region, instance: Instance, state: StateName, reason: string, code: string): void {
  const { world } = region;
  const date = new Date(world.clock.now()).toISOString().replace('T', ' ').slice(0, 19);
  enter(region, instance, state);
  world.meter.end(instance.charge);
  world.meter.end(instance.ipCharge);
  instance.charge = undefined;
  instance.ipCharge = undefined;
  instance.publicIp = undefined;
  instance.runningSince = undefined;
  instance.reason = code.startsWith('Client.User') ? `User initiated (${date} GMT)` : reason;
  instance.stateReason = { code, message: reason };
}

function enter(region: Region, instance: Instance, state: StateName): void {
  instance.epoch += 1;
  instance.history.push({ at: region.world.clock.now(), state });
}

/** Acts later, unless the state has changed by then. */
function whenStill(region: Region, instance: Instance, ms: number, act: () => void | Promise<void>): void {
  const { epoch } = instance;
  region.world.clock.after(ms, () => (instance.epoch === epoch ? act() : undefined));
}
