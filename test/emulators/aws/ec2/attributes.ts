import { ec2Action } from '../core/call.ts';
import { need, Refusal, Violation } from '../core/refusal.ts';
import { stateOf } from '../core/resources.ts';
import { flag, oneOf, struct, text, whole } from '../core/shape.ts';
import type { Body } from '../core/xml.ts';

const ATTRIBUTES = ['instanceInitiatedShutdownBehavior', 'disableApiTermination', 'disableApiStop', 'userData', 'instanceType', 'rootDeviceName', 'groupSet'] as const;

export const describeInstanceAttribute = ec2Action(
  { InstanceId: text, Attribute: oneOf(...ATTRIBUTES) },
  (input, { region }): Body => {
    const one = region.instance(need(input.InstanceId, 'InstanceId'));
    const values: Readonly<Record<(typeof ATTRIBUTES)[number], Body>> = {
      instanceInitiatedShutdownBehavior: { value: one.shutdownBehavior },
      disableApiTermination: { value: one.terminationProtected },
      disableApiStop: { value: one.stopProtected },
      userData: one.userData === '' ? {} : { value: Buffer.from(one.userData).toString('base64') },
      instanceType: { value: one.type.name },
      rootDeviceName: { value: one.image.rootDevice },
      groupSet: one.groupIds.map((groupId) => ({ groupId, groupName: region.groups.get(groupId)?.name })),
    };
    const name = need(input.Attribute, 'Attribute');
    return { instanceId: one.id, [name]: values[name] };
  },
);

export const modifyInstanceAttribute = ec2Action(
  {
    InstanceId: text,
    Attribute: text,
    Value: text,
    InstanceInitiatedShutdownBehavior: struct({ Value: text }),
    DisableApiTermination: struct({ Value: flag }),
    DisableApiStop: struct({ Value: flag }),
  },
  (input, { region }): Body => {
    const one = region.instance(need(input.InstanceId, 'InstanceId'));
    const { InstanceInitiatedShutdownBehavior, DisableApiTermination, DisableApiStop, Attribute, Value } = input;
    const asked = [InstanceInitiatedShutdownBehavior, DisableApiTermination, DisableApiStop, Attribute].filter((value) => value !== undefined);
    if (asked.length !== 1) {
      throw new Refusal('InvalidParameterCombination', 'Fields for multiple attribute types specified: exactly one may be changed at a time');
    }
    if (Attribute !== undefined && Attribute !== 'instanceInitiatedShutdownBehavior') {
      throw new Violation('InvalidParameterValue', `This emulator does not change '${Attribute}' by its name`);
    }
    const behavior = InstanceInitiatedShutdownBehavior?.Value ?? Value;
    if (behavior !== undefined) {
      if (behavior !== 'stop' && behavior !== 'terminate') {
        throw new Refusal('InvalidParameterValue', `Invalid value '${behavior}' for InstanceInitiatedShutdownBehavior.`);
      }
      if (one.spot !== undefined) {
        throw new Refusal('UnsupportedOperation', 'The instanceInitiatedShutdownBehavior of a Spot Instance cannot be changed');
      }
      one.shutdownBehavior = behavior;
    }
    if (DisableApiTermination?.Value !== undefined) {
      if (one.spot !== undefined) {
        throw new Refusal('UnsupportedOperation', 'Termination protection is not supported for Spot Instances');
      }
      one.terminationProtected = DisableApiTermination.Value;
    }
    if (DisableApiStop?.Value !== undefined) one.stopProtected = DisableApiStop.Value;
    return { return: true };
  },
);

export const modifyInstanceMetadataOptions = ec2Action(
  {
    InstanceId: text,
    HttpTokens: oneOf('optional', 'required'),
    HttpPutResponseHopLimit: whole,
    HttpEndpoint: oneOf('enabled', 'disabled'),
    InstanceMetadataTags: oneOf('enabled', 'disabled'),
  },
  (input, { region }): Body => {
    const one = region.instance(need(input.InstanceId, 'InstanceId'));
    if (stateOf(one) === 'terminated') {
      throw new Refusal('IncorrectInstanceState', `The instance '${one.id}' is terminated`);
    }
    one.metadata = {
      tokens: input.HttpTokens ?? one.metadata.tokens,
      hops: input.HttpPutResponseHopLimit ?? one.metadata.hops,
      endpoint: input.HttpEndpoint ?? one.metadata.endpoint,
      tagsShown: input.InstanceMetadataTags ?? one.metadata.tagsShown,
    };
    return {
      instanceId: one.id,
      instanceMetadataOptions: {
        state: 'pending',
        httpTokens: one.metadata.tokens,
        httpPutResponseHopLimit: one.metadata.hops,
        httpEndpoint: one.metadata.endpoint,
        instanceMetadataTags: one.metadata.tagsShown,
      },
    };
  },
);

export const getConsoleOutput = ec2Action({ InstanceId: text, Latest: flag }, (input, { region, world }): Body => {
  const one = region.instance(need(input.InstanceId, 'InstanceId'));
  const since = one.runningSince;
  const isReady = since !== undefined && world.clock.now() >= since + world.timings.console;
  const lines = isReady ? (world.machines?.console(one) ?? []) : [];
  return {
    instanceId: one.id,
    timestamp: new Date(world.clock.now()),
    // Left out, not empty, until there is something.
    output: lines.length === 0 ? undefined : Buffer.from(lines.join('\r\n')).toString('base64'),
  };
});
