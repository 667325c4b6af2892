import type { Call } from '../core/call.ts';
import { plainAction } from '../core/call.ts';
import { page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Instance } from '../core/resources.ts';
import { stateOf } from '../core/resources.ts';
import { flag, list, listsByName, struct, text, whole } from '../core/shape.ts';
import type { Body } from '../core/xml.ts';
import type { MachineRun } from '../machines/machine.ts';

const OUTPUT_LIMIT = 24_000;
const DETAIL_LIMIT = 2500;
const DOCUMENT = 'AWS-RunShellScript';
const PLUGIN = 'aws:runShellScript';

type Status = 'Pending' | 'InProgress' | 'Success' | 'Failed' | 'Cancelled' | 'TimedOut';

interface Invocation {
  readonly commandId: string;
  readonly instanceId: string;
  readonly region: string;
  readonly comment: string;
  readonly sentAt: number;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  startedAt: number | undefined;
  endedAt: number | undefined;
  status: Status;
  code: number;
  run: MachineRun | undefined;
}

const INVOCATIONS = new WeakMap<Call['world'], Invocation[]>();

function invocations({ world }: Call): Invocation[] {
  const known = INVOCATIONS.get(world) ?? [];
  INVOCATIONS.set(world, known);
  return known;
}

/** Whether the agent of SSM on a machine would answer now. */
export function isOnline({ world }: Call, instance: Instance): boolean {
  const { runningSince, agentDead, profileArn } = instance;
  return (
    world.machines !== undefined &&
    stateOf(instance) === 'running' &&
    !agentDead &&
    world.iam.mayUseSsm(profileArn) &&
    runningSince !== undefined &&
    world.clock.now() >= runningSince + world.timings.agent
  );
}

export const sendCommand = plainAction(
  'json',
  {
    InstanceIds: list(text),
    DocumentName: text,
    DocumentVersion: text,
    TimeoutSeconds: whole,
    Comment: text,
    Parameters: listsByName,
  },
  async (input, call) => {
    const { world, region } = call;
    const name = need(input.DocumentName, 'DocumentName');
    if (name !== DOCUMENT) throw new Refusal('InvalidDocument', `Document with name ${name} does not exist.`);
    const parameters = input.Parameters ?? {};
    const unknown = Object.keys(parameters).find((key) => !['commands', 'workingDirectory', 'executionTimeout'].includes(key));
    if (unknown !== undefined || parameters['commands'] === undefined) {
      throw new Refusal('InvalidParameters', `The parameters do not fit ${DOCUMENT}: ${unknown ?? 'commands is missing'}`);
    }
    if ((input.Comment ?? '').length > 100) throw new Refusal('ValidationException', 'The comment is longer than 100 characters');
    if (input.TimeoutSeconds !== undefined && input.TimeoutSeconds < 30) {
      throw new Refusal('ValidationException', 'Value at timeoutSeconds must be greater than or equal to 30');
    }
    const ids = need(input.InstanceIds, 'InstanceIds');
    const targets = ids.map((id) => region.instances.get(id));
    const missing = ids.find((_, index) => {
      const target = targets[index];
      return target === undefined || !isOnline(call, target);
    });
    if (missing !== undefined) throw new Refusal('InvalidInstanceId', `Instances [[${missing}]] not in a valid state for account ${world.account}`);
    const commandId = world.uuid();
    for (const target of targets) {
      if (target === undefined) continue;
      const invocation: Invocation = {
        commandId,
        instanceId: target.id,
        region: region.name,
        comment: input.Comment ?? '',
        sentAt: world.clock.now(),
        parameters,
        startedAt: undefined,
        endedAt: undefined,
        status: 'Pending',
        code: -1,
        run: undefined,
      };
      invocations(call).push(invocation);
      await begin(call, target, invocation);
    }
    return {
      Command: {
        CommandId: commandId,
        DocumentName: name,
        DocumentVersion: input.DocumentVersion ?? '$DEFAULT',
        Comment: input.Comment ?? '',
        ExpiresAfter: new Date(world.clock.now() + ((input.TimeoutSeconds ?? 3600) + 3600) * 1000),
        Parameters: parameters,
        InstanceIds: ids,
        RequestedDateTime: new Date(world.clock.now()),
        Status: 'Pending',
        StatusDetails: 'Pending',
        TargetCount: ids.length,
        CompletedCount: 0,
        ErrorCount: 0,
        TimeoutSeconds: input.TimeoutSeconds ?? 3600,
      },
    };
  },
);

