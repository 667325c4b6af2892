import { Refusal } from './refusal.ts';
import type { Tags } from './resources.ts';
import { list, struct, text } from './shape.ts';
import type { Body } from './xml.ts';

export const tagList = list(struct({ Key: text, Value: text }));

/** `TagSpecification.1.ResourceType`, `TagSpecification.1.Tag.1.Key`… */
export const tagSpecifications = list(struct({ ResourceType: text, Tag: tagList }));

type TagInput = readonly { readonly Key?: string; readonly Value?: string }[];
type TagSpecifications = readonly { readonly ResourceType?: string; readonly Tag?: TagInput }[];

/** Tags that a call asks for, by the rules of EC2. */
export function tagsOf(given: TagInput = []): Tags {
  const tags: Tags = new Map();
  for (const { Key: key = '', Value: value = '' } of given) {
    if (key === '' || key.length > 127) {
      throw new Refusal('InvalidParameterValue', `Tag keys must be between 1 and 127 characters: '${key}'`);
    }
    if (value.length > 255) throw new Refusal('InvalidParameterValue', `The tag value of '${key}' is too long`);
    if (key.startsWith('aws:')) {
      throw new Refusal('InvalidParameterValue', `Tag keys starting with 'aws:' are reserved for internal use`);
    }
    if (tags.has(key)) throw new Refusal('InvalidParameterValue', `Duplicate tag key '${key}' specified.`);
    tags.set(key, value);
  }
  if (tags.size > 50) throw new Refusal('TagLimitExceeded', 'The maximum number of tags for a resource is 50');
  return tags;
}

/** Tags at creation, by the kind of what is created. Kinds the call cannot create are refused. */
export function tagsAtCreation(given: TagSpecifications | undefined, ...kinds: readonly string[]): (kind: string) => Tags {
  const byKind = new Map<string, Tags>();
  for (const { ResourceType: kind = '', Tag: tags } of given ?? []) {
    if (!kinds.includes(kind)) {
      throw new Refusal('InvalidParameterValue', `'${kind}' is not a valid taggable resource type for this operation.`);
    }
    if (byKind.has(kind)) throw new Refusal('InvalidParameterValue', `Resource type '${kind}' was specified twice`);
    byKind.set(kind, tagsOf(tags));
  }
  return (kind) => new Map(byKind.get(kind));
}

/** Tags as an answer lists them; left out where there are none. */
export function tagSet(tags: ReadonlyMap<string, string>): Body {
  if (tags.size === 0) return undefined;
  return [...tags].map(([key, value]) => ({ key, value }));
}
