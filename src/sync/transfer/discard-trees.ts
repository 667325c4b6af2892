import { MachineScript } from './machine-script.ts';
import type { TransferWay } from './transfer-types.ts';

/** Disk use of something on a machine. */
export interface Weight {
  readonly files: number;
  /** As the disk counts them. */
  readonly bytes: number;
}

/** What a machine has of one workspace. */
export interface WorkWeight {
  /** Absolute directory on the machine. */
  readonly work: string;
  /** All trees, with what runs wrote in them and what was moved aside. */
  readonly code: Weight;
  /** What runs share, such as checkpoints. */
  readonly keep: Weight;
}

/** A part of what a machine has of a workspace. */
export type WorkPart = 'code' | 'keep';

/**
 * Weighs what a machine has of workspaces.
 *
 * @param way - the way to the machine
 * @param works - absolute directories there
 * @returns those that exist and are what a sync made
 * @throws {MachineError} when the way broke
 */
export async function weighTrees(
  way: TransferWay,
  works: readonly string[],
): Promise<readonly WorkWeight[]> {
  const found: WorkWeight[] = [];
  const records = works.length === 0 ? [] : await new MachineScript(way).call(['weigh', ...works]);
  let work = '';
  let code: Weight = { files: 0, bytes: 0 };
  for (const { key, value } of records) {
    if (key === 'work') {
      work = value;
    } else if (key === 'code') {
      code = weightOf(value);
    } else if (key === 'keep') {
      found.push({ work, code, keep: weightOf(value) });
    }
  }
  return found;
}

/**
 * Deletes what a machine has of a workspace. No sync can come between, and
 * nothing is deleted under a program that works inside.
 *
 * @param way - the way to the machine
 * @param work - absolute directory there
 * @param parts - what goes
 * @throws {TransferError} `occupied`, `foreign` when it is none of ours, `discard` when the machine refuses
 * @throws {MachineError} when the way broke
 */
export async function discardTrees(
  way: TransferWay,
  work: string,
  parts: readonly WorkPart[],
): Promise<void> {
  await new MachineScript(way).call(['discard', way.client, work, parts.join(' ')]);
}

function weightOf(value: string): Weight {
  const [kibibytes = 0, files = 0] = value.split(' ').map(Number);
  return { files, bytes: kibibytes * 1024 };
}
