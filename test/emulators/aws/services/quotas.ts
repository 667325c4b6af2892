import type { QuotaSpec } from '../catalog/quotas.ts';
import { QUOTAS } from '../catalog/quotas.ts';
import type { Actions, Call } from '../core/call.ts';
import { plainAction } from '../core/call.ts';
import { page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import { text, whole } from '../core/shape.ts';
import type { Body } from '../core/xml.ts';

const PAGES = { least: 1, most: 100, standard: 100, code: 'IllegalArgumentException' };

function onlyEc2(service: string): void {
  if (service !== 'ec2') throw new Refusal('NoSuchResourceException', `The request failed because the specified service does not exist: ${service}`);
}

function quotaBody({ region, world }: Call, quota: QuotaSpec): Body {
  return {
    ServiceCode: 'ec2',
    ServiceName: 'Amazon Elastic Compute Cloud (Amazon EC2)',
    QuotaArn: `arn:aws:servicequotas:${region.name}:${world.account}:ec2/${quota.code}`,
    QuotaCode: quota.code,
    QuotaName: quota.name,
    Value: region.quotas.get(quota.code),
    Unit: 'None',
    Adjustable: true,
    GlobalQuota: false,
    UsageMetric: {
      MetricNamespace: 'AWS/Usage',
      MetricName: 'ResourceCount',
      MetricDimensions: { Class: quota.code, Resource: 'vCPU', Service: 'EC2', Type: 'Resource' },
      MetricStatisticRecommendation: 'Maximum',
    },
  };
}

/** Service Quotas, for EC2 alone. */
export const QUOTA_ACTIONS: Actions = {
  GetServiceQuota: plainAction('json', { ServiceCode: text, QuotaCode: text }, (input, call) => {
    onlyEc2(need(input.ServiceCode, 'ServiceCode'));
    const code = need(input.QuotaCode, 'QuotaCode');
    const found = QUOTAS.find((quota) => quota.code === code);
    if (found === undefined) throw new Refusal('NoSuchResourceException', `The request failed because the specified quota does not exist: ${code}`);
    return { Quota: quotaBody(call, found) };
  }),
  ListServiceQuotas: plainAction('json', { ServiceCode: text, NextToken: text, MaxResults: whole }, (input, call) => {
    onlyEc2(need(input.ServiceCode, 'ServiceCode'));
    const { items, nextToken } = page(call.world, call.action, QUOTAS, input, PAGES);
    return { Quotas: items.map((quota) => quotaBody(call, quota)), NextToken: nextToken };
  }),
};
