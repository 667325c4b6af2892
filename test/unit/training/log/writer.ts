// Writes a log on command: "write N", "rotate", "truncate", "end", one a line.
import { appendFileSync, renameSync, truncateSync } from 'node:fs';
import { createInterface } from 'node:readline';

const path = process.argv[2] ?? '';
let next = 0;
for await (const command of createInterface({ input: process.stdin })) {
  const [verb, count] = command.split(' ');
  if (verb === 'write') {
    for (let turn = 0; turn < Number(count); turn++) {
      appendFileSync(path, `line ${next++} é😀\n`);
    }
  } else if (verb === 'rotate') {
    renameSync(path, `${path}.${next}`);
  } else if (verb === 'truncate') {
    truncateSync(path, 0);
  }
  process.stdout.write(`${verb}\n`);
}
