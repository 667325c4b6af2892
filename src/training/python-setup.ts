import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import { commandText } from '../core/command-text.ts';

/** What the set-up step does for Python, and with what; paths may be moved to the machine. */
export type PythonSetup =
  /** Sees to uv, then runs a command, if there is one. */
  | { readonly mode: 'uv'; readonly words: readonly string[] }
  /** Installs by pip; by uv where there is no way to make an environment for pip. */
  | { readonly mode: 'requirements' | 'project'; readonly words: readonly [path: string] }
  | { readonly mode: 'packages'; readonly words: readonly string[] }
  /** Installs by uv; by pip from the requirements where uv cannot be had. */
  | { readonly mode: 'uv-project'; readonly words: readonly [folder: string, requirements: string] }
  | { readonly mode: 'uv-requirements'; readonly words: readonly [path: string] }
  /** Says that the environment of conda is not made. */
  | { readonly mode: 'conda'; readonly words: readonly [path: string] };

// Arguments: mode, folder of our uv, virtual environment, words of the mode.
// Positional: no shell reads a path as anything but a path. All of it is run
// by the agent, so that what it prints is in the log of the run.
const SCRIPT = String.raw`
mode=$1 tools=$2 venv=$3
shift 3
uv=$tools/bin/uv

say() { printf 'runctl: %s\n' "$1"; }

# --- uv, in a folder of our own: made aside, then renamed, since runs may do so at once.

get_uv() {
  if [ -x "$uv" ] && "$uv" --version 2>/dev/null; then return 0; fi
  say "no uv on this machine: installing it into $tools"
  tried='' new=$tools/new-$RUNCTL_RUN_ID-$$
  mkdir -p "$tools/bin" || { say "cannot make $tools/bin"; return 1; }
  trap 'rm -rf "$new"' EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  # What was killed long ago left.
  find "$tools" -name 'new-*' -prune -mtime +1 -exec rm -rf {} +
  for way in venv target curl wget; do
    rm -rf "$new"
    mkdir "$new" || { say "cannot make $new"; return 1; }
    if "by_$way" && keep_uv; then
      rm -rf "$new"
      return 0
    fi
    tried="$tried
  $label: $why"
  done
  rm -rf "$new"
  say "uv could not be installed. Tried, with the complaints above:$tried"
  return 1
}

keep_uv() {
  why='what was installed does not run here'
  chmod u+x "$new/uv"
  "$new/uv" --version || return 1
  why="cannot write $uv"
  mv -f "$new/uv" "$uv"
}

# has PROGRAM: else why not.
has() {
  why="there is no $1"
  command -v "$1" >/dev/null 2>&1
}

by_venv() {
  label='python3 -m venv, pip install uv'
  has python3 || return 1
  why='no virtual environment could be made'
  python3 -m venv "$new/venv" || return 1
  why='pip failed'
  PIP_USER=0 "$new/venv/bin/python" -m pip install --disable-pip-version-check --only-binary uv uv || return 1
  why='the package holds no uv'
  cp "$new/venv/bin/uv" "$new/uv"
}

by_target() {
  label='python3 -m pip install --target'
  has python3 || return 1
  why='python3 has no pip'
  python3 -m pip --version >/dev/null 2>&1 || return 1
  why='pip failed'
  PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 python3 -m pip install --disable-pip-version-check \
    --only-binary uv --target "$new/target" uv || return 1
  why='the package holds no uv'
  cp "$new/target/bin/uv" "$new/uv"
}

address=https://astral.sh/uv/install.sh

by_curl() {
  label="curl $address"
  has curl || return 1
  why='the download failed'
  curl --proto '=https' --connect-timeout 20 -LsSf -o "$new/install.sh" "$address" || return 1
  by_installer
}

by_wget() {
  label="wget $address"
  has wget || return 1
  why='the download failed'
  wget -q -T 20 -O "$new/install.sh" "$address" || return 1
  by_installer
}

# Unmanaged: it touches no profile, no PATH, and nothing outside the folder.
by_installer() {
  why='its installer failed'
  UV_UNMANAGED_INSTALL=$new/bin UV_INSTALL_DIR=$new/bin UV_NO_MODIFY_PATH=1 INSTALLER_NO_MODIFY_PATH=1 \
    sh "$new/install.sh" || return 1
  why='its installer brought no uv'
  cp "$new/bin/uv" "$new/uv"
}

# --- packages, in the virtual environment of the tree

# One of uv has no pip, one of a Python that is gone does not run.
make_venv() {
  if [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then return 0; fi
  rm -rf "$venv"
  python3 -m venv "$venv" && "$venv/bin/python" -m pip --version >/dev/null
}

# install requirements|project|packages WORDS: by pip, or by uv in the same words.
install() {
  what=$1
  shift
  case $what in
    requirements) set -- -r "$1" ;;
    project) set -- -e "$1" ;;
    packages) set -- -- "$@" ;;
  esac
  if [ "$by" = uv ]; then
    "$uv" pip install --python "$venv/bin/python" "$@"
  else
    PIP_USER=0 "$venv/bin/python" -m pip install --disable-pip-version-check "$@"
  fi
}

with_pip() {
  by=pip
  install "$@" && return 0
  code=$?
  if [ "$1" = project ]; then return "$code"; fi
  # Without an index nothing can be installed, but all may be there already.
  say 'pip failed: looking whether python3 of this machine has all of it'
  if python3 -m venv --clear --system-site-packages "$venv" &&
    (PIP_NO_INDEX=1 && export PIP_NO_INDEX && install "$@"); then
    say 'it has: the run uses the packages of python3 of this machine'
    return 0
  fi
  rm -rf "$venv"
  return "$code"
}

with_uv() {
  by=uv
  if [ ! -x "$venv/bin/python" ]; then "$uv" venv "$venv" || return; fi
  install "$@"
}

give_up() {
  say "$1"
  say 'Install uv there (https://docs.astral.sh/uv), or say in "setup" of the profile how packages get there; then launch again.'
  exit 1
}

case $mode in
  uv)
    get_uv || give_up 'This needs uv, which is not on this machine.'
    if [ "$#" -gt 0 ]; then exec "$@"; fi
    ;;
  uv-project | uv-requirements)
    if get_uv; then
      if [ "$mode" = uv-requirements ]; then
        with_uv requirements "$1"
      else
        UV_PROJECT_ENVIRONMENT=$venv "$uv" sync --project "$1"
      fi
    else
      if [ "$mode" = uv-project ]; then shift; fi
      say "going on without uv: pip installs $1; locks and settings of uv do not count"
      make_venv || give_up 'There is neither uv nor a python3 that can make a virtual environment with pip.'
      with_pip requirements "$1"
    fi
    ;;
  conda)
    say "$1 is not used: conda makes an environment only where a \"setup\" of the profile calls it"
    ;;
  *)
    if make_venv; then
      with_pip "$mode" "$@"
    else
      say 'python3 of this machine makes no virtual environment with pip: uv makes it'
      get_uv || give_up 'There is neither uv nor a python3 that can make a virtual environment with pip.'
      with_uv "$mode" "$@"
    fi
    ;;
esac
`;

