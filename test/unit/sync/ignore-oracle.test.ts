import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { selectFiles } from '../../../src/sync/select-files.ts';
import { TreeBed, paths } from './tree-bed.ts';

// Git's `?` is one byte, the package's one character, so there is no single accent.
const part = fc.constantFrom('a', 'b', 'c', 'd x', 'éé', '#h', '[q]', 'foo.log', 'ab');
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const piece = fc.constantFrom(
  'a', 'b', 'c', '*', '**', '?', 'd\\ x', 'éé', '*.log', '[ab]', 'a*', '\\#h');
const pattern = fc
  .record({
    not: fc.boolean(),
    start: fc.boolean(),
    pieces: fc.array(piece, { minLength: 1, maxLength: 3 }),
    end: fc.constantFrom('', '', '/', ' ', '/**'),
  })
  .map(({ not, start, pieces, end }) =>
    [not ? '!' : '', start ? '/' : '', pieces.join('/'), end].join(''),
  );
const ignoreFile = fc.array(fc.oneof({ weight: 9, arbitrary: pattern }, fc.constant('# note')), {
  maxLength: 4,
});
const tree = fc.record({
  files: fc.array(path, { minLength: 1, maxLength: 14 }),
  ignores: fc.array(fc.record({ at: path, lines: ignoreFile }), { maxLength: 3 }),
  top: ignoreFile,
  tracked: fc.array(fc.nat(), { maxLength: 2 }),
});

describe('random trees of ignore files', function () {
  this.timeout(120_000);

  it('are read as git reads them, with git and without', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async ({ files, ignores, top, tracked }) => {
        const bed = new TreeBed();
        const bare = new TreeBed();
        try {
          build(bed, files, ignores, top);
          cpSync(bed.root, bare.root, { recursive: true });
          bed.git(['init', '-q']);
          assert.deepEqual(await without(bare), bed.gitNames(), 'by ignore files');
          const all = bed.git(['ls-files', '-z', '--others']).split('\0').filter(Boolean);
          for (const index of tracked) {
            bed.git(['add', '-f', '--', `:(literal)${all[index % all.length] ?? ''}`]);
          }
          const tree = await selectFiles(bed.root);
          assert.deepEqual(paths(tree).sort(), bed.gitNames(), 'by git');
          assert.deepEqual(tree.problems, []);
        } finally {
          bed.remove();
          bare.remove();
        }
      }),
      { seed: 20_251, numRuns: 80 },
    );
  });

  it('mean the same in .runctlignore as in .gitignore when nothing is brought back', async () => {
    const plain = tree.map(({ files, ignores, top, tracked }) => ({
      files,
      tracked,
      ignores: ignores.map(({ at, lines }) => ({ at, lines: lines.filter(isPlain) })),
      top: top.filter(isPlain),
    }));
    await fc.assert(
      fc.asyncProperty(plain, async ({ files, ignores, top }) => {
        const bed = new TreeBed();
        const ours = new TreeBed();
        try {
          build(bed, files, ignores, top);
          build(ours, files, ignores, top, '.runctlignore');
          const selected = (await without(ours)).filter((name) => !name.endsWith('ignore'));
          bed.git(['init', '-q']);
          const expected = bed.gitNames().filter((name) => !name.endsWith('ignore'));
          assert.deepEqual(selected, expected, 'without git');
          ours.git(['init', '-q']);
          const byGit = paths(await selectFiles(ours.root)).sort();
          const others = byGit.filter((name) => !name.endsWith('ignore'));
          assert.deepEqual(others, expected, 'with git');
        } finally {
          bed.remove();
          ours.remove();
        }
      }),
      { seed: 20_252, numRuns: 40 },
    );
  });
});

function isPlain(line: string): boolean {
  return !line.startsWith('!');
}

async function without(bed: TreeBed): Promise<string[]> {
  rmSync(join(bed.root, '.git'), { recursive: true, force: true });
  const tree = await selectFiles(bed.root);
  assert.equal(tree.rule, 'ignore-files');
  return paths(tree).sort();
}

// Whatever a later file or folder would need that an earlier one took is left out.
function build(
  bed: TreeBed,
  files: readonly string[],
  ignores: readonly { readonly at: string; readonly lines: readonly string[] }[],
  top: readonly string[],
  name = '.gitignore',
): void {
  bed.write({ [name]: top.join('\n') });
  for (const file of files) {
    tryWrite(bed, file, 'x');
  }
  for (const { at, lines } of ignores) {
    tryWrite(bed, `${at}/${name}`, lines.join('\n'));
  }
}

function tryWrite(bed: TreeBed, file: string, text: string): void {
  try {
    bed.write({ [file]: text });
  } catch {
    // A file stands where a folder would have to be, or the other way round.
  }
}
