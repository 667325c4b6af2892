import { generateKeyPairSync, randomBytes } from 'node:crypto';

/** A key pair in the forms of OpenSSH. */
export interface KeyPair {
  /** Private key as ssh-keygen writes it, without a passphrase. */
  readonly privateText: string;
  /** Type, key and comment, as a line of authorized_keys, without its end. */
  readonly publicLine: string;
}

const TYPE = 'ssh-ed25519';
const MAGIC = 'openssh-key-v1\0';
/** Of the cipher `none`. */
const BLOCK = 8;
const COLUMNS = 70;

/**
 * Makes an Ed25519 key. ssh2 has a generator, too: some of its keys (6 of
 * 1,500) cannot be read by anyone.
 *
 * @param comment - the last word of the public line
 * @returns the pair
 */
export function newEd25519Key(comment: string): KeyPair {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' });
  const point = Buffer.from(x, 'base64url');
  const publicBlob = Buffer.concat([field(TYPE), field(point)]);
  // The same number twice shows whoever opens a locked key that it was opened rightly.
  const check = randomBytes(4);
  const inner = Buffer.concat([
    check,
    check,
    publicBlob,
    field(Buffer.concat([Buffer.from(d, 'base64url'), point])),
    field(comment),
  ]);
  const body = Buffer.concat([
    Buffer.from(MAGIC, 'latin1'),
    field('none'),
    field('none'),
    field(''),
    uint32(1),
    field(publicBlob),
    field(padded(inner)),
  ]);
  const lines = body.toString('base64').match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? [];
  return {
    privateText: [
      '-----BEGIN OPENSSH PRIVATE KEY-----',
      ...lines,
      '-----END OPENSSH PRIVATE KEY-----',
      '',
    ].join('\n'),
    publicLine: `${TYPE} ${publicBlob.toString('base64')} ${comment}`,
  };
}

function padded(data: Buffer): Buffer {
  const missing = (BLOCK - (data.length % BLOCK)) % BLOCK;
  return Buffer.concat([data, Buffer.from(Array.from({ length: missing }, (_, at) => at + 1))]);
}

function field(value: string | Buffer): Buffer {
  const data = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([uint32(data.length), data]);
}

function uint32(value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(value);
  return data;
}