/** Runs the commands on the machine itself. */
async function begin({ world }: Call, target: Instance, invocation: Invocation): Promise<void> {
  const { commands = [], workingDirectory, executionTimeout } = invocation.parameters;
  const run = await world.machines!.machine(target.id).run(commands.join('\n'), workingDirectory?.[0]);
  invocation.run = run;
  invocation.status = 'InProgress';
  invocation.startedAt = world.clock.now();
  const end = (status: Status, code: number): void => {
    if (invocation.status !== 'InProgress') return;
    invocation.status = status;
    invocation.code = code;
    invocation.endedAt = world.clock.now();
    limit.cancel();
  };
  const limit = world.clock.after(Number(executionTimeout?.[0] ?? 3600) * 1000, () => {
    end('TimedOut', -1);
    run.kill();
  });
  void run.ended.then((code) => end(code === 0 ? 'Success' : 'Failed', code));
}

export const getCommandInvocation = plainAction(
  'json',
  { CommandId: text, InstanceId: text, PluginName: text },
  (input, call): Body => {
    const { world } = call;
    const [commandId, instanceId] = [need(input.CommandId, 'CommandId'), need(input.InstanceId, 'InstanceId')];
    const found = invocations(call).find((one) => one.commandId === commandId && one.instanceId === instanceId);
    // For about a second nobody knows of it.
    if (found?.region !== call.region.name || world.clock.now() < found.sentAt + world.timings.invocation) {
      throw new Refusal('InvocationDoesNotExist', '');
    }
    const { endedAt } = found;
    const done = endedAt !== undefined;
    return {
      CommandId: commandId,
      InstanceId: instanceId,
      Comment: found.comment,
      DocumentName: DOCUMENT,
      DocumentVersion: '$DEFAULT',
      PluginName: PLUGIN,
      ResponseCode: found.code,
      ExecutionStartDateTime: found.startedAt === undefined ? '' : new Date(found.startedAt).toISOString(),
      ExecutionElapsedTime: done ? `PT${(endedAt - (found.startedAt ?? 0)) / 1000}S` : '',
      ExecutionEndDateTime: done ? new Date(endedAt).toISOString() : '',
      Status: found.status,
      StatusDetails: found.status === 'TimedOut' ? 'Execution Timed Out' : found.status,
      // Nothing is shown before the end.
      StandardOutputContent: done ? (found.run?.stdout() ?? '').slice(0, OUTPUT_LIMIT) : '',
      StandardOutputUrl: '',
      StandardErrorContent: done ? (found.run?.stderr() ?? '').slice(0, OUTPUT_LIMIT) : '',
      StandardErrorUrl: '',
      CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
    };
  },
);

export const listCommandInvocations = plainAction(
  'json',
  {
    CommandId: text,
    InstanceId: text,
    MaxResults: whole,
    NextToken: text,
    Details: flag,
    Filters: list(struct({ key: text, value: text })),
  },
  (input, call): Body => {
    const found = invocations(call).filter(
      (one) =>
        one.region === call.region.name &&
        (input.CommandId ?? one.commandId) === one.commandId &&
        (input.InstanceId ?? one.instanceId) === one.instanceId &&
        (input.Filters ?? []).every(({ key, value }) => key === 'Status' && value === one.status),
    );
    const { items, nextToken } = page(call.world, call.action, found, input, {
      least: 1,
      most: 50,
      standard: 50,
      code: 'ValidationException',
    });
    return {
      CommandInvocations: items.map((one) => ({
        CommandId: one.commandId,
        InstanceId: one.instanceId,
        InstanceName: '',
        Comment: one.comment,
        DocumentName: DOCUMENT,
        DocumentVersion: '$DEFAULT',
        RequestedDateTime: new Date(one.sentAt),
        Status: one.status,
        StatusDetails: one.status,
        CommandPlugins: input.Details === true ? [pluginBody(one)] : [],
      })),
      NextToken: nextToken,
    };
  },
);

function pluginBody(one: Invocation): Body {
  return {
    Name: PLUGIN,
    Status: one.status,
    StatusDetails: one.status,
    ResponseCode: one.code,
    ResponseStartDateTime: one.startedAt === undefined ? undefined : new Date(one.startedAt),
    ResponseFinishDateTime: one.endedAt === undefined ? undefined : new Date(one.endedAt),
    Output: one.endedAt === undefined ? '' : (one.run?.stdout() ?? '').slice(0, DETAIL_LIMIT),
  };
}

export const cancelCommand = plainAction('json', { CommandId: text, InstanceIds: list(text) }, (input, call): Body => {
  const id = need(input.CommandId, 'CommandId');
  const found = invocations(call).filter(
    (one) => one.commandId === id && (input.InstanceIds?.includes(one.instanceId) ?? true),
  );
  if (found.length === 0) throw new Refusal('InvalidCommandId', `${id} is not a valid command id`);
  for (const one of found) {
    if (one.endedAt !== undefined) continue;
    one.status = 'Cancelled';
    one.endedAt = call.world.clock.now();
    one.run?.kill();
  }
  return {};
});
