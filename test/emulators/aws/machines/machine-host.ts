import { createHash } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../support/ssh/ssh-bed.ts';
import type { Appointment } from '../core/clock.ts';
import type { MachineKind } from '../core/options.ts';
import type { Region } from '../core/region.ts';
import type { Instance } from '../core/resources.ts';
import { reboot, shutDownFromInside } from '../ec2/lifecycle.ts';
import { Imds } from './imds.ts';
import { CAN_ISOLATE, Machine } from './machine.ts';

interface Backing {
  readonly machine: Machine;
  readonly imds: Imds;
  /** What `shutdown +5` waits for. */
  planned: Appointment | undefined;
}

/** The machines behind the instances of an emulator. */
export class MachineHost {
  /** Port of every sshd; each has an address of its own, 127.x.y.z. */
  readonly port: number;
  private readonly kind: Exclude<MachineKind, 'none'>;
  private readonly folder: string;
  private readonly all = new Map<string, Backing>();
  private addresses = 0;
  private readonly addressOf = new Map<string, string>();

  private constructor(kind: Exclude<MachineKind, 'none'>, folder: string, port: number) {
    this.kind = kind;
    this.folder = folder;
    this.port = port;
  }

  static async create(kind: Exclude<MachineKind, 'none'>): Promise<MachineHost> {
    if (!CAN_ISOLATE) throw new Error('Machines behind the AWS emulator need root and namespaces');
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'runctl-aws-')));
    return new MachineHost(kind, folder, await freePort());
  }

  /** The machine behind an instance; fails when it has never run or is gone. */
  machine(id: string): Machine {
    const found = this.all.get(id);
    if (found === undefined) throw new Error(`no machine behind ${id}`);
    return found.machine;
  }

  /** The metadata service of an instance. */
  imds(id: string): Imds {
    const found = this.all.get(id);
    if (found === undefined) throw new Error(`no machine behind ${id}`);
    return found.imds;
  }

  /** A new address for each start, as public addresses are. */
  address(instance: Instance): string {
    const number = this.addresses++;
    // Others may use the beginning of 127.0.0.0/8.
    const address = `127.${77 + Math.floor(number / 62_500)}.${Math.floor(number / 250) % 250}.${(number % 250) + 1}`;
    this.addressOf.set(instance.id, address);
    return address;
  }

  async boot(region: Region, instance: Instance): Promise<void> {
    const known = this.all.get(instance.id);
    const imds = known?.imds ?? (await Imds.start(region, instance));
    const key = [...region.keys.values()].find(({ name }) => name === instance.keyName);
    const hostname = `ip-${instance.privateIp.replaceAll('.', '-')}`;
    const machine = new Machine({
      base: join(this.folder, instance.id),
      user: instance.image.user,
      hostname,
      address: this.kind === 'sshd' ? (this.addressOf.get(instance.id) ?? this.address(instance)) : undefined,
      port: this.port,
      publicKey: key?.publicKey,
      userData: instance.userData,
      env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.endpoint },
      onPower: (what, minutes) => this.power(region, instance, what, minutes),
    });
    const backing: Backing = { machine, imds, planned: undefined };
    this.all.set(instance.id, backing);
    await machine.boot();
  }

  ask(instance: Instance): void {
    this.all.get(instance.id)?.machine.ask();
  }

  async halt(instance: Instance): Promise<void> {
    await this.all.get(instance.id)?.machine.halt();
  }

  async destroy(instance: Instance): Promise<void> {
    const found = this.all.get(instance.id);
    this.all.delete(instance.id);
    await found?.machine.destroy();
    await found?.imds.stop();
  }

  /** The end of the console's text, with the host keys between the marks of cloud-init. */
  console(instance: Instance): string[] {
    const keys = this.all.get(instance.id)?.machine.hostKeys() ?? [];
    const prints = keys.map((line) => {
      const [type = '', material = '', comment = ''] = line.split(' ');
      const print = createHash('sha256').update(Buffer.from(material, 'base64')).digest('base64').replace(/=+$/, '');
      return `256 SHA256:${print} ${comment} (${type.includes('ed25519') ? 'ED25519' : 'ECDSA'})`;
    });
    const said = (text: string): string => `<14>Nov 30 12:00:00 cloud-init: ${text}`;
    return [
      '[    0.000000] Linux version 6.8.0-1029-aws (buildd@lcy02-amd64-090)',
      ...['-----BEGIN SSH HOST KEY FINGERPRINTS-----', ...prints, '-----END SSH HOST KEY FINGERPRINTS-----'].map(said),
      '-----BEGIN SSH HOST KEY KEYS-----',
      ...keys,
      '-----END SSH HOST KEY KEYS-----',
      '[   24.518000] cloud-init[1342]: Cloud-init finished. Datasource DataSourceEc2Local.',
      '',
    ];
  }

  async dispose(): Promise<void> {
    for (const { machine, imds } of this.all.values()) {
      await machine.destroy();
      await imds.stop();
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private power(region: Region, instance: Instance, what: 'off' | 'reboot' | 'cancel', minutes: number): void {
    const backing = this.all.get(instance.id);
    backing?.planned?.cancel();
    if (backing === undefined || what === 'cancel') return;
    const act = (): void => (what === 'off' ? shutDownFromInside(region, instance) : reboot(region, instance));
    if (minutes === 0) act();
    else backing.planned = region.world.clock.after(minutes * 60_000, act);
  }
}
