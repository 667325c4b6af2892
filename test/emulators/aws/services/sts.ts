import type { Actions } from '../core/call.ts';
import { plainAction } from '../core/call.ts';

/** The only thing of STS that a client of keys needs. */
export const STS: Actions = {
  GetCallerIdentity: plainAction('query', {}, (_, { world, identity }) => ({
    Arn: identity.arn,
    UserId: identity.userId,
    Account: world.account,
  })),
};
