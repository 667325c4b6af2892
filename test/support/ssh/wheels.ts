import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PYTHON } from '../agent.ts';

// Name, folder, text of a module or null, text of a program or null.
const BUILD = String.raw`
import sys, zipfile
name, folder, module, program = sys.argv[1:]
info = f'{name}-1.0.dist-info'
files = {
  f'{info}/METADATA': f'Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n',
  f'{info}/WHEEL': 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
}
if module: files[f'{name}.py'] = module
if program: files[f'{name}-1.0.data/scripts/{name}'] = program
files[f'{info}/RECORD'] = ''.join(f'{path},,\n' for path in [*files, f'{info}/RECORD'])
with zipfile.ZipFile(f'{folder}/{name}-1.0-py3-none-any.whl', 'w') as wheel:
  for path, text in files.items():
    entry = zipfile.ZipInfo(path)
    entry.external_attr = (0o100755 if '/scripts/' in path else 0o100644) << 16
    wheel.writestr(entry, text)
`;

/** What a fake uv does: notes each call in the home directory, and the least that is asked. */
export const FAKE_UV = `#!/bin/sh
printf '%s\\n' "$*" >>"$HOME/uv-calls"
case $1 in
  --version) echo 'uv 9.9.9 (fake)' ;;
  run) shift; exec /usr/bin/env python3 "$@" ;;
  sync) mkdir -p "$UV_PROJECT_ENVIRONMENT/bin" && ln -sf "${PYTHON}" "$UV_PROJECT_ENVIRONMENT/bin/python" ;;
  venv) mkdir -p "$2/bin" && ln -sf "${PYTHON}" "$2/bin/python" ;;
  pip) echo "uv installs: $*" ;;
esac
`;

/** Puts a wheel of version 1.0 into a folder. */
export async function makeWheel(
  folder: string,
  name: string,
  content: { readonly module?: string; readonly program?: string },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const args = [name, folder, content.module ?? '', content.program ?? ''];
  const made = spawnSync(PYTHON, ['-c', BUILD, ...args], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
}

/** Puts a shell script into a folder. */
export async function makeProgram(folder: string, name: string, script: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}