// Words before the mode.
const FRONT = ['sh', '-c', SCRIPT, 'sh'];

/**
 * Writes the set-up step that brings Python what it needs.
 *
 * @param setup - what is to be done
 * @param tools - absolute folder on the machine that holds uv as `bin/uv`
 * @param venv - absolute path of the virtual environment; on this host, to be moved
 * @returns the step's argument vector
 */
export function pythonSetupCommand(setup: PythonSetup, tools: string, venv: string): readonly string[] {
  return [...FRONT, setup.mode, tools, venv, ...setup.words];
}

/**
 * Says in short what a set-up step does.
 *
 * @param setup - argument vector of the step
 * @returns one line for people
 */
export function setupText(setup: readonly string[]): string {
  const isOurs = FRONT.every((word, index) => setup[index] === word);
  const [mode = '', tools = '', , ...words] = isOurs ? setup.slice(FRONT.length) : [];
  const name = basename(words.at(-1) ?? '');
  switch (mode as PythonSetup['mode'] | '') {
    case '':
      return commandText(setup);
    case 'uv':
      return words.length === 0
        ? l10n.t('uv, installed into {0} unless it is there', tools)
        : l10n.t('uv, installed into {0} unless it is there; then {1}', tools, commandText(words));
    case 'uv-project':
    case 'uv-requirements':
      return l10n.t('Packages by uv, installed into {0} unless it is there; else by pip from {1}', tools, name);
    case 'requirements':
      return l10n.t('Packages of {0} by pip; where it cannot, by uv, installed into {1}', name, tools);
    case 'project':
    case 'packages':
      return l10n.t('Packages of the project by pip; where it cannot, by uv, installed into {0}', tools);
    case 'conda':
      return l10n.t('{0} is not used: call conda in “setup” if the run needs it', name);
  }
}
