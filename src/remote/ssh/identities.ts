import type {
  BaseAgent,
  IdentityCallback,
  ParsedKey,
  SignCallback,
  SigningRequestOptions,
} from 'ssh2';
import { publicHalf, readKeyFile } from './key-file.ts';
import type { KeyText } from './key-file.ts';
import type { KeyRing } from './key-ring.ts';
import { fingerprint, keyTypeOf } from './known-hosts-file.ts';
import type { SshSettings } from './ssh-settings.ts';
import type { Ssh2 } from './ssh2-module.ts';

/** Hash that a signature by an RSA key is made with, such as `sha512`. */
type SignatureHash = string | undefined;

/** A key that can be offered to a machine. */
export interface Identity {
  /** Public half as SSH sends it. */
  readonly blob: Buffer;
  /** For people. */
  readonly name: string;
  /** `own` for the one key that is runctl's. */
  readonly source: 'agent' | 'file' | 'own';
  /** Called only once the machine said that it would take this key. */
  readonly sign: (data: Buffer, hash: SignatureHash) => Promise<Buffer>;
}

/** An identity that lies in no file and no agent. */
export interface OfferedIdentity {
  readonly identity: Identity;
  /** Whether before all others, or after them. */
  readonly first: boolean;
}

/** Told of each signature, which may take as long as a person needs for a passphrase. */
export interface SignatureWatch {
  readonly begin: () => void;
  /** With the identity that signed, or with why it did not. */
  readonly end: (outcome: { readonly by: Identity } | { readonly error: unknown }) => void;
}

/** Where keys come from. */
export interface IdentitySources {
  readonly settings: SshSettings;
  readonly keyRing: KeyRing;
  /** Keys of our own, kept elsewhere than in files. */
  readonly ownKeys: readonly OfferedIdentity[];
}

const AGENT_MS = 5000;

/**
 * Collects the keys to offer, in the order of ssh: first those the person or
 * we named, by the agent where it has them, then what else the agent has, then
 * the named files it does not have.
 *
 * @param ssh2 - the package
 * @param sources - where keys come from
 * @returns the identities, each once
 */
export async function collectIdentities(
  ssh2: Ssh2,
  sources: IdentitySources,
): Promise<readonly Identity[]> {
  const { settings, keyRing, ownKeys } = sources;
  const texts = await Promise.all(settings.identityFiles.map(readKeyFile));
  const fromFile = (key: KeyText | undefined): readonly Identity[] => {
    const blob = key === undefined ? undefined : publicHalf(ssh2, key);
    return key === undefined || blob === undefined
      ? []
      : [fileIdentity(ssh2, { key, blob, keyRing, alias: settings.alias })];
  };
  const own = (first: boolean): readonly Identity[] =>
    ownKeys.filter((key) => key.first === first).map(({ identity }) => identity);
  const files = texts.flatMap(fromFile);
  const agent = await agentIdentities(ssh2, settings.agentSocket);
  const named = (identity: Identity): boolean =>
    files.some(({ blob }) => blob.equals(identity.blob));
  const ordered = [
    ...own(true),
    ...agent.filter(named),
    ...(settings.identitiesOnly ? [] : agent.filter((identity) => !named(identity))),
    ...files,
    ...own(false),
  ];
  return ordered.filter(
    ({ blob }, index) => ordered.findIndex((other) => other.blob.equals(blob)) === index,
  );
}

/**
 * An agent, as ssh2 knows it, that offers exactly these keys. Thus a key is
 * unlocked only when the machine would take it.
 *
 * @param ssh2 - the package
 * @param identities - in the order to offer
 * @param watch - told of each signature
 * @returns the agent
 */
export function agentOf(
  ssh2: Ssh2,
  identities: readonly Identity[],
  watch: SignatureWatch,
): BaseAgent {
  class Keys extends ssh2.BaseAgent<ParsedKey | string> {
    override getIdentities(done: IdentityCallback<ParsedKey | string>): void {
      done(
        undefined,
        identities.map(({ blob }) => publicLine(blob)),
      );
    }

    override sign(
      key: ParsedKey | string,
      data: Buffer,
      options: SigningRequestOptions | SignCallback,
      done: SignCallback = () => undefined,
    ): void {
      const wanted = typeof key === 'string' ? undefined : key.getPublicSSH();
      const identity = identities.find(({ blob }) => wanted?.equals(blob));
      const hash = typeof options === 'object' ? options.hash : undefined;
      watch.begin();
      if (identity === undefined) {
        watch.end({ error: undefined });
        done(new Error('no such key'));
        return;
      }
      identity.sign(data, hash).then(
        (signature) => {
          watch.end({ by: identity });
          done(undefined, signature);
        },
        (error: unknown) => {
          watch.end({ error });
          done(error instanceof Error ? error : new Error(String(error)));
        },
      );
    }
  }
  return new Keys();
}

/**
 * A public key as authorized_keys has it.
 *
 * @param blob - as SSH sends it
 * @returns type and key, without a comment
 */
export function publicLine(blob: Buffer): string {
  return `${keyTypeOf(blob)} ${blob.toString('base64')}`;
}

function fileIdentity(
  ssh2: Ssh2,
  {
    key,
    blob,
    keyRing,
    alias,
  }: { key: KeyText; blob: Buffer; keyRing: KeyRing; alias: string },
): Identity {
  return {
    blob,
    name: key.name,
    source: 'file',
    sign: async (data, hash) => signWith(await keyRing.unlock(ssh2, key, alias), data, hash),
  };
}

/**
 * Signs with an open key.
 *
 * @param key - with its private half
 * @param data - what to sign
 * @param hash - for RSA
 * @returns the signature
 * @throws {Error} when the key cannot sign
 */
export function signWith(key: ParsedKey, data: Buffer, hash: SignatureHash): Buffer {
  const signature: unknown = key.sign(data, hash);
  if (!Buffer.isBuffer(signature)) {
    throw signature instanceof Error ? signature : new Error('no signature');
  }
  return signature;
}

async function agentIdentities(ssh2: Ssh2, socket: string | null): Promise<readonly Identity[]> {
  if (socket === null) {
    return [];
  }
  const agent = ssh2.createAgent(socket) as unknown as AgentApi;
  const keys = await new Promise<readonly ParsedKey[]>((resolve) => {
    const timer = setTimeout(() => resolve([]), AGENT_MS);
    agent.getIdentities((error, found) => {
      clearTimeout(timer);
      // No agent there, or none that answers: ssh goes on, too.
      resolve(error ? [] : found ?? []);
    });
  });
  return keys.map((key) => ({
    blob: key.getPublicSSH(),
    name: `${key.comment || keyTypeOf(key.getPublicSSH())} ${fingerprint(key.getPublicSSH())}`,
    source: 'agent' as const,
    sign: (data, hash) =>
      new Promise((resolve, reject) => {
        agent.sign(key, data, hash === undefined ? {} : { hash }, (error, signature) => {
          if (signature === undefined) {
            reject(error ?? new Error('The agent did not sign'));
          } else {
            resolve(signature);
          }
        });
      }),
  }));
}

/** What the agents of ssh2 really do; its types know less. */
interface AgentApi {
  getIdentities(done: (error: unknown, keys?: readonly ParsedKey[]) => void): void;
  sign(
    key: ParsedKey,
    data: Buffer,
    options: { readonly hash?: string },
    done: (error?: Error | null, signature?: Buffer) => void,
  ): void;
}
