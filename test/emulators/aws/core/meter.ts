/** Something that costs from one moment to another. */
export interface Charge {
  /** Id of what is billed. */
  readonly resource: string;
  readonly what: 'instance' | 'volume' | 'snapshot' | 'public-ipv4';
  readonly region: string;
  /** Milliseconds of the emulator's clock. */
  readonly from: number;
  to?: number;
  /** US dollars an hour at a moment since `from`. */
  readonly rate: number | ((at: number) => number);
  /** Billed even when it ended sooner. */
  minimumMs: number;
  /** Not billed after all, as a spot machine taken back in its first hour. */
  waived?: boolean;
}

const HOUR = 3_600_000;

/**
 * What an account owes, second by second. Part of the emulator: it knows what is true, not
 * what a client was told, and shares no code with the costs it is compared with.
 */
export class Meter {
  readonly charges: Charge[] = [];
  /** What costs nothing by itself and yet must not stay: open spot requests. */
  readonly loose = new Map<string, string>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  begin(charge: Omit<Charge, 'from'>): Charge {
    const begun = { ...charge, from: this.now() };
    this.charges.push(begun);
    return begun;
  }

  end(charge: Charge | undefined): void {
    if (charge !== undefined) charge.to ??= this.now();
  }

  /** US dollars so far: of everything, of one resource, or of what a test picks. */
  total(of: string | ((charge: Charge) => boolean) = () => true): number {
    const picked = typeof of === 'string' ? (charge: Charge) => charge.resource === of : of;
    return this.charges.filter(picked).reduce((sum, charge) => sum + this.amount(charge), 0);
  }

  /** US dollars so far by resource. */
  byResource(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const charge of this.charges) {
      sums.set(charge.resource, (sums.get(charge.resource) ?? 0) + this.amount(charge));
    }
    return sums;
  }

  /** US dollars an hour right now. */
  rate(): number {
    return this.charges
      .filter(({ to }) => to === undefined)
      .reduce((sum, { rate }) => sum + (typeof rate === 'number' ? rate : rate(this.now())), 0);
  }

  /** What still bills, or would again. Empty is what every story must end with. */
  left(): string[] {
    const billing = this.charges.filter(({ to }) => to === undefined).map(({ what, resource }) => `${what} ${resource}`);
    return [...billing, ...[...this.loose].map(([id, what]) => `${what} ${id}`)];
  }

  nothingLeft(): boolean {
    return this.left().length === 0;
  }

  private amount(charge: Charge): number {
    if (charge.waived === true) return 0;
    const end = Math.max(charge.to ?? this.now(), charge.from + charge.minimumMs);
    if (typeof charge.rate === 'number') return ((end - charge.from) / HOUR) * charge.rate;
    // The price of an hour is the one at its beginning.
    let sum = 0;
    for (let at = charge.from; at < end; at += HOUR) {
      sum += (Math.min(HOUR, end - at) / HOUR) * charge.rate(at);
    }
    return sum;
  }
}
