import { createHash } from 'node:crypto';
import { PUBLIC_IPV4_HOUR } from '../catalog/rates.ts';
import type { TypeSpec } from '../catalog/types.ts';
import type { Actions, Call } from '../core/call.ts';
import { plainAction } from '../core/call.ts';
import { page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import { list, oneOf, struct, text, whole } from '../core/shape.ts';

interface Product {
  readonly service: string;
  readonly family: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly usd: number;
  readonly unit: string;
}

const PAGES = { least: 1, most: 100, standard: 100, code: 'ValidationException' };

/** The price list, on demand. There is no spot in it. */
export const PRICING: Actions = {
  GetProducts: plainAction(
    'json',
    {
      ServiceCode: text,
      Filters: list(struct({ Type: oneOf('TERM_MATCH'), Field: text, Value: text })),
      FormatVersion: text,
      NextToken: text,
      MaxResults: whole,
    },
    (input, call) => {
      const service = need(input.ServiceCode, 'ServiceCode');
      if (service !== 'AmazonEC2' && service !== 'AmazonVPC') {
        throw new Refusal('InvalidParameterException', `${service} is not a valid service code`);
      }
      const wanted = (input.Filters ?? []).map(({ Field: field = '', Value: value = '' }) => [field, value] as const);
      const fits = ({ attributes, family }: Product): boolean =>
        wanted.every(([field, value]) => ({ ...attributes, productFamily: family })[field] === value);
      const found = products(call).filter((one) => one.service === service && fits(one));
      const { items, nextToken } = page(call.world, call.action, found, input, PAGES);
      return {
        FormatVersion: 'aws_v1',
        // Each is a text that holds JSON, as the service sends it.
        PriceList: items.map((one) => priceItem(one)),
        NextToken: nextToken,
      };
    },
  ),
};

function products({ world }: Call): Product[] {
  return [...world.regions.values()].flatMap((region) => [
    ...region.types.flatMap((type) => instanceProducts(region, type)),
    ...volumeProducts(region),
    {
      service: 'AmazonVPC',
      family: 'VpcPublicIPv4',
      attributes: { ...place(region), group: 'VPCPublicIPv4Address', usagetype: 'PublicIPv4:InUseAddress' },
      usd: PUBLIC_IPV4_HOUR,
      unit: 'Hrs',
    },
  ]);
}

function place(region: Region): Record<string, string> {
  return { regionCode: region.name, location: region.spec.location, locationType: 'AWS Region' };
}

/** One type is many products: systems, tenancies, reservations. Only one is what a launch costs. */
function instanceProducts(region: Region, type: TypeSpec): Product[] {
  const price = region.onDemandPrice(type);
  const variant = (usd: number, changes: Readonly<Record<string, string>>): Product => ({
    service: 'AmazonEC2',
    family: 'Compute Instance',
    attributes: {
      ...place(region),
      servicecode: 'AmazonEC2',
      servicename: 'Amazon Elastic Compute Cloud',
      instanceType: type.name,
      vcpu: String(type.vcpus),
      memory: `${type.memoryMib / 1024} GiB`,
      ...(type.gpu && { gpu: String(type.gpu.count), gpuMemory: `${Math.round((type.gpu.memoryMib * type.gpu.count) / 1024)} GB` }),
      networkPerformance: type.network,
      operatingSystem: 'Linux',
      tenancy: 'Shared',
      preInstalledSw: 'NA',
      capacitystatus: 'Used',
      licenseModel: 'No License required',
      marketoption: 'OnDemand',
      operation: 'RunInstances',
      usagetype: `BoxUsage:${type.name}`,
      ...changes,
    },
    usd,
    unit: 'Hrs',
  });
  return [
    variant(0, { capacitystatus: 'AllocatedCapacityReservation', usagetype: `Reservation:${type.name}` }),
    variant(price, { capacitystatus: 'UnusedCapacityReservation', usagetype: `UnusedBox:${type.name}` }),
    variant(price * 1.1, { tenancy: 'Dedicated', usagetype: `DedicatedUsage:${type.name}` }),
    variant(price + type.vcpus * 0.046, { operatingSystem: 'Windows', operation: 'RunInstances:0002' }),
    variant(price, {}),
    variant(price + type.vcpus * 0.12, { preInstalledSw: 'SQL Std', operation: 'RunInstances:0004' }),
  ];
}

function volumeProducts(region: Region): Product[] {
  const kinds = { gp3: 0.08, gp2: 0.1, io2: 0.125, st1: 0.045 };
  return Object.entries(kinds).map(([kind, month]) => ({
    service: 'AmazonEC2',
    family: 'Storage',
    attributes: { ...place(region), servicecode: 'AmazonEC2', volumeApiName: kind, usagetype: `EBS:VolumeUsage.${kind}` },
    usd: month * region.spec.factor,
    unit: 'GB-Mo',
  }));
}

function priceItem({ service, family, attributes, usd, unit }: Product): string {
  const sku = createHash('sha256').update(JSON.stringify(attributes)).digest('hex').slice(0, 16).toUpperCase();
  const term = `${sku}.JRTCKXETXF`;
  const rateCode = `${term}.6YS6EN2CT7`;
  return JSON.stringify({
    product: { productFamily: family, attributes, sku },
    serviceCode: service,
    terms: {
      OnDemand: {
        [term]: {
          priceDimensions: {
            [rateCode]: {
              unit,
              endRange: 'Inf',
              description: `$${usd.toFixed(4)} per ${unit}`,
              appliesTo: [],
              rateCode,
              beginRange: '0',
              pricePerUnit: { USD: usd.toFixed(10) },
            },
          },
          sku,
          effectiveDate: '2026-11-01T00:00:00Z',
          offerTermCode: 'JRTCKXETXF',
          termAttributes: {},
        },
      },
    },
    version: '20261120181552',
    publicationDate: '2026-11-20T18:15:52Z',
  });
}
