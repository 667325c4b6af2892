import * as l10n from '@vscode/l10n';
import type { MachineError } from '../../core/errors.ts';
import type { ExecResult, RemoteShell } from '../remote-shell.ts';
import { sshError } from './ssh-errors.ts';

/** What a line came to. */
export interface AddedLine {
  /** `false` when the key was there already, perhaps with options. */
  readonly added: boolean;
}

/** What was taken out. */
export interface RemovedLines {
  readonly removed: number;
  /** Whether the key is still let in by a line that is not ours, such as one with options. */
  readonly isLeft: boolean;
}

const STEP_MS = 30_000;
const LINE = /^[\w@.-]+ [A-Za-z0-9+/=]+ [\w@.-]+$/;

// Read by the shell itself: a grep that takes the file for binary would lose lines.
const COMMON = `
line=$1
key=\${line% *}
dir=$HOME/.ssh
file=$dir/authorized_keys
has_key() {
  while IFS= read -r one || [ -n "$one" ]; do
    case $one in '#'* | ' '*'#'* | '	'*'#'*) ;; *"$key"*) return 0 ;; esac
  done <"$file"
  return 1
}
`;
const ADD = `${COMMON}
umask 077
[ -d "$dir" ] || mkdir -p "$dir" || exit 3
chmod 700 "$dir" || exit 3
[ -e "$file" ] || : >"$file" || exit 3
chmod 600 "$file" || exit 3
if has_key; then echo present; exit 0; fi
end=
if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then end='
'; fi
printf '%s%s\\n' "$end" "$line" >>"$file" || exit 3
has_key || exit 3
echo added
`;
// Written beside and moved there, and only when no byte but ours is missing;
// nothing is left beside, however it ends.
const REMOVE = `${COMMON}
umask 077
if [ ! -e "$file" ]; then echo 'removed 0'; exit 0; fi
real=$file
if [ -L "$file" ]; then real=$(readlink -f "$file") && [ -n "$real" ] || exit 3; fi
new=$real.runctl.$$
trap 'rm -f "$new"' EXIT
trap 'exit 3' HUP INT TERM
cp -p "$real" "$new" || exit 3
gone=0
while IFS= read -r one || [ -n "$one" ]; do
  if [ "$one" = "$line" ]; then gone=$((gone + 1)); else printf '%s\\n' "$one" || exit 3; fi
done <"$real" >"$new" || exit 3
if [ "$gone" -gt 0 ]; then
  was=$(($(wc -c <"$real")))
  is=$(($(wc -c <"$new")))
  want=$((was - gone * (\${#line} + 1)))
  if [ "$is" -ne "$want" ] && [ "$is" -ne $((want + 1)) ]; then
    echo 'the file holds more than lines' >&2
    exit 4
  fi
  mv -f "$new" "$real" || exit 3
fi
echo "removed $gone"
if has_key; then echo left; fi
`;

/**
 * Lets a key in: appends its line to the account's authorized_keys, once.
 *
 * @param shell - of the account
 * @param line - type, key and a comment of one word
 * @returns whether it was new
 * @throws {MachineError} with code `authorized-keys` when the machine does not let us
 */
export async function addAuthorizedKey(shell: RemoteShell, line: string): Promise<AddedLine> {
  const { stdout } = await run(shell, ADD, line);
  return { added: /^added$/m.test(stdout.toString('utf8')) };
}

/**
 * Takes a key out again: exactly the line that was added, wherever it stands.
 *
 * @param shell - of the account
 * @param line - as it was added
 * @returns how many such lines there were
 * @throws {MachineError} with code `authorized-keys` when the machine does not let us; then nothing
 * has changed
 */
export async function removeAuthorizedKey(shell: RemoteShell, line: string): Promise<RemovedLines> {
  const text = (await run(shell, REMOVE, line)).stdout.toString('utf8');
  return {
    removed: Number(/^removed (\d+)$/m.exec(text)?.[1] ?? 0),
    isLeft: /^left$/m.test(text),
  };
}

async function run(shell: RemoteShell, script: string, line: string): Promise<ExecResult> {
  if (!LINE.test(line)) {
    throw new RangeError('no line of authorized_keys');
  }
  const result = await shell.exec(['sh', '-c', script, 'sh', line], { timeoutMs: STEP_MS });
  if (result.code !== 0) {
    throw failed(result);
  }
  return result;
}

function failed({ stderr, code }: ExecResult): MachineError {
  const said = stderr.trim().split('\n').at(-1) ?? '';
  return sshError('authorized-keys', l10n.t('~/.ssh/authorized_keys on the machine could not be changed'), {
    steps: [
      l10n.t('The machine says: {0}', said === '' ? String(code) : said),
      l10n.t('Check who owns ~/.ssh there, its quota, and that its disk is not mounted read-only.'),
    ],
  });
}
