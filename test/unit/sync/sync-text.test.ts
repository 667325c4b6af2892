import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { SourceEntry, SourceTree } from '../../../src/sync/model.ts';
import { surveyOf } from '../../../src/sync/survey.ts';
import { syncText } from '../../../src/sync/sync-text.ts';

describe('a survey of what is sent', () => {
  it('sums up, and names the ten largest files and folders', () => {
    const many = Array.from({ length: 12 }, (_, index) => file(`d${index}/f`, index * 10));
    const more = [file('d1/g', 500), file('top', 60), link('l', 'top')];
    const survey = surveyOf(treeOf([...many, ...more]));
    assert.equal(survey.files, 14);
    assert.equal(survey.links, 1);
    assert.equal(survey.bytes, 660 + 560);
    assert.deepEqual(survey.largestDirectories[0], { path: 'd1/', files: 2, bytes: 510 });
    assert.equal(survey.largestDirectories.length, 10);
    const files = survey.largestFiles.map(({ bytes }) => bytes);
    assert.deepEqual(files, [500, 110, 100, 90, 80, 70, 60, 60, 50, 40]);
  });
});

describe('the document of what would be sent', () => {
  it('says what is sent, what not and why, and what to look at first', () => {
    const tree = treeOf([file('a/b.py', 1234), link('a/l', 'b.py'), file('train.py', 10)]);
    const missing = [
      { importer: '', line: 1, module: '', path: 'main.py' },
      { importer: 'train.py', line: 3, module: 'data', path: 'data.py' },
    ];
    const text = syncText({
      tree,
      survey: surveyOf(tree, missing),
      leftOut: [
        {
          path: 'data/',
          files: 2,
          bytes: 5_000_000,
          atLeast: true,
          reason: 'ignored',
          rule: { source: '.gitignore', line: 3, pattern: 'data/' },
        },
        { path: 'out/', files: 1, bytes: 5, atLeast: false, reason: 'persistent' },
        { path: '.git/', files: 1, bytes: 4, atLeast: false, reason: 'never' },
      ],
      secrets: [{ path: '.env', tracked: false }, { path: 'a/x.pem', tracked: true }],
      profile: 'big',
    });
    assert.equal(
      text,
      [
        'What a sync of /w sends',
        'for a run of the profile big',
        '',
        'Files: 2, together 1.2 KB',
        'Symbolic links kept as links: 1',
        'Chosen by git: what it tracks, and what it does not ignore.',
        'A .runctlignore file leaves out more; "!data/train.bin" in it sends what git ignores.',
        '',
        'To look at first',
        '',
        '  .env is sent and looks secret. A line in .runctlignore leaves it out.',
        '  a/x.pem is sent and looks secret; git has it, too.',
        '  main.py is to be run, but is not sent.',
        '  data.py is not sent, but train.py:3 imports it.',
        '  p is not sent: odd',
        '',
        'Largest folders',
        '',
        '     1.2 KB  a/  (files: 1)',
        '',
        'Largest files',
        '',
        '     1.2 KB  a/b.py',
        '       10 B  train.py',
        '',
        'Not sent, and why',
        '',
        '   ≥ 5.0 MB  data/   ← .gitignore:3  data/',
        '        5 B  out/   ← written by runs, stays on each machine',
        '        4 B  .git/   ← never sent',
        '',
        'Sent',
        '',
        '     1.2 KB  a/b.py',
        '             a/l → b.py',
        '       10 B  train.py',
        '',
      ].join('\n'),
    );
  });

  it('stays readable with odd names and many files', () => {
    const entries = [file('a\nb\u202Ec', 1)];
    for (let index = 0; index < 700; index += 1) {
      entries.push(file(`many/f${index}`, 1));
    }
    const tree = treeOf(entries);
    const text = syncText({ tree, survey: surveyOf(tree), leftOut: [], secrets: [], profile: null });
    assert.ok(text.includes(String.raw`a\nb\u202ec`));
    assert.ok(text.includes('… and 200 more'));
    assert.ok(!text.includes('many/f500'));
    assert.ok(!text.includes('Not sent, and why'));
  });
});

function file(path: string, size: number): SourceEntry {
  return { kind: 'file', path, size, modifiedAt: 0, mode: 0o644, identity: '1:1' };
}

function link(path: string, target: string): SourceEntry {
  return { kind: 'link', path, target };
}

function treeOf(entries: readonly SourceEntry[]): SourceTree {
  const problem = { kind: 'unreadable', path: 'p', message: 'p is not sent: odd' } as const;
  return {
    root: '/w',
    rule: 'git',
    entries,
    problems: [{ ...problem, blocks: false }],
    bytes: entries.reduce((sum, one) => sum + (one.kind === 'file' ? one.size : 0), 0),
  };
}
