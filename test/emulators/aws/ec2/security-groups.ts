import type { Call } from '../core/call.ts';
import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { EC2_PAGES, page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import type { Rule, SecurityGroup } from '../core/resources.ts';
import { stateOf } from '../core/resources.ts';
import { list, struct, text, whole } from '../core/shape.ts';
import { tagsAtCreation, tagSet, tagSpecifications } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';
import { listed } from './listed.ts';

export const createSecurityGroup = ec2Action(
  { GroupName: text, GroupDescription: text, VpcId: text, TagSpecification: tagSpecifications },
  (input, { region, world }): Body => {
    const name = need(input.GroupName, 'GroupName');
    const description = need(input.GroupDescription, 'GroupDescription');
    if (name.startsWith('sg-')) throw new Refusal('InvalidParameterValue', `Group name '${name}' must not begin with sg-`);
    if (name.length > 255) throw new Refusal('InvalidParameterValue', 'The group name is too long');
    if (!/^[A-Za-z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(description)) {
      throw new Refusal('InvalidParameterValue', `Value (${description}) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.`);
    }
    if (input.VpcId !== undefined && input.VpcId !== region.vpcId) {
      throw new Refusal('InvalidVpcID.NotFound', `The vpc ID '${input.VpcId}' does not exist`);
    }
    if ([...region.groups.values()].some((group) => group.name === name)) {
      throw new Refusal('InvalidGroup.Duplicate', `The security group '${name}' already exists for VPC '${region.vpcId}'`);
    }
    const group: SecurityGroup = {
      id: world.id('sg'),
      createdAt: world.clock.now(),
      tags: tagsAtCreation(input.TagSpecification, 'security-group')('security-group'),
      name,
      description,
      vpcId: region.vpcId,
      ingress: [],
    };
    region.groups.set(group.id, group);
    return { groupId: group.id, tagSet: tagSet(group.tags) };
  },
);

export const deleteSecurityGroup = ec2Action({ GroupId: text, GroupName: text }, (input, { region }): Body => {
  const group = groupOf(region, input.GroupId, input.GroupName);
  if (group.name === 'default') throw new Refusal('CannotDelete', `the specified group: "${group.id}" name: "default" cannot be deleted by a user`);
  const isUsed = [...region.instances.values()].some(
    (one) => one.groupIds.includes(group.id) && stateOf(one) !== 'terminated',
  );
  if (isUsed) throw new Refusal('DependencyViolation', `resource ${group.id} has a dependent object`);
  region.groups.delete(group.id);
  return { return: true };
});

const PERMISSIONS = list(
  struct({
    IpProtocol: text,
    FromPort: whole,
    ToPort: whole,
    IpRanges: list(struct({ CidrIp: text, Description: text })),
    Ipv6Ranges: list(struct({ CidrIpv6: text, Description: text })),
    Groups: list(struct({ GroupId: text, UserId: text, Description: text })),
  }),
);

const RULE_FIELDS = {
  GroupId: text,
  GroupName: text,
  IpPermissions: PERMISSIONS,
  IpProtocol: text,
  FromPort: whole,
  ToPort: whole,
  CidrIp: text,
} as const;

type RuleInput = Parameters<Parameters<typeof ec2Action<typeof RULE_FIELDS>>[1]>[0];

export const authorizeSecurityGroupIngress = ec2Action(
  { ...RULE_FIELDS, TagSpecification: tagSpecifications },
  (input, { region, world }): Body => {
    const group = groupOf(region, input.GroupId, input.GroupName);
    const rules = rulesOf(input).map((rule) => ({ ...rule, id: world.id('sgr') }));
    const twice = rules.find((rule) => group.ingress.some((one) => isSame(one, rule)));
    if (twice !== undefined) {
      throw new Refusal(
        'InvalidPermission.Duplicate',
        `the specified rule "peer: ${twice.cidr4 ?? twice.cidr6 ?? twice.groupId ?? ''}, ${twice.protocol}, from port: ${String(twice.from)}, to port: ${String(twice.to)}, ALLOW" already exists`,
      );
    }
    group.ingress.push(...rules);
    return { return: true, securityGroupRuleSet: rules.map((rule) => ruleBody(world.account, group, rule)) };
  },
);

export const revokeSecurityGroupIngress = ec2Action(
  { ...RULE_FIELDS, SecurityGroupRuleId: list(text) },
  (input, { region }): Body => {
    const group = groupOf(region, input.GroupId, input.GroupName);
    const fits = (rule: Rule): boolean =>
      input.SecurityGroupRuleId?.includes(rule.id) ?? asked.some((one) => isSame(one, rule));
    const asked = input.SecurityGroupRuleId === undefined ? rulesOf(input) : [];
    const gone = group.ingress.filter(fits);
    if (gone.length < (input.SecurityGroupRuleId ?? asked).length) {
      throw new Refusal('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    }
    for (const rule of gone) group.ingress.splice(group.ingress.indexOf(rule), 1);
    return { return: true };
  },
);

function groupOf(region: Region, id: string | undefined, name: string | undefined): SecurityGroup {
  if (id !== undefined) return region.group(id);
  const found = [...region.groups.values()].find((group) => group.name === need(name, 'groupId'));
  if (found === undefined) throw new Refusal('InvalidGroup.NotFound', `The security group '${String(name)}' does not exist`);
  return found;
}

function rulesOf(input: RuleInput): Omit<Rule, 'id'>[] {
  const { IpProtocol, FromPort, ToPort, CidrIp } = input;
  const short = { ...(IpProtocol !== undefined && { IpProtocol }), ...(FromPort !== undefined && { FromPort }), ...(ToPort !== undefined && { ToPort }) };
  const groups = input.IpPermissions ?? [{ ...short, IpRanges: [{ CidrIp: need(CidrIp, 'ipPermissions') }] }];
  return groups.flatMap((one): Omit<Rule, 'id'>[] => {
    const protocol = need(one.IpProtocol, 'ipProtocol');
    if (!['tcp', 'udp', 'icmp', '-1'].includes(protocol)) throw new Refusal('InvalidPermission.Malformed', `Unsupported IP protocol "${protocol}"`);
    if ((protocol === 'tcp' || protocol === 'udp') && !isPortRange(one.FromPort, one.ToPort)) {
      throw new Refusal('InvalidParameterValue', `Invalid ports ${String(one.FromPort)} to ${String(one.ToPort)}`);
    }
    const base = { protocol, from: one.FromPort, to: one.ToPort };
    const withText = (description: string | undefined): object => (description === undefined ? {} : { description });
    const rules = [
      ...('IpRanges' in one ? (one.IpRanges ?? []) : []).map(({ CidrIp: cidr = '', ...rest }) => ({
        ...base,
        cidr4: checkedCidr(cidr),
        ...withText('Description' in rest ? rest.Description : undefined),
      })),
      ...('Ipv6Ranges' in one ? (one.Ipv6Ranges ?? []) : []).map(({ CidrIpv6: cidr6 = '', Description: text6 }) => ({ ...base, cidr6, ...withText(text6) })),
      ...('Groups' in one ? (one.Groups ?? []) : []).map(({ GroupId: groupId = '', Description: textOf }) => ({ ...base, groupId, ...withText(textOf) })),
    ];
    if (rules.length === 0) throw new Refusal('MissingParameter', 'The request must contain the parameter source group or CIDR');
    return rules;
  });
}

function isPortRange(from: number | undefined, to: number | undefined): boolean {
  return from !== undefined && to !== undefined && from >= 0 && from <= to && to <= 65_535;
}

function checkedCidr(cidr: string): string {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  const [a, b, c, d, bits = 33] = match?.slice(1).map(Number) ?? [];
  if (match === null || [a, b, c, d].some((part) => (part ?? 256) > 255) || bits > 32) {
    throw new Refusal('InvalidParameterValue', `CIDR block ${cidr} is malformed`);
  }
  return cidr;
}

function isSame(a: Omit<Rule, 'id'>, b: Omit<Rule, 'id'>): boolean {
  return (['protocol', 'from', 'to', 'cidr4', 'cidr6', 'groupId'] as const).every((name) => a[name] === b[name]);
}

const FACETS: Facets<SecurityGroup> = {
  'group-id': ({ id }) => id,
  'group-name': ({ name }) => name,
  'vpc-id': ({ vpcId }) => vpcId,
  description: ({ description }) => description,
};

export const describeSecurityGroups = ec2Action(
  { Filter: filters, GroupId: list(text), GroupName: list(text), MaxResults: whole, NextToken: text },
  (input, call: Call): Body => {
    const { region, world } = call;
    const ids = input.GroupId?.map((id) => region.group(id));
    const all = ids ?? input.GroupName?.map((name) => groupOf(region, undefined, name)) ?? listed(call, region.groups.values());
    const found = sift(all, input.Filter, FACETS, ({ tags }) => tags);
    const { items, nextToken } = page(world, call.action, found, input, EC2_PAGES);
    return {
      securityGroupInfo: items.map((group) => ({
        ownerId: world.account,
        groupId: group.id,
        groupName: group.name,
        groupDescription: group.description,
        vpcId: group.vpcId,
        ipPermissions: group.ingress.map((rule) => permissionBody(world.account, rule)),
        ipPermissionsEgress: [{ ipProtocol: '-1', ipRanges: [{ cidrIp: '0.0.0.0/0' }] }],
        tagSet: tagSet(group.tags),
      })),
      nextToken,
    };
  },
);

function permissionBody(userId: string, { protocol, from, to, cidr4, cidr6, groupId, description }: Rule): Body {
  return {
    ipProtocol: protocol,
    fromPort: from,
    toPort: to,
    groups: groupId === undefined ? [] : [{ userId, groupId, description }],
    ipRanges: cidr4 === undefined ? [] : [{ cidrIp: cidr4, description }],
    ipv6Ranges: cidr6 === undefined ? [] : [{ cidrIpv6: cidr6, description }],
    prefixListIds: [],
  };
}

function ruleBody(groupOwnerId: string, group: SecurityGroup, rule: Rule): Body {
  return {
    securityGroupRuleId: rule.id,
    groupId: group.id,
    groupOwnerId,
    isEgress: false,
    ipProtocol: rule.protocol,
    fromPort: rule.from ?? -1,
    toPort: rule.to ?? -1,
    cidrIpv4: rule.cidr4,
    cidrIpv6: rule.cidr6,
    referencedGroupInfo: rule.groupId === undefined ? undefined : { groupId: rule.groupId, userId: groupOwnerId },
    description: rule.description,
  };
}
