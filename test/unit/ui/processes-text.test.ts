import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { MachineFacts, ProcessFacts } from '../../../src/resources/account-snapshot.ts';
import { processesText } from '../../../src/ui/processes/processes-text.ts';

const FACTS: MachineFacts = {
  at: 0,
  os: 'Linux',
  arch: 'x86_64',
  hostname: 'host',
  cpus: 2,
  cpuBusy: 0.5,
  load: [1, 2, 3],
  memory: null,
  disks: [],
  gpus: null,
  gpuProblem: null,
  processes: [
    processOf(1, 'python other.py', null),
    processOf(22, 'python train.py', 'r-1'),
    processOf(333, 'python\n  eval.py', 'r-2'),
    processOf(4, 'loader', 'r-1'),
  ],
};

describe('the document of processes', () => {
  it('puts the processes of a run together under its name, all others last', () => {
    const text = processesText('host', FACTS, new Map([['r-1', 'baseline']]));
    const [, ...tables] = text.trimEnd().split('\n\n');
    assert.deepEqual(tables, [
      'PID  USER  CPU %  MEMORY  GPU  COMMAND',
      'Run baseline (r-1)\n' +
        '22   root  1.0    1.0 KB       python train.py\n' +
        '4    root  1.0    1.0 KB       loader',
      'Run r-2\n333  root  1.0    1.0 KB       python eval.py',
      'Other processes\n1    root  1.0    1.0 KB       python other.py',
    ]);
  });

  it('says that nothing is known before the machine has answered', () => {
    assert.match(processesText('host', null), /^host: nothing is known yet/);
  });
});

function processOf(pid: number, command: string, run: string | null): ProcessFacts {
  return { pid, user: 'root', cpu: 1, memory: 1024, gpuMemory: null, command, run };
}
