import type { Actions } from '../core/call.ts';
import { plainAction } from '../core/call.ts';
import { need, Refusal } from '../core/refusal.ts';
import { list, struct, text, whole } from '../core/shape.ts';
import { tagList } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';
import type { Profile, Role } from './iam-store.ts';

const TAGS = list(struct({ Key: text, Value: text }));
type TagInput = readonly { readonly Key?: string; readonly Value?: string }[];

function mapOf(tags: TagInput = []): ReadonlyMap<string, string> {
  return new Map(tags.map(({ Key: key = '', Value: value = '' }) => [key, value]));
}

function roleBody(role: Role): Body {
  return {
    Path: '/',
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: new Date(role.createdAt),
    AssumeRolePolicyDocument: encodeURIComponent(role.trust),
    Description: role.description,
    MaxSessionDuration: 3600,
    Tags: [...role.tags].map(([Key, Value]) => ({ Key, Value })),
  };
}

function profileBody(profile: Profile): Body {
  return {
    Path: '/',
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: new Date(profile.createdAt),
    Roles: profile.role === undefined ? [] : [roleBody(profile.role)],
    Tags: [...profile.tags].map(([Key, Value]) => ({ Key, Value })),
  };
}

/** The part of IAM that an instance profile needs. */
export const IAM: Actions = {
  GetRole: plainAction('query', { RoleName: text }, (input, { world }) => ({
    Role: roleBody(world.iam.role(need(input.RoleName, 'RoleName'))),
  })),
  CreateRole: plainAction(
    'query',
    { RoleName: text, AssumeRolePolicyDocument: text, Description: text, Path: text, Tags: tagList },
    (input, { world }) => {
      const trust = need(input.AssumeRolePolicyDocument, 'AssumeRolePolicyDocument');
      try {
        JSON.parse(trust);
      } catch {
        throw new Refusal('MalformedPolicyDocument', 'This policy contains invalid Json');
      }
      return { Role: roleBody(world.iam.createRole(need(input.RoleName, 'RoleName'), trust, input.Description, mapOf(input.Tags))) };
    },
  ),
  AttachRolePolicy: plainAction('query', { RoleName: text, PolicyArn: text }, (input, { world }) => {
    world.iam.role(need(input.RoleName, 'RoleName')).policies.add(need(input.PolicyArn, 'PolicyArn'));
    return undefined;
  }),
  PutRolePolicy: plainAction(
    'query',
    { RoleName: text, PolicyName: text, PolicyDocument: text },
    (input, { world }) => {
      const role = world.iam.role(need(input.RoleName, 'RoleName'));
      role.inline.set(need(input.PolicyName, 'PolicyName'), need(input.PolicyDocument, 'PolicyDocument'));
      return undefined;
    },
  ),
  ListAttachedRolePolicies: plainAction(
    'query',
    { RoleName: text, PathPrefix: text, Marker: text, MaxItems: whole },
    (input, { world }) => ({
      AttachedPolicies: [...world.iam.role(need(input.RoleName, 'RoleName')).policies].map((arn) => ({
        PolicyName: arn.split('/').at(-1),
        PolicyArn: arn,
      })),
      IsTruncated: false,
    }),
  ),
  CreateInstanceProfile: plainAction(
    'query',
    { InstanceProfileName: text, Path: text, Tags: TAGS },
    (input, { world }) => ({
      InstanceProfile: profileBody(world.iam.createProfile(need(input.InstanceProfileName, 'InstanceProfileName'), mapOf(input.Tags))),
    }),
  ),
  GetInstanceProfile: plainAction('query', { InstanceProfileName: text }, (input, { world }) => ({
    InstanceProfile: profileBody(world.iam.profile(need(input.InstanceProfileName, 'InstanceProfileName'))),
  })),
  AddRoleToInstanceProfile: plainAction(
    'query',
    { InstanceProfileName: text, RoleName: text },
    (input, { world }) => {
      const profile = world.iam.profile(need(input.InstanceProfileName, 'InstanceProfileName'));
      const role = world.iam.role(need(input.RoleName, 'RoleName'));
      if (profile.role !== undefined) {
        throw new Refusal('LimitExceeded', 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1', 409);
      }
      profile.role = role;
      return undefined;
    },
  ),
};
