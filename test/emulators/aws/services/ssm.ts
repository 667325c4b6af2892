import type { Actions } from '../core/call.ts';
import { plainAction } from '../core/call.ts';
import { page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Instance } from '../core/resources.ts';
import { stateOf } from '../core/resources.ts';
import { list, listsByName, struct, text, whole } from '../core/shape.ts';
import type { Body } from '../core/xml.ts';
import { cancelCommand, getCommandInvocation, isOnline, listCommandInvocations, sendCommand } from './ssm-commands.ts';
import { getParameter, getParameters } from './ssm-parameters.ts';

const describeInstanceInformation = plainAction(
  'json',
  { Filters: list(struct({ Key: text, Values: list(text) })), MaxResults: whole, NextToken: text },
  (input, call): Body => {
    const { region, world } = call;
    const fits = (one: Instance): boolean =>
      (input.Filters ?? []).every(({ Key: key, Values: values = [] }) => {
        if (key === 'InstanceIds') return values.includes(one.id);
        if (key === 'PingStatus') return values.includes('Online');
        throw new Refusal('InvalidInstanceInformationFilterValue', `The filter ${String(key)} is not valid`);
      });
    const found = [...region.instances.values()].filter((one) => isOnline(call, one)).filter(fits);
    const { items, nextToken } = page(world, call.action, found, input, { least: 5, most: 50, standard: 50, code: 'ValidationException' });
    return {
      InstanceInformationList: items.map((one) => ({
        InstanceId: one.id,
        PingStatus: 'Online',
        LastPingDateTime: new Date(world.clock.now()),
        AgentVersion: '3.3.2299.0',
        IsLatestVersion: true,
        PlatformType: 'Linux',
        PlatformName: one.image.user === 'ubuntu' ? 'Ubuntu' : 'Amazon Linux',
        PlatformVersion: one.image.user === 'ubuntu' ? '22.04' : '2023',
        ResourceType: 'EC2Instance',
        IPAddress: one.privateIp,
        ComputerName: `ip-${one.privateIp.replaceAll('.', '-')}`,
      })),
      NextToken: nextToken,
    };
  },
);

/** A session is a web socket of its own protocol, which this emulator does not speak. */
const startSession = plainAction(
  'json',
  { Target: text, DocumentName: text, Reason: text, Parameters: listsByName },
  (input, { region }) => {
    const id = need(input.Target, 'Target');
    const found = region.instances.get(id);
    const isUp = found !== undefined && stateOf(found) === 'running';
    throw new Refusal('TargetNotConnected', `${id} is not connected.${isUp ? ' (This emulator has no sessions.)' : ''}`);
  },
);

/** Systems Manager: public parameters and commands. */
export const SSM: Actions = {
  GetParameter: getParameter,
  GetParameters: getParameters,
  DescribeInstanceInformation: describeInstanceInformation,
  SendCommand: sendCommand,
  GetCommandInvocation: getCommandInvocation,
  ListCommandInvocations: listCommandInvocations,
  CancelCommand: cancelCommand,
  StartSession: startSession,
};
