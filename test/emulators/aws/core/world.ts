import { seededRandom } from '../../../support/seeded-random.ts';
import { REGIONS } from '../catalog/regions.ts';
import type { MachineHost } from '../machines/machine-host.ts';
import { IamStore } from '../services/iam-store.ts';
import { EmulatorClock } from './clock.ts';
import { Faults } from './faults.ts';
import { Journal } from './journal.ts';
import { Meter } from './meter.ts';
import type { AwsOptions, Identity, Switches, Timings } from './options.ts';
import { SWITCHES, TIMINGS } from './options.ts';
import { Refusal } from './refusal.ts';
import { Region } from './region.ts';
import { Throttle } from './throttle.ts';

/** The keys that tests sign with when they name none. */
export const IDENTITY: Identity = {
  accessKeyId: 'AKIAEMULATOR00000001',
  secretAccessKey: 'emulator/secret+of/nobody+0123456789abcd',
  arn: 'arn:aws:iam::123456789012:user/trainer',
  userId: 'AIDAEMULATOR000000001',
};

/** Everything that is true in this emulator. One account, several regions. */
export class World {
  readonly account: string;
  readonly clock: EmulatorClock;
  readonly journal = new Journal();
  readonly faults = new Faults();
  readonly meter: Meter;
  readonly throttle: Throttle;
  readonly timings: Timings;
  /** May be changed between calls. */
  readonly switches: { -readonly [K in keyof Switches]: Switches[K] };
  readonly identities: Identity[];
  /** `ec2:RunInstances` and the like that the caller may not. */
  readonly denied = new Set<string>();
  readonly regions: ReadonlyMap<string, Region>;
  readonly iam: IamStore;
  /** What runs the machines, unless there are none. */
  machines: MachineHost | undefined;
  private readonly random: () => number;
  private sequence = 0;

  constructor(options: AwsOptions = {}) {
    this.account = options.account ?? '123456789012';
    this.clock = new EmulatorClock(options.start ?? Date.now(), options.speed ?? 0);
    this.meter = new Meter(() => this.clock.now());
    this.throttle = new Throttle(() => this.clock.now());
    this.timings = { ...TIMINGS, ...options.timings };
    this.switches = { ...SWITCHES, ...options.switches };
    this.identities = [...(options.identities ?? [IDENTITY])];
    this.random = seededRandom(options.seed ?? 1);
    this.iam = new IamStore(this);
    this.regions = new Map((options.regions ?? REGIONS).map((spec) => [spec.name, new Region(spec, this)]));
  }

  /** A region that exists; whether it is enabled is another question. */
  region(name: string): Region {
    const found = this.regions.get(name);
    if (found === undefined) throw new Refusal('InvalidRegion', `There is no region ${name}`, 401);
    return found;
  }

  /** `i-0123456789abcdef0`: as long as Amazon's, and the same in every run. */
  id(prefix: string): string {
    return `${prefix}-0${this.hex(16)}`;
  }

  hex(digits: number): string {
    let out = '';
    while (out.length < digits) {
      out += Math.floor(this.random() * 0x1_0000_0000)
        .toString(16)
        .padStart(8, '0');
    }
    return out.slice(0, digits);
  }

  /** A version 4 UUID. */
  uuid(): string {
    const hex = this.hex(32);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  /** Rises with every resource. */
  next(): number {
    return ++this.sequence;
  }
}
