// Writes a log as a training would, in one of three ways:
//   PATH ragged BYTES   as fast as it can, cut anywhere, with bars and wide characters
//   PATH paced COUNT    one line each 10 ms, each the monotonic time of its write in ns
//   PATH lines COUNT N  COUNT lines, every Nth with metrics (0 for none)
import { openSync, writeSync } from 'node:fs';

const [, , path = '', mode = '', amount = '0', every = '0'] = process.argv;
const file = openSync(path, 'a');
const total = Number(amount);
if (mode === 'ragged') {
  writeRagged();
} else if (mode === 'paced') {
  await writePaced();
} else {
  writeLines(Number(every));
}

function writeRagged(): void {
  const block = Array.from({ length: 400 }, (_, index) =>
    index % 7 === 0
      ? `\r ${index}%|████▌     | ${index}/400 [00:12<00:15,  3.6it/s, loss=0.${index}]`
      : `line ${index} Größe 日本語 😀 ${'x'.repeat(index % 90)}${index % 5 === 0 ? '\r\n' : '\n'}`,
  ).join('');
  const bytes = Buffer.from(block);
  let written = 0;
  // Sizes that share no factor with the block, so that the cuts wander.
  for (let size = 1; written < total; size = (size * 7919 + 13) % 9973) {
    const from = written % bytes.length;
    const piece = bytes.subarray(from, Math.min(from + size, from + total - written));
    written += writeSync(file, piece);
  }
}

async function writePaced(): Promise<void> {
  for (let line = 0; line < total; line += 1) {
    writeSync(file, `${process.hrtime.bigint()}\n`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function writeLines(every: number): void {
  let batch = '';
  for (let line = 0; line < total; line += 1) {
    batch +=
      every > 0 && line % every === 0
        ? `step=${line} loss=${(1 / (line + 1)).toFixed(6)} lr=0.001\n`
        : `worker ${line % 8}: loaded shard ${line} of the training set\n`;
    if (batch.length > 60_000) {
      writeSync(file, batch);
      batch = '';
    }
  }
  writeSync(file, batch);
}
