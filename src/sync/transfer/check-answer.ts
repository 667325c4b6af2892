import * as l10n from '@vscode/l10n';
import { MachineError } from '../../core/errors.ts';
import type { ScriptRecord } from './machine-script.ts';

/** What the machine can do. */
export interface MachineTools {
  /** The program that proves content; `none` without any. */
  readonly sum: string;
  /** What makes new versions from old ones. */
  readonly assembler: string;
  readonly gzip: boolean;
  readonly tar: boolean;
}

/** How a tree differs from what we put into it. Numbers count its list, from 1. */
export interface TreeReport {
  readonly slot: string;
  /** `unknown`: something is there that we know nothing of. */
  readonly state: 'none' | 'unknown' | 'lost' | 'here';
  /** Of the manifest; empty without one. */
  readonly id: string;
  readonly gone: ReadonlySet<number>;
  /** Number and the hash that is there now, `-` when it is no file. */
  readonly drift: ReadonlyMap<number, string>;
  /** Same content, other times or permissions. */
  readonly touched: ReadonlySet<number>;
  /** Numbers of folders that are none any more. */
  readonly badFolders: ReadonlySet<number>;
  /** Folders of runs that are not linked. */
  readonly badKeeps: ReadonlySet<string>;
}

/** A piece that waits on the machine since an earlier transfer. */
export interface StagedPiece {
  /** Of the content; `same` for a link that leads where it should. */
  readonly hash: string;
  /** Last change, whole seconds since the epoch; of a file. */
  readonly stamp: number;
  /** Permission bits; of a file. */
  readonly mode: number;
  /** Bytes; of a file. */
  readonly size: number;
}

/** What the machine told at the begin of a transfer. */
export interface CheckAnswer {
  readonly tools: MachineTools;
  /** Bytes left on the disk, when it could tell. */
  readonly free: number | undefined;
  /** The tree to change; absent for other transfers than those of a tree. */
  readonly tree: TreeReport | undefined;
  /** A tree to copy from. */
  readonly from: TreeReport | undefined;
  /** Each slot that holds a tree of ours, and the name of its manifest. */
  readonly slots: ReadonlyMap<string, string>;
  /** Pieces of earlier transfers: by plan, and by number in its list. */
  readonly stages: ReadonlyMap<string, ReadonlyMap<number, StagedPiece>>;
  /** Sizes of streams of their own that are under way. */
  readonly bigs: ReadonlyMap<string, number>;
  /** What a switch that was finished now moved: place under `aside/`, path. */
  readonly asides: readonly Aside[];
}

/** Something that was moved out of the way. */
export interface Aside {
  readonly place: string;
  readonly path: string;
}

interface Tree {
  slot: string;
  state: TreeReport['state'];
  id: string;
  gone: Set<number>;
  drift: Map<number, string>;
  touched: Set<number>;
  badFolders: Set<number>;
  badKeeps: Set<string>;
}

const STATES: readonly TreeReport['state'][] = ['none', 'unknown', 'lost', 'here'];

/**
 * Reads the answer of `check` or `staged`.
 *
 * @param records - what the script said
 * @returns the answer
 * @throws {MachineError} when it makes no sense
 */
export function readCheck(records: readonly ScriptRecord[]): CheckAnswer {
  const answer = { asides: [] as Aside[], bigs: new Map<string, number>() };
  const slots = new Map<string, string>();
  const stages = new Map<string, Map<number, StagedPiece>>();
  let tools: MachineTools | undefined;
  let free: number | undefined;
  let tree: Tree | undefined;
  let from: Tree | undefined;
  let stage: Map<number, StagedPiece> | undefined;
  for (const { key, value } of records) {
    const [first = '', second = '', stamp, mode = '', size] = value.split(' ');
    const at = from ?? tree;
    switch (key) {
      case 'tools': {
        const [sum = 'none', assembler = 'dd', gzip, tar] = value.split(' ');
        tools = { sum, assembler, gzip: gzip === 'gzip', tar: tar === 'tar' };
        break;
      }
      case 'free':
        free = /^\d+$/u.test(value) ? Number(value) * 1024 : undefined;
        break;
      case 'holds':
        slots.set(first, second);
        break;
      case 'slot':
        tree = emptyTree(value);
        break;
      case 'from':
        from = emptyTree(value);
        break;
      case 'stage':
        stage = new Map();
        stages.set(value, stage);
        break;
      case 'have':
        stage?.set(Number(first), {
          hash: second,
          stamp: Number(stamp),
          mode: Number.parseInt(mode, 8),
          size: Number(size),
        });
        break;
      case 'big':
        answer.bigs.set(first, Number(second));
        break;
      case 'aside':
        answer.asides.push(readAside(value));
        break;
      default:
        if (at !== undefined) {
          readTree(at, key, value);
        }
    }
  }
  if (tools === undefined) {
    throw new MachineError('sync-answer', l10n.t('The machine gave an answer that cannot be read'));
  }
  return { ...answer, tools, free, tree, from, slots, stages };
}

/**
 * Reads what was moved aside.
 *
 * @param value - of an `aside` record
 * @returns its place and path
 */
export function readAside(value: string): Aside {
  const space = value.indexOf(' ');
  return { place: value.slice(0, space), path: value.slice(space + 1) };
}

function emptyTree(slot: string): Tree {
  return {
    slot,
    state: 'none',
    id: '',
    gone: new Set(),
    drift: new Map(),
    touched: new Set(),
    badFolders: new Set(),
    badKeeps: new Set(),
  };
}

function readTree(tree: Tree, key: string, value: string): void {
  const [first = '', second = ''] = value.split(' ');
  switch (key) {
    case 'tree':
      tree.state = STATES.find((state) => state === first) ?? 'unknown';
      tree.id = second;
      break;
    case 'gone':
      tree.gone.add(Number(first));
      break;
    case 'drift':
      tree.drift.set(Number(first), second);
      break;
    case 'touch':
      tree.touched.add(Number(first));
      break;
    case 'dir':
      tree.badFolders.add(Number(first));
      break;
    case 'keep':
      tree.badKeeps.add(value);
      break;
    default:
  }
}
