import type { Call } from '../core/call.ts';
import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { EC2_PAGES, page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import type { Instance } from '../core/resources.ts';
import { STATE_CODES, stateOf } from '../core/resources.ts';
import { flag, list, text, whole } from '../core/shape.ts';
import type { Body } from '../core/xml.ts';
import { instanceBody, stateBody } from './instance-body.ts';
import { reboot, start, stop, terminate } from './lifecycle.ts';
import { listed, shownState } from './listed.ts';

function facets(call: Call): Facets<Instance> {
  return {
    'instance-id': ({ id }) => id,
    'instance-state-name': (one) => shownState(call, one),
    'instance-state-code': (one) => String(STATE_CODES[shownState(call, one)]),
    'instance-type': ({ type }) => type.name,
    'instance-lifecycle': ({ spot }) => (spot === undefined ? undefined : 'spot'),
    'client-token': ({ token }) => token,
    'availability-zone': ({ zone }) => zone,
    'image-id': ({ image }) => image.id,
    'key-name': ({ keyName }) => keyName,
    'reservation-id': ({ reservationId }) => reservationId,
    'spot-instance-request-id': ({ spot }) => spot?.id,
    'subnet-id': ({ subnetId }) => subnetId,
    'vpc-id': () => call.region.vpcId,
    'instance.group-id': ({ groupIds }) => groupIds,
    'ip-address': ({ publicIp }) => publicIp,
    'private-ip-address': ({ privateIp }) => privateIp,
    architecture: ({ image }) => image.arch,
    'iam-instance-profile.arn': ({ profileArn }) => profileArn,
  };
}

/** Machines a Describe call is about. MaxResults and ids exclude each other. */
function chosen(call: Call, ids: readonly string[] | undefined, size: number | undefined): Instance[] {
  if (ids === undefined) return listed(call, call.region.instances.values());
  if (size !== undefined) {
    throw new Refusal(
      'InvalidParameterCombination',
      'The parameter instancesSet cannot be used with the parameter maxResults',
    );
  }
  return byIds(call.region, ids);
}

/** All of them, or a refusal that names the first that is not there. */
function byIds(region: Region, ids: readonly string[]): Instance[] {
  if (ids.length === 0) throw new Refusal('MissingParameter', 'The request must contain the parameter InstanceId');
  return [...new Set(ids)].map((id) => region.instance(id));
}

export const describeInstances = ec2Action(
  { Filter: filters, InstanceId: list(text), MaxResults: whole, NextToken: text },
  (input, call): Body => {
    const all = chosen(call, input.InstanceId, input.MaxResults);
    const found = sift(all, input.Filter, facets(call), ({ tags }) => tags);
    found.sort((a, b) => a.seq - b.seq);
    const { items, nextToken } = page(call.world, call.action, found, input, EC2_PAGES);
    const reservations = Map.groupBy(items, ({ reservationId }) => reservationId);
    return {
      reservationSet: [...reservations].map(([reservationId, instances]) => ({
        reservationId,
        ownerId: call.world.account,
        groupSet: [],
        instancesSet: instances.map((one) => instanceBody(call.region, one, shownState(call, one))),
      })),
      nextToken,
    };
  },
);

export const describeInstanceStatus = ec2Action(
  { Filter: filters, InstanceId: list(text), MaxResults: whole, NextToken: text, IncludeAllInstances: flag },
  (input, call): Body => {
    const { world } = call;
    const all = chosen(call, input.InstanceId, input.MaxResults).filter(
      (one) => input.IncludeAllInstances === true || shownState(call, one) === 'running',
    );
    const found = sift(all, input.Filter, facets(call));
    const { items, nextToken } = page(world, call.action, found, input, EC2_PAGES);
    return {
      instanceStatusSet: items.map((one) => {
        const state = shownState(call, one);
        const age = world.clock.now() - (one.runningSince ?? world.clock.now());
        const status = state !== 'running' ? 'not-applicable' : age < world.timings.checks ? 'initializing' : 'ok';
        const details = [{ name: 'reachability', status: status === 'ok' ? 'passed' : 'initializing' }];
        const checks = { status, ...(state === 'running' && { details }) };
        return {
          instanceId: one.id,
          availabilityZone: one.zone,
          instanceState: stateBody(state),
          systemStatus: checks,
          instanceStatus: checks,
        };
      }),
      nextToken,
    };
  },
);

/** Does something to each machine, and shows the state before and after. */
function change(call: Call, ids: readonly string[] | undefined, act: (one: Instance) => void): Body {
  const instances = byIds(call.region, need(ids, 'InstanceId'));
  const before = instances.map((one) => stateOf(one));
  instances.forEach(act);
  return {
    instancesSet: instances.map((one, index) => ({
      instanceId: one.id,
      currentState: stateBody(stateOf(one)),
      previousState: stateBody(before[index]!),
    })),
  };
}

export const startInstances = ec2Action({ InstanceId: list(text) }, (input, call) =>
  change(call, input.InstanceId, (one) => start(call.region, one)),
);

export const stopInstances = ec2Action({ InstanceId: list(text), Force: flag }, (input, call) =>
  change(call, input.InstanceId, (one) => {
    if (one.stopProtected) {
      throw new Refusal('OperationNotPermitted', `The instance '${one.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`);
    }
    stop(call.region, one, 'Client.UserInitiatedShutdown: User initiated shutdown', 'Client.UserInitiatedShutdown');
  }),
);

export const terminateInstances = ec2Action({ InstanceId: list(text) }, (input, call) => {
  const ids = need(input.InstanceId, 'InstanceId');
  const isHeld = byIds(call.region, ids).find((one) => one.terminationProtected);
  if (isHeld !== undefined) {
    throw new Refusal('OperationNotPermitted', `The instance '${isHeld.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`);
  }
  if (call.world.switches.throttling) call.world.throttle.machines(call.region.name, call.action, ids.length);
  return change(call, ids, (one) =>
    terminate(call.region, one, 'Client.UserInitiatedShutdown: User initiated shutdown', 'Client.UserInitiatedShutdown'),
  );
});

export const rebootInstances = ec2Action({ InstanceId: list(text) }, (input, call) => {
  for (const one of byIds(call.region, need(input.InstanceId, 'InstanceId'))) reboot(call.region, one);
  return { return: true };
});
