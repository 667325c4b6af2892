import type { BarPlace, LineFacts } from './line-facts.ts';

/** How far the training is, by all lines read so far. */
export interface TrainingPlace {
  readonly step: number | null;
  readonly total: number | null;
  readonly epoch: number | null;
  readonly totalEpochs: number | null;
}

/**
 * Joins what single lines tell into one step that only starts again when the
 * program does: the bar of each epoch goes on from the one before, bars beside
 * the training are left out, a line without a step has that of the line before.
 */
export class StepTracker {
  private step: number | null = null;
  private total: number | null = null;
  private epoch: number | null = null;
  private totalEpochs: number | null = null;
  // The log told the total itself, which is better than anything worked out.
  private told = false;
  private bar: BarPlace | undefined;
  private barEpoch: number | null = null;
  // Steps before the present bar began.
  private base = 0;
  private restarts = 0;
  private zeroBased = false;
  // A headline or bar named an epoch, so bars are of one epoch each.
  private perEpoch = false;
  // Whether steps are told as such, by bars, or as epochs for want of others.
  private source: 'step' | 'bar' | 'epoch' | null = null;

  /**
   * Starts with nothing known, or where an earlier reader of the log was.
   *
   * @param step - last step stored, `null` at the beginning of a log
   */
  constructor(step: number | null = null) {
    this.step = step;
  }

  /** The present state. */
  get place(): TrainingPlace {
    const { step, total, epoch, totalEpochs } = this;
    return { step, total, epoch, totalEpochs };
  }

  /**
   * Takes what one line tells.
   *
   * @param facts - of the line
   * @returns the step its metrics belong to
   */
  advance(facts: LineFacts): number | null {
    this.epoch = facts.epoch ?? this.epoch;
    this.zeroBased ||= facts.epoch === 0 || facts.firstEpoch === 0;
    this.perEpoch ||= facts.epoch !== null && facts.kind === 'pairs';
    this.totalEpochs = facts.totalEpochs ?? this.totalEpochs;
    this.countNamedEpoch(facts);
    this.takeTotal(facts);
    if (facts.step !== null) {
      this.source = 'step';
      this.step = facts.step;
    } else if (facts.bar?.training === true && this.source !== 'step') {
      this.moveBar(facts.bar);
    } else if (facts.epoch !== null && !this.told && (this.source ?? 'epoch') === 'epoch') {
      this.countEpochs(facts.epoch);
    }
    return this.step;
  }

  private takeTotal({ totalSteps, step, bar }: LineFacts): void {
    if (totalSteps !== null && totalSteps > 0) {
      this.total = totalSteps;
      this.told = true;
    } else if (this.source === 'epoch' && (step !== null || bar?.training === true)) {
      // What was counted in epochs is no total of steps.
      this.total = null;
    }
  }

  // "Epoch 0/9" may mean nine or ten; epoch 9 itself tells that there are ten.
  private countNamedEpoch({ epoch, kind }: LineFacts): void {
    const { totalEpochs, zeroBased } = this;
    if (kind === 'pairs' && zeroBased && epoch !== null && epoch === totalEpochs) {
      this.totalEpochs = epoch + 1;
    }
  }

  private moveBar(bar: BarPlace): void {
    const last = this.bar;
    if (last === undefined || this.source !== 'bar') {
      this.begin(bar);
    } else if (bar.total !== last.total && !this.displaces(bar, last)) {
      return;
    } else if (bar.at < last.at || (bar.at === last.at && this.epoch !== this.barEpoch)) {
      this.base += last.total ?? last.at;
      this.restarts++;
    }
    this.source = 'bar';
    this.bar = bar;
    this.barEpoch = this.epoch;
    this.step = this.base + bar.at;
    if (!this.told) {
      this.total = this.totalOf(bar) ?? this.total;
    }
  }

  // The first bar seen may be that of a later epoch, after a resume.
  private begin(bar: BarPlace): void {
    const first = this.zeroBased ? 0 : 1;
    const before = Math.max(0, Math.floor(this.epoch ?? first) - first);
    this.base = this.totalEpochs === null || bar.total === null ? 0 : before * bar.total;
    this.restarts = 0;
    if (this.source === null && this.base + bar.at < (this.step ?? 0)) {
      this.base = this.baseFor(bar, this.step ?? 0);
    }
  }

  // An earlier reader saw the epochs before: as many whole ones as are needed.
  private baseFor(bar: BarPlace, step: number): number {
    const { at, total } = bar;
    return total === null ? step : Math.ceil((step - at) / total) * total;
  }

  // A shorter bar is one beside the main one: an evaluation. A longer one is
  // the training that a shorter one (loading, a sanity check) came before.
  private displaces(bar: BarPlace, last: BarPlace): boolean {
    if (bar.total !== null && last.total !== null && bar.total < last.total) {
      return false;
    }
    this.begin(bar);
    this.bar = undefined;
    return true;
  }

  private totalOf(bar: BarPlace): number | null {
    if (bar.total === null) {
      return null;
    }
    if (this.totalEpochs !== null) {
      return bar.total * this.totalEpochs;
    }
    // One epoch of nobody knows how many tells nothing about the end.
    if (this.perEpoch || this.restarts > 0 || this.base > 0) {
      this.total = null;
      return null;
    }
    return bar.total;
  }

  private countEpochs(epoch: number): void {
    this.source = 'epoch';
    this.step = Number.isInteger(epoch) ? epoch : this.step;
    this.total = this.totalEpochs ?? this.total;
  }
}
