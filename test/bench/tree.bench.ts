import type { RunId } from '../../src/core/ids.ts';
import type { Resource } from '../../src/core/model/records.ts';
import type { AccountSnapshot } from '../../src/resources/account-snapshot.ts';
import { resourceNodes } from '../../src/ui/tree/resource-nodes.ts';
import { runNodes } from '../../src/ui/tree/run-nodes.ts';
import type { TreeNode } from '../../src/ui/tree/tree-node.ts';
import {
  NOW,
  sampleCheckpoint,
  sampleMachine,
  sampleRun,
  sampleSnapshot,
  sampleView,
} from '../support/samples.ts';
import { alone, RUNS } from './bench-case.ts';
import type { BenchCase } from './bench-case.ts';
import { repaintTimes } from './tree-repaint.ts';

const RESOURCES = 10_000;

/** Snapshot to rows for 10,000 resources, and the repaint a person sees. */
export async function* bench(): AsyncIterable<BenchCase> {
  const snapshot = bigSnapshot();
  const everything = { filter: '', shown: new Map<string, number>() };
  const all = { filter: '', shown: allShown() };
  walk(resourceNodes(snapshot, all));
  const made: number[] = [];
  const firstPage: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    let began = performance.now();
    const count = walk(resourceNodes(snapshot, all)) + walk(runNodes(snapshot, all));
    made.push(performance.now() - began);
    if (count < RESOURCES) throw new Error(`only ${count} rows`);
    began = performance.now();
    walk(runNodes(snapshot, everything));
    firstPage.push(performance.now() - began);
  }
  yield alone('tree', '10,000 resources to rows', made, 'ms', 100);
  yield alone('tree', 'first page of 500 rows', firstPage, 'ms', 10);
  yield alone('tree', 'repaint of a page of 500 in Chromium', await repaintTimes(), 'ms', 200);
}

function walk(nodes: readonly TreeNode[]): number {
  return nodes.reduce((sum, node) => sum + 1 + walk(node.children()), 0);
}

function allShown(): ReadonlyMap<string, number> {
  const shown = new Map<string, number>();
  shown.get = () => Number.POSITIVE_INFINITY;
  return shown;
}

function bigSnapshot(): AccountSnapshot {
  const machines = Array.from({ length: 2000 }, (_, index) =>
    sampleMachine({ id: `m${index}`, name: `machine ${index}` }),
  );
  const runs = Array.from({ length: 4000 }, (_, index) =>
    sampleView({
      run: sampleRun({
        id: `r${index}` as RunId,
        name: `run ${index}`,
        machine: `m${index % machines.length}`,
      }),
      checkpoints: [sampleCheckpoint()],
    }),
  );
  const resources = Array.from({ length: 4000 }, (_, index) => volume(index));
  const snapshot = sampleSnapshot(runs, machines);
  return {
    ...snapshot,
    providers: snapshot.providers.map((part) => ({ ...part, resources })),
  };
}

function volume(index: number): Resource {
  return {
    provider: 'local',
    id: `vol-${index}`,
    kind: 'volume',
    name: `volume ${index}`,
    state: 'running',
    rate: null,
    firstSeen: NOW,
    lastSeen: NOW,
    facts: {},
  };
}
