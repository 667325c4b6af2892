import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { EC2_PAGES, page } from '../core/paging.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { Region } from '../core/region.ts';
import type { Tags } from '../core/resources.ts';
import { list, struct, text, whole } from '../core/shape.ts';
import { tagList, tagsOf } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';

const NOT_FOUND: Readonly<Record<string, string>> = {
  i: 'InvalidInstanceID.NotFound',
  vol: 'InvalidVolume.NotFound',
  snap: 'InvalidSnapshot.NotFound',
  sg: 'InvalidGroup.NotFound',
  sir: 'InvalidSpotInstanceRequestID.NotFound',
  eni: 'InvalidNetworkInterfaceID.NotFound',
  key: 'InvalidKeyPair.NotFound',
  subnet: 'InvalidSubnetID.NotFound',
  eipalloc: 'InvalidAllocationID.NotFound',
};

/** Tags of every resource named, or a refusal before any is changed. */
function tagged(region: Region, ids: readonly string[] | undefined): Tags[] {
  const all = new Map([...region.tagged()].map(({ id, tags }) => [id, tags]));
  return need(ids, 'ResourceId').map((id) => {
    if (id.startsWith('i-')) region.instance(id);
    const found = all.get(id);
    if (found !== undefined) return found;
    const [kind = ''] = id.split('-');
    throw new Refusal(NOT_FOUND[kind] ?? 'InvalidID', `The ID '${id}' does not exist`);
  });
}

export const createTags = ec2Action({ ResourceId: list(text), Tag: tagList }, (input, { region }): Body => {
  const given = tagsOf(need(input.Tag, 'Tag'));
  const targets = tagged(region, input.ResourceId);
  if (targets.some((tags) => new Set([...tags.keys(), ...given.keys()]).size > 50)) {
    throw new Refusal('TagLimitExceeded', 'The maximum number of tags for a resource is 50');
  }
  for (const tags of targets) for (const [key, value] of given) tags.set(key, value);
  return { return: true };
});

export const deleteTags = ec2Action(
  { ResourceId: list(text), Tag: list(struct({ Key: text, Value: text })) },
  (input, { region }): Body => {
    for (const tags of tagged(region, input.ResourceId)) {
      if (input.Tag === undefined) tags.clear();
      for (const { Key: key = '', Value: value } of input.Tag ?? []) {
        // With a value only the tag that has it.
        if (value === undefined || tags.get(key) === value) tags.delete(key);
      }
    }
    return { return: true };
  },
);

interface OneTag {
  readonly kind: string;
  readonly id: string;
  readonly key: string;
  readonly value: string;
}

const FACETS: Facets<OneTag> = {
  key: ({ key }) => key,
  value: ({ value }) => value,
  'resource-id': ({ id }) => id,
  'resource-type': ({ kind }) => kind,
};

export const describeTags = ec2Action(
  { Filter: filters, MaxResults: whole, NextToken: text },
  (input, { region, world, action }): Body => {
    const all = [...region.tagged()].flatMap(({ kind, id, tags }) => [...tags].map(([key, value]) => ({ kind, id, key, value })));
    const { items, nextToken } = page(world, action, sift(all, input.Filter, FACETS), input, EC2_PAGES);
    return {
      tagSet: items.map(({ kind, id, key, value }) => ({ resourceId: id, resourceType: kind, key, value })),
      nextToken,
    };
  },
);
