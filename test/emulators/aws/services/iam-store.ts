import { Refusal } from '../core/refusal.ts';
import type { World } from '../core/world.ts';

export interface Role {
  readonly name: string;
  readonly id: string;
  readonly arn: string;
  readonly trust: string;
  readonly description: string | undefined;
  readonly createdAt: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly policies: Set<string>;
  readonly inline: Map<string, string>;
}

export interface Profile {
  readonly name: string;
  readonly id: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly tags: ReadonlyMap<string, string>;
  role: Role | undefined;
}

/** What an instance needs before the agent of SSM comes online. */
export const SSM_POLICY = 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore';

/** Roles and instance profiles of the account; they are of no region. */
export class IamStore {
  readonly roles = new Map<string, Role>();
  readonly profiles = new Map<string, Profile>();
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  /** A profile with a role of the same name, as if it had always been there. */
  seed(name: string, ...policies: readonly string[]): Profile {
    const role = this.createRole(name, '{}', undefined, new Map());
    for (const policy of policies) role.policies.add(policy);
    const profile = this.createProfile(name, new Map(), 0);
    profile.role = role;
    return profile;
  }

  createRole(name: string, trust: string, description: string | undefined, tags: ReadonlyMap<string, string>): Role {
    if (this.roles.has(name)) throw new Refusal('EntityAlreadyExists', `Role with name ${name} already exists.`, 409);
    const role: Role = {
      name,
      id: `AROA${this.world.hex(16).toUpperCase()}`,
      arn: `arn:aws:iam::${this.world.account}:role/${name}`,
      trust,
      description,
      createdAt: this.world.clock.now(),
      tags,
      policies: new Set(),
      inline: new Map(),
    };
    this.roles.set(name, role);
    return role;
  }

  createProfile(name: string, tags: ReadonlyMap<string, string>, createdAt = this.world.clock.now()): Profile {
    if (this.profiles.has(name)) {
      throw new Refusal('EntityAlreadyExists', `Instance Profile ${name} already exists.`, 409);
    }
    const profile: Profile = {
      name,
      id: `AIPA${this.world.hex(16).toUpperCase()}`,
      arn: `arn:aws:iam::${this.world.account}:instance-profile/${name}`,
      createdAt,
      tags,
      role: undefined,
    };
    this.profiles.set(name, profile);
    return profile;
  }

  role(name: string): Role {
    const found = this.roles.get(name);
    if (found === undefined) throw new Refusal('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
    return found;
  }

  profile(name: string): Profile {
    const found = this.profiles.get(name);
    if (found === undefined) {
      throw new Refusal('NoSuchEntity', `Instance Profile ${name} cannot be found.`, 404);
    }
    return found;
  }

  /** ARN of a profile that EC2 knows of; a new one it does not know at once. */
  profileArn(name: string | undefined, arn: string | undefined): string | undefined {
    const { clock, switches } = this.world;
    const known = [...this.profiles.values()].find((one) => one.name === name || one.arn === arn);
    if (known === undefined || clock.now() < known.createdAt + switches.notFoundMs) return undefined;
    return known.arn;
  }

  profileId(arn: string): string | undefined {
    return [...this.profiles.values()].find((one) => one.arn === arn)?.id;
  }

  /** Whether a machine with this profile may talk to SSM. */
  mayUseSsm(arn: string | undefined): boolean {
    const profile = [...this.profiles.values()].find((one) => one.arn === arn);
    return profile?.role?.policies.has(SSM_POLICY) ?? false;
  }
}
