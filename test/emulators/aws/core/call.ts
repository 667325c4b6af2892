import type { Identity } from './options.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';
import type { Field, Fields, Input, Raw } from './shape.ts';
import { flag, struct } from './shape.ts';
import type { World } from './world.ts';
import type { Body } from './xml.ts';

/** A call that was signed well, on its way to the action. */
export interface Call {
  readonly world: World;
  readonly region: Region;
  /** As the policy names it, `ec2`, `ssm`… */
  readonly service: string;
  readonly action: string;
  readonly identity: Identity;
  readonly parameters: Raw;
  /** Milliseconds by which what it reads is old. */
  readonly staleMs: number;
}

/** What an action does with a call. */
export type Handler = (call: Call) => Body | Promise<Body>;

/** Actions by name. */
export type Actions = Readonly<Record<string, Handler>>;

/** An action of EC2: its parameters, `DryRun` among them, then the act. */
export function ec2Action<F extends Fields>(
  fields: F,
  act: (input: Input<F>, call: Call) => Body | Promise<Body>,
): Handler {
  const read = struct({ ...fields, DryRun: flag }) as Field<Input<F> & { readonly DryRun?: boolean }>;
  return (call) => {
    const input = read(call.parameters, '', 'query');
    permit(call);
    if (input.DryRun === true) {
      throw new Refusal('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
    }
    const { world, region, action } = call;
    if (world.switches.throttling) {
      const narrowed = Object.keys(call.parameters as object).some((name) => name !== 'NextToken');
      world.throttle.call(region.name, action, narrowed);
    }
    return act(input, call);
  };
}

/** An action of another service in its notation. */
export function plainAction<F extends Fields>(
  notation: 'query' | 'json',
  fields: F,
  act: (input: Input<F>, call: Call) => Body | Promise<Body>,
): Handler {
  const read = struct(fields);
  return (call) => {
    const input = read(call.parameters, '', notation);
    permit(call);
    return act(input, call);
  };
}

/** Refuses what was denied, in the words of the service. */
function permit({ world, service, action, identity, region }: Call): void {
  const name = `${service}:${action}`;
  if (!world.denied.has(name)) return;
  const text = `User: ${identity.arn} is not authorized to perform: ${name} because no identity-based policy allows the ${name} action`;
  if (service === 'ec2') {
    throw new Refusal(
      'UnauthorizedOperation',
      `You are not authorized to perform this operation. ${text}. Encoded authorization failure message: ${Buffer.from(`${region.name} ${name}`).toString('base64url')}`,
      403,
    );
  }
  if (service === 'sts' || service === 'iam') throw new Refusal('AccessDenied', text, 403);
  throw new Refusal('AccessDeniedException', text);
}

