import { cleanName } from './json-values.ts';
import { nameStrength } from './known-names.ts';
import type { FactsDraft } from './line-facts.ts';
import { asCount } from './numbers.ts';

// Names of the counts, best first.
const STEP_NAMES = ['global_step', 'step', 'iteration', 'iter', 'num_updates', 'update'] as const;
const TOTAL_NAMES = new Set(['total_steps', 'max_steps', 'num_training_steps', 'max_iters']);
const TOTAL_EPOCHS = new Set(['total_epochs', 'num_epochs', 'max_epochs', 'epochs']);

/**
 * Collects name-value pairs whose form is sure but whose names may be
 * anything: known metrics and counts are kept.
 */
export class NamedValues {
  private readonly facts: FactsDraft;
  private readonly weak: [string, number][] = [];
  private stepRank: number = STEP_NAMES.length;

  constructor(facts: FactsDraft) {
    this.facts = facts;
  }

  /**
   * Takes one pair.
   *
   * @param name - as the line has it
   * @param value - may be NaN or infinite
   */
  add(name: string, value: number): void {
    const { facts } = this;
    const rank = (STEP_NAMES as readonly string[]).indexOf(name);
    if (rank >= 0) {
      const step = asCount(value);
      if (step !== null && rank < this.stepRank) {
        facts.step = step;
        this.stepRank = rank;
      }
    } else if (name === 'epoch') {
      facts.epoch = Number.isFinite(value) && value >= 0 ? value : null;
    } else if (TOTAL_NAMES.has(name)) {
      facts.totalSteps = asCount(value);
    } else if (TOTAL_EPOCHS.has(name)) {
      facts.totalEpochs = asCount(value);
    } else {
      this.metric(name, value);
    }
  }

  /** Decides on the weak names: they count beside a strong one only. */
  finish(): void {
    if (this.facts.metrics.length > 0) {
      this.facts.metrics.push(...this.weak);
    }
  }

  private metric(name: string, value: number): void {
    const strength = nameStrength(name);
    if (strength === 'strong') {
      this.facts.metrics.push([cleanName(name), value]);
    } else if (strength === 'weak') {
      this.weak.push([cleanName(name), value]);
    }
  }
}
