import type { RegionSpec } from '../catalog/regions.ts';
import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { EC2_PAGES, page } from '../core/paging.ts';
import { Refusal } from '../core/refusal.ts';
import type { Address, Subnet } from '../core/resources.ts';
import { flag, list, text, whole } from '../core/shape.ts';
import { tagSet } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';

const REGION_FACETS: Facets<RegionSpec> = {
  'region-name': ({ name }) => name,
  'opt-in-status': ({ optIn }) => optIn,
  endpoint: ({ name }) => `ec2.${name}.amazonaws.com`,
};

export const describeRegions = ec2Action(
  { Filter: filters, RegionName: list(text), AllRegions: flag },
  (input, { world }): Body => {
    const all = [...world.regions.values()].filter(({ enabled }) => enabled || input.AllRegions === true);
    const unknown = input.RegionName?.find((name) => !all.some((region) => region.name === name));
    if (unknown !== undefined) throw new Refusal('InvalidParameterValue', `Invalid region name: ${unknown}`);
    const asked = all.map(({ spec }) => spec).filter(({ name }) => input.RegionName?.includes(name) ?? true);
    return {
      regionInfo: sift(asked, input.Filter, REGION_FACETS).map(({ name, optIn }) => ({
        regionName: name,
        regionEndpoint: `ec2.${name}.amazonaws.com`,
        optInStatus: optIn,
      })),
    };
  },
);

export const describeAvailabilityZones = ec2Action(
  { Filter: filters, ZoneName: list(text) },
  (input, { region }): Body => {
    const unknown = input.ZoneName?.find((name) => !region.spec.zones.includes(name));
    if (unknown !== undefined) throw new Refusal('InvalidParameterValue', `Invalid availability zone: [${unknown}]`);
    const all = region.spec.zones.filter((name) => input.ZoneName?.includes(name) ?? true);
    const found = sift(all, input.Filter, {
      'zone-name': (name) => name,
      'region-name': () => region.name,
      state: () => 'available',
      'zone-type': () => 'availability-zone',
      'opt-in-status': () => 'opt-in-not-required',
    });
    return {
      availabilityZoneInfo: found.map((zoneName) => ({
        zoneName,
        zoneId: `${region.name}-az${region.spec.zones.indexOf(zoneName) + 1}`,
        zoneState: 'available',
        optInStatus: 'opt-in-not-required',
        regionName: region.name,
        groupName: region.name,
        networkBorderGroup: region.name,
        zoneType: 'availability-zone',
        messageSet: [],
      })),
    };
  },
);

export const describeVpcs = ec2Action(
  { Filter: filters, VpcId: list(text), MaxResults: whole, NextToken: text },
  (input, { region, world }): Body => {
    const unknown = input.VpcId?.find((id) => id !== region.vpcId);
    if (unknown !== undefined) throw new Refusal('InvalidVpcID.NotFound', `The vpc ID '${unknown}' does not exist`);
    const found = sift([region.vpcId], input.Filter, {
      'vpc-id': (id) => id,
      'is-default': () => 'true',
      isDefault: () => 'true',
      state: () => 'available',
      cidr: () => '172.31.0.0/16',
    });
    return {
      vpcSet: found.map((vpcId) => ({
        vpcId,
        ownerId: world.account,
        state: 'available',
        cidrBlock: '172.31.0.0/16',
        dhcpOptionsId: 'dopt-0a1b2c3d',
        instanceTenancy: 'default',
        isDefault: true,
      })),
    };
  },
);

export const describeSubnets = ec2Action(
  { Filter: filters, SubnetId: list(text), MaxResults: whole, NextToken: text },
  (input, { region, world, action }): Body => {
    const facets: Facets<Subnet> = {
      'subnet-id': ({ id }) => id,
      'availability-zone': ({ zone }) => zone,
      availabilityZone: ({ zone }) => zone,
      'vpc-id': () => region.vpcId,
      'default-for-az': () => 'true',
      defaultForAz: () => 'true',
      state: () => 'available',
      'map-public-ip-on-launch': ({ publicIps }) => String(publicIps),
    };
    const all = input.SubnetId?.map((id) => {
      const found = region.subnets.get(id);
      if (found === undefined) throw new Refusal('InvalidSubnetID.NotFound', `The subnet ID '${id}' does not exist`);
      return found;
    });
    const found = sift(all ?? region.subnets.values(), input.Filter, facets, ({ tags }) => tags);
    const { items, nextToken } = page(world, action, found, input, EC2_PAGES);
    return {
      subnetSet: items.map((subnet) => ({
        subnetId: subnet.id,
        subnetArn: `arn:aws:ec2:${region.name}:${world.account}:subnet/${subnet.id}`,
        state: 'available',
        ownerId: world.account,
        vpcId: region.vpcId,
        cidrBlock: subnet.cidr,
        availableIpAddressCount: 4091,
        availabilityZone: subnet.zone,
        defaultForAz: true,
        mapPublicIpOnLaunch: subnet.publicIps,
        assignIpv6AddressOnCreation: false,
        tagSet: tagSet(subnet.tags),
      })),
      nextToken,
    };
  },
);

const ADDRESS_FACETS: Facets<Address> = {
  'public-ip': ({ ip }) => ip,
  'allocation-id': ({ id }) => id,
  'instance-id': ({ instanceId }) => instanceId,
  domain: () => 'vpc',
};

export const describeAddresses = ec2Action(
  { Filter: filters, PublicIp: list(text), AllocationId: list(text) },
  (input, { region }): Body => {
    const all = [...region.addresses.values()].filter(
      ({ ip, id }) => (input.PublicIp?.includes(ip) ?? true) && (input.AllocationId?.includes(id) ?? true),
    );
    return {
      addressesSet: sift(all, input.Filter, ADDRESS_FACETS, ({ tags }) => tags).map((one) => ({
        publicIp: one.ip,
        allocationId: one.id,
        domain: 'vpc',
        instanceId: one.instanceId,
        associationId: one.instanceId === undefined ? undefined : one.id.replace('alloc', 'assoc'),
        publicIpv4Pool: 'amazon',
        networkBorderGroup: region.name,
        tagSet: tagSet(one.tags),
      })),
    };
  },
);
