import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { commandLine, resumeCommand } from '../../../src/training/command-line.ts';

const PYTHON = { uv: null, interpreter: null, fallback: 'python3' };

describe('command line', () => {
  it('runs Python scripts with uv when it is there', () => {
    const argv = commandLine(['train.py', '--lr', '0.1'], { ...PYTHON, uv: '/usr/bin/uv' });
    assert.deepEqual(argv, ['/usr/bin/uv', 'run', 'train.py', '--lr', '0.1']);
  });

  it('prefers the workspace interpreter to the one of the system', () => {
    const argv = commandLine(['a/train.PY'], { ...PYTHON, interpreter: '/p/.venv/bin/python' });
    assert.deepEqual(argv, ['/p/.venv/bin/python', 'a/train.PY']);
  });

  it('falls back to the plain name of Python', () => {
    assert.deepEqual(commandLine(['train.py'], PYTHON), ['python3', 'train.py']);
  });

  it('leaves every other program as it is', () => {
    const command = ['./train.sh', 'a b', '$(rm)'];
    assert.deepEqual(commandLine(command, { ...PYTHON, uv: '/usr/bin/uv' }), command);
  });

  it('adds the resume arguments with the path in place of the placeholder', () => {
    const argv = resumeCommand(['python3', 't.py'], ['--from={checkpoint}', '-v'], '/c/$&.ckpt');
    assert.deepEqual(argv, ['python3', 't.py', '--from=/c/$&.ckpt', '-v']);
  });

  it('replaces the resume arguments of a run that was itself resumed', () => {
    const template = ['--resume', '{checkpoint}'];
    const once = resumeCommand(['python3', 't.py', '--resume-never'], template, '/c/1.ckpt');
    const twice = resumeCommand(once, template, '/c/2.ckpt');
    assert.deepEqual(twice, ['python3', 't.py', '--resume-never', '--resume', '/c/2.ckpt']);
  });

  it('adds nothing when the profile resumes by environment alone', () => {
    assert.deepEqual(resumeCommand(['./t'], [], '/c/1.ckpt'), ['./t']);
  });
});
