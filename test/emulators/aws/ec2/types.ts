import type { TypeSpec } from '../catalog/types.ts';
import type { Call } from '../core/call.ts';
import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { EC2_PAGES, page } from '../core/paging.ts';
import { Refusal } from '../core/refusal.ts';
import { list, oneOf, text, time, whole } from '../core/shape.ts';
import type { Body } from '../core/xml.ts';
import { typeOf } from './launch-plan.ts';

const TYPE_FACETS: Facets<TypeSpec> = {
  'instance-type': ({ name }) => name,
  'processor-info.supported-architecture': ({ arch }) => arch,
  'vcpu-info.default-vcpus': ({ vcpus }) => String(vcpus),
  'memory-info.size-in-mib': ({ memoryMib }) => String(memoryMib),
  'supported-usage-class': () => ['on-demand', 'spot'],
  'current-generation': ({ name }) => String(!name.startsWith('p3')),
  'instance-storage-supported': ({ localGb }) => String(localGb !== undefined),
};

export const describeInstanceTypes = ec2Action(
  { InstanceType: list(text), Filter: filters, MaxResults: whole, NextToken: text },
  (input, call): Body => {
    const { InstanceType: names, MaxResults: size } = input;
    if (names !== undefined && size !== undefined) {
      throw new Refusal('InvalidParameterCombination', 'The parameter instanceTypes cannot be used with the parameter maxResults');
    }
    if (names !== undefined && names.length > 100) throw new Refusal('InvalidParameterValue', 'At most 100 instance types');
    const all = names?.map((name) => offered(call, name)) ?? call.region.types;
    const found = sift(all, input.Filter, TYPE_FACETS);
    const { items, nextToken } = page(call.world, call.action, found, input, { least: 5, most: 100, standard: 100 });
    return { instanceTypeSet: items.map(typeBody), nextToken };
  },
);

function offered({ region }: Call, name: string): TypeSpec {
  const type = typeOf(name);
  if (region.zonesOf(type).length > 0) return type;
  throw new Refusal('InvalidInstanceType', `The following supplied instance types do not exist: [${name}]`);
}

function typeBody(type: TypeSpec): Body {
  const { gpu, localGb } = type;
  return {
    instanceType: type.name,
    currentGeneration: !type.name.startsWith('p3'),
    freeTierEligible: type.name === 't3.micro',
    supportedUsageClasses: ['on-demand', 'spot'],
    supportedRootDeviceTypes: ['ebs'],
    supportedVirtualizationTypes: ['hvm'],
    bareMetal: false,
    hypervisor: type.name.startsWith('p3') ? 'xen' : 'nitro',
    processorInfo: { supportedArchitectures: [type.arch], sustainedClockSpeedInGhz: 2.5 },
    vCpuInfo: { defaultVCpus: type.vcpus, defaultCores: Math.max(1, type.vcpus / 2), defaultThreadsPerCore: 2 },
    memoryInfo: { sizeInMiB: type.memoryMib },
    instanceStorageSupported: localGb !== undefined,
    instanceStorageInfo:
      localGb === undefined
        ? undefined
        : { totalSizeInGB: localGb, disks: [{ sizeInGB: localGb, count: 1, type: 'ssd' }], nvmeSupport: 'required' },
    ebsInfo: { ebsOptimizedSupport: 'default', encryptionSupport: 'supported', nvmeSupport: 'required' },
    networkInfo: {
      networkPerformance: type.network,
      maximumNetworkInterfaces: 4,
      ipv4AddressesPerInterface: 15,
      ipv6AddressesPerInterface: 15,
      ipv6Supported: true,
      enaSupport: 'required',
      efaSupported: false,
    },
    gpuInfo:
      gpu === undefined
        ? undefined
        : {
            gpus: [{ name: gpu.name, manufacturer: gpu.maker, count: gpu.count, memoryInfo: { sizeInMiB: gpu.memoryMib } }],
            totalGpuMemoryInMiB: gpu.count * gpu.memoryMib,
          },
    hibernationSupported: false,
    burstablePerformanceSupported: type.name.startsWith('t'),
    dedicatedHostsSupported: true,
    autoRecoverySupported: localGb === undefined,
  };
}

interface Offering {
  readonly type: string;
  readonly location: string;
}

export const describeInstanceTypeOfferings = ec2Action(
  { LocationType: oneOf('region', 'availability-zone'), Filter: filters, MaxResults: whole, NextToken: text },
  (input, call): Body => {
    const { LocationType: kind = 'region' } = input;
    const all: Offering[] = call.region.types.flatMap((type) =>
      kind === 'region'
        ? [{ type: type.name, location: call.region.name }]
        : call.region.zonesOf(type).map((location) => ({ type: type.name, location })),
    );
    const found = sift(all, input.Filter, { 'instance-type': ({ type }) => type, location: ({ location }) => location });
    const { items, nextToken } = page(call.world, call.action, found, input, EC2_PAGES);
    return {
      instanceTypeOfferingSet: items.map(({ type, location }) => ({ instanceType: type, locationType: kind, location })),
      nextToken,
    };
  },
);

interface Quote {
  readonly type: string;
  readonly zone: string;
  readonly at: number;
  readonly usd: number;
}

const QUOTE_FACETS: Facets<Quote> = {
  'instance-type': ({ type }) => type,
  'availability-zone': ({ zone }) => zone,
  'product-description': () => 'Linux/UNIX',
  'spot-price': ({ usd }) => usd.toFixed(6),
};

export const describeSpotPriceHistory = ec2Action(
  {
    Filter: filters,
    AvailabilityZone: text,
    StartTime: time,
    EndTime: time,
    InstanceType: list(text),
    ProductDescription: list(text),
    MaxResults: whole,
    NextToken: text,
  },
  (input, call): Body => {
    const { region, world } = call;
    const { InstanceType: names, AvailabilityZone: zone, ProductDescription: products } = input;
    const types = names?.map(typeOf) ?? region.types;
    const isLinux = products?.some((name) => name === 'Linux/UNIX' || name === 'Linux/UNIX (Amazon VPC)') ?? true;
    const end = input.EndTime ?? world.clock.now();
    const begin = input.StartTime ?? 0;
    const all = types
      .flatMap((type) => region.zonesOf(type).flatMap((where) => quotes(call, type, where, begin, end)))
      .filter((quote) => isLinux && (zone === undefined || quote.zone === zone))
      .sort((a, b) => b.at - a.at);
    const found = sift(all, input.Filter, QUOTE_FACETS);
    const { items, nextToken } = page(world, call.action, found, input, { least: 1, most: 1000, standard: 1000 });
    return {
      spotPriceHistorySet: items.map((quote) => ({
        instanceType: quote.type,
        productDescription: 'Linux/UNIX',
        spotPrice: quote.usd.toFixed(6),
        timestamp: new Date(quote.at),
        availabilityZone: quote.zone,
      })),
      nextToken: nextToken ?? '',
    };
  },
);

/** Prices within a time, and the one that held when it began. */
function quotes({ region }: Call, type: TypeSpec, zone: string, begin: number, end: number): Quote[] {
  const all = region.spotHistory(type, zone).filter(({ at }) => at <= end);
  const first = all.findLastIndex(({ at }) => at <= begin);
  return all.slice(Math.max(0, first)).map(({ at, usd }) => ({ type: type.name, zone, at, usd }));
}
