import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Region } from '../core/region.ts';
import type { Instance } from '../core/resources.ts';
import type { Role } from '../services/iam-store.ts';

const LONGEST_SECONDS = 21_600;

/** The metadata service of one machine, at an address of its own. */
export class Imds {
  /** `METHOD path status` of everything it was asked. */
  readonly requests: string[] = [];
  private readonly region: Region;
  private readonly instance: Instance;
  private readonly server: Server;
  private readonly tokens = new Map<string, number>();

  private constructor(region: Region, instance: Instance) {
    this.region = region;
    this.instance = instance;
    this.server = createServer((request, response) => this.answer(request, response));
  }

  static async start(region: Region, instance: Instance): Promise<Imds> {
    const imds = new Imds(region, instance);
    imds.server.listen(0, '127.0.0.1');
    await once(imds.server, 'listening');
    imds.server.unref();
    return imds;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const [status, body] = this.decide(request);
    this.requests.push(`${request.method ?? ''} ${request.url ?? ''} ${status}`);
    response.writeHead(status, { 'content-type': 'text/plain', server: 'EC2ws' }).end(body);
  }

  private decide(request: IncomingMessage): [number, string] {
    const { metadata } = this.instance;
    if (metadata.endpoint === 'disabled') return [403, ''];
    const path = (request.url ?? '').replace(/\/+$/, '');
    const now = this.region.world.clock.now();
    if (request.method === 'PUT') {
      const ttl = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds']);
      if (path !== '/latest/api/token' || request.headers['x-forwarded-for'] !== undefined) return [403, ''];
      if (!(ttl >= 1 && ttl <= LONGEST_SECONDS)) return [400, ''];
      const token = Buffer.from(randomUUID()).toString('base64url');
      this.tokens.set(token, now + ttl * 1000);
      return [200, token];
    }
    if (request.method !== 'GET') return [405, ''];
    const token = request.headers['x-aws-ec2-metadata-token'];
    const isKnown = typeof token === 'string' && (this.tokens.get(token) ?? 0) > now;
    if (token === undefined ? metadata.tokens === 'required' : !isKnown) return [401, ''];
    const text = this.read(path);
    return text === undefined ? [404, ''] : [200, text];
  }

  private read(path: string): string | undefined {
    const { instance, region } = this;
    if (path === '/latest/user-data') return instance.userData === '' ? undefined : instance.userData;
    if (path === '/latest/dynamic/instance-identity/document') return JSON.stringify(this.document(), null, 2);
    const name = path.replace(/^\/latest\/meta-data\/?/, '');
    if (name === path) return undefined;
    const { notice, rebalanceAt, tags, metadata } = instance;
    const stamp = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
    if (name === 'tags/instance' || name.startsWith('tags/instance/')) {
      if (metadata.tagsShown === 'disabled') return undefined;
      return name === 'tags/instance' ? [...tags.keys()].join('\n') : tags.get(name.slice('tags/instance/'.length));
    }
    const facts: Readonly<Record<string, string | undefined>> = {
      '': 'ami-id\nhostname\ninstance-id\ninstance-life-cycle\ninstance-type\nlocal-ipv4\nplacement/',
      'ami-id': instance.image.id,
      hostname: `ip-${instance.privateIp.replaceAll('.', '-')}.ec2.internal`,
      'instance-id': instance.id,
      'instance-type': instance.type.name,
      'instance-life-cycle': instance.spot === undefined ? 'on-demand' : 'spot',
      'local-ipv4': instance.privateIp,
      'public-ipv4': instance.publicIp,
      'placement/availability-zone': instance.zone,
      'placement/region': region.name,
      'iam/info':
        instance.profileArn === undefined
          ? undefined
          : JSON.stringify({ Code: 'Success', InstanceProfileArn: instance.profileArn }),
      'iam/security-credentials': this.role?.name,
      [`iam/security-credentials/${this.role?.name ?? ''}`]: this.credentials(),
      'spot/instance-action': notice && JSON.stringify({ action: notice.action, time: stamp(notice.time) }),
      'spot/termination-time': notice?.action === 'terminate' ? stamp(notice.time) : undefined,
      'events/recommendations/rebalance':
        rebalanceAt === undefined ? undefined : JSON.stringify({ noticeTime: stamp(rebalanceAt) }),
    };
    return Object.hasOwn(facts, name) ? facts[name] : undefined;
  }

  private get role(): Role | undefined {
    const { profileArn } = this.instance;
    return [...this.region.world.iam.profiles.values()].find(({ arn }) => arn === profileArn)?.role;
  }

  /** Credentials of the role, for six hours; they may sign from then on. */
  private credentials(): string | undefined {
    const { role, region, instance } = this;
    if (role === undefined) return undefined;
    const { world } = region;
    const now = world.clock.now();
    let known = world.identities.find(({ arn, expiresAt = 0 }) => arn.endsWith(`/${instance.id}`) && expiresAt > now + 300_000);
    if (known === undefined) {
      known = {
        accessKeyId: `ASIA${world.hex(16).toUpperCase()}`,
        secretAccessKey: world.hex(40),
        sessionToken: world.hex(64),
        expiresAt: now + 6 * 3_600_000,
        arn: `arn:aws:sts::${world.account}:assumed-role/${role.name}/${instance.id}`,
        userId: `${role.id}:${instance.id}`,
      };
      world.identities.push(known);
    }
    return JSON.stringify({
      Code: 'Success',
      LastUpdated: new Date(now).toISOString(),
      Type: 'AWS-HMAC',
      AccessKeyId: known.accessKeyId,
      SecretAccessKey: known.secretAccessKey,
      Token: known.sessionToken,
      Expiration: new Date(known.expiresAt ?? 0).toISOString(),
    });
  }

  private document(): object {
    const { instance, region } = this;
    return {
      accountId: region.world.account,
      architecture: instance.image.arch,
      availabilityZone: instance.zone,
      imageId: instance.image.id,
      instanceId: instance.id,
      instanceType: instance.type.name,
      pendingTime: new Date(instance.launchedAt).toISOString(),
      privateIp: instance.privateIp,
      region: region.name,
      version: '2017-09-30',
    };
  }
}
