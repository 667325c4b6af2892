import { posix } from 'node:path';

/** The most that is read of a side JSON; logs of a whole run may be in it. */
export const MAX_SIDE_BYTES = 8 * 1024 * 1024;
const MAX_METRICS = 100;

/** What a JSON file beside or within a checkpoint tells. */
export interface SideFacts {
  readonly step: number | null;
  readonly epoch: number | null;
  readonly loss: number | null;
  /** What the writer says of its own work; `null` when it says nothing. */
  readonly complete: boolean | null;
  readonly best: boolean;
  readonly final: boolean;
  /** Every finite number by name, nested names joined by `/`. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Facts, or why there are none. */
export type SideResult =
  | { readonly facts: SideFacts; readonly reason: null }
  | { readonly facts: null; readonly reason: string };

/**
 * Where a checkpoint's side JSON may lie, the surest first.
 *
 * @param path - absolute path of the checkpoint
 * @returns absolute paths: `X.ckpt.json`, then `X.json`
 */
export function sidePaths(path: string): string[] {
  const { dir, name, ext } = posix.parse(path);
  return ext === '' ? [`${path}.json`] : [`${path}.json`, posix.join(dir, `${name}.json`)];
}

/**
 * Reads a side JSON, or a Hugging Face `trainer_state.json`.
 *
 * @param text - its content
 * @param checkpointPath - absolute path of the checkpoint it speaks of
 * @returns what it tells, or why it is ignored
 */
export function parseSide(text: string, checkpointPath: string): SideResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { facts: null, reason: 'no valid JSON' };
  }
  if (!isRecord(value)) {
    return { facts: null, reason: 'no JSON object' };
  }
  const metrics = numbersOf(value);
  const last = lastLogged(value);
  const all = { ...last, ...metrics };
  const count = (...names: string[]): number | null => pick(all, names, isCount);
  const facts: SideFacts = {
    step: count('step', 'global_step', 'globalStep', 'iteration'),
    epoch: count('epoch'),
    loss: pick(all, LOSS_NAMES, Number.isFinite),
    complete: typeof value['complete'] === 'boolean' ? value['complete'] : null,
    best: value['best'] === true || namesAsBest(value, checkpointPath),
    final: value['final'] === true,
    metrics: all,
  };
  return speaks(facts) ? { facts, reason: null } : { facts: null, reason: 'tells nothing known' };
}

const LOSS_NAMES = ['val_loss', 'eval_loss', 'val/loss', 'eval/loss', 'loss', 'train_loss'];

// Without this any JSON that happens to share a name would count (and be deleted with it).
function speaks(facts: SideFacts): boolean {
  const { step, epoch, loss, complete, best, final } = facts;
  return [step, epoch, loss, complete].some((fact) => fact !== null) || best || final;
}

function numbersOf(value: Readonly<Record<string, unknown>>, prefix = ''): Record<string, number> {
  const found: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const [name, item] of Object.entries(value)) {
    if (Object.keys(found).length >= MAX_METRICS) {
      break;
    }
    if (typeof item === 'number' && Number.isFinite(item)) {
      found[prefix + name] = item;
    } else if (name === 'metrics' && isRecord(item) && prefix === '') {
      Object.assign(found, numbersOf(item), numbersOf(item, 'metrics/'));
    }
  }
  return found;
}

// Hugging Face keeps one record per logged step; a name's last value is what counts.
function lastLogged(value: Readonly<Record<string, unknown>>): Record<string, number> {
  const history = value['log_history'];
  const found: Record<string, number> = Object.create(null) as Record<string, number>;
  for (const record of Array.isArray(history) ? history.slice(-MAX_METRICS) : []) {
    if (isRecord(record)) {
      Object.assign(found, numbersOf(record));
    }
  }
  return found;
}

function namesAsBest(value: Readonly<Record<string, unknown>>, checkpointPath: string): boolean {
  const best = value['best_model_checkpoint'];
  return typeof best === 'string' && posix.basename(best) === posix.basename(checkpointPath);
}

function pick(
  numbers: Readonly<Record<string, number>>,
  names: readonly string[],
  accept: (value: number) => boolean,
): number | null {
  for (const name of names) {
    const value = numbers[name];
    if (value !== undefined && accept(value)) {
      return value;
    }
  }
  return null;
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
