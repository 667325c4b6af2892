/** Which calls a fault strikes and what happens to them. */
export interface FaultScript {
  /** `RunInstances`, or `*`. */
  readonly action: string;
  /** All when it is left out. */
  readonly region?: string;
  /** How many such calls pass unharmed first. 0 when it is left out. */
  readonly after?: number;
  /** How many calls it strikes; 1 when it is left out. */
  readonly times?: number;
  /** Milliseconds of the emulator's clock before anything happens. */
  readonly delay?: number;
  /** Refuses, before any effect. */
  readonly error?: { readonly code: string; readonly status?: number; readonly message?: string };
  /** As `error`, after the effect. */
  readonly errorAfter?: { readonly code: string; readonly status?: number; readonly message?: string };
  /** RequestLimitExceeded (ThrottlingException in JSON), before any effect. */
  readonly throttle?: boolean;
  /** Status of a page of HTML, as a proxy in between would send it, before any effect. */
  readonly html?: number;
  /** Cuts the connection before the effect, or after it (the answer is lost). */
  readonly drop?: 'before' | 'after';
  /** Answers from what was true this many milliseconds ago. */
  readonly stale?: number;
  /** Waits before or after the effect until `release` is called. */
  readonly hold?: 'before' | 'after';
}

/** A fault that was scripted. */
export class Fault {
  readonly script: FaultScript;
  /** Resolves when a held call has come to where it waits. */
  readonly reached: Promise<void>;
  /** How many calls it has struck. */
  struck = 0;
  private seen = 0;
  private readonly released: Promise<void>;
  private arrive: () => void = () => undefined;
  private let: () => void = () => undefined;

  constructor(script: FaultScript) {
    this.script = script;
    this.reached = new Promise((resolve) => (this.arrive = resolve));
    this.released = new Promise((resolve) => (this.let = resolve));
  }

  /** Lets held calls go on. */
  release(): void {
    this.let();
  }

  /** Where a call waits when it is held. */
  async wait(where: 'before' | 'after'): Promise<void> {
    if (this.script.hold !== where) return;
    this.arrive();
    await this.released;
  }

  /** Whether it strikes this call; counts it. */
  strikes(action: string, region: string): boolean {
    const { script } = this;
    if (script.action !== '*' && script.action !== action) return false;
    if (script.region !== undefined && script.region !== region) return false;
    const turn = this.seen++ - (script.after ?? 0);
    if (turn < 0 || turn >= (script.times ?? 1)) return false;
    this.struck += 1;
    return true;
  }
}

/** The faults in force. Several may strike one call. */
export class Faults {
  private all: Fault[] = [];

  add(script: FaultScript): Fault {
    const fault = new Fault(script);
    this.all.push(fault);
    return fault;
  }

  /** Ends all of them and lets held calls go. */
  clear(): void {
    for (const fault of this.all) fault.release();
    this.all = [];
  }

  /** Those that strike a call. */
  of(action: string, region: string): readonly Fault[] {
    return this.all.filter((fault) => fault.strikes(action, region));
  }
}
