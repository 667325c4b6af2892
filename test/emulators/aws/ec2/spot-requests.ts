import type { Call } from '../core/call.ts';
import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { EC2_PAGES, page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import type { Instance, SpotRequest } from '../core/resources.ts';
import { list, text, whole } from '../core/shape.ts';
import { tagSet } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';
import { listed } from './listed.ts';

/** What becomes of the request when its machine has ended. */
export function endRequest(region: Region, instance: Instance, code: string): void {
  const { spot } = instance;
  const { world } = region;
  if (spot === undefined || spot.state === 'cancelled' || spot.state === 'closed') {
    if (spot !== undefined) settle(region, spot);
    return;
  }
  const isDear = region.spotPrice(spot.type, spot.zone) > spot.maxPrice;
  const byAmazon = isDear ? 'instance-terminated-by-price' : 'instance-terminated-no-capacity';
  const status = code.startsWith('Server.Spot') ? byAmazon : 'instance-terminated-by-user';
  spot.status = { code: status, message: `Your Spot Instance was ended (${code}).`, at: world.clock.now() };
  if (spot.kind === 'persistent') {
    // Whoever ends the machine alone gets another one.
    spot.state = 'open';
    spot.fill();
  }
  if (spot.kind === 'one-time' && world.switches.spotRequestCloses) spot.state = 'closed';
  settle(region, spot);
}

/** Keeps the meter's list of what may launch again. */
export function settle(region: Region, spot: SpotRequest): void {
  const { loose } = region.world.meter;
  if (spot.state === 'open' || spot.state === 'active') loose.set(spot.id, `spot request (${spot.state})`);
  else loose.delete(spot.id);
}

function requestById(region: Region, id: string): SpotRequest {
  const found = region.spotRequests.get(id);
  if (found === undefined) {
    throw new Refusal('InvalidSpotInstanceRequestID.NotFound', `The spot instance request ID '${id}' does not exist`);
  }
  return found;
}

const FACETS: Facets<SpotRequest> = {
  state: ({ state }) => state,
  'status-code': ({ status }) => status.code,
  'instance-id': ({ instanceId }) => instanceId,
  'spot-instance-request-id': ({ id }) => id,
  type: ({ kind }) => kind,
  'launched-availability-zone': ({ zone }) => zone,
  'launch.instance-type': ({ type }) => type.name,
};

export const describeSpotInstanceRequests = ec2Action(
  { Filter: filters, SpotInstanceRequestId: list(text), MaxResults: whole, NextToken: text },
  (input, call): Body => {
    const { SpotInstanceRequestId: ids } = input;
    const all = ids?.map((id) => requestById(call.region, id)) ?? listed(call, call.region.spotRequests.values());
    const found = sift(all, input.Filter, FACETS, ({ tags }) => tags);
    const { items, nextToken } = page(call.world, call.action, found, input, EC2_PAGES);
    return { spotInstanceRequestSet: items.map(requestBody), nextToken };
  },
);

export const cancelSpotInstanceRequests = ec2Action({ SpotInstanceRequestId: list(text) }, (input, call): Body => {
  const requests = need(input.SpotInstanceRequestId, 'spotInstanceRequestId').map((id) => requestById(call.region, id));
  for (const spot of requests) cancel(call, spot);
  return {
    spotInstanceRequestSet: requests.map(({ id, state }) => ({ spotInstanceRequestId: id, state })),
  };
});

/** Leaves the machine alone: it goes on, and bills. */
function cancel({ region, world }: Call, spot: SpotRequest): void {
  if (spot.state !== 'open' && spot.state !== 'active') return;
  const running = spot.instanceId !== undefined && spot.state === 'active';
  spot.state = 'cancelled';
  spot.status = {
    code: running ? 'request-canceled-and-instance-running' : 'canceled-before-fulfillment',
    message: 'Your Spot request was canceled.',
    at: world.clock.now(),
  };
  settle(region, spot);
}

function requestBody(spot: SpotRequest): Body {
  return {
    spotInstanceRequestId: spot.id,
    spotPrice: spot.maxPrice.toFixed(6),
    type: spot.kind,
    state: spot.state,
    status: { code: spot.status.code, message: spot.status.message, updateTime: new Date(spot.status.at) },
    launchSpecification: {
      imageId: spot.image.id,
      keyName: spot.keyName,
      groupSet: spot.groupIds.map((groupId) => ({ groupId })),
      instanceType: spot.type.name,
      placement: { availabilityZone: spot.zone },
      monitoring: { enabled: false },
    },
    instanceId: spot.instanceId,
    createTime: new Date(spot.createdAt),
    productDescription: 'Linux/UNIX',
    tagSet: tagSet(spot.tags),
    launchedAvailabilityZone: spot.instanceId === undefined ? undefined : spot.zone,
    instanceInterruptionBehavior: spot.interruption,
  };
}
