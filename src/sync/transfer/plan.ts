import { createHash } from 'node:crypto';
import { pause } from '../breath.ts';
import type { ChangeSet, NeededEntry } from './change-set.ts';
import { formatPieces, formatRecipe } from './delta.ts';
import { linePatch } from './line-patch.ts';
import { machineHashOf } from './machine-hash.ts';
import type { MachineHash } from './machine-hash.ts';
import { foldersAbove, formatManifest, manifestId } from './manifest.ts';
import type { Manifest, ManifestFile } from './manifest.ts';
import { statLines } from './stat-lines.ts';
import type { SumBook } from './sum-book.ts';
import type { Supply } from './supply.ts';
import type { TreeState } from './tree-state.ts';
import { foldersText, keepTarget, listText, ownEntries } from './tree-state.ts';
import { byText, callOf, callsByFolder, callsOf } from './words.ts';

/** What the machine is told to do, as files of the stage. */
export interface Plan {
  readonly id: string;
  /** By name; `whole` comes last. */
  readonly files: ReadonlyMap<string, string>;
  /** Stage path and hash of everything that is proved, in its order. */
  readonly proved: readonly string[];
}

/** What a plan is made of. */
export interface PlanParts {
  readonly slot: string;
  readonly work: string;
  readonly wanted: Manifest;
  readonly manifestId: string;
  readonly old: TreeState | undefined;
  /** Whether the lists about the old tree on the machine may be patched. */
  readonly patches: boolean;
  readonly changes: ChangeSet;
  readonly supply: Supply;
  /** Stage paths of earlier transfers that nobody wants now. */
  readonly junk: readonly string[];
  readonly sums: SumBook;
  readonly algorithm: MachineHash;
}

/**
 * Writes the plan for a tree.
 *
 * @param parts - what it is made of
 * @returns the plan
 */
export async function treePlan(parts: PlanParts): Promise<Plan> {
  const { wanted, changes, sums } = parts;
  const lists = await listsOf(wanted, sums);
  const old = parts.patches ? parts.old : undefined;
  const oldLists = old === undefined ? new Map<string, string>() : await listsOf(old.manifest, sums);
  const texts = new Map<string, string>();
  const make = callsOf('drop', [], parts.junk);
  const patched: string[] = [];
  for (const [name, text] of lists) {
    await pause();
    const before = oldLists.get(name);
    const patch = before === undefined ? undefined : linePatch(before, text);
    if (patch === undefined) {
      texts.set(name, text);
    } else {
      texts.set(`${name}.patch`, patch);
      patched.push(name);
    }
  }
  await pause();
  if (old !== undefined) {
    const { patch, again } = statLines(wanted, old, changes);
    texts.set('was', `${manifestId(formatManifest(old.manifest))}\n`);
    texts.set('stats.patch', patch);
    texts.set('again', again);
  }
  await pause();
  texts.set('dirs', foldersText(wanted));
  texts.set('count', `${ownEntries(wanted).length}\n`);
  texts.set('id', `${parts.manifestId}\n`);
  const patches = callsOf('patch', [parts.slot], patched);
  texts.set('make', make + patches + makeText(parts.work, parts.supply));
  texts.set('steps', stepsText(wanted, changes));
  parts.supply.built.forEach((built, at) => {
    texts.set(`recipe-${at}`, formatRecipe(built.delta));
    texts.set(`pieces-${at}`, formatPieces(built.delta));
  });
  await pause();
  return finishPlan(texts, lists, changes.needed, parts);
}

/**
 * Ends a plan: what has to be proved, and its name.
 *
 * @param texts - its files so far
 * @param lists - texts that the machine makes or gets, proved too
 * @param needed - what is staged
 * @param how - hashes and what is built
 * @returns the plan
 */
export function finishPlan(
  texts: Map<string, string>,
  lists: ReadonlyMap<string, string>,
  needed: readonly NeededEntry[],
  how: Pick<PlanParts, 'sums' | 'algorithm' | 'supply'>,
): Plan {
  const named = createHash('sha256');
  for (const [name, text] of texts) {
    named.update(`${name} ${Buffer.byteLength(text)}\n`).update(text);
  }
  const listSums = [...lists].map(
    ([name, text]) => [name, machineHashOf(how.algorithm, text)] as const,
  );
  for (const [name, sum] of listSums) {
    named.update(`${name} ${sum}\n`);
  }
  for (const { stagePath, entry } of needed) {
    named.update(`${stagePath}\0${entry.kind === 'file' ? entry.hash : entry.target}\0`);
  }
  const id = named.digest('hex').slice(0, 32);
  const built = new Map(how.supply.built.map((item, at) => [item.needed.stagePath, at]));
  const proved: string[] = [];
  const need: string[] = [];
  const prove = (path: string, sum: string): void => {
    proved.push(path);
    need.push(`${sum}\n`);
  };
  for (const [name, sum] of listSums) {
    prove(`plan-${id}/${name}`, sum);
  }
  const files = needed.filter((item) => item.entry.kind === 'file');
  for (const { stagePath, entry } of files) {
    if (entry.kind === 'file' && !built.has(stagePath)) {
      prove(stagePath, how.sums.sumOf(entry));
    }
  }
  let text = callsOf('s', [], proved);
  for (const { stagePath, entry } of files) {
    const at = built.get(stagePath);
    if (at !== undefined && entry.kind === 'file') {
      prove(stagePath, how.sums.sumOf(entry));
      text += callOf('b', stagePath, `${at}`);
    }
  }
  for (const { stagePath, entry } of needed) {
    if (entry.kind === 'link') {
      prove(stagePath, 'same');
      text += callOf('l', stagePath, entry.target);
    }
  }
  texts.set('files', text);
  texts.set('need', need.join(''));
  texts.set('whole', `${id}\n`);
  return { id, files: texts, proved };
}

