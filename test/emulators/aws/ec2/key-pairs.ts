import { createHash, createPublicKey } from 'node:crypto';
import type { Call } from '../core/call.ts';
import { ec2Action } from '../core/call.ts';
import type { Facets } from '../core/filters.ts';
import { filters, sift } from '../core/filters.ts';
import { need, Refusal } from '../core/refusal.ts';
import type { KeyPair } from '../core/resources.ts';
import { flag, list, text } from '../core/shape.ts';
import { tagsAtCreation, tagSet, tagSpecifications } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';
import { listed } from './listed.ts';

export const importKeyPair = ec2Action(
  { KeyName: text, PublicKeyMaterial: text, TagSpecification: tagSpecifications },
  (input, { region, world }): Body => {
    const name = need(input.KeyName, 'KeyName');
    const publicKey = Buffer.from(need(input.PublicKeyMaterial, 'PublicKeyMaterial'), 'base64').toString().trim();
    if ([...region.keys.values()].some((key) => key.name === name)) {
      throw new Refusal('InvalidKeyPair.Duplicate', `The keypair '${name}' already exists.`);
    }
    const [algorithm = '', material = ''] = publicKey.split(/\s+/);
    if (algorithm !== 'ssh-rsa' && algorithm !== 'ssh-ed25519') {
      throw new Refusal('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
    }
    const kind = algorithm === 'ssh-rsa' ? 'rsa' : 'ed25519';
    const pair: KeyPair = {
      id: world.id('key'),
      createdAt: world.clock.now(),
      tags: tagsAtCreation(input.TagSpecification, 'key-pair')('key-pair'),
      name,
      publicKey: `${algorithm} ${material} ${name}`,
      kind,
      fingerprint: fingerprintOf(kind, material),
    };
    region.keys.set(pair.id, pair);
    return { keyName: name, keyFingerprint: pair.fingerprint, keyPairId: pair.id, tagSet: tagSet(pair.tags) };
  },
);

/** MD5 of the DER form for RSA keys, SHA-256 as OpenSSH writes it for the others. */
function fingerprintOf(kind: 'rsa' | 'ed25519', material: string): string {
  const blob = Buffer.from(material, 'base64');
  if (kind === 'ed25519') return createHash('sha256').update(blob).digest('base64');
  const fields: Buffer[] = [];
  for (let at = 0; at + 4 <= blob.length; at += 4 + blob.readUInt32BE(at)) {
    fields.push(blob.subarray(at + 4, at + 4 + blob.readUInt32BE(at)));
  }
  const [, e, n] = fields;
  if (e === undefined || n === undefined) throw new Refusal('InvalidKey.Format', 'Key is not in valid OpenSSH public key format');
  const jwk = { kty: 'RSA', e: e.toString('base64url'), n: n.toString('base64url') };
  const der = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });
  return createHash('md5').update(der).digest('hex').replace(/..(?!$)/g, '$&:');
}

/** Answers the same whether there was such a key or not. */
export const deleteKeyPair = ec2Action({ KeyName: text, KeyPairId: text }, (input, { region }): Body => {
  if (input.KeyName === undefined && input.KeyPairId === undefined) need(undefined, 'KeyName');
  for (const key of [...region.keys.values()]) {
    if (key.id === input.KeyPairId || key.name === input.KeyName) region.keys.delete(key.id);
  }
  return { return: true };
});

const FACETS: Facets<KeyPair> = {
  'key-name': ({ name }) => name,
  'key-pair-id': ({ id }) => id,
  fingerprint: ({ fingerprint }) => fingerprint,
};

export const describeKeyPairs = ec2Action(
  { Filter: filters, KeyName: list(text), KeyPairId: list(text), IncludePublicKey: flag },
  (input, call: Call): Body => {
    const all = listed(call, call.region.keys.values());
    const byName = input.KeyName?.map((name) => found(all, name, (key) => key.name === name));
    const byId = input.KeyPairId?.map((id) => found(all, id, (key) => key.id === id));
    return {
      keySet: sift(byName ?? byId ?? all, input.Filter, FACETS, ({ tags }) => tags).map((key) => ({
        keyPairId: key.id,
        keyFingerprint: key.fingerprint,
        keyName: key.name,
        keyType: key.kind,
        tagSet: tagSet(key.tags),
        publicKey: input.IncludePublicKey === true ? key.publicKey : undefined,
        createTime: new Date(key.createdAt),
      })),
    };
  },
);

function found(all: readonly KeyPair[], name: string, isIt: (key: KeyPair) => boolean): KeyPair {
  const key = all.find(isIt);
  if (key === undefined) throw new Refusal('InvalidKeyPair.NotFound', `The key pair '${name}' does not exist`);
  return key;
}