/**
 * Writes what the machine makes itself.
 *
 * @param work - absolute directory of the workspace on the machine
 * @param supply - where things come from
 * @returns lines of shell
 */
export function makeText(work: string, supply: Supply): string {
  let text = '';
  for (const [slot, items] of Map.groupBy(supply.copied, (item) => item.slot)) {
    const paths = items.map((item) => item.needed.entry.path);
    text += callsByFolder('copy', paths, slot);
    for (const { needed, fit } of items) {
      if (fit !== undefined) {
        text += callOf('fit', modeOf(fit), stampOf(fit), needed.stagePath);
      }
    }
  }
  for (const { needed, file } of supply.streamed) {
    text += callOf('take', file.hash, needed.stagePath, modeOf(file), stampOf(file));
  }
  supply.built.forEach((item, at) => {
    const { needed, file, slot, old, number, literalName, streamed } = item;
    const literal = `${streamed ? 'big' : 'lit'}/${literalName}`;
    const words = [slot, `./${old}`, `${at}`, literal, needed.stagePath];
    text += callOf('build', ...words, modeOf(file), stampOf(file), `${number}`, file.hash);
  });
  for (const { needed, file, from, slot } of supply.alike) {
    text += callOf('alike', slot === undefined ? from : `${work}/${slot}/${from}`, needed.stagePath);
    text += callOf('fit', modeOf(file), stampOf(file), needed.stagePath);
  }
  return text;
}

function stepsText(wanted: Manifest, changes: ChangeSet): string {
  const links = wanted.persistent.map((path) =>
    callOf('link', `./${path}`, keepTarget(path), path),
  );
  const of = (how: NeededEntry['how']): readonly string[] =>
    changes.needed.filter((item) => item.how === how).map((item) => item.entry.path);
  const put = of('put');
  const fresh = of('fresh');
  const fixed = changes.fix.map((file) => file.path);
  const folders = foldersAbove([...put, ...fresh, ...fixed, ...wanted.persistent]);
  return [
    ...changes.unlink.map((path) => callOf('unlink', `./${path}`, keepTarget(path))),
    callsByFolder('gone', changes.gone),
    callsByFolder('changed', changes.changed),
    callsOf('prune', [], changes.prune.map((folder) => `./${folder}`)),
    callsOf('room', [], folders.map((folder) => `./${folder}`)),
    ...links,
    callsByFolder('put', put),
    callsByFolder('fresh', fresh),
    callsByFolder('seed', of('seed')),
    grouped('mode', changes.fix, modeOf),
    grouped('stamp', changes.fix, stampOf),
  ].join('');
}

function grouped(
  name: string,
  files: readonly ManifestFile[],
  keyOf: (file: ManifestFile) => string,
): string {
  const groups = Map.groupBy(files, keyOf);
  const calls = [...groups].sort(([left], [right]) => byText(left, right));
  return calls
    .map(([key, members]) => callsOf(name, [key], members.map((file) => `./${file.path}`)))
    .join('');
}

/**
 * Writes a file's permissions for `chmod`.
 *
 * @param file - the file
 * @returns three octal digits
 */
export function modeOf(file: Pick<ManifestFile, 'mode'>): string {
  return file.mode.toString(8).padStart(3, '0');
}

/**
 * Writes a file's time for `touch -t`, which every system knows, in UTC.
 *
 * @param file - the file
 * @returns `CCYYMMDDhhmm.SS`
 */
export function stampOf(file: Pick<ManifestFile, 'stamp'>): string {
  const digits = new Date(file.stamp * 1000).toISOString().replaceAll(/[^0-9]/gu, '');
  return `${digits.slice(0, 12)}.${digits.slice(12, 14)}`;
}

// Long texts: those of the new side are those of the old side next time.
const written = new WeakMap<Manifest, ReadonlyMap<string, string>>();

async function listsOf(manifest: Manifest, sums: SumBook): Promise<ReadonlyMap<string, string>> {
  const known = sums.plain ? written.get(manifest) : undefined;
  if (known !== undefined) {
    return known;
  }
  const lists = new Map([['list', listText(manifest)]]);
  await pause();
  lists.set('sums', sumsText(manifest, sums));
  await pause();
  lists.set('manifest', formatManifest(manifest));
  await pause();
  if (sums.plain) {
    written.set(manifest, lists);
  }
  return lists;
}

function sumsText(manifest: Manifest, sums: SumBook): string {
  return ownEntries(manifest)
    .map((entry) => `${entry.kind === 'file' ? sums.sumOf(entry) : 'same'}\n`)
    .join('');
}
