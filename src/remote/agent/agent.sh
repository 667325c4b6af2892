#!/bin/sh
# runctl agent: starts, watches and ends training runs on one machine.
# Protocol, files and limits: docs/agent.md. Runs under dash, bash and busybox
# sh, needs no GNU-only tool, no tty, and no /proc (macOS).
#
# Names of variables start with "_": a variable the caller exported stays
# exported, so `id=…` here would change `id` in the environment of the run.
# Functions share all variables (POSIX has no `local`); each says what it sets.
#
# No here-documents: bash writes large ones to a file, which fails on a full
# disk, and none may ever hold a secret.

AGENT_VERSION=4

# A run of another machine without a sign of life for so long is lost.
FOREIGN_BEAT_SECONDS=180

# Less of one processor than this, in percent, is no activity of a run, nor is
# less of a GPU.
IDLE_CPU_PERCENT=3
IDLE_GPU_PERCENT=5

# For so long an id stays forbidden: no start is under way longer than minutes.
FORBIDDEN_DAYS=7

# The most that is read of a file at once.
PIECE_BYTES=4194304

set -uf

# ---------------------------------------------------------------- machine ---

# Sets _home _runs _shell _script _proc _has_proc _boot, and a C locale (byte
# by byte, numbers with a point); the run gets the caller's LC_ALL and umask back.
init() {
  # Set by us alone: a run may use the agent, too.
  if [ "${_verb:-}" = start ]; then
    RUNCTL_UMASK=$(umask)
    export RUNCTL_UMASK
  fi
  umask 077
  if [ -z "${RUNCTL_LC_ALL+set}" ]; then
    RUNCTL_LC_ALL=${LC_ALL:-}
    export RUNCTL_LC_ALL
  fi
  LC_ALL=C
  export LC_ALL
  # Ours, when a run itself uses the agent: inherited, it would make a new
  # supervisor look like a process of that other run.
  unset RUNCTL_RUN_ID RUNCTL_RUN_DIR
  # What is asked for only once must not be the caller's.
  unset _idle _with_id

  if [ -n "${RUNCTL_HOME:-}" ]; then
    _home=$RUNCTL_HOME
  elif [ -n "${HOME:-}" ]; then
    _home=$HOME/.runctl
  else
    die 5 homeless 'neither RUNCTL_HOME nor HOME is set'
  fi
  case $_home in /*) ;; *) _home=$PWD/$_home ;; esac
  case $0 in /*) _script=$0 ;; *) _script=$PWD/$0 ;; esac
  _runs=$_home/runs
  _shell=${RUNCTL_SHELL:-sh}

  # For tests: the way of a machine without /proc, and no long waits.
  _proc=${RUNCTL_PROC:-/proc}
  _cgroup=${RUNCTL_CGROUP:-/sys/fs/cgroup}
  _beat_seconds=${RUNCTL_BEAT_SECONDS:-5}
  _action_seconds=${RUNCTL_ACTION_SECONDS:-60}
  _has_proc=
  if [ -r "$_proc/self/stat" ]; then _has_proc=1; fi
  read_boot
}

make_home() {
  _why=$(mkdir -p "$_home/new" "$_home/setups" "$_runs" 2>&1) ||
    die_unwritten "cannot create $_home" "$_why"
}

# Sets _host: names this machine among those that share a home. Only where it
# is needed: it may take forks.
read_host() {
  if [ -n "${_host:-}" ]; then return; fi
  _host=${RUNCTL_HOST:-}
  if [ -z "$_host" ]; then
    _value=
    { IFS= read -r _value </etc/machine-id; } 2>/dev/null || _value=
    if [ -z "$_value" ]; then _value=$(sysctl -n kern.uuid 2>/dev/null); fi
    _host=$(uname -n 2>/dev/null)/$_value
  fi
  case $_host in *[!A-Za-z0-9./_-]*) _host=$(printf '%s' "$_host" | tr -c 'A-Za-z0-9./_-' '_') ;; esac
}

# Sets _boot: differs after every boot of the machine, holds no space.
read_boot() {
  _boot=
  if [ -n "$_has_proc" ]; then
    _file=$_proc/sys/kernel/random/boot_id
    { IFS= read -r _boot <"$_file"; } 2>/dev/null || _boot=
    # Some kernels give a file of /proc/sys only to a single large read.
    if [ "${#_boot}" -ne 36 ]; then _boot=$(cat "$_file" 2>/dev/null); fi
  fi
  # kern.boottime moves when the clock is set, the session uuid does not.
  if [ -z "$_boot" ]; then
    _boot=$(sysctl -n kern.bootsessionuuid 2>/dev/null || sysctl -n kern.boottime 2>/dev/null)
  fi
  _boot=${_boot:-unknown}
  case $_boot in *[!A-Za-z0-9-]*) _boot=$(printf '%s' "$_boot" | tr -c 'A-Za-z0-9-' '_') ;; esac
}

# Sets _uptime, whole seconds on a clock that never jumps (epoch elsewhere).
read_uptime() {
  _uptime=
  if [ -n "$_has_proc" ]; then
    { read -r _uptime _rest <"$_proc/uptime"; } 2>/dev/null || _uptime=
    _uptime=${_uptime%%.*}
  fi
  if [ -z "$_uptime" ]; then
    read_epoch
    _uptime=$(sysctl -n kern.boottime 2>/dev/null)
    _uptime=${_uptime#*sec = }
    _uptime=${_uptime%%,*}
    case $_uptime in '' | *[!0-9]*) _uptime=$_epoch ;; *) _uptime=$((_epoch - _uptime)) ;; esac
  fi
}

read_epoch() { _epoch=$(date +%s); }

# Sets _epoch and _uptime without a fork where there is /proc: the end of a run
# must be recorded on a machine that has no memory or process left to give.
read_epoch_unforked() {
  read_uptime
  _epoch=
  if [ -n "$_has_proc" ]; then
    while read -r _key _value _rest; do
      if [ "$_key" = btime ] && [ "$_value" -gt 0 ]; then
        _epoch=$((_value + _uptime))
        break
      fi
    done 2>/dev/null <"$_proc/stat"
  fi
  if [ -z "$_epoch" ]; then read_epoch; fi
}

nap() { sleep "$1" 2>/dev/null || sleep 1; }

# ------------------------------------------------------------------- JSON ---

# die EXIT CODE MESSAGE [RUN]: answers an error and ends.
die() {
  json_string "$3"
  if [ -n "${4:-}" ]; then
    printf '{"error":{"code":"%s","message":%s,"run":"%s"}}\n' "$2" "$_json" "$4"
  else
    printf '{"error":{"code":"%s","message":%s}}\n' "$2" "$_json"
  fi
  exit "$1"
}

# die_unwritten WHAT WHY: something could not be written; WHY is a tool's complaint.
die_unwritten() {
  case $2 in
    *'o space left'* | *uota*) _kind=disk-full ;;
    *'ermission denied'* | *'ead-only'* | *'not permitted'*) _kind=denied ;;
    *)
      _kind=environment
      # A shell whose own write failed may say no more than "I/O error".
      if is_disk_full; then _kind=disk-full; fi
      ;;
  esac
  die 5 "$_kind" "$1${2:+: $2}"
}

# shellcheck disable=SC2016 # awk's own
is_disk_full() {
  df -Pk -- "$_home" 2>/dev/null | awk 'NR > 1 {
    for (i = 4; i <= NF; i++) if ($i ~ /^[0-9]+%$/ && $(i - 1) < 64) full = 1
  } END { exit !full }'
}

# Sets _json to $1 as a JSON string of ASCII characters.
json_string() {
  case $1 in
    *[!\ !\#-\[\]-~]*) _json=\"$(printf '%s' "$1" | to_ascii string)\" ;;
    *) _json=\"$1\" ;;
  esac
}

# Sets _json to plain word $1 in quotes, or to null when it is none.
quoted() {
  case $1 in '' | *[!A-Za-z0-9.:_+-]*) _json=null ;; *) _json=\"$1\" ;; esac
}

# Sets _json to $1 when it is a whole number, or to null: records can be damaged.
number() {
  case $1 in '' | *[!0-9]* | 0?*) _json=null ;; *) _json=$1 ;; esac
}

# Sets _json to $1 when that is a JSON string of ASCII characters, or to null.
# shellcheck disable=SC2016 # nothing to expand
checked_string() {
  _json=null
  case $1 in
    *[!\ -~]*) return ;;
    \"*\") ;;
    *) return ;;
  esac
  _value=${1#?}
  _value=${_value%?}
  case $_value in
    *[\"\\]*)
      printf '%s\n' "$_value" |
        grep -Eqx '([^"\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*' 2>/dev/null || return 0
      ;;
  esac
  _json=$1
}

# Filter. UTF-8 becomes \uXXXX, what is not UTF-8 becomes \ufffd. In "string"
# mode quotes, backslashes and control characters are escaped too.
# shellcheck disable=SC2016 # awk's $ are no shell variables
to_ascii() {
  od -An -v -tu1 | awk -v "mode=$1" '
    function unit(code) { printf "\\u%04x", code }
    function emit(code) {
      if (code > 1114111 || (code >= 55296 && code <= 57343)) unit(65533)
      else if (code > 65535) {
        code -= 65536
        unit(55296 + int(code / 1024)); unit(56320 + code % 1024)
      } else unit(code)
    }
    {
      for (i = 1; i <= NF; i++) {
        b = $i + 0
        if (need > 0 && b >= 128 && b < 192) {
          code = code * 64 + b - 128
          if (--need == 0) emit(code)
          continue
        }
        if (need > 0) { unit(65533); need = 0 }
        if (b < 128) {
          if (mode != "string") printf "%c", b
          else if (b == 34 || b == 92) printf "\\%c", b
          else if (b < 32 || b == 127) unit(b)
          else printf "%c", b
        }
        else if (b >= 194 && b < 224) { code = b - 192; need = 1 }
        else if (b >= 224 && b < 240) { code = b - 224; need = 2 }
        else if (b >= 240 && b < 245) { code = b - 240; need = 3 }
        else unit(65533)
      }
    }
    END { if (need > 0) unit(65533) }'
}

# -------------------------------------------------------------- processes ---

# Sets _pstate _pstart of process $1 (start: never the same for a reused pid).
# shellcheck disable=SC2086 # split into fields; globbing is off
read_process() {
  _pstate='' _pstart=''
  if [ -n "$_has_proc" ]; then
    { IFS= read -r _line <"$_proc/$1/stat"; } 2>/dev/null || return 1
    # The name, in parentheses, may hold spaces and parentheses itself.
    set -- ${_line##*) }
    if [ "$#" -lt 20 ]; then return 1; fi
    _pstate=$1 _pstart=${20}
  else
    _line=$(ps -o stat= -o lstart= -p "$1" 2>/dev/null) || return 1
    set -- $_line
    if [ "$#" -lt 6 ]; then return 1; fi
    _pstate=$1
    shift
    _pstart=$(IFS=_ && printf '%s' "$*")
  fi
}

# is_same PID START BOOT: that very process is still in the table.
is_same() {
  case ${1:-} in '' | *[!0-9]*) return 1 ;; esac
  [ "$3" = "$_boot" ] && read_process "$1" && [ "$_pstart" = "$2" ]
}

# is_alive PID START BOOT: and it still runs; a zombie has ended.
is_alive() {
  is_same "$1" "$2" "$3" || return 1
  case $_pstate in Z* | X*) return 1 ;; esac
}

# Sets _detach: how to make a new session. `set -m` is none: without a
# terminal dash and busybox make no process group by it.
find_detach() {
  if command -v setsid >/dev/null 2>&1; then
    _detach=setsid
  elif command -v perl >/dev/null 2>&1 && perl -MPOSIX -e 1 2>/dev/null; then
    _detach=perl
  elif command -v python3 >/dev/null 2>&1 && python3 -I -c 'import os' 2>/dev/null; then
    _detach=python3
  else
    _detach=none
  fi
}

# Replaces this (background) process by ARG… as leader of a new session.
become_leader() {
  # Descriptors the caller forgot to close would keep its channel open.
  exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
  case $_detach in
    setsid) exec setsid "$@" ;;
    perl) exec perl -MPOSIX -e 'POSIX::setsid(); exec {$ARGV[0]} @ARGV; exit 127' -- "$@" ;;
    python3) exec python3 -I -c 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' "$@" ;;
  esac
}

# Prints "PID ID" for every process whose environment names a run. Children
# that left the group of their run are found by this alone.
processes_with_id() {
  if [ -z "$_has_proc" ]; then
    # shellcheck disable=SC2009 # pgrep does not see environments
    ps axeww -o pid= -o command= 2>/dev/null | awk '{
      for (i = 2; i <= NF; i++)
        if ($i ~ /^RUNCTL_RUN_ID=[a-z0-9-]+$/) { print $1, substr($i, 15); break }
    }'
  elif [ -n "$(printf 'a\0b' | grep -aoz '^b$' 2>/dev/null | tr -d '\0')" ]; then
    set +f
    grep -aHoz '^RUNCTL_RUN_ID=[a-z0-9-]*$' "$_proc"/[0-9]*/environ 2>/dev/null |
      tr '\000' '\n' | sed -n 's|^.*/\([0-9]*\)/environ:RUNCTL_RUN_ID=|\1 |p'
    set -f
  else
    # A grep that knows no -z sees the first variable only.
    set +f
    for _file in "$_proc"/[0-9]*/environ; do
      _value=$(tr '\000' '\n' 2>/dev/null <"$_file" | sed -n 's/^RUNCTL_RUN_ID=//p') 2>/dev/null
      _file=${_file%/environ}
      if [ -n "$_value" ]; then printf '%s %s\n' "${_file##*/}" "$_value"; fi
    done 2>/dev/null
    set -f
  fi
}

# Prints the pids in process group or session $1, zombies left out.
processes_in_group() {
  if [ -n "$_has_proc" ]; then
    set +f
    cat "$_proc"/[0-9]*/stat 2>/dev/null | sed -n -e 's/^\([0-9]*\) (.*) /\1 /' \
      -e "s/^\([0-9]*\) [^ZX] [0-9]* $1 .*/\1/p" -e t \
      -e "s/^\([0-9]*\) [^ZX] [0-9]* [0-9]* $1 .*/\1/p"
    set -f
  else
    ps -A -o pid= -o pgid= -o stat= 2>/dev/null |
      awk -v "group=$1" '$2 == group && $3 !~ /^[ZX]/ { print $1 }'
  fi
}

# Sets _members: pids of the loaded run that still live. A group number can be
# foreign once its leader is gone: it counts only while the leader or the
# supervisor is there, or the caller has seen one of them ($1 not empty).
find_members() {
  _members=
  _group=
  case $_main in
    '' | *[!0-9]*) ;;
    *) if [ -n "${1:-}" ] || is_same "$_main" "$_main_start" "$_main_boot" ||
      is_alive "$_super" "$_super_start" "$_super_boot"; then _group=$_main; fi ;;
  esac
  # A stranger that has the very pid now: the group is its own.
  if [ -n "$_group" ] && read_process "$_main" && [ "$_pstart" != "$_main_start" ]; then _group=; fi
  if [ "$_main_boot" != "$_boot" ] && [ -n "$_main_boot" ]; then
    _group=
  fi
  if [ -n "$_group" ]; then
    # Not yet in a group of its own right after its start, hence the pid too.
    if is_alive "$_main" "$_main_start" "$_main_boot"; then _members=" $_main "; fi
    for _pid in $(processes_in_group "$_group"); do
      case $_members in *" $_pid "*) ;; *) _members="$_members $_pid " ;; esac
    done
  fi
  # One look at the machine serves all runs of a `list`.
  if [ -z "${_with_id+set}" ]; then _with_id=$(processes_with_id); fi
  # shellcheck disable=SC2086 # split into words
  set -- $_with_id
  while [ "$#" -ge 2 ]; do
    if [ "$2" = "$_id" ]; then
      case $_members in *" $1 "*) ;; *) _members="$_members $1 " ;; esac
    fi
    shift 2
  done
}

# ---------------------------------------------------------- run directory ---

# Small records are reserved at the start (put_new) and later overwritten in
# place, never truncated: a disk that got full cannot lose them.
# put FILE TEXT
put() { printf '%-255s\n' "$2" 1<>"$1"; }

is_id() {
  case ${1:-} in '' | -* | *[!a-z0-9-]*) return 1 ;; esac
  [ "${#1}" -le 64 ]
}

check_id() {
  if ! is_id "${1:-}"; then die 2 usage 'a run id is made of a-z, 0-9 and -, at most 64'; fi
  _id=$1
  _dir=$_runs/$_id
}

# Sets all there is to know about run $1, without a fork for the usual cases:
# _state, _exit (JSON), _started, _start_uptime, _cwd (JSON), _main…, _super…,
# _phase, _reason, _stop (epoch) _stop_deadline _stop_by, _kill, _run_host.
load() {
  load_here "$1"
  # Processes of another machine cannot be seen from this one.
  if [ "$_state" = lost ] && is_elsewhere; then _state=elsewhere; fi
}

load_here() {
  check_id "$1"
  _state=missing _exit='' _started='' _start_uptime='' _cwd='' _phase='' _reason='' _run_host=''
  _main='' _main_start='' _main_boot='' _oom_count='' _oom_file=''
  _super='' _super_start='' _super_boot='' _stop='' _stop_deadline='' _stop_by='' _kill='' _owner_boot=''
  if [ ! -d "$_dir" ]; then return; fi
  { read -r _started _start_uptime && IFS= read -r _cwd && IFS= read -r _run_host; } 2>/dev/null <"$_dir/meta"
  read_record "$_dir/phase" _phase _reason
  read_record "$_dir/main" _main _main_start _main_boot _oom_count _oom_file
  read_record "$_dir/stop" _stop _stop_deadline _stop_by
  read_record "$_dir/kill" _kill
  if read_exit; then return; fi
  read_record "$_dir/supervisor" _super _super_start _super_boot
  if [ -z "$_super" ] && ! is_starting; then
    # It may have recorded itself between the two looks.
    read_record "$_dir/supervisor" _super _super_start _super_boot
    if [ -z "$_super" ]; then
      if ! read_exit; then _state=lost; fi
      return
    fi
  fi
  if [ -z "$_super" ]; then
    _state=starting
  elif is_alive "$_super" "$_super_start" "$_super_boot"; then
    if [ -n "$_stop" ]; then
      _state=stopping
    elif [ -n "$_main" ]; then
      _state=running
    else
      _state=starting
    fi
  # Dead: but perhaps its last act was to write the record.
  elif ! read_exit; then
    _state=lost
  fi
}

# Does another machine, with which we share our home, look after the loaded run?
# By the clock of the file system, which both touch.
# shellcheck disable=SC2086 # split into fields
is_elsewhere() {
  case $_run_host in '' | *[!A-Za-z0-9./_-]*) return 1 ;; esac
  read_host
  if [ "$_run_host" = "$_host" ]; then return 1; fi
  touch "$_home/clock" 2>/dev/null
  file_stat "$_dir/beat" "$_home/clock"
  set -- $_out
  [ "$#" -eq 6 ] && [ "$(($4 - $1))" -lt "$FOREIGN_BEAT_SECONDS" ]
}

# read_record FILE NAME…: sets each NAME to a word of the record, the last one to
# the rest; to nothing where it has none or there is no such file. Records are
# overwritten in place while others read them, some shells byte by byte: only
# two readings alike are believed. No fork.
read_record() {
  _from=$1 _looks=0
  shift
  while :; do
    _whole='' _again=''
    { read -r _whole <"$_from"; } 2>/dev/null
    { read -r _again <"$_from"; } 2>/dev/null
    _looks=$((_looks + 1))
    if [ "$_whole" = "$_again" ] || [ "$_looks" -ge 50 ]; then break; fi
  done
  while [ "$#" -gt 1 ]; do
    eval "$1=\${_whole%% *}"
    case $_whole in *' '*) _whole=${_whole#* } ;; *) _whole= ;; esac
    shift
  done
  eval "$1=\$_whole"
}

# Sets _exit and _state when the exit record is whole.
read_exit() {
  read_record "$_dir/exit" _exit
  case $_exit in
    *[!\ -~]*) _exit= ;;
    '{"code":'[0-9]*',"signal":'*',"ended":'[0-9]*',"phase":"'*'"'*'}') _state=ended ;;
    *) _exit= ;;
  esac
  [ -n "$_exit" ]
}

# No supervisor yet: is one still to come?
is_starting() {
  read_owner "$_dir/starter"
  if is_alive "$_owner" "$_owner_start" "$_owner_boot"; then return 0; fi
  # The starter was killed right after it let the supervisor go.
  read_epoch
  [ "$_owner_boot" = "$_boot" ] && [ "$((_epoch - ${_owner_epoch:-0}))" -lt 10 ]
}

# Sets _owner…: the starter that record or lock $1 names.
read_owner() {
  _owner='' _owner_start='' _owner_boot='' _owner_epoch='' _owner_host=''
  read_record "$1" _owner _owner_start _owner_boot _owner_epoch _owner_host
}

# That starter is of another machine: whether it lives cannot be seen.
is_foreign_owner() {
  if [ -z "$_owner_host" ]; then return 1; fi
  read_host
  [ "$_owner_host" != "$_host" ]
}

# Sets _ender… of the loaded run.
read_ender() {
  _ender='' _ender_start='' _ender_boot=''
  read_record "$_dir/ender" _ender _ender_start _ender_boot
}

# Sets _size _inode of the log, and _beat. One fork.
# shellcheck disable=SC2086 # split into fields
stat_log() {
  file_stat "$_dir/log" "$_dir/beat"
  set -- $_out
  if [ "$#" -ge 3 ]; then
    _size=$2 _inode=$3 _beat=${4:-}
  else
    _size=$({ wc -c <"$_dir/log"; } 2>/dev/null)
    _size=$((${_size:-0})) _inode='' _beat=''
  fi
}

# Sets _out to a line "MTIME SIZE DEV:INODE" for each file.
file_stat() {
  # GNU knows -f too, as something else: only where -c gave nothing at all.
  _out=$(stat -c '%Y %s %d:%i' -- "$@" 2>/dev/null)
  if [ -z "$_out" ]; then _out=$(stat -f '%m %z %d:%i' -- "$@" 2>/dev/null); fi
}

# Prints the status of the loaded run as JSON; EXTRA is added before the end.
print_status() {
  if [ "$_state" = missing ]; then
    printf '{"id":"%s","state":"missing","pid":null,"started":null,"phase":null,"exit":null,"beat":null,"log":0,"logid":null,"cwd":null,"evidence":null,"orphans":0,"host":null,"lease":null,"after":null%s}\n' "$_id" "${1:-}"
    return
  fi
  stat_log
  _orphans=0 _evidence=null
  # Live runs have a supervisor that looks after their processes.
  case $_state in
    ended | lost)
      find_members
      # shellcheck disable=SC2086 # count the words
      set -- "${1:-}" $_members
      _orphans=$(($# - 1))
      ;;
  esac
  if [ "$_state" = lost ]; then read_evidence; fi
  after_json
  _after_json=$_json
  # Piece by piece: what a damaged record says must not spoil the whole answer.
  number "$_main"
  _line="{\"id\":\"$_id\",\"state\":\"$_state\",\"pid\":$_json"
  number "$_started"
  _line="$_line,\"started\":$_json"
  quoted "$_phase"
  _line="$_line,\"phase\":$_json,\"exit\":${_exit:-null}"
  number "$_beat"
  _line="$_line,\"beat\":$_json"
  quoted "$_inode"
  _line="$_line,\"log\":$_size,\"logid\":$_json"
  checked_string "$_cwd"
  _line="$_line,\"cwd\":$_json,\"evidence\":$_evidence,\"orphans\":$_orphans"
  quoted "${_run_host%%/*}"
  _line="$_line,\"host\":$_json"
  lease_json
  printf '%s,"lease":%s,"after":%s%s}\n' "$_line" "$_json" "$_after_json" "${1:-}"
}

# Sets _json to the lease of the loaded run. Its end counts on the clock of the
# machine and the boot it was given in.
lease_json() {
  _json=null
  if [ "$_state" = elsewhere ]; then return; fi
  read_lease
  if [ -z "$_lease_end" ]; then return; fi
  _left=0
  if [ "$_state" != ended ]; then
    if [ "${_super_boot:-$_boot}" != "$_boot" ]; then return; fi
    read_uptime
    _left=$((_lease_end - _uptime))
    if [ "$_left" -lt 0 ]; then _left=0; fi
  fi
  number "$_lease_total"
  _json="{\"left\":$_left,\"total\":$_json}"
}

# Sets _evidence: what can still be known about a run without an end.
read_evidence() {
  _same_boot=same
  _known_boot=${_super_boot:-${_owner_boot:-$_boot}}
  if [ "$_known_boot" != "$_boot" ]; then _same_boot=changed; fi
  _child=dead
  if is_alive "$_main" "$_main_start" "$_main_boot"; then _child=alive; fi
  read_oom
  # Nobody is left to remove them.
  if [ "$_child" = dead ] && [ -e "$_dir/secrets" ]; then rm -f "$_dir/secrets"; fi
  number "$_beat"
  _evidence="{\"boot\":\"$_same_boot\",\"oom\":$_oom,\"lastbeat\":$_json,\"child\":\"$_child\""
  number "$_super"
  _evidence="$_evidence,\"supervisor_pid\":$_json"
  read_complaint
  _evidence="$_evidence,\"complaint\":$_json}"
}

# Sets _json to the end of what the shells of the loaded run complained of.
read_complaint() {
  _json=null
  if [ ! -s "$_dir/agent.err" ]; then return; fi
  _value=$(tail -c 500 "$_dir/agent.err" 2>/dev/null)
  if [ -n "$_value" ]; then json_string "$_value"; fi
}

# --------------------------------------------------------- out of memory ---

# Sets _oom_file and _oom_count: the kernel's count of processes it ended for
# lack of memory, of the memory group that the run is in; none where it has none.
find_oom_count() {
  _oom_file='' _oom_count=''
  if [ -z "$_has_proc" ]; then return; fi
  _v1='' _v2=''
  while IFS=: read -r _rest _key _value; do
    case $_key in
      '') _v2=$_value ;;
      memory | memory,* | *,memory | *,memory,*) _v1=$_value ;;
    esac
  done 2>/dev/null <"$_proc/self/cgroup"
  # In a container the group's own path may not be there: it is what the root
  # shows. The machine's count (vmstat) would blame the run for others.
  for _file in "$_cgroup${_v2%/}/memory.events" "$_cgroup/memory.events" \
    "$_cgroup/memory${_v1%/}/memory.oom_control" "$_cgroup/memory/memory.oom_control"; do
    if read_oom_count "$_file"; then
      _oom_file=$_file
      return
    fi
  done
}

# Sets _oom_count from file $1.
read_oom_count() {
  _oom_count=
  if [ ! -r "$1" ]; then return 1; fi
  while read -r _key _value; do
    if [ "$_key" = oom_kill ]; then
      _oom_count=$_value
      return 0
    fi
  done 2>/dev/null <"$1"
  return 1
}

# Sets _oom (JSON) of the loaded run: has the count grown since its start?
read_oom() {
  _oom=null
  _before=$_oom_count
  if [ -n "$_before" ] && [ -n "$_oom_file" ] && [ "$_main_boot" = "$_boot" ] &&
    read_oom_count "$_oom_file"; then
    _oom=false
    if [ "$_oom_count" -gt "$_before" ]; then _oom=true; fi
  fi
}

# ------------------------------------------------------------------ start ---

verb_start() {
  check_id "${1:-}"
  if [ -d "$_dir" ]; then answer_existing; fi
  if [ -f "$_dir" ]; then refuse_forbidden; fi
  find_detach
  if [ "$_detach" = none ]; then
    die 5 no-detach 'needs one of setsid, perl and python3 to outlive the connection'
  fi
  read_spec
  make_home
  prepare
  lock
  if [ -d "$_dir" ]; then
    unlock
    rm -rf "$_new"
    answer_existing
  fi
  sweep
  if [ -z "$_shared" ]; then
    find_busy "$_spec_cwd"
    if [ -n "$_busy" ]; then
      unlock
      rm -rf "$_new"
      die 3 busy "run $_busy is active in the same directory" "$_busy"
    fi
  fi
  if ! _why=$(mv -f "$_new" "$_dir" 2>&1); then
    unlock
    rm -rf "$_new"
    if [ -f "$_dir" ]; then refuse_forbidden; fi
    die_unwritten "cannot create $_dir" "$_why"
  fi
  unlock
  # Written last: a starter that is killed earlier leaves no secret behind.
  if [ -n "$_secrets" ] && ! _why=$({ printf '%s' "$_secrets" >"$_dir/secrets"; } 2>&1); then
    rm -rf "$_dir"
    die_unwritten 'cannot write the secrets of the run' "$_why"
  fi
  if ! write_after_secrets; then
    rm -rf "$_dir"
    die_unwritten 'cannot write the credentials of the durable place' "$_why"
  fi
  if [ -n "$_webhook" ] && ! _why=$({ printf '%s' "$_webhook" >"$_dir/webhook"; } 2>&1); then
    rm -rf "$_dir"
    die_unwritten 'cannot write the webhook of the run' "$_why"
  fi
  launch supervise "$_id" 2>>"$_dir/agent.err"
  await_supervisor
  load "$_id"
  print_status
}

answer_existing() {
  load "$_id"
  print_status ',"existing":true'
  exit 0
}

refuse_forbidden() { die 3 forbidden "run $_id was forbidden to start" "$_id"; }

# verb_forbid ID: it never starts from now on, unless it has. A run directory is
# renamed into place, and no rename puts a directory in the place of a file.
verb_forbid() {
  check_id "${1:-}"
  make_home
  if [ ! -d "$_dir" ]; then
    _why=$({ set -C && : >"$_dir"; } 2>&1)
    if [ -f "$_dir" ]; then
      _state=missing
      print_status ',"forbidden":true'
      return
    fi
    if [ ! -d "$_dir" ]; then die_unwritten "cannot create $_dir" "$_why"; fi
  fi
  load "$_id"
  print_status
}

# Starts `agent.sh VERB ID` in a session of its own, away from all we hold. Not
# as our child: bash would report its end in our output.
# shellcheck disable=SC2086 # the shell may be two words: busybox sh
launch() {
  (become_leader $_shell "$_script" "$1" "$2" </dev/null >/dev/null &)
}

# Sets _spec (all lines but secrets, webhook and json), _secrets, _after_secrets,
# _webhook (encoded), _after (does anything follow the run?), _run_json, _spec_cwd
# (JSON of the physical path), _shared, _lease (seconds). Reads all of stdin
# before anything is created.
read_spec() {
  _spec='' _secrets='' _run_json='{}' _cwd_enc='' _shared='' _complete='' _args=0 _lease=''
  _after='' _after_secrets='' _webhook='' _actions=0
  IFS= read -r _line || _line=
  if [ "$_line" != 'runctl-spec 1' ]; then die 2 usage 'the spec must begin with: runctl-spec 1'; fi
  while IFS= read -r _line; do
    _value=${_line#* }
    if [ "$_value" = "$_line" ]; then _value=; fi
    case $_line in
      arg | arg\ *)
        check_encoded "$_value"
        _args=$((_args + 1))
        if [ "$_args:$_value" = 1: ]; then die 2 usage 'the command may not be empty'; fi
        ;;
      setup | setup\ * | setupoutput\ *) check_encoded "$_value" ;;
      env\ *=*) check_variable "$_value" ;;
      secret\ *=*)
        check_variable "$_value"
        if is_special "${_value%%=*}"; then die 2 usage "a secret cannot be called ${_value%%=*}"; fi
        _secrets="$_secrets$_value
"
        continue
        ;;
      cwd\ *)
        check_encoded "$_value"
        _cwd_enc=$_value
        ;;
      lease\ * | idle\ * | hold\ * | save-limit\ *)
        case $_value in '' | 0* | *[!0-9]* | ??????????*) die 2 usage "${_line%% *} must be whole seconds" ;; esac
        case $_line in lease*) _lease=$_value ;; esac
        ;;
      grace\ *) case $_value in '' | *[!0-9]* | ???????*) die 2 usage 'grace must be whole seconds' ;; esac ;;
      shared\ 1) _shared=1 ;;
      setupkey\ * | setupstep\ *)
        case $_value in '' | *[!0-9a-f]*) die 2 usage "${_line%% *} must be hexadecimal" ;; esac
        ;;
      checkpoints\ *) check_encoded "$_value" ;;
      durable\ *)
        check_place "$_value"
        _after=1
        ;;
      after-secret\ *=*)
        check_after_secret "$_value"
        _after_secrets="$_after_secrets$_value
"
        continue
        ;;
      webhook\ *)
        check_webhook "$_value"
        _after=1 _webhook=$_value
        continue
        ;;
      action\ *)
        check_encoded "$_value"
        _actions=$((_actions + 1)) _after=1
        if [ "$_actions:$_value" = 1: ]; then die 2 usage 'the action may not be empty'; fi
        ;;
      json\ *)
        check_encoded "$_value"
        _run_json=$(printf '%b' "$_value")
        case $_run_json in
          *'
'*) die 2 usage 'json must be one line' ;;
          '{'*'}') ;;
          *) die 2 usage 'json must be an object' ;;
        esac
        continue
        ;;
      end)
        _complete=1
        break
        ;;
      *) die 2 usage "unknown line in the spec: ${_line%% *}" ;;
    esac
    _spec="$_spec$_line
"
  done
  if [ -z "$_complete" ]; then die 3 incomplete 'the spec ended before its last line'; fi
  if [ "$_args" -eq 0 ]; then die 2 usage 'the spec has no command'; fi
  if [ -z "$_cwd_enc" ]; then die 2 usage 'the spec has no cwd'; fi
  decode "$_cwd_enc"
  expand_home
  case $_decoded in /*) ;; *) die 2 usage 'cwd must be absolute or begin with ~/' ;; esac
  _physical=$(cd -- "$_decoded" 2>/dev/null && pwd -P && printf .) || _physical=
  _physical=${_physical%??}
  json_string "${_physical:-$_decoded}"
  _spec_cwd=$_json
}

# The encoding is printf's %b with three octal digits; no NUL.
# shellcheck disable=SC2086,SC2141 # split at backslashes
check_encoded() {
  case $1 in
    *[!A-Za-z0-9_./:=,@%+\\-]* | *\\) die 2 usage 'bad encoding in the spec' ;;
    *\\*) ;;
    *) return ;;
  esac
  _ifs=$IFS
  IFS=\\
  set -- $1
  IFS=$_ifs
  shift
  for _part; do
    case $_part in
      0000*) die 2 usage 'bad encoding in the spec' ;;
      0[0-3][0-7][0-7]*) ;;
      *) die 2 usage 'bad encoding in the spec' ;;
    esac
  done
}

# check_variable NAME=ENCODED
check_variable() {
  case ${1%%=*} in
    '' | [0-9]* | *[!A-Za-z0-9_]*) die 2 usage 'bad name of a variable in the spec' ;;
  esac
  check_encoded "${1#*=}"
}

# Names that a shell keeps for itself, that would change how this script works,
# or that could be a variable of ours: they reach the run by env(1) instead.
is_special() {
  case $1 in
    _* | IFS | LC_ALL | OPTIND | UID | EUID | PPID | GROUPS | SHELLOPTS | BASHOPTS | BASH_*) ;;
    FUNCNAME | DIRSTACK | RANDOM | SRANDOM | SECONDS | LINENO | EPOCHSECONDS | EPOCHREALTIME) ;;
    *) return 1 ;;
  esac
}

# Sets _decoded. The point keeps trailing newlines.
decode() {
  case $1 in
    *\\*)
      _decoded=$(printf '%b.' "$1")
      _decoded=${_decoded%.}
      ;;
    *) _decoded=$1 ;;
  esac
}

# A machine's home is not known where the spec is written.
expand_home() {
  case $_decoded in
    \~) _decoded=${HOME:-} ;;
    \~/*) _decoded=${HOME:-}/${_decoded#\~/} ;;
  esac
}

# Builds the whole run directory aside; sets _new. Renamed into place later, so
# that a run directory is never seen half made.
prepare() {
  _new=$_home/new/$_id.$$
  read_process "$$"
  read_epoch_unforked
  read_host
  if [ -n "$_lease" ]; then _lease="$((_uptime + _lease)) $_lease"; fi
  _why=$({
    mkdir "$_new" &&
      put_new starter "$$ $_pstart $_boot $_epoch $_host" &&
      put_new supervisor '' && put_new main '' && put_new exit '' && put_new phase setup &&
      put_new stop '' && put_new kill '' && put_new ender '' &&
      put_new lease "$_lease" && put_new timer '' && put_new idler '' && prepare_after &&
      printf '%s %s\n%s\n%s\n' "$_epoch" "$_uptime" "$_spec_cwd" "$_host" >"$_new/meta" &&
      printf '%s\n' "$_run_json" >"$_new/run.json" &&
      printf '%s' "$_spec" >"$_new/spec" &&
      : >"$_new/log" && : >"$_new/beat" && : >"$_new/agent.err"
  } 2>&1) || {
    rm -rf "$_new"
    die_unwritten "cannot write the run directory below $_home" "$_why"
  }
}

put_new() { printf '%-255s\n' "$2" >"$_new/$1"; }

# A hard link is made together with what it says, unlike a directory: nobody
# ever sees a lock without its owner.
lock() {
  _tries=0 _refused=0 _foreign=''
  until ln "$_new/starter" "$_home/lock" 2>/dev/null; do
    if [ -e "$_home/lock" ]; then
      break_dead_lock
    else
      # Let go of meanwhile; but not every time.
      _refused=$((_refused + 1))
      if [ "$_refused" -gt 20 ]; then
        _why=$(ln "$_new/starter" "$_home/lock" 2>&1) && return
        if [ ! -e "$_home/lock" ]; then refuse_lock; fi
      fi
    fi
    _tries=$((_tries + 1))
    if [ "$_tries" -gt 300 ]; then
      rm -rf "$_new"
      die 5 locked "cannot take $_home/lock: process $_owner holds it"
    fi
    nap 0.05
  done
}

refuse_lock() {
  rm -rf "$_new"
  case $_why in
    *'not permitted'* | *'not supported'* | *'not implemented'*)
      die 5 no-links "the file system of $_home has no hard links: $_why"
      ;;
  esac
  die_unwritten "cannot create $_home/lock" "$_why"
}

unlock() { rm -f "$_home/lock"; }

# Only one process at a time may break the lock of one dead owner, and a dead
# owner cannot let go itself: what it saw is what it removes. The right to break
# is such a lock too, so that one whose holder was killed is broken in turn.
break_dead_lock() {
  _broken=$_home/lock
  while :; do
    read_owner "$_broken"
    if [ -z "$_owner" ] || is_alive "$_owner" "$_owner_start" "$_owner_boot"; then return; fi
    if is_foreign_owner && ! is_overdue; then return; fi
    _dead="$_owner $_owner_start $_owner_boot"
    _breaker=$_broken-$_owner-$_owner_start
    if ln "$_new/starter" "$_breaker" 2>/dev/null; then break; fi
    _broken=$_breaker
  done
  read_owner "$_broken"
  if [ "$_owner $_owner_start $_owner_boot" = "$_dead" ]; then rm -f "$_broken"; fi
  rm -f "$_breaker"
}

# A lock is held for moments. That is all that tells of an owner elsewhere.
is_overdue() {
  if [ "$_owner $_owner_start" != "$_foreign" ]; then
    _foreign="$_owner $_owner_start" _foreign_since=$_tries
  fi
  [ "$((_tries - _foreign_since))" -ge 200 ]
}

# Removes what killed starters and removers left. Under the lock.
sweep() {
  set +f
  for _file in "$_home"/new/*; do
    if [ "$_file" = "$_new" ] || [ ! -d "$_file" ]; then continue; fi
    read_owner "$_file/starter"
    if [ -z "$_owner" ] || is_alive "$_owner" "$_owner_start" "$_owner_boot"; then continue; fi
    # Of another machine: perhaps at work; not for a whole day.
    if is_foreign_owner && [ "$((_epoch - ${_owner_epoch:-0}))" -lt 86400 ]; then continue; fi
    rm -rf "$_file"
  done
  set -f
  # An id that was forbidden so long ago has no start under way any more.
  find "$_runs/" -maxdepth 1 -type f -size 0 -name '[a-z0-9]*' -mtime "+$FORBIDDEN_DAYS" -exec rm -f {} + 2>/dev/null
}

# Sets _busy to a run that lives in the directory $1 (JSON).
find_busy() {
  _busy=
  _wanted=$_id
  for _entry in $(unended_runs "$1"); do
    load "$_entry"
    case $_state in
      starting | running | stopping | elsewhere) _busy=$_id ;;
      lost)
        find_members
        if [ -n "$_members" ]; then _busy=$_id; fi
        ;;
    esac
    if [ -n "$_busy" ]; then break; fi
  done
  check_id "$_wanted"
}

# Prints the ids of the runs without an exit record, those in the directory $1
# (JSON) when it is given. One process for any number of runs, most of which
# have ended long ago.
# shellcheck disable=SC2016 # awk's own
unended_runs() (
  cd "$_runs" 2>/dev/null || exit
  set +f
  # The names by a pipe: as arguments they could be too many.
  printf '%s\n' */exit | RUNCTL_WANTED=${1:-} awk '
    BEGIN { wanted = ENVIRON["RUNCTL_WANTED"] }
    /^[a-z0-9][a-z0-9-]*\/exit$/ {
      file = $0
      line = ""
      getline line <file
      close(file)
      if (line ~ /^\{"code":[0-9].*\} *$/) next
      id = substr($0, 1, length($0) - 5)
      if (wanted != "") {
        file = id "/meta"
        line = cwd = ""
        getline line <file
        getline cwd <file
        close(file)
        if (cwd != wanted) next
      }
      print id
    }' 2>/dev/null
)

# Waits until the supervisor has recorded itself and the command's process.
await_supervisor() {
  _tries=0
  while :; do
    load "$_id"
    case $_state in
      starting) ;;
      lost)
        rm -f "$_dir/secrets"
        refuse_unsupervised 'the supervisor ended before it could start the run'
        ;;
      *) return ;;
    esac
    _tries=$((_tries + 1))
    if [ "$_tries" -gt 500 ]; then
      refuse_unsupervised 'the supervisor did not start'
    fi
    nap 0.02
  done
}

# refuse_unsupervised WHAT: with what its shell complained of.
refuse_unsupervised() {
  _value=$(tail -c 500 "$_dir/agent.err" 2>/dev/null)
  die 5 supervisor "$1${_value:+: $_value}" "$_id"
}

# ------------------------------------------------------------- supervisor ---

# Internal. Leader of its own session, outside the group of the run.
verb_supervise() {
  check_id "$1"
  cd / || exit 5
  # A run starts once, whatever happens.
  mkdir "$_dir/once" || exit 3
  find_detach
  # Handlers go back to the default in children, ignored signals would not.
  trap : HUP INT TERM USR1
  read_process "$$"
  put "$_dir/supervisor" "$$ $_pstart $_boot"
  find_oom_count
  # Before the run, and again whenever one is found dead.
  keep_watchers
  start_main
  # From here on nothing ends or interrupts the wait below.
  trap '' HUP INT TERM USR1 USR2 QUIT PIPE
  read_process "$_main"
  _main_start=${_pstart:--} _main_boot=$_boot
  put "$_dir/main" "$_main $_main_start $_boot ${_oom_count:--} $_oom_file"
  beat "$$" &
  wait "$_main"
  _code=$?
  read_epoch_unforked
  record_end
  await_after
  # Beat, its sleep and this process: there is nothing else in this group.
  kill -KILL "-$$"
}

# Sets _main.
# shellcheck disable=SC2086 # the shell may be two words
start_main() {
  become_leader $_shell "$_script" run "$_id" </dev/null >>"$_dir/log" 2>&1 &
  _main=$!
}

# Shows that the supervisor lives. Changing a time needs no disk space.
beat() {
  _beat_start=
  read_process "$1" && _beat_start=$_pstart
  while is_alive "$1" "$_beat_start" "$_boot"; do
    touch "$_dir/beat"
    sleep "$_beat_seconds"
    keep_watchers
  done
}

# Writes the exit record of the run that ended with _code at _epoch, _uptime.
record_end() {
  read_record "$_dir/phase" _phase _reason
  read_record "$_dir/stop" _stop _stop_deadline _stop_by
  _signal=null
  if [ "$_code" -ge 128 ]; then _signal=$((_code - 128)); fi
  if [ "$_oom_count" = - ]; then _oom_count=; fi
  read_oom
  _by=null
  if [ -n "$_stop" ]; then
    case $_stop_by in
      lease | idle) _by=\"$_stop_by\" ;;
      *) _by='"user"' ;;
    esac
  fi
  quoted "$_reason"
  # No substitution: that forks.
  _record="{\"code\":$_code,\"signal\":$_signal,\"ended\":$_epoch,\"uptime\":$_uptime"
  _record="$_record,\"phase\":\"${_phase:-command}\",\"stop\":$_by,\"reason\":$_json,\"oom\":$_oom}"
  if [ -n "$_stop" ]; then await_members; fi
  rm -f "$_dir/secrets"
  put "$_dir/exit" "$_record"
  end_watchers
}

# A stopped run has ended when none of its processes is left: whoever waits
# for the end wants the directory and the GPU. The ender does the work; if it
# died, what is left gets KILL here. Nothing can end a process that hangs in
# the kernel, so there is a limit.
await_members() {
  _super=$$
  while :; do
    unset _with_id
    find_members seen
    if [ -z "$_members" ]; then return; fi
    read_stop
    read_uptime
    if [ "$_uptime" -gt "$((_deadline + 15))" ]; then return; fi
    if [ "$_uptime" -gt "$((_deadline + 3))" ]; then kill_members; fi
    nap 0.1
  done
}

# --------------------------------------------------------------- the run ---

# Internal. Becomes the command: same process, same pid, same group.
verb_run() {
  check_id "$1"
  # The PATH of the run may lack all of these.
  _env=$(command -v env) _rm=$(command -v rm) _nice=$(command -v nice)
  _perl=$(command -v perl) _python=$(command -v python3)
  find_signal_reset
  load_cwd
  load_variables
  if ! cd -- "$_decoded"; then
    if [ -e "$_decoded" ]; then fail_run 126 cwd-denied; else fail_run 127 cwd-missing; fi
  fi
  run_setup
  load_words arg
}

# Ends before the command: the log says why, the record too.
fail_run() {
  put "$_dir/phase" "${3:-command} $2"
  printf 'runctl: %s\n' "$2" >&2
  exit "$1"
}

# Sets _reset. A shell ignores INT and QUIT in what it starts in the background
# and cannot undo that; Python would then see no KeyboardInterrupt. (-I: a module of
# the working directory would be taken for one of Python's own.)
find_signal_reset() {
  _signals=HUP,INT,QUIT,PIPE,ALRM,TERM,USR1,USR2
  if [ -n "$_env" ] && "$_env" "--default-signal=$_signals" true 2>/dev/null; then
    _reset='env'
  elif [ -n "$_perl" ]; then
    _reset=perl
  elif [ -n "$_python" ]; then
    _reset=python3
  else
    _reset=none
  fi
}

# become ARG…: replaces this process.
# shellcheck disable=SC2016 # perl's own
become() {
  case $_reset in
    env) exec "$_env" "--default-signal=$_signals" -- "$@" ;;
    perl) exec "$_perl" -e 'foreach (qw(HUP INT QUIT PIPE ALRM TERM USR1 USR2)) { $SIG{$_} = "DEFAULT" } exec {$ARGV[0]} @ARGV; exit 127' -- "$@" ;;
    python3) exec "$_python" -I -c 'import os, signal, sys
for name in "HUP INT QUIT PIPE ALRM TERM USR1 USR2 XFSZ".split():
    signal.signal(getattr(signal, "SIG" + name), signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@" ;;
    none) exec "$@" ;;
  esac
}

# Sets _decoded to the working directory.
load_cwd() {
  _decoded=/
  while IFS= read -r _line; do
    case $_line in cwd\ *) decode "${_line#cwd }" ;; esac
  done <"$_dir/spec"
  expand_home
}

# Exports the variables of the run; those a shell cannot hold go to _special
# (encoded). Secrets leave the disk here.
load_variables() {
  _directory=$_decoded
  _special='' _unbuffered=1
  case $RUNCTL_LC_ALL in '' | *[!A-Za-z0-9_.@-]*) ;; *) _special=" LC_ALL=$RUNCTL_LC_ALL" ;; esac
  _umask=${RUNCTL_UMASK:-}
  unset RUNCTL_LC_ALL RUNCTL_UMASK RUNCTL_SHELL RUNCTL_PROC RUNCTL_CGROUP RUNCTL_BEAT_SECONDS RUNCTL_ACTION_SECONDS RUNCTL_HOST
  while IFS= read -r _line; do
    case $_line in env\ *) set_variable "${_line#env }" ;; esac
  done <"$_dir/spec"
  if [ -e "$_dir/secrets" ]; then
    while IFS= read -r _line; do set_variable "$_line"; done <"$_dir/secrets"
    "$_rm" -f "$_dir/secrets"
  fi
  if [ -n "$_unbuffered" ]; then
    PYTHONUNBUFFERED=1
    export PYTHONUNBUFFERED
  fi
  RUNCTL_RUN_ID=$_id
  RUNCTL_RUN_DIR=$_dir
  export RUNCTL_RUN_ID RUNCTL_RUN_DIR
  _decoded=$_directory
}

# set_variable NAME=ENCODED
set_variable() {
  case $1 in PYTHONUNBUFFERED=*) _unbuffered= ;; esac
  if is_special "${1%%=*}"; then
    # In reverse, so that the last of a name wins over the inherited one.
    _special=" $1$_special"
  else
    decode "${1#*=}"
    export "${1%%=*}=$_decoded"
  fi
}

# The preparation step; skipped when it last succeeded here with the same key and
# what it made is still there.
run_setup() {
  _key='' _note='' _steps=''
  while IFS= read -r _line; do
    case $_line in
      setupkey\ *) _key=${_line#* } ;;
      setupstep\ *) _note=${_line#* } ;;
      setup | setup\ *) _steps=1 ;;
    esac
  done <"$_dir/spec"
  _note=$_home/setups/${_note:-${_key:--}}
  if [ -n "$_steps" ] && ! is_set_up; then
    put "$_dir/phase" setup
    # First of all: a step that breaks off has not succeeded.
    "$_rm" -f "$_note" || fail_run 1 setup-failed setup
    (load_words setup) || fail_run "$?" setup-failed setup
    if ! has_outputs; then
      printf 'runctl: the set-up step made no %s, so it runs again next time\n' "$_missing" >&2
    fi
    # In a shell of its own: one that cannot write may end.
    if [ -n "$_key" ]; then (printf '%s\n' "$_key" >"$_note") 2>/dev/null || true; fi
  fi
  put "$_dir/phase" command
}

is_set_up() {
  _value=
  [ -n "$_key" ] && { IFS= read -r _value <"$_note"; } 2>/dev/null &&
    [ "$_value" = "$_key" ] && has_outputs
}

# Whether all is there that the spec says the set-up step makes; else sets _missing.
has_outputs() {
  while IFS= read -r _line; do
    case $_line in
      setupoutput\ *)
        decode "${_line#* }"
        if [ ! -e "$_decoded" ]; then
          _missing=$_decoded
          return 1
        fi
        ;;
    esac
  done <"$_dir/spec"
}

# load_words arg|setup: becomes the command made of these lines of the spec.
load_words() {
  _kind=$1
  set --
  while IFS= read -r _line; do
    case $_line in
      "$_kind") set -- "$@" '' ;;
      "$_kind "*)
        decode "${_line#* }"
        set -- "$@" "$_decoded"
        ;;
    esac
  done <"$_dir/spec"
  check_command "$1"
  case $1 in
    # env(1) would take it for a variable. Nice by 0 changes nothing.
    *=*)
      # shellcheck disable=SC2016 # of the other shell
      if [ -n "$_nice" ]; then
        set -- "$_nice" -n 0 "$@"
      else
        set -- /bin/sh -c 'exec "$0" "$@"' "$@"
      fi
      ;;
  esac
  if [ -n "$_special" ]; then
    for _line in $_special; do
      decode "${_line#*=}"
      set -- "${_line%%=*}=$_decoded" "$@"
    done
    set -- "$_env" -- "$@"
  fi
  case $_special in *' LC_ALL='*) ;; *) unset LC_ALL ;; esac
  # As late as this: our own files are the owner's alone.
  case $_umask in '' | *[!0-7]*) ;; *) umask "$_umask" ;; esac
  become "$@"
}

# Looks for $1 as exec does; builtins of this shell are no commands.
check_command() {
  _denied=
  case $1 in
    */*)
      if [ -f "$1" ] && [ -x "$1" ]; then return; fi
      if [ -e "$1" ]; then _denied=1; fi
      ;;
    *)
      _ifs=$IFS
      IFS=:
      for _part in ${PATH:-/usr/bin:/bin}; do
        IFS=$_ifs
        if [ -f "${_part:-.}/$1" ]; then
          if [ -x "${_part:-.}/$1" ]; then return; fi
          _denied=1
        fi
      done
      IFS=$_ifs
      ;;
  esac
  printf 'runctl: cannot run %s\n' "$1" >&2
  if [ "$_kind" = setup ]; then exit "$((127 - ${_denied:-0}))"; fi
  if [ -n "$_denied" ]; then fail_run 126 command-denied; fi
  fail_run 127 command-missing
}

# ------------------------------------------------------------------- stop ---

# verb_stop ID [GRACE]
verb_stop() {
  case ${2:-} in *[!0-9]* | ???????*) die 2 usage 'grace must be whole seconds' ;; esac
  load "${1:-}"
  case $_state in
    missing) die 4 not-found "there is no run $_id" ;;
    elsewhere) die 3 elsewhere "run $_id is on ${_run_host%%/*}, not on this machine" "$_id" ;;
    ended | lost)
      find_members
      if [ -z "$_members" ]; then
        print_status
        return
      fi
      ;;
  esac
  request_stop "${2:-}"
  launch_ender
  load "$_id"
  print_status
}

launch_ender() {
  read_ender
  if is_alive "$_ender" "$_ender_start" "$_ender_boot"; then return; fi
  find_detach
  launch end "$_id" 2>>"$_dir/agent.err"
}

# request_stop GRACE [lease|idle]: records the wish of the user, or of that. The
# first one stays; a later one can only shorten it. A kill has a file of its
# own, so that no stop at the same time can undo it.
request_stop() {
  _grace=${1:-}
  if [ -z "$_grace" ]; then
    spec_number grace
    _grace=${_value:-30}
  fi
  read_uptime
  if [ "$_grace" -eq 0 ]; then
    _new_deadline=$_uptime
    put "$_dir/kill" "$_uptime"
  else
    # Whole seconds were cut off: better one too many than one too few.
    _new_deadline=$((_uptime + _grace + 1))
  fi
  if [ -z "$_stop" ]; then
    read_epoch
    put "$_dir/stop" "$_epoch $_new_deadline${2:+ $2}"
  elif [ "$_new_deadline" -lt "$_stop_deadline" ]; then
    put "$_dir/stop" "$_stop $_new_deadline${_stop_by:+ $_stop_by}"
  fi
}

# Sets _value to the number on line $1 of the spec of the loaded run, if any.
spec_number() {
  _number=
  while IFS= read -r _line; do
    case $_line in "$1 "*) _number=${_line#* } ;; esac
  done 2>/dev/null <"$_dir/spec"
  _value=$_number
}

# Sets _deadline on the clock of read_uptime.
read_stop() {
  read_record "$_dir/stop" _stop _deadline _stop_by
  read_record "$_dir/kill" _kill
  _deadline=${_kill:-${_deadline:-0}}
}

# Internal, detached: TERM, grace, KILL, until none is left. Apart from the
# supervisor, which may be dead, and which has only to wait.
verb_end() {
  check_id "$1"
  cd / || exit 5
  trap '' HUP INT TERM QUIT PIPE
  claim_end
  _termed='' _seen='' _kills=0
  while :; do
    load "$_id"
    unset _with_id
    find_members "$_seen"
    if [ -n "$_group" ]; then _seen=1; fi
    if [ -z "$_members" ]; then
      case $_state in ended | lost) break ;; esac
    fi
    read_stop
    read_uptime
    if [ "$_uptime" -ge "$_deadline" ]; then
      kill_members
      _kills=$((_kills + 1))
      # What KILL does not end is stuck in the kernel or not ours to signal.
      if [ "$_kills" -gt 100 ]; then break; fi
    else
      signal_new_members
    fi
    nap 0.1
  done
}

# One ender a run: two would send TERM twice, which many programs read as
# "quit at once".
claim_end() { claim ender; }

# claim RECORD: makes this process the one that does that for the loaded run, or
# ends it. A hard link is made by one alone; the claim of a dead process stays,
# and the next number is free.
claim() {
  read_process "$$"
  _mine="$$ $_pstart $_boot"
  if is_watched "$1"; then exit 0; fi
  _claim=$_dir/$1.$$
  if { printf '%-255s\n' "$_mine" >"$_claim"; } 2>/dev/null; then
    _number=1
    until ln "$_claim" "$_dir/$1-$_number" 2>/dev/null; do
      if [ ! -e "$_dir/$1-$_number" ]; then
        _number=
        break
      fi
      if is_watched "$1-$_number"; then
        rm -f "$_claim"
        exit 0
      fi
      _number=$((_number + 1))
    done
  else
    _number=
  fi
  rm -f "$_claim"
  put "$_dir/$1" "$_mine"
  if [ -n "$_number" ]; then return; fi
  # A full disk, or one without hard links. Two can still get through here, but
  # only when one of them is held up right between its look and its word.
  nap 0.05
  read_record "$_dir/$1" _watcher
  if [ "$_watcher" != "$_mine" ]; then exit 0; fi
}

# TERM, once each: first the group as one, so that no parent sees its children
# die before it hears itself.
signal_new_members() {
  _group_done=
  for _pid in $_members; do
    case $_termed in *" $_pid "*) continue ;; esac
    if [ -z "$_termed" ] && [ -z "$_group_done" ] && [ -n "$_group" ]; then
      _group_done=" $(processes_in_group "$_group" | tr '\n' ' ')"
      kill -TERM "-$_group" 2>/dev/null || _group_done=' '
    fi
    case $_group_done in
      *" $_pid "*) ;;
      *) kill -TERM "$_pid" 2>/dev/null ;;
    esac
    _fresh="${_fresh:-} $_pid "
  done
  _termed="$_termed${_fresh:-}"
  _fresh=
}

# `kill -SIGNAL -GROUP` is the one spelling that every shell takes: dash wants
# "-s" before "--", and to busybox "--" is a bad number.
kill_members() {
  if [ -n "$_group" ]; then kill -KILL "-$_group" 2>/dev/null; fi
  for _pid in $_members; do kill -KILL "$_pid" 2>/dev/null; done
}

# ------------------------------------------------------------------ lease ---

# Sets _lease_end (on the clock of read_uptime) and _lease_total (seconds from
# the start of the run) of the loaded run; to nothing when it has no lease.
read_lease() {
  _lease_end='' _lease_total=''
  read_record "$_dir/lease" _lease_end _lease_total
  case $_lease_end in *[!0-9]*) _lease_end= ;; esac
}

# verb_extend ID SECONDS: the run ends so long from now; 0: it has no lease.
verb_extend() {
  case ${2:-} in '' | *[!0-9]* | 0?* | ??????????*) die 2 usage 'extend ID SECONDS' ;; esac
  load "${1:-}"
  case $_state in
    missing) die 4 not-found "there is no run $_id" ;;
    elsewhere) die 3 elsewhere "run $_id is on ${_run_host%%/*}, not on this machine" "$_id" ;;
  esac
  # There is no run any more, but perhaps what ends the machine.
  if [ "$2" -gt 0 ] && has_after && has_line action &&
    { [ "$_state" = ended ] || { [ "$_state" = lost ] && is_over; }; }; then
    verb_hold "$@"
    return
  fi
  if [ "$_state" = ended ] || [ -n "$_stop" ]; then die 3 ending "run $_id is at its end" "$_id"; fi
  if [ "$2" -eq 0 ]; then
    _lease=none
  else
    read_uptime
    number "$_start_uptime"
    if [ "$_json" = null ]; then _start_uptime=$_uptime; fi
    _lease="$((_uptime + $2)) $((_uptime + $2 - _start_uptime))"
  fi
  _why=$({ put "$_dir/lease" "$_lease"; } 2>&1) || die_unwritten "cannot write $_dir/lease" "$_why"
  find_detach
  keep_watchers 2>>"$_dir/agent.err"
  load "$_id"
  # It may have looked at the old end just before.
  if [ -n "$_stop" ]; then die 3 ending "run $_id is at its end" "$_id"; fi
  print_status
}

# Starts what the loaded run needs and lacks: the timer of its lease, the
# observer of its activity, who does what follows it. Each is a session of its own, so that neither the
# supervisor's death nor the other's hang matters to it. No fork when all is well.
keep_watchers() {
  read_lease
  if [ -n "$_lease_end" ] && ! is_watched timer; then launch timer "$_id"; fi
  if [ -z "${_idle+set}" ]; then
    spec_number idle
    _idle=$_value
  fi
  if [ -n "$_idle" ] && ! is_watched idler; then launch idle "$_id"; fi
  if has_after && ! is_watched after; then launch after "$_id"; fi
}

# is_watched RECORD; sets _watcher.
is_watched() {
  _watcher='' _watcher_start='' _watcher_boot=''
  read_record "$_dir/$1" _watcher _watcher_start _watcher_boot _rest
  is_alive "$_watcher" "$_watcher_start" "$_watcher_boot"
}

# Each leads a group, in which its sleep and its nvidia-smi are.
end_watchers() {
  for _entry in timer idler; do
    if is_watched "$_entry"; then kill -KILL "-$_watcher" 2>/dev/null; fi
    case $_watcher in '' | *[!0-9]*) continue ;; esac
    if [ "$_entry" = idler ]; then remove_scratch "$_watcher"; fi
  done
}

# Records this process as $1; the last one to do so is the one that counts.
claim_watch() {
  cd / || exit 5
  trap '' HUP INT TERM QUIT PIPE
  read_process "$$"
  _mine="$$ $_pstart $_boot"
  put "$_dir/$1" "$_mine"
}

# Loads run $2 and ends this process when there is nothing to watch any more,
# or when another is $1 by now. Sets _members of a lost run.
still_watching() {
  # Not elsewhere, whatever the machine is called by now.
  load_here "$2"
  case $_state in
    missing | ended) exit 0 ;;
    lost)
      unset _with_id
      find_members
      if [ -z "$_members" ]; then exit 0; fi
      ;;
  esac
  read_record "$_dir/$1" _watcher
  if [ "$_watcher" != "$_mine" ]; then exit 0; fi
}

# Internal, detached: the hard end. It waits for nobody, and does nothing that
# can hang, so that what hangs or fills the disk cannot put it off.
verb_timer() {
  check_id "$1"
  claim_watch timer
  _end=
  while :; do
    still_watching timer "$_id"
    read_record "$_dir/lease" _lease_end _lease_total
    case $_lease_end in
      none) _end= ;;
      # What cannot be read changes nothing.
      '' | *[!0-9]*) ;;
      *) _end=$_lease_end ;;
    esac
    _pause=2
    if [ -n "$_end" ]; then
      read_uptime
      _left=$((_end - _uptime))
      if [ "$_left" -le 0 ]; then end_by lease; fi
      if [ "$_left" -lt "$_pause" ]; then _pause=$_left; fi
    fi
    sleep "$_pause"
  done
}

# end_by lease|idle: as `stop` does it; ends this process.
end_by() {
  request_stop '' "$1"
  launch_ender
  exit 0
}

# Internal, detached: ends a run of which nothing has been seen to happen for as
# long as its spec says. What is not known counts as activity.
verb_idle() {
  check_id "$1"
  claim_watch idler
  spec_number idle
  _idle=$_value
  _look=$((_idle / 10))
  if [ "$_look" -lt 1 ]; then _look=1; fi
  if [ "$_look" -gt 30 ]; then _look=30; fi
  read_uptime
  _active_at=$_uptime _looked_at=$_uptime _times='' _gpu_again=0
  while :; do
    still_watching idler "$_id"
    if [ -n "$_stop" ]; then exit 0; fi
    read_uptime
    # After a sleep of the machine nothing is known of the time between.
    _between=$((_uptime - _looked_at)) _looked_at=$_uptime
    if uses_cpu || [ "$_between" -gt "$((3 * _look + 10))" ] || uses_gpu; then
      read_uptime
      _active_at=$_uptime
    elif [ "$((_uptime - _active_at))" -ge "$_idle" ]; then
      end_by idle
    fi
    sleep "$_look"
  done
}

# Have the members used more than a little CPU since the last look, _between
# seconds ago? The time of children that ended is in their parents'. Yes, too,
# at the first look, and when nothing can be seen.
# shellcheck disable=SC2016,SC2086 # awk's own; split into words
uses_cpu() {
  unset _with_id
  find_members
  _before=$_times
  _times=$(cpu_times $_members)
  if [ -z "$_before" ] || [ -z "$_times" ]; then return 0; fi
  printf '%s\n' "$_before" - "$_times" | awk -v "seconds=$_between" -v "limit=$IDLE_CPU_PERCENT" '
    $1 == "-" { now = 1; next }
    !now { before[$1] = $2; next }
    { used += $2 - before[$1] }
    END { exit !(seconds < 1 ? used > 0.5 : used * 100 > limit * seconds) }'
}

# Prints "PID SECONDS" for each of the processes $@.
# shellcheck disable=SC2016 # awk's own
cpu_times() {
  if [ "$#" -eq 0 ]; then return; fi
  if [ -n "$_has_proc" ]; then
    _hz=$(getconf CLK_TCK 2>/dev/null || echo 100)
    for _pid; do cat "$_proc/$_pid/stat" 2>/dev/null; done |
      sed -n 's/^\([0-9]*\) (.*) \(.*\)$/\1 \2/p' |
      awk -v "hz=$_hz" '{ print $1, ($13 + $14 + $15 + $16) / hz }'
  else
    for _pid; do ps -o pid= -o time= -p "$_pid" 2>/dev/null; done | awk '{
      n = split($2, part, /[-:]/)
      seconds = part[n] + 60 * part[n - 1]
      if (n > 2) seconds += 3600 * part[n - 2]
      if (n > 3) seconds += 86400 * part[n - 3]
      print $1, seconds
    }'
  fi
}

# Is a GPU busy that may be the run's? One that is surely at work for other
# processes alone does not count. A query that hangs is not made again soon.
# shellcheck disable=SC2016 # awk's own
uses_gpu() {
  if [ "$_uptime" -lt "$_gpu_again" ]; then return 0; fi
  start_gpu_query
  if [ -z "$_smi" ]; then return 1; fi
  if [ -z "$_scratch" ]; then return 0; fi
  await_gpu_query
  if [ "$_code" != 0 ] || [ "$_apps_code" != 0 ]; then
    if [ -z "$_apps_code" ]; then _gpu_again=$((_uptime + 300)); fi
    _value=$(cat "$_scratch/gpus" 2>/dev/null)
    end_gpu_query
    case $_value in 'No devices were found'*) return 1 ;; esac
    return 0
  fi
  # A line for each busy GPU: the processes on it, or "?".
  _busy=$(awk -F ', *' -v "limit=$IDLE_GPU_PERCENT" '
    FILENAME ~ /apps$/ { if (NF >= 2) pids[$1] = pids[$1] " " $2; next }
    NF >= 4 && ($4 !~ /^[0-9]+$/ || $4 >= limit) { print $3 in pids ? pids[$3] : "?" }
  ' "$_scratch/apps" "$_scratch/gpus" 2>/dev/null) || _busy='?'
  end_gpu_query
  for _pid in $_busy; do
    case $_pid in *[!0-9]*) return 0 ;; esac
    case $_members in *" $_pid "*) return 0 ;; esac
    # Of another container, or numbered as outside ours.
    if ! read_process "$_pid"; then return 0; fi
  done
  return 1
}

# ---------------------------------------------------------- after the run ---

# Every step leaves a record when it is done, so that whoever replaces a process
# that died goes on where it stood: `saved`, `called`, `hold`, `acted`. The one
# at work is `after`, which does nothing that can hang; another, `keeper`, looks
# only whether it lives, and is looked after by it in turn.

# s3://bucket/prefix, of characters that mean nothing to any of the tools.
check_place() {
  check_encoded "$1"
  decode "$1"
  case $_decoded in
    *[!A-Za-z0-9_./:=,@+-]*) ;;
    s3://[A-Za-z0-9]*) return ;;
  esac
  die 2 usage 'durable must be s3://bucket/prefix, of plain characters'
}

# Nothing but https leaves the machine: the address may hold a token.
check_webhook() {
  check_encoded "$1"
  decode "$1"
  case $_decoded in
    *[!\!-~]*) ;;
    https://[A-Za-z0-9]*) return ;;
    http://localhost | http://localhost[:/]* | http://127.0.0.1 | http://127.0.0.1[:/]*) return ;;
    'http://[::1]' | 'http://[::1]'[:/]*) return ;;
  esac
  die 2 usage 'webhook must be an https address, or http on localhost'
}

# check_after_secret NAME=ENCODED: credentials, and where they may go. A name like
# PATH or AWS_CONFIG_FILE would change what the tools are, or whom they ask.
check_after_secret() {
  check_variable "$1"
  case ${1%%=*} in
    AWS_ACCESS_KEY_ID | AWS_SECRET_ACCESS_KEY | AWS_SESSION_TOKEN | AWS_REGION | AWS_ENDPOINT_URL_S3) ;;
    *) die 2 usage "no after-secret is called ${1%%=*}" ;;
  esac
}

# Makes the records of what follows the run in _new, when anything does.
prepare_after() {
  if [ -z "$_after" ]; then return; fi
  put_new stage waiting && put_new after '' && put_new keeper '' && put_new saver '' &&
    put_new hold '' && put_new called '' && put_new acted '' &&
    printf '%-5119s\n' '' >"$_new/saved" && : >"$_new/action.log"
}

# put_long FILE TEXT: as put, for a record of one line of any length up to 5 kB.
# What a longer one before it left behind its line break is never read.
put_long() { printf '%s\n' "$2" 1<>"$1"; }

has_after() { [ -e "$_dir/stage" ]; }

# Sets _stage _stage_end (of the saving, on the clock of read_uptime) _stage_boot
# _tries of the loaded run.
read_stage() {
  _stage='' _stage_end='' _stage_boot='' _tries=''
  read_record "$_dir/stage" _stage _stage_end _stage_boot _tries
}

# Sets _json to what follows the loaded run.
after_json() {
  _json=null
  if ! has_after || [ "$_state" = elsewhere ]; then return; fi
  read_stage
  number "$_tries"
  _tries_json=$_json
  if [ "$_json" = null ]; then _tries_json=0; fi
  if is_after_lost; then
    _stage=lost
    # Nobody is left to remove them; but a `save` may have just brought them.
    if [ -e "$_dir/after-secrets" ]; then
      find "$_dir/after-secrets" -mmin +2 -exec rm -f {} + 2>/dev/null
    fi
  fi
  case $_stage in
    waiting | saving | calling | holding | acting | done | lost) ;;
    *) _stage=waiting ;;
  esac
  read_saved
  read_record "$_dir/called" _called
  case $_called in sent | failed) _called=\"$_called\" ;; *) _called=null ;; esac
  _left=null
  if [ "$_stage" = holding ]; then
    read_uptime
    read_hold
    _left=$((${_hold_end:-$_uptime} - _uptime))
    if [ "$_left" -lt 0 ]; then _left=0; fi
  fi
  _json="{\"state\":\"$_stage\",${_saved%?},\"webhook\":$_called,\"left\":$_left,\"tries\":$_tries_json}"
}

# Nobody does what is left to do, and nobody is there who would see to it. The
# supervisor first: it does not go before another has begun.
is_after_lost() {
  if [ "$_stage" = 'done' ] || [ "$_state" = starting ]; then return 1; fi
  if is_watched supervisor || is_watched after || is_watched keeper; then return 1; fi
  # It may have ended between the two looks.
  read_stage
  [ "$_stage" != 'done' ]
}

# Sets _saved to the record of the saving without its first brace, and _is_saved
# when there is one.
read_saved() {
  _is_saved=1
  read_record "$_dir/saved" _saved
  case $_saved in
    *[!\ -~]*) ;;
    '{"by":'*',"place":'*',"error":'*',"saved":['*']}')
      _saved=${_saved#?}
      return
      ;;
  esac
  _is_saved='' _saved='"by":null,"place":null,"error":null,"saved":[]}'
}

# Sets _hold_end, on the clock of read_uptime, when one was set in this boot.
read_hold() {
  _hold_end='' _hold_boot=''
  read_record "$_dir/hold" _hold_end _hold_boot
  case $_hold_end in *[!0-9]*) _hold_end= ;; esac
  if [ "$_hold_boot" != "$_boot" ]; then _hold_end= ; fi
}

# Sets _value to the text on line $1 of the spec of the loaded run, decoded.
spec_text() {
  _value=
  while IFS= read -r _line; do
    case $_line in "$1 "*) _value=${_line#* } ;; esac
  done 2>/dev/null <"$_dir/spec"
  decode "$_value"
  _value=$_decoded
}

has_line() {
  while IFS= read -r _line; do
    case $_line in "$1 "*) return 0 ;; esac
  done 2>/dev/null <"$_dir/spec"
  return 1
}

# Internal, detached from the start of the run on: waits for its end, whoever
# brings that about, and does what follows.
verb_after() {
  check_id "$1"
  cd / || exit 5
  # Handlers, so that what it starts does not ignore them.
  trap : HUP INT TERM QUIT
  prepare_limited
  claim after
  await_end
  _act_at=0
  while :; do
    if [ ! -d "$_dir" ]; then exit 0; fi
    keep_keeper
    read_saved
    read_record "$_dir/called" _called
    read_record "$_dir/acted" _acted
    if [ -z "$_is_saved" ] && has_line durable; then
      step_save
    elif [ -z "$_called" ] && has_line_webhook; then
      step_call
    elif [ -z "$_acted" ] && has_line action; then
      step_act
    else
      break
    fi
  done
  enter 'done'
}

# The address is in a file of its own, which goes when it was called.
has_line_webhook() { [ -e "$_dir/webhook" ]; }

# enter STATE [END]: says what is done now.
enter() {
  read_stage
  _stage="$1 ${2:-0} $_boot ${_tries:-0}"
  put "$_dir/stage" "$_stage"
}

keep_keeper() {
  if ! is_watched keeper; then launch keep "$_id" 2>>"$_dir/agent.err"; fi
}

# Internal, detached: sees to it that there is somebody at work.
verb_keep() {
  check_id "$1"
  find_detach
  claim_watch keeper
  while [ -d "$_dir" ]; do
    read_stage
    if [ "$_stage" = 'done' ]; then exit 0; fi
    if ! is_watched after; then launch after "$_id" 2>>"$_dir/agent.err"; fi
    sleep 2
    read_record "$_dir/keeper" _watcher
    if [ "$_watcher" != "$_mine" ]; then exit 0; fi
  done
}

# Waits until the run has ended: it has its exit record, or nobody is there to
# write it and the main process is gone.
await_end() {
  _waited=0
  while :; do
    load_here "$_id"
    case $_state in
      missing) exit 0 ;;
      ended) return ;;
      starting) ;;
      lost) if is_over; then return; fi ;;
      # A supervisor that hangs would put off the end of the machine.
      *)
        if is_over; then _waited=$((_waited + 1)); else _waited=0; fi
        if [ "$_waited" -gt 30 ]; then return; fi
        ;;
    esac
    keep_keeper
    sleep 1
  done
}

# No exit record: is the loaded run over all the same? What a run leaves behind
# on purpose does not count, unless it was stopped: then it gets KILL, too.
is_over() {
  if [ -n "$_main" ] && is_alive "$_main" "$_main_start" "$_main_boot"; then return 1; fi
  if [ -n "$_main" ] && [ -z "$_stop" ]; then return 0; fi
  unset _with_id
  find_members
  if [ -z "$_members" ]; then return 0; fi
  if [ -z "$_stop" ]; then return 1; fi
  read_stop
  read_uptime
  [ "$_uptime" -gt "$((_deadline + 20))" ]
}

# ---- limited commands ----

prepare_limited() {
  find_detach
  _env=$(command -v env) _perl='' _python='' _in='' _out=/dev/null _mine_saver=''
  find_signal_reset
}

# limited SECONDS COMMAND…: runs it as a session of its own, which gets KILL at
# the end of its time; sets _code, 124 then. Its input is the file _in, its
# output goes to _out.
limited() {
  read_uptime
  _limit=$((_uptime + $1))
  shift
  # Whoever replaced a dead one may have been told to ignore signals.
  if [ "$_reset" = env ]; then set -- "$_env" "--default-signal=$_signals" -- "$@"; fi
  become_leader "$@" <"${_in:-/dev/null}" >>"$_out" 2>&1 &
  _tool=$!
  read_process "$_tool"
  _tool_start=$_pstart
  if [ -n "$_mine_saver" ]; then put "$_dir/saver" "$_mine_saver $_tool"; fi
  while is_alive "$_tool" "$_tool_start" "$_boot"; do
    read_uptime
    if [ "$_uptime" -ge "$_limit" ]; then
      kill -KILL "-$_tool" 2>/dev/null || kill -KILL "$_tool" 2>/dev/null
      wait "$_tool"
      _code=124
      return
    fi
    nap 0.1
  done
  wait "$_tool"
  _code=$?
}

# Sets _scratch: a directory in memory where there is one, since the disk may be
# full. Either may be: one without room is passed over. $1 tells whose it is.
make_scratch() {
  for _part in /dev/shm "$_home" "${TMPDIR:-/tmp}"; do
    _scratch=$_part/runctl-$1.$$
    if ! mkdir "$_scratch" 2>/dev/null; then continue; fi
    if { head -c 65536 /dev/zero >"$_scratch/room"; } 2>/dev/null; then
      rm -f "$_scratch/room"
      return
    fi
    rm -rf "$_scratch"
  done
  _scratch=
  return 1
}

# clear_scratch NAME PID: what that process left, which got killed.
clear_scratch() {
  for _part in /dev/shm "$_home" "${TMPDIR:-/tmp}"; do
    if [ -d "$_part/runctl-$1.$2" ]; then rm -rf "$_part/runctl-$1.$2"; fi
  done
}

# ---- saving ----

# One saver at a time; at its limit it gets KILL with all it started.
step_save() {
  read_stage
  if [ "$_stage" != saving ] || [ "$_stage_boot" != "$_boot" ]; then
    spec_number save-limit
    read_uptime
    enter saving "$((_uptime + ${_value:-900}))"
    read_stage
  fi
  _end=$_stage_end _starts=0
  while :; do
    read_saved
    if [ -n "$_is_saved" ]; then break; fi
    read_uptime
    if [ "$_uptime" -ge "$((_end + 3))" ]; then
      end_saver
      record_saved null null 'the time for saving is over'
      break
    fi
    if ! is_watched saver; then
      # Once more between the two looks.
      read_saved
      if [ -n "$_is_saved" ]; then break; fi
      if [ "$_starts" -ge 3 ]; then
        record_saved null null 'what saves the run ends without a word'
        break
      fi
      end_saver
      _starts=$((_starts + 1))
      launch saver "$_id" 2>>"$_dir/agent.err"
      await_saver
    fi
    keep_keeper
    nap 0.2
  done
  rm -f "$_dir/after-secrets"
}

await_saver() {
  _looks_left=100
  until is_watched saver && [ "$_watcher" != "$_old_saver" ]; do
    read_saved
    _looks_left=$((_looks_left - 1))
    if [ -n "$_is_saved" ] || [ "$_looks_left" -eq 0 ]; then return; fi
    nap 0.05
  done
}

# KILL to the saver and the tool it is using. Sets _old_saver.
end_saver() {
  _old_saver='' _saver_start='' _saver_boot='' _saver_tool=''
  read_record "$_dir/saver" _old_saver _saver_start _saver_boot _saver_tool
  if [ "$_saver_boot" != "$_boot" ]; then return; fi
  if is_alive "$_old_saver" "$_saver_start" "$_saver_boot"; then kill -KILL "-$_old_saver" 2>/dev/null; fi
  # A group by that number can be a stranger's only after its leader's pid went round.
  case $_saver_tool in
    '' | *[!0-9]*) ;;
    *) if is_tool "$_saver_tool"; then kill -KILL "-$_saver_tool" 2>/dev/null; fi ;;
  esac
  clear_scratch save "$_old_saver"
}

# Process $1 leads a session of ours: its environment names our home.
is_tool() {
  if [ -z "$_has_proc" ]; then return 0; fi
  tr '\000' '\n' 2>/dev/null <"$_proc/$1/environ" | grep -qxF "RUNCTL_SAVER=$_dir"
}

# record_saved BY PLACE ERROR [LIST]: ends the saving. BY and PLACE are JSON.
record_saved() {
  _json=null
  if [ -n "$3" ]; then
    # Cut, so that the record holds it whatever it is made of.
    json_string "$(printf '%s' "$3" | tr '\n\177' '  ' | cut -c 1-600)"
  fi
  put_long "$_dir/saved" "{\"by\":$1,\"place\":$2,\"error\":$_json,\"saved\":[${4:-}]}"
}

# Internal, detached: puts all of the run in its durable place, then says so.
verb_saver() {
  check_id "$1"
  cd / || exit 5
  trap : HUP INT TERM QUIT
  prepare_limited
  RUNCTL_SAVER=$_dir
  export RUNCTL_SAVER
  read_process "$$"
  _mine_saver="$$ $_pstart $_boot"
  put "$_dir/saver" "$_mine_saver"
  read_stage
  load_here "$_id"
  load_after_secrets
  spec_text durable
  _place=${_value%/}/$_id
  json_string "$_place"
  _place_json=$_json
  _notes='' _by='' _list=''
  if ! make_scratch save; then
    record_saved null "$_place_json" 'no space left for temporary files'
    exit 0
  fi
  write_exit
  printf '%s\n' run.json exit.json log >"$_scratch/items"
  find_checkpoints
  if list_files && write_index; then
    for _way in aws s5cmd rclone python3; do
      if command -v "$_way" >/dev/null 2>&1; then
        if save_by "$_way"; then
          _by=$_way
          break
        fi
      fi
    done
    if [ -z "$_by" ] && [ -z "$_notes" ]; then
      note 'nothing to save with: needs one of aws, s5cmd, rclone and python3'
    fi
  fi
  if [ -n "$_by" ]; then
    _list=$(cat "$_scratch/summary")
    # What failed before is of no interest any more, unless something is missing.
    record_saved "\"$_by\"" "$_place_json" "$_missing" "$_list"
  else
    record_saved null "$_place_json" "${_missing:+$_missing; }$_notes"
  fi
  rm -rf "$_scratch"
}

note() { _notes="${_notes:+$_notes; }$1"; }

# Exports what the tools need to know. The run's starter may have had credentials
# of its own: halves of both together would be none. Who has been given some need
# not ask the metadata service for others, which may take all of a tool's time.
load_after_secrets() {
  if [ -e "$_dir/after-secrets" ]; then
    while IFS= read -r _line; do
      case $_line in
        AWS_ACCESS_KEY_ID=*)
          unset AWS_SESSION_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE
          AWS_EC2_METADATA_DISABLED=true
          export AWS_EC2_METADATA_DISABLED
          ;;
      esac
    done <"$_dir/after-secrets"
    while IFS= read -r _line; do
      decode "${_line#*=}"
      export "${_line%%=*}=$_decoded"
    done <"$_dir/after-secrets"
  fi
  _endpoint=${AWS_ENDPOINT_URL_S3:-${AWS_ENDPOINT_URL:-}}
  if [ -n "${AWS_REGION:-}" ]; then
    AWS_DEFAULT_REGION=$AWS_REGION
    export AWS_DEFAULT_REGION
  fi
}

# The exit record; what can be said in its place of a run that has none.
write_exit() {
  if [ "$_state" = ended ]; then
    printf '%s\n' "$_exit" >"$_scratch/exit.json"
    return
  fi
  stop_json
  quoted "$_phase"
  _value=$_json
  read_oom
  printf '{"code":null,"signal":null,"ended":null,"uptime":null,"phase":%s,"stop":%s,"reason":"lost","oom":%s}\n' \
    "$_value" "$_by_json" "$_oom" >"$_scratch/exit.json"
}

# Sets _by_json: who ended the loaded run.
stop_json() {
  _by_json=null
  if [ -n "$_stop" ]; then
    case $_stop_by in lease | idle) _by_json=\"$_stop_by\" ;; *) _by_json='"user"' ;; esac
  fi
}

# Sets _item_path: where what is saved as $1 lies.
item_path() {
  case $1 in
    exit.json | index.json) _item_path=$_scratch/$1 ;;
    checkpoints/*) _item_path=$_checkpoints/${1#checkpoints/} ;;
    *) _item_path=$_dir/$1 ;;
  esac
}

# Writes the files of all items to `files`, relative names, a line each. Links
# within a directory are not followed, by none of the tools.
list_files() {
  : >"$_scratch/files"
  while IFS= read -r _item; do
    item_path "$_item"
    if [ -d "$_item_path" ]; then
      if [ -n "$(find "$_item_path" -path '*
*' 2>/dev/null | head -n 1)" ]; then
        _missing="$_item has names with line breaks, which are left out"
      fi
      (
        cd -- "$_item_path" || exit 1
        find . -type f ! -path '*
*'
      ) 2>/dev/null | sed "s|^\\.|$(printf '%s' "$_item" | sed 's/[&|\\]/\\&/g')|" >>"$_scratch/files"
    else
      printf '%s\n' "$_item" >>"$_scratch/files"
    fi
  done <"$_scratch/items"
}

# Writes index.json, and to `summary` the items with their sizes.
write_index() {
  read_epoch
  printf '{"run":"%s","time":%s,"files":[' "$_id" "$_epoch" >"$_scratch/index.json"
  : >"$_scratch/summary"
  _comma='' _between=''
  while IFS= read -r _item; do
    _sum=0
    while IFS= read -r _file; do
      case $_file in "$_item" | "$_item"/*) ;; *) continue ;; esac
      item_path "$_file"
      if ! read_size "$_item_path"; then
        note "$_file cannot be read"
        return 1
      fi
      _sum=$((_sum + _size))
      json_string "$_file"
      _name=$_json
      hash_file "$_item_path"
      printf '%s{"name":%s,"bytes":%s,"sha256":%s}' "$_comma" "$_name" "$_size" "$_hash" >>"$_scratch/index.json"
      _comma=,
    done <"$_scratch/files"
    json_string "$_item"
    printf '%s{"name":%s,"bytes":%s}' "$_between" "$_json" "$_sum" >>"$_scratch/summary"
    _between=,
  done <"$_scratch/items"
  printf ']}\n' >>"$_scratch/index.json"
  # What was cut short for want of room must not be taken for whole.
  case "$(tail -c 3 "$_scratch/index.json" 2>/dev/null)" in
    ']}') ;;
    *)
      note 'no space left for temporary files'
      return 1
      ;;
  esac
}

# Sets _hash to the SHA-256 of file $1 (JSON), null where nothing here can tell.
hash_file() {
  if [ -z "${_hasher:-}" ]; then
    for _hasher in sha256sum 'shasum -a 256' 'openssl dgst -sha256 -r' none; do
      if command -v "${_hasher%% *}" >/dev/null 2>&1; then break; fi
    done
  fi
  _hash=
  # shellcheck disable=SC2086 # a command and its arguments
  if [ "$_hasher" != none ]; then _hash=$($_hasher <"$1" 2>/dev/null); fi
  _hash=${_hash%% *}
  case $_hash in
    *[!0-9a-f]*) _hash=null ;;
    ????????????????????????????????????????????????????????????????) _hash=\"$_hash\" ;;
    *) _hash=null ;;
  esac
}

# save_by TOOL: everything, the index last. The first file is small: a tool that
# cannot work here, or hangs, is found out before it has used up the time.
save_by() {
  _is_first=1
  while IFS= read -r _item; do
    send_item "$1" "$_item" || return 1
    _is_first=
    # All at once: it was given the whole list.
    if [ "$1" = python3 ]; then break; fi
  done <"$_scratch/items"
  send_item "$1" index.json
}

# send_item TOOL ITEM
send_item() {
  read_uptime
  _seconds=$((_stage_end - _uptime))
  if [ "$_seconds" -lt 1 ]; then
    note "$1: the time for saving is over"
    return 1
  fi
  if [ -n "$_is_first" ] && [ "$1" != python3 ] && [ "$_seconds" -gt 60 ]; then _seconds=60; fi
  item_path "$2"
  _out=$_scratch/err
  : >"$_out"
  set -- "$1" "$2" "$_item_path" "$_place/$2"
  case $1 in
    aws) send_by_aws "$3" "$4" ;;
    s5cmd) send_by_s5cmd "$2" ;;
    rclone) send_by_rclone "$3" "$4" ;;
    *) send_by_python3 "$2" ;;
  esac
  if [ "$_code" -eq 0 ]; then return 0; fi
  if [ "$_code" -eq 124 ]; then
    note "$1 did not end in time"
    return 1
  fi
  # What is said last is often but the number of the request; what is indented, a hint.
  _value=$(grep -v '^[[:space:]]' "$_out" 2>/dev/null | grep -i -e error -e fail | tail -n 1 | cut -c 1-250)
  if [ -z "$_value" ]; then _value=$(grep -v '^[[:space:]]*$' "$_out" 2>/dev/null | tail -n 1 | cut -c 1-250); fi
  redact "$_value"
  note "$1: ${_text:-exit code $_code}"
  return 1
}

# Sets _text to $1 without any of the credentials: services repeat them.
redact() {
  _text=$1
  for _secret in "${AWS_ACCESS_KEY_ID:-}" "${AWS_SECRET_ACCESS_KEY:-}" "${AWS_SESSION_TOKEN:-}"; do
    if [ "${#_secret}" -lt 4 ]; then continue; fi
    while :; do
      case $_text in
        *"$_secret"*) _text="${_text%%"$_secret"*}***${_text#*"$_secret"}" ;;
        *) break ;;
      esac
    done
  done
}

# send_by_TOOL PATH URL, or ITEM: sets _code. Links are left out, as in the index.
send_by_aws() {
  # Newer ones add checksums that not every service takes.
  AWS_REQUEST_CHECKSUM_CALCULATION=when_required AWS_RESPONSE_CHECKSUM_VALIDATION=when_required AWS_PAGER=''
  export AWS_REQUEST_CHECKSUM_CALCULATION AWS_RESPONSE_CHECKSUM_VALIDATION AWS_PAGER
  _path=$1 _url=$2
  set -- aws s3 cp --only-show-errors --no-follow-symlinks
  if [ -d "$_path" ]; then set -- "$@" --recursive; fi
  if [ -n "$_endpoint" ]; then set -- "$@" --endpoint-url "$_endpoint"; fi
  limited "$_seconds" "$@" "$_path" "$_url"
}

# File by file: its wildcards have no escape in names of directories.
send_by_s5cmd() {
  _whole_item=$1
  while IFS= read -r _file; do
    case $_file in "$_whole_item" | "$_whole_item"/*) ;; *) continue ;; esac
    read_uptime
    _seconds=$((_stage_end - _uptime))
    if [ -n "$_is_first" ] && [ "$_seconds" -gt 60 ]; then _seconds=60; fi
    if [ "$_seconds" -lt 1 ]; then _seconds=1; fi
    item_path "$_file"
    set -- s5cmd
    if [ -n "$_endpoint" ]; then set -- "$@" --endpoint-url "$_endpoint"; fi
    limited "$_seconds" "$@" cp --raw "$_item_path" "$_place/$_file"
    if [ "$_code" -ne 0 ]; then return; fi
  done <"$_scratch/$(files_of "$1")"
}

# The index is in no list.
files_of() {
  case $1 in
    index.json)
      echo index.json >"$_scratch/last"
      echo last
      ;;
    *) echo files ;;
  esac
}

# A remote made of variables alone: no file, and no secret in an argument.
send_by_rclone() {
  RCLONE_CONFIG_RUNCTL_TYPE=s3 RCLONE_CONFIG_RUNCTL_ENV_AUTH=true RCLONE_CONFIG_RUNCTL_NO_CHECK_BUCKET=true
  RCLONE_CONFIG_RUNCTL_REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
  RCLONE_CONFIG_RUNCTL_ENDPOINT=$_endpoint RCLONE_CONFIG_RUNCTL_PROVIDER=AWS
  # The one that buckets without access lists take; older ones send another.
  RCLONE_CONFIG_RUNCTL_ACL=bucket-owner-full-control
  if [ -n "$_endpoint" ]; then RCLONE_CONFIG_RUNCTL_PROVIDER=Other RCLONE_CONFIG_RUNCTL_ACL=private; fi
  export RCLONE_CONFIG_RUNCTL_TYPE RCLONE_CONFIG_RUNCTL_ENV_AUTH RCLONE_CONFIG_RUNCTL_NO_CHECK_BUCKET \
    RCLONE_CONFIG_RUNCTL_REGION RCLONE_CONFIG_RUNCTL_ENDPOINT RCLONE_CONFIG_RUNCTL_PROVIDER RCLONE_CONFIG_RUNCTL_ACL
  _path=$1 _url=${2#s3://}
  set -- rclone --ask-password=false --no-check-dest --retries 2 --quiet
  # Some versions of it break on the variable.
  _bundle=${AWS_CA_BUNDLE:-}
  if [ -n "$_bundle" ]; then set -- "$@" --ca-cert "$_bundle"; fi
  unset AWS_CA_BUNDLE
  if [ -d "$_path" ]; then set -- "$@" copy; else set -- "$@" copyto; fi
  limited "$_seconds" "$@" "$_path" "runctl:$_url"
  if [ -n "$_bundle" ]; then
    AWS_CA_BUNDLE=$_bundle
    export AWS_CA_BUNDLE
  fi
}

# All items together, or the index.
send_by_python3() {
  while IFS= read -r _file; do
    item_path "$_file"
    printf '%s\n%s\n' "$_file" "$_item_path"
  done <"$_scratch/$(files_of "$1")" >"$_scratch/list"
  limited "$_seconds" python3 -I "${_script%/*}/after.py" put "$_scratch/list" "$_place"
}

# ---- checkpoints ----

# Adds the newest whole checkpoint to `items`; two, where it cannot be told
# whether the newest is whole. Sets _missing: why there is none, though there
# should be. The rules are those of src/checkpoints.
find_checkpoints() {
  _missing='' _checkpoints=''
  if ! has_line checkpoints; then return; fi
  load_cwd
  _directory=$_decoded
  spec_text checkpoints
  expand_home
  case $_decoded in /*) _checkpoints=$_decoded ;; *) _checkpoints=$_directory/$_decoded ;; esac
  if [ ! -d "$_checkpoints" ]; then return; fi
  if ! cd -- "$_checkpoints" 2>/dev/null || [ ! -r . ]; then
    _missing='the directory of the checkpoints cannot be read'
    cd / || exit 5
    return
  fi
  # Names with a slash in front and behind: those looked at, good or not.
  _rejected='' _taken=0 _cut=''
  _is_strict=1
  pick_checkpoints
  # Nothing with a usual name: whatever is the newest then.
  if [ "$_taken" -eq 0 ] && [ -z "$_cut" ]; then
    _is_strict=
    pick_checkpoints
  fi
  if [ "$_taken" -eq 0 ] && [ -n "$_cut" ]; then _missing='no checkpoint is whole'; fi
  cd / || exit 5
}

pick_checkpoints() {
  while [ "$_taken" -lt 2 ]; do
    find_newest
    if [ -z "$_newest" ]; then return; fi
    _rejected="$_rejected/$_newest/"
    find_structure "$_newest"
    if [ "$_structure" = partial ]; then
      _cut=1
      continue
    fi
    printf 'checkpoints/%s\n' "$_newest" >>"$_scratch/items"
    _taken=$((_taken + 1))
    if [ "$_structure" = whole ]; then return; fi
  done
}

# Sets _newest: the checkpoint that was changed last of those not yet rejected.
# shellcheck disable=SC3013 # known to all of these shells, and POSIX since 2024
find_newest() {
  _newest='' _newest_file=''
  set +f
  for _entry in *; do
    set -f
    # Names with line breaks fit no list; links lead to other entries.
    case $_entry in *'
'*) continue ;; esac
    case $_rejected in *"/$_entry/"*) continue ;; esac
    if [ -L "$_entry" ] || is_temporary "$_entry" || ! is_checkpoint "$_entry"; then continue; fi
    _candidate=$_entry
    if [ -d "$_entry" ]; then _candidate=$(newest_within "$_entry"); fi
    # Of one second, which is all that some see: the last by its name.
    if [ -z "$_newest" ] || [ "$_candidate" -nt "$_newest_file" ] ||
      { ! [ "$_newest_file" -nt "$_candidate" ] && is_after_in_name "$_entry" "$_newest"; }; then
      _newest=$_entry _newest_file=$_candidate
    fi
  done
  set -f
}

# Name $1 comes after $2 where numbers count as such: step_10 after step_9.
# shellcheck disable=SC2016 # awk's own
is_after_in_name() {
  printf '%s\n' "$2" "$1" | awk '
    function padded(name,   out, digits) {
      out = ""
      while (match(name, /[0-9]+/)) {
        digits = substr(name, RSTART, RLENGTH)
        out = out substr(name, 1, RSTART - 1)
        name = substr(name, RSTART + RLENGTH)
        while (length(digits) < 20) digits = "0" digits
        out = out digits
      }
      return out name
    }
    NR == 1 { before = padded($0) "" }
    NR == 2 { exit !(padded($0) "" > before) }'
}

# What writers leave behind while they write (layout.ts).
is_temporary() {
  case $1 in
    .* | *.tmp | *.partial | *.tmp[0-9]* | *.tmp[-.][0-9]* | *.partial[0-9]* | *.partial[-.][0-9]*) ;;
    *.orbax-checkpoint-tmp | *.orbax-checkpoint-tmp-* | tmp-checkpoint-[0-9]*) ;;
    *) return 1 ;;
  esac
}

# A file by its name (layout.ts), a directory by what is in it. Less strictly,
# all but what surely is something else.
is_checkpoint() {
  if [ -d "$1" ]; then
    [ -n "$(find "./$1" -type f 2>/dev/null | head -n 1)" ] || return 1
    if [ -z "$_is_strict" ]; then return 0; fi
    case $1 in checkpoint-[0-9]*) return 0 ;; esac
    [ -n "$(find "./$1" -type f \( -name '*.pt' -o -name '*.pth' -o -name '*.ckpt' \
      -o -name '*.safetensors' -o -name '*.keras' -o -name '*.pkl' -o -name '*.distcp' \
      -o -name _CHECKPOINT_METADATA -o -name checkpoint -o -name '*-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9].*' \) \
      2>/dev/null | head -n 1)" ]
    return
  fi
  if [ ! -f "$1" ]; then return 1; fi
  case $1 in
    # Worth nothing alone.
    *-[0-9][0-9][0-9][0-9][0-9]-of-[0-9][0-9][0-9][0-9][0-9].*) return 1 ;;
    *.pt | *.pth | *.ckpt | *.safetensors | *.keras | *.pkl | *.zip) ;;
    *.json | *.jsonl | *.txt | *.log | *.csv | *.md | *.yaml | *.yml | *.toml | *.py) return 1 ;;
    *) [ -z "$_is_strict" ] ;;
  esac
}

# Prints the path of what was changed last in directory $1, itself included.
# shellcheck disable=SC3013 # as above
newest_within() {
  _latest=$1
  find "./$1" -type f 2>/dev/null | {
    while IFS= read -r _file; do
      if [ "$_file" -nt "$_latest" ]; then _latest=$_file; fi
    done
    printf '%s\n' "$_latest"
  }
}

# Sets _structure of checkpoint $1: whole, partial or unknown. Where its format does
# not tell, it is whole when it had been left alone, or the run ended well.
find_structure() {
  if [ -d "$1" ]; then directory_structure "$1"; else file_structure "$1"; fi
  if [ "$_structure" = partial ]; then return; fi
  case "$(declared "$1")" in
    false) _structure=partial ;;
    true) _structure=whole ;;
  esac
  if [ "$_structure" != unknown ]; then return; fi
  case $_exit in '{"code":0,'*'"stop":null,'*) _structure=whole ;; esac
  _ended=${_exit#*\"ended\":}
  _ended=${_ended%%,*}
  file_stat "$_newest_file"
  _changed=${_out%% *}
  case $_ended:$_changed in
    :* | *: | *[!0-9:]*) ;;
    *) if [ "$_changed" -lt "$((_ended - 10))" ]; then _structure=whole; fi ;;
  esac
}

# Prints what the side JSON of checkpoint $1 says of it.
declared() {
  for _file in "./$1.json" "./${1%.*}.json"; do
    if [ ! -f "$_file" ]; then continue; fi
    case "$(head -c 65536 "$_file" | tr -d ' \n\t\r')" in
      *'"complete":false'*) echo false ;;
      *'"complete":true'*) echo true ;;
    esac
    return
  done
}

# The format of a file itself: a ZIP archive (torch, Keras) ends with a record, a
# safetensors file is as long as its header says.
# shellcheck disable=SC2016 # awk's own
file_structure() {
  _structure=unknown
  if [ ! -s "$1" ]; then
    _structure=partial
    return
  fi
  case $1 in
    *.safetensors)
      tensors_structure "$1"
      return
      ;;
  esac
  case "$(head -c 4 "./$1" | od -An -v -tu1 | tr -d ' \n')" in
    807534)
      _structure=$(tail -c 1024 "./$1" | od -An -v -tu1 | awk '
        { for (i = 1; i <= NF; i++) b[n++] = $i + 0 }
        END {
          for (at = n - 22; at >= 0; at--)
            if (b[at] == 80 && b[at + 1] == 75 && b[at + 2] == 5 && b[at + 3] == 6) {
              whole = at + 22 + b[at + 20] + 256 * b[at + 21] == n
              break
            }
          print whole ? "whole" : "partial"
        }')
      ;;
  esac
}

tensors_structure() {
  _structure=partial
  read_size "./$1" || return 0
  # shellcheck disable=SC2016 # awk's own
  _length=$(head -c 8 "./$1" | od -An -v -tu1 | awk '{
    for (i = NF; i >= 1; i--) sum = sum * 256 + $i
    if (NF == 8) printf "%.0f", sum
  }')
  case $_length in '' | *[!0-9]* | ????????????*) return ;; esac
  if [ "$((_length + 8))" -gt "$_size" ]; then return; fi
  # shellcheck disable=SC2016 # awk's own
  _tail=$(head -c "$((_length + 8))" "./$1" | tail -c "$_length" | tr '}' '\n' |
    sed -n 's/.*"data_offsets" *: *\[ *[0-9]* *, *\([0-9]*\) *\].*/\1/p' |
    awk '$1 > max { max = $1 } END { printf "%.0f", max }')
  if [ "$((_length + 8 + ${_tail:-0}))" -eq "$_size" ]; then _structure=whole; fi
}

# One whose writer renames it into place is whole; one with a part that is not,
# that is temporary, or missing among its shards, is not.
# shellcheck disable=SC2016 # awk's own
directory_structure() {
  _structure=whole
  if [ -f "$1/_CHECKPOINT_METADATA" ]; then return; fi
  _top=$1 _structure=unknown
  case $1 in
    checkpoint-*) if [ ! -f "$1/trainer_state.json" ]; then _structure=partial; fi ;;
  esac
  if [ -n "$(find "./$1" -type f \( -name '*.tmp' -o -name '*.partial' \) 2>/dev/null | head -n 1)" ]; then
    _structure=partial
  fi
  if find "./$1" -type f 2>/dev/null | sed -n 's|^\(.*\)-[0-9]\{5\}-of-\([0-9]\{5\}\)\(\.[^./]*\)$|\2 \1\3|p' |
    awk '{ seen[$0]++; total[$0] = $1 + 0 } END { for (g in seen) if (seen[g] < total[g]) bad = 1; exit !bad }'; then
    _structure=partial
  fi
  if [ "$_structure" = partial ]; then return; fi
  _bad=$(find "./$1" -type f \( -name '*.pt' -o -name '*.pth' -o -name '*.ckpt' -o -name '*.keras' -o -name '*.safetensors' \) 2>/dev/null |
    while IFS= read -r _file; do
      file_structure "$_file"
      if [ "$_structure" = partial ]; then
        echo partial
        break
      fi
    done)
  _structure=${_bad:-unknown}
}

# ---- the webhook ----

step_call() {
  enter calling
  load_here "$_id"
  _called=failed _in='' _out=/dev/null
  if make_scratch call; then
    decode "$(cat "$_dir/webhook")"
    _url=$_decoded
    write_call
    _try=0
    find_callers
    # shellcheck disable=SC2086 # names of tools
    set -- $_callers
    while [ "$#" -gt 0 ] && [ "$_try" -lt 3 ]; do
      if [ "$_try" -gt 0 ]; then sleep "$_try"; fi
      _try=$((_try + 1))
      if call_by "$1"; then
        _called=sent
        break
      fi
      # Each in its turn: one of them may know no certificates.
      _value=$1
      shift
      set -- "$@" "$_value"
    done
    rm -rf "$_scratch"
  fi
  put "$_dir/called" "$_called"
  rm -f "$_dir/webhook"
}

# Sets _callers. The wget of busybox takes an address as an argument alone,
# where others could read it.
find_callers() {
  _callers=
  if command -v curl >/dev/null 2>&1; then _callers=curl; fi
  if command -v python3 >/dev/null 2>&1; then _callers="$_callers python3"; fi
  case "$(wget --version 2>/dev/null)" in 'GNU Wget'*) _callers="$_callers wget" ;; esac
}

# Writes what is told, and the address for those who take it from a file.
write_call() {
  _code=null _signal=null _reason_json=null _ended=null
  if [ "$_state" = ended ]; then
    _code=${_exit#*\"code\":} _signal=${_exit#*\"signal\":} _ended=${_exit#*\"ended\":} _reason_json=${_exit#*\"reason\":}
    _code=${_code%%,*} _signal=${_signal%%,*} _ended=${_ended%%,*} _reason_json=${_reason_json%%,*}
    _by_json=${_exit#*\"stop\":}
    _by_json=${_by_json%%,*}
  else
    stop_json
    _reason_json='"lost"'
  fi
  case $_state:$_by_json in
    *:\"user\") _value=stopped ;;
    *:\"lease\" | *:\"idle\") _value=${_by_json#?} _value=${_value%?} ;;
    ended:*) if [ "$_code" = 0 ]; then _value=succeeded; else _value=failed; fi ;;
    *) _value=lost ;;
  esac
  read_saved
  _saved_list=${_saved##*,\"saved\":}
  _error_json=${_saved#*,\"error\":}
  _error_json=${_error_json%%,\"saved\":*}
  number "$_started"
  _line="{\"run\":\"$_id\",\"state\":\"$_value\",\"code\":$_code,\"signal\":$_signal,\"reason\":$_reason_json"
  _line="$_line,\"stop\":$_by_json,\"started\":$_json,\"ended\":$_ended"
  quoted "${_run_host%%/*}"
  printf '%s,"host":%s,"saved":%s,"error":%s}\n' \
    "$_line" "$_json" "${_saved_list%?}" "$_error_json" >"$_scratch/body"
  printf '%s\n' "$_url" >"$_scratch/url"
  {
    # Quotes and backslashes are none of an address, but of this file.
    printf 'url = "%s"\n' "$(printf '%s' "$_url" | sed 's/[\\"]/\\&/g')"
    printf 'data-binary = "@%s"\n' "$(printf '%s' "$_scratch/body" | sed 's/[\\"]/\\&/g')"
    printf 'header = "content-type: application/json"\nuser-agent = "runctl"\nmax-time = 10\nsilent\nfail\ngloboff\n'
  } >"$_scratch/curl"
}

# call_by TOOL. Anything but 200 to 299 is a failure.
call_by() {
  _out=$_scratch/out
  : >"$_out"
  case $1 in
    curl)
      limited 12 curl -q --config "$_scratch/curl" -o /dev/null -w '%{http_code}'
      case $_code:$(cat "$_out") in 0:2??) ;; *) return 1 ;; esac
      ;;
    python3) limited 12 python3 -I "${_script%/*}/after.py" call "$_scratch/url" "$_scratch/body" ;;
    wget)
      limited 12 wget -q -O /dev/null --tries=1 --timeout=10 --max-redirect=0 --user-agent=runctl \
        '--header=content-type: application/json' "--post-file=$_scratch/body" -i "$_scratch/url"
      ;;
  esac
  [ "$_code" -eq 0 ]
}

# ---- hold and action ----

# One look, or one try of the action.
step_act() {
  read_hold
  if [ -z "$_hold_end" ]; then begin_hold; fi
  read_uptime
  if [ "$_uptime" -lt "$_hold_end" ]; then
    read_stage
    if [ "$_stage" != holding ]; then enter holding; fi
    sleep 1
    return
  fi
  if [ "$_uptime" -lt "$_act_at" ]; then
    sleep 1
    return
  fi
  enter acting
  set --
  while IFS= read -r _line; do
    case $_line in
      action) set -- "$@" '' ;;
      action\ *)
        decode "${_line#* }"
        set -- "$@" "$_decoded"
        ;;
    esac
  done <"$_dir/spec"
  _in='' _out=$_dir/action.log
  limited 120 "$@"
  if [ "$_code" -eq 0 ]; then
    put "$_dir/acted" 1
    return
  fi
  read_stage
  number "$_tries"
  if [ "$_json" = null ]; then _tries=0; fi
  put "$_dir/stage" "acting 0 $_boot $((_tries + 1))"
  read_uptime
  _act_at=$((_uptime + _action_seconds))
}

# Sets _hold_end. A lease goes before: what it ends must end.
begin_hold() {
  load_here "$_id"
  read_uptime
  _hold_end=$_uptime
  case $_state:$_exit in
    'ended:{"code":0,'*) ;;
    'ended:'*'"stop":null'* | lost:*)
      spec_number hold
      _hold_end=$((_uptime + ${_value:-0}))
      read_lease
      if [ -n "$_lease_end" ] && [ "$_lease_end" -lt "$_hold_end" ]; then _hold_end=$_lease_end; fi
      ;;
  esac
  put "$_dir/hold" "$_hold_end $_boot"
}

# verb_hold ID SECONDS: the action waits so long from now.
verb_hold() {
  case ${2:-} in '' | *[!0-9]* | 0?* | ??????????*) die 2 usage 'hold ID SECONDS' ;; esac
  load_ended "${1:-}"
  read_record "$_dir/acted" _acted
  read_stage
  if ! has_after || ! has_line action || [ -n "$_acted" ] || is_after_lost; then
    die 3 ending "nothing of run $_id can be held back" "$_id"
  fi
  case $_stage in acting | done) die 3 ending "the action after run $_id has begun" "$_id" ;; esac
  read_uptime
  _why=$({ put "$_dir/hold" "$((_uptime + $2)) $_boot"; } 2>&1) ||
    die_unwritten "cannot write $_dir/hold" "$_why"
  print_status
}

# Loads a run of this machine that has ended, or is lost with its main process.
load_ended() {
  load "$1"
  case $_state in
    missing) die 4 not-found "there is no run $_id" ;;
    elsewhere) die 3 elsewhere "run $_id is on ${_run_host%%/*}, not on this machine" "$_id" ;;
    ended) return ;;
    lost) if is_over; then return; fi ;;
  esac
  die 3 active "run $_id is $_state" "$_id"
}

# verb_save ID: saves it once more, with the credentials on stdin. What else was
# left to do is done, too.
verb_save() {
  load_ended "${1:-}"
  if ! has_after || ! has_line durable; then die 3 nowhere "run $_id has no durable place" "$_id"; fi
  _after_secrets='' _complete=''
  while IFS= read -r _line; do
    _value=${_line#* }
    case $_line in
      after-secret\ *=*)
        check_after_secret "$_value"
        _after_secrets="$_after_secrets$_value
"
        ;;
      end)
        _complete=1
        break
        ;;
      *) die 2 usage "unknown line: ${_line%% *}" ;;
    esac
  done
  if [ -z "$_complete" ]; then die 3 incomplete 'the input ended before its last line'; fi
  find_detach
  read_stage
  if is_after_lost; then _stage=lost; fi
  case $_stage in
    waiting | saving | calling) die 3 active "what follows run $_id is at work" "$_id" ;;
  esac
  write_after_secrets || die_unwritten 'cannot write the credentials of the durable place' "$_why"
  put_long "$_dir/saved" ''
  put "$_dir/stage" "waiting 0 $_boot ${_tries:-0}"
  _looks_left=100
  while :; do
    read_stage
    read_saved
    if [ "$_stage" = saving ] || [ -n "$_is_saved" ]; then break; fi
    if [ "$_stage" = 'done' ]; then put "$_dir/stage" "waiting 0 $_boot ${_tries:-0}"; fi
    if ! is_watched after && [ "$((_looks_left % 10))" -eq 0 ]; then launch after "$_id" 2>>"$_dir/agent.err"; fi
    _looks_left=$((_looks_left - 1))
    if [ "$_looks_left" -eq 0 ]; then die 5 environment "nothing began to save run $_id"; fi
    nap 0.1
  done
  load "$_id"
  print_status
}

# Sets _why when it fails.
write_after_secrets() {
  if [ -z "$_after_secrets" ]; then return; fi
  _why=$({ printf '%s' "$_after_secrets" >"$_dir/after-secrets"; } 2>&1)
}

# Sets _busy when what follows the loaded run is at work.
is_after_busy() {
  if ! has_after; then return 1; fi
  read_stage
  [ "$_stage" != 'done' ] && ! is_after_lost
}

# The last act of a supervisor ends its group, and what it began but has not yet
# a session of its own with it.
await_after() {
  if ! has_after; then return; fi
  _looks_left=100
  until is_watched after; do
    if [ "$((_looks_left % 20))" -eq 0 ]; then launch after "$_id"; fi
    _looks_left=$((_looks_left - 1))
    if [ "$_looks_left" -eq 0 ]; then return; fi
    nap 0.05
  done
}

# -------------------------------------------------------- look and remove ---

verb_status() {
  if [ "$#" -eq 0 ]; then die 2 usage 'which run?'; fi
  for _word; do check_id "$_word"; done
  # An unmounted home, for one: nothing can be told of any run then.
  if [ ! -d "$_runs" ]; then die 5 no-home "there is no $_runs"; fi
  for _word; do
    load "$_word"
    print_status
  done
}

# verb_ids: all ids at once. No fork and nothing read: cheap for any number. What
# is no run, or another user's, has no record that could be seen.
verb_ids() {
  printf '{"ids":['
  _comma=
  set +f
  for _entry in "$_runs"/*/; do
    set -f
    if [ ! -e "${_entry}run.json" ]; then continue; fi
    _entry=${_entry%/}
    if ! is_id "${_entry##*/}"; then continue; fi
    printf '%s"%s"' "$_comma" "${_entry##*/}"
    _comma=,
  done
  set -f
  printf ']}\n'
}

# verb_list [ID…]: statuses with their records, of all runs unless told.
verb_list() {
  if [ "$#" -gt 0 ]; then
    for _word; do check_id "$_word"; done
    if [ ! -d "$_runs" ]; then die 5 no-home "there is no $_runs"; fi
    for _word; do list_run "$_word"; done
    return
  fi
  set +f
  for _entry in "$_runs"/*/; do
    set -f
    if [ ! -d "$_entry" ]; then continue; fi
    _entry=${_entry%/}
    if is_id "${_entry##*/}"; then list_run "${_entry##*/}"; fi
  done
  set -f
}

list_run() {
  load "$1"
  _run_json=
  { IFS= read -r _run_json <"$_dir/run.json"; } 2>/dev/null
  case $_run_json in
    *[!\ -~]*) _run_json=$(printf '%s' "$_run_json" | to_ascii stream) ;;
  esac
  case $_run_json in '{'*'}') ;; *) _run_json=null ;; esac
  print_status ",\"run\":$_run_json"
}

# verb_read ID OFFSET MAX: bytes of the log as they are.
verb_read() {
  check_id "${1:-}"
  case ${2:-}:${3:-} in
    :* | *: | *[!0-9:]* | *:*:*) die 2 usage 'read ID OFFSET MAX' ;;
  esac
  if [ ! -f "$_dir/log" ]; then die 4 not-found "there is no log of run $_id"; fi
  stat_log
  if [ "$2" -ge "$_size" ]; then return; fi
  # dd moves the offset that both share and copies nothing; then one stream.
  {
    dd bs=1 "skip=$2" count=0 2>/dev/null
    head -c "$3"
  } <"$_dir/log"
}

verb_remove() {
  load "${1:-}"
  case $_state in
    missing) die 4 not-found "there is no run $_id" ;;
    ended | lost) ;;
    *) die 3 active "run $_id is $_state" "$_id" ;;
  esac
  find_members
  if [ -n "$_members" ]; then die 3 active "processes of run $_id are still alive" "$_id"; fi
  if is_after_busy; then die 3 active "what follows run $_id is at work" "$_id"; fi
  # First out of sight: a directory half removed would read as a lost run.
  _trash=$_home/new/$_id.removed.$$
  mv "$_dir" "$_trash" 2>/dev/null || die 5 environment "cannot remove $_dir"
  rm -rf "$_trash"
  printf '{"id":"%s","state":"missing"}\n' "$_id"
}

verb_version() {
  find_detach
  read_uptime
  read_epoch
  json_string "$_home"
  _json_home=$_json
  read_host
  json_string "$_shell"
  printf '{"agent":%s,"home":%s,"shell":%s,"detach":"%s","uptime":%s,"epoch":%s,"boot":"%s","host":"%s"}\n' \
    "$AGENT_VERSION" "$_json_home" "$_json" "$_detach" "$_uptime" "$_epoch" "$_boot" "${_host%%/*}"
}

# --------------------------------------------------------------- follow ---

# verb_follow ID:OFFSET…: the logs of runs as they grow, in frames, until all
# have ended or nobody reads any more.
verb_follow() {
  if [ "$#" -eq 0 ]; then die 2 usage 'follow ID:OFFSET…'; fi
  for _word; do
    check_id "${_word%%:*}"
    case $_word in *:*) ;; *) die 2 usage 'follow ID:OFFSET…' ;; esac
    case ${_word#*:} in '' | *[!0-9]*) die 2 usage 'follow ID:OFFSET…' ;; esac
  done
  cd "$_runs" 2>/dev/null || die 5 no-home "there is no $_runs"
  _follows=$*
  _pause=0.2 _idle_limit=15
  if ! sleep 0.01 2>/dev/null; then _pause=1 _idle_limit=3; fi
  # Ours by another number: that of a substitution is its own. No input: the
  # caller may close it or not.
  exec 3>&1 </dev/null
  _idle=$_idle_limit
  while [ -n "$_follows" ]; do
    # Whoever is gone is found out by writing alone.
    if [ "$_idle" -ge "$_idle_limit" ]; then say '#beat'; fi
    _idle=$((_idle + 1)) _more=''
    follow_round
    if [ -z "$_more" ] && [ -n "$_follows" ]; then sleep "$_pause"; fi
  done
}

say() {
  printf '%s\n' "$1" || exit 0
  _idle=0
}

# Sends what is new of each log, a piece of each at most; _more when some is left.
# shellcheck disable=SC2086 # split into words
follow_round() {
  # Before the sizes: what a run wrote before its end is then seen.
  _ended=' '
  for _item in $_follows; do
    _id=${_item%%:*}
    _dir=$_runs/$_id
    if read_exit; then _ended="$_ended$_id "; fi
  done
  read_sizes
  _left=
  for _item in $_follows; do
    _id=${_item%%:*} _offset=${_item#*:}
    case $_sizes in
      *" $_id/log "*) ;;
      *)
        # What cannot be seen may come again; an unmounted home shows no run at all.
        if [ -d "$_runs" ] && [ ! -e "$_id" ]; then say "#gone $_id"; else _left="$_left $_item"; fi
        continue
        ;;
    esac
    _size=${_sizes#*" $_id/log "}
    _size=${_size%% *}
    if [ "$_size" -lt "$_offset" ]; then
      say "#cut $_id $_size"
      _offset=0
    fi
    _length=$((_size - _offset))
    if [ "$_length" -gt "$PIECE_BYTES" ]; then _length=$PIECE_BYTES _more=1; fi
    if [ "$_length" -gt 0 ]; then
      say "#log $_id $_offset $_length"
      # Cut while it was read: the frame cannot be kept, so there is none after it.
      send_piece "$_id/log" "$_offset" "$_length" || exit 1
      _offset=$((_offset + _length))
    fi
    case $_ended in
      *" $_id "*)
        if [ "$_offset" -eq "$_size" ]; then
          say "#end $_id $_size"
          continue
        fi
        ;;
    esac
    _left="$_left $_id:$_offset"
  done
  _follows=${_left# }
}

# Sets _sizes to " ID/log SIZE ID/log SIZE … " of those followed. One fork.
# shellcheck disable=SC2086 # split into words
read_sizes() {
  set --
  for _item in $_follows; do set -- "$@" "${_item%%:*}/log"; done
  _sizes=$(stat -c '%n %s' -- "$@" 2>/dev/null)
  if [ -z "$_sizes" ]; then _sizes=$(stat -f '%N %z' -- "$@" 2>/dev/null); fi
  if [ -z "$_sizes" ]; then
    for _item; do
      if [ -f "$_item" ]; then _sizes="$_sizes $_item $(($(wc -c <"$_item")))"; fi
    done
  fi
  set -- $_sizes
  _sizes=" $* "
}

# send_piece FILE OFFSET LENGTH: these bytes to 3, or failure when there were
# fewer. The first dd moves the offset that both share and copies nothing; the
# second reads all at once.
send_piece() {
  _report=$({
    dd bs=1 "skip=$2" count=0 2>/dev/null
    dd "bs=$3" count=1 2>&1 >&3 3>&-
  } <"$1")
  case $_report in *'1+0 records out'*) ;; *) return 1 ;; esac
}

# ---------------------------------------------------------------- files ---

check_path() {
  case ${1:-} in /*) ;; *) die 2 usage 'paths are absolute' ;; esac
}

check_counts() {
  for _word; do
    case $_word in '' | *[!0-9]*) die 2 usage 'a whole number is wanted' ;; esac
  done
}

# Sets _style: how the kind, size and time of a file can be learned here.
find_style() {
  case $(stat -c '%s' / 2>/dev/null):$(stat -f '%z' / 2>/dev/null) in
    [0-9]*:*) _style=hex ;;
    :[0-9]*) _style=octal ;;
    *) _style='ls' ;;
  esac
}

# verb_entries DIR DEPTH MAX: what is below a directory, at most MAX bytes of it.
# Names may hold anything, newlines too: only an entry begins with numbers and
# then ".//", which no path below another holds.
verb_entries() {
  check_path "${1:-}"
  check_counts "${2:-}" "${3:-}"
  find_style
  read_epoch
  printf '%s %s\n' "$_style" "$_epoch"
  if [ ! -d "$1" ]; then
    printf '\nok\n'
    return
  fi
  exec 3>&1
  if ! _why=$({ cd -- "$1"; } 2>&1); then
    print_end "$_why"
    return
  fi
  cd -- "$1" && list_below .// 1 "$2" "$3"
  print_end "$_why"
}

# list_below START MINDEPTH MAXDEPTH MAX: prints to 3; sets _why to what find
# complained of.
# shellcheck disable=SC2016 # of the other shell
list_below() {
  case $_style in
    hex) set -- "$@" stat -c '%f %s %.3Y %n' -- ;;
    octal) set -- "$@" stat -f '%p %z %Fm %N' -- ;;
    # One by one, the name by us: some write what they cannot show as "?".
    *) set -- "$@" sh -c 'for file; do
      line=$(ls -lnd -- "$file" 2>/dev/null) && printf "%s %s\n" "${line%% .//*}" "$file"
    done' ls ;;
  esac
  _start=$1 _min=$2 _max=$3 _limit=$4
  shift 4
  _why=$({
    TZ=UTC0 find "$_start" -mindepth "$_min" -maxdepth "$_max" -exec "$@" '{}' + 2>&4 |
      head -c "$_limit" >&3
  } 4>&1)
}

# print_end COMPLAINTS: the last line of a list: ok, or why it is not whole.
print_end() {
  _why=$(printf '%s\n' "$1" | grep -v -e '^$' -e 'No such file' -e 'Broken pipe' -e 'SIGPIPE' -e 'write error' | tail -n 1)
  printf '\n'
  if [ -z "$_why" ]; then printf 'ok\n'; else printf 'failed %s\n' "$_why"; fi
}

# verb_inspect PATH DEPTH MAX: its path without links, a NUL, then itself and what
# is below it like entries.
verb_inspect() {
  check_path "${1:-}"
  check_counts "${2:-}" "${3:-}"
  # A link to nothing is nothing, either.
  if [ ! -e "$1" ]; then die 4 no-file "there is no $1"; fi
  _base=${1%/}
  _base=${_base##*/}
  cd -- "${1%"$_base"*}" 2>/dev/null || die 5 denied "cannot enter the directory of $1"
  find_style
  if [ -L "$_base" ]; then
    readlink -f -- "$1" 2>/dev/null | tr -d '\n'
  else
    _file=$(pwd -P && printf .)
    _file=${_file%??}
    printf '%s/%s' "${_file%/}" "$_base"
  fi
  printf '\000'
  read_epoch
  printf '%s %s\n' "$_style" "$_epoch"
  exec 3>&1
  list_below ".//$_base" 0 "$2" "$3"
  print_end "$_why"
}

# verb_peek (PATH START LENGTH)…: for each a line with a count and so many bytes;
# "-" for what cannot be read. A negative START counts from the end. When a file
# shrinks while it is read, the answer ends there.
verb_peek() {
  if [ "$#" -eq 0 ] || [ "$(($# % 3))" -ne 0 ]; then die 2 usage 'peek (PATH START LENGTH)…'; fi
  exec 3>&1
  while [ "$#" -ge 3 ]; do
    check_path "$1"
    check_counts "${2#-}" "$3"
    if [ -L "$1" ] || [ ! -f "$1" ] || [ ! -r "$1" ] || ! read_size "$1"; then
      printf '%s\n' -
    else
      case $2 in
        -*) _offset=$((_size - ${2#-})) ;;
        *) _offset=$2 ;;
      esac
      if [ "$_offset" -lt 0 ]; then _offset=0; fi
      _length=$((_size - _offset))
      if [ "$_length" -gt "$3" ]; then _length=$3; fi
      if [ "$_length" -lt 0 ]; then _length=0; fi
      printf '%s\n' "$_length"
      while [ "$_length" -gt 0 ]; do
        _piece=$_length
        if [ "$_piece" -gt "$PIECE_BYTES" ]; then _piece=$PIECE_BYTES; fi
        send_piece "$1" "$_offset" "$_piece" || exit 0
        _offset=$((_offset + _piece)) _length=$((_length - _piece))
      done
    fi
    shift 3
  done
}

# Sets _size of file $1.
# shellcheck disable=SC2086,SC2012 # split into fields; only the size is read
read_size() {
  _size=$(stat -c '%s' -- "$1" 2>/dev/null || stat -f '%z' -- "$1" 2>/dev/null)
  if [ -z "$_size" ]; then
    _words=$(ls -lnd -- "$1" 2>/dev/null | head -n 1)
    set -- $_words
    _size=${5:-}
  fi
  case $_size in '' | *[!0-9]*) return 1 ;; esac
}

# verb_rename FROM TO: never in the place of something.
verb_rename() {
  check_path "${1:-}"
  check_path "${2:-}"
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then die 4 no-file "there is no $1"; fi
  if [ -e "$2" ] || [ -L "$2" ]; then die 3 exists "exists already: $2"; fi
  _why=$(mv -- "$1" "$2" 2>&1) || die_unwritten "cannot rename $1" "$_why"
  printf '{"renamed":true}\n'
}

# verb_delete PATH: with all in it; links are deleted, not followed.
verb_delete() {
  check_path "${1:-}"
  case $1 in / | */. | */.. | */) die 2 usage 'not this path' ;; esac
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then die 4 no-file "there is no $1"; fi
  _why=$(rm -rf -- "$1" 2>&1) || die_unwritten "cannot delete $1" "$_why"
  printf '{"deleted":true}\n'
}

# ------------------------------------------------------------------ facts ---

# verb_facts [DIR…]: one object on the machine.
verb_facts() {
  if [ "$#" -eq 0 ]; then set -- "${HOME:-/}"; fi
  start_gpu_query
  _facts=$(facts_machine && facts_memory && facts_disks "$@" && facts_processes)
  read_gpu_query
  _facts="{$_facts,$_gpu}"
  case $_facts in
    *[!\ -~]*) printf '%s' "$_facts" | to_ascii stream ;;
    *) printf '%s' "$_facts" ;;
  esac
  printf '\n'
}

facts_machine() {
  read_epoch
  read_uptime
  json_string "$(uname -n)"
  printf '"epoch":%s,"uptime":%s,"os":"%s","arch":"%s","hostname":%s' \
    "$_epoch" "$_uptime" "$(uname -s)" "$(uname -m)" "$_json"
  printf ',"cpus":%s' "$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo null)"
  _load=
  if [ -n "$_has_proc" ]; then
    read -r _load <"$_proc/loadavg"
  else
    _load=$(sysctl -n vm.loadavg 2>/dev/null | tr -d '{}')
  fi
  # shellcheck disable=SC2086 # split into fields
  set -- $_load
  if [ "$#" -ge 3 ]; then printf ',"load":[%s,%s,%s]' "$1" "$2" "$3"; else printf ',"load":null'; fi
  _ticks=null
  if [ -n "$_has_proc" ]; then
    # shellcheck disable=SC2016 # awk's own
    _ticks=$(awk '$1 == "cpu" {
      for (i = 2; i <= 9; i++) total += $i
      printf "{\"busy\":%.0f,\"total\":%.0f}", total - $5 - $6, total
      exit
    }' "$_proc/stat" 2>/dev/null)
  fi
  printf ',"cpuTicks":%s' "${_ticks:-null}"
}

# Bytes. In a container the limit of its memory group is what counts.
# shellcheck disable=SC2016 # awk's own
facts_memory() {
  if [ -n "$_has_proc" ]; then
    _limit='' _used='' _cache=''
    for _file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
      { read -r _limit <"$_file"; } 2>/dev/null && break
    done
    for _file in /sys/fs/cgroup/memory.current /sys/fs/cgroup/memory/memory.usage_in_bytes; do
      { read -r _used <"$_file"; } 2>/dev/null && break
    done
    while read -r _key _value; do
      case $_key in inactive_file | total_inactive_file) _cache=$_value ;; esac
    done 2>/dev/null <"${_file%/*}/memory.stat"
    awk -v "limit=$_limit" -v "used=$_used" -v "cache=$_cache" '
      $1 == "MemTotal:" { total = $2 * 1024 }
      $1 == "MemFree:" { free = $2 * 1024 }
      $1 == "MemAvailable:" { free = $2 * 1024 }
      END {
        if (limit ~ /^[0-9]+$/ && limit + 0 < total) {
          total = limit + 0
          left = limit - used + cache
          if (left < free) free = left
        }
        printf ",\"memory\":{\"total\":%.0f,\"available\":%.0f}", total, free
      }' "$_proc/meminfo"
  else
    { sysctl -n hw.memsize && vm_stat; } 2>/dev/null | awk '
      NR == 1 { total = $1 }
      /page size of/ { for (i = 1; i < NF; i++) if ($i == "of") page = $(i + 1) }
      /^Pages (free|inactive|speculative|purgeable)/ { free += $NF }
      END {
        if (total > 0) printf ",\"memory\":{\"total\":%.0f,\"available\":%.0f}", total, free * page
        else printf ",\"memory\":null"
      }'
  fi
}

# A directory that cannot be measured is left out. The device name may hold
# spaces: counted from the percent sign.
# shellcheck disable=SC2016 # awk's own
facts_disks() {
  printf ',"disks":['
  _comma=
  for _path; do
    _line=$(df -Pk -- "$_path" 2>/dev/null | awk 'NR > 1 {
      for (i = 4; i <= NF; i++) if ($i ~ /^[0-9]+%$/)
        printf "\"total\":%.0f,\"available\":%.0f", $(i - 3) * 1024, $(i - 1) * 1024
    }')
    if [ -z "$_line" ]; then continue; fi
    json_string "$_path"
    printf '%s{"path":%s,%s}' "$_comma" "$_json" "$_line"
    _comma=,
  done
  printf ']'
}

# The 20 processes that used most CPU over their lives (as ps counts it), and
# all those of runs.
# shellcheck disable=SC2016 # awk's own
facts_processes() {
  if [ -n "$_has_proc" ]; then process_details; else pick_processes; fi | awk '
    function text(s,   i, c, out) {
      out = ""
      for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "\"" || c == "\\") out = out "\\" c
        else if (c < " " || c == "\177") out = out " "
        else out = out c
      }
      return "\"" out "\""
    }
    BEGIN { printf ",\"processes\":[" }
    $1 == "U" { sub(/^.*\//, "", $2); user[$2] = $3 }
    $1 == "P" {
      pid = $2; owner = $7
      if (owner == "-") owner = pid in user ? user[pid] : "?"
      line = $0
      for (i = 1; i <= 8; i++) sub(/^[^ ]+ +/, "", line)
      sub(/ +$/, "", line)
      if (length(line) > 400) line = substr(line, 1, 400)
      printf "%s{\"pid\":%s,\"ppid\":%s,\"user\":%s,\"cpu\":%s,\"rss\":%.0f,\"elapsed\":%s,\"command\":%s,\"run\":%s}", \
        comma, pid, $3, text(owner), $4, $5, $6, text(line), $8 == "-" ? "null" : "\"" $8 "\""
      comma = ","
    }
    END { printf "]" }'
}

# Prints "P PID PPID CPU RSS SECONDS USER RUN COMMAND" lines, the busiest first.
# A program may overwrite the environment that names its run (to set a title):
# what is in the group of a run's main process belongs to it, too.
# shellcheck disable=SC2016 # awk's own
pick_processes() {
  {
    processes_with_id | sed 's/^/R /'
    main_processes
    if [ -n "$_has_proc" ]; then processes_of_proc; else processes_of_ps; fi | sort -rn -k 2
  } | awk -v "boot=$_boot" '
    $1 == "R" { run[$2] = $3 }
    $1 == "M" && $5 == boot { start[$3] = $4; main[$3] = $2 }
    $1 == "S" {
      line[++count] = $0
      if ($3 in main && $7 == start[$3]) group[$3] = main[$3]
    }
    END {
      for (i = 1; i <= count; i++) {
        split(line[i], part, " ")
        pid = part[3]
        if (pid in run) id = run[pid]
        else if (part[5] in group) id = group[part[5]]
        else if (part[6] in group) id = group[part[6]]
        else id = "-"
        if (i > 20 && id == "-") continue
        rest = line[i]
        for (n = 1; n <= 10; n++) sub(/^[^ ]+ +/, "", rest)
        print "P", pid, part[4], part[2], part[8], part[9], part[10], id, rest
      }
    }'
}

# Prints "M RUN PID START BOOT" for every run under way that has a main process.
main_processes() {
  for _entry in $(unended_runs); do
    read_record "$_runs/$_entry/main" _main _main_start _main_boot _rest
    if [ -n "$_main_boot" ]; then printf 'M %s %s %s %s\n' "$_entry" "$_main" "$_main_start" "$_main_boot"; fi
  done
}

# Prints "S CPU PID PPID GROUP SESSION START RSS SECONDS - NAME" lines.
# A script too short-lived to matter, like this one, must not top the list:
# nothing counts as younger than a second.
# shellcheck disable=SC2016 # awk's own
processes_of_proc() {
  _page=$(getconf PAGESIZE 2>/dev/null || echo 4096)
  _hz=$(getconf CLK_TCK 2>/dev/null || echo 100)
  read_uptime
  set +f
  cat "$_proc"/[0-9]*/stat 2>/dev/null |
    sed -n 's/^\([0-9]*\) (\(.*\)) \(.*\)$/\1 \3 (\2/p' |
    awk -v "page=$_page" -v "hz=$_hz" -v "uptime=$_uptime" -v "self=$$" '
      $1 != self && $3 != self {
        age = uptime - $21 / hz
        if (age < 1) age = 1
        name = $0
        sub(/^[^(]*\(/, "", name)
        printf "S %.1f %s %s %s %s %s %.0f %d - %s\n", \
          100 * ($13 + $14) / hz / age, $1, $3, $4, $5, $21, $23 * page, age, name
      }'
  set -f
}

# Adds to the picked ones "U /proc/PID USER" lines and their command lines.
# shellcheck disable=SC2016,SC2086 # awk's own; split into words
process_details() {
  _top=$(pick_processes)
  _paths=
  for _pid in $(printf '%s\n' "$_top" | awk '{ print $2 }'); do
    _paths="$_paths $_proc/$_pid"
  done
  stat -c 'U %n %U' $_paths 2>/dev/null
  printf '%s\n' "$_top" | while read -r _rest _pid _ppid _cpu _rss _age _user _run _name; do
    _line=$({ tr '\000\n\r' '   ' <"$_proc/$_pid/cmdline"; } 2>/dev/null)
    printf 'P %s %s %s %s %s - %s %s\n' \
      "$_pid" "$_ppid" "$_cpu" "$_rss" "$_age" "$_run" "${_line:-[$_name]}"
  done
}

# The same "S" lines from ps. RSS is in kilobytes there, the time is
# [[days-]hours:]m:s, the start five words.
# shellcheck disable=SC2016 # awk's own
processes_of_ps() {
  ps -A -o pid= -o ppid= -o pgid= -o pcpu= -o rss= -o etime= -o user= -o lstart= -o args= \
    2>/dev/null | awk '{
      n = split($6, part, /[-:]/)
      seconds = part[n] + 60 * part[n - 1]
      if (n > 2) seconds += 3600 * part[n - 2]
      if (n > 3) seconds += 86400 * part[n - 3]
      line = $0
      for (i = 1; i <= 12; i++) sub(/^ *[^ ]+/, "", line)
      printf "S %s %s %s %s %s %s_%s_%s_%s_%s %.0f %d %s%s\n", \
        $4, $1, $2, $3, $3, $8, $9, $10, $11, $12, $5 * 1024, seconds, $7, line
    }'
}

# Starts nvidia-smi, which may hang for ever, out of our way: it holds none of
# our streams. Sets _scratch, empty when there is nothing to wait for.
start_gpu_query() {
  _scratch='' _gpu_limit=0
  # Not on the PATH of a command over ssh under WSL.
  _smi=$(command -v nvidia-smi || command -v /usr/lib/wsl/lib/nvidia-smi) || return 0
  for _part in /dev/shm "$_home" "${TMPDIR:-/tmp}"; do
    # Memory first: the answer must not depend on a disk with space.
    if mkdir "$_part/runctl-facts.$$" 2>/dev/null; then
      _scratch=$_part/runctl-facts.$$
      break
    fi
  done
  if [ -z "$_scratch" ]; then return; fi
  read_uptime
  _gpu_limit=$((_uptime + 5))
  # Not as our child, or bash would report its end in our output.
  ({
    query_gpu gpus --query-gpu=index,name,uuid,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw
    query_gpu apps --query-compute-apps=gpu_uuid,pid,used_memory
  } </dev/null >/dev/null 2>&1 &)
}

# remove_scratch PID: what a query of that process left, which got killed.
remove_scratch() {
  for _part in /dev/shm "$_home" "${TMPDIR:-/tmp}"; do
    if [ -d "$_part/runctl-facts.$1" ]; then rm -rf "$_part/runctl-facts.$1"; fi
  done
}

# query_gpu NAME QUERY
query_gpu() {
  # Gone when the answer was given without us.
  if [ ! -d "$_scratch" ]; then return; fi
  "$_smi" "$2" --format=csv,noheader,nounits >"$_scratch/$1" 2>"$_scratch/$1.err" &
  echo "$!" >"$_scratch/pid"
  wait "$!"
  echo "$?" >"$_scratch/$1.code"
}

# Sets _gpu to the members gpus, gpuError and gpuProcesses.
# shellcheck disable=SC2016 # awk's own
read_gpu_query() {
  _gpu='"gpus":null,"gpuError":null,"gpuProcesses":[]'
  if [ -z "$_scratch" ]; then return; fi
  await_gpu_query
  case $_code in
    '') _gpu='"gpus":null,"gpuError":"timeout","gpuProcesses":[]' ;;
    0)
      _gpu=$(awk -F ', *' '
        function text(s) { gsub(/[\\"]/, "", s); return "\"" s "\"" }
        function number(s) { return s ~ /^-?[0-9]+(\.[0-9]+)?$/ ? s : "null" }
        function bytes(s) { return number(s) == "null" ? "null" : sprintf("%.0f", s * 1048576) }
        BEGIN { printf "\"gpus\":[" }
        FILENAME ~ /gpus$/ && NF >= 8 {
          gpus = gpus comma sprintf("{\"index\":%s,\"name\":%s,\"uuid\":%s,\"utilization\":%s,\"memoryUsed\":%s,\"memoryTotal\":%s,\"temperature\":%s,\"power\":%s}", \
            number($1), text($2), text($3), number($4), bytes($5), bytes($6), number($7), number($8))
          comma = ","
        }
        FILENAME ~ /apps$/ && NF >= 3 && number($2) != "null" {
          apps = apps between sprintf("{\"gpu\":%s,\"pid\":%s,\"memory\":%s}", text($1), $2, bytes($3))
          between = ","
        }
        END { printf "%s],\"gpuError\":null,\"gpuProcesses\":[%s]", gpus, apps }
      ' "$_scratch/gpus" "$_scratch/apps" 2>/dev/null)
      ;;
    *)
      _line=
      for _file in "$_scratch/gpus" "$_scratch/gpus.err"; do
        if [ -z "$_line" ]; then { IFS= read -r _line <"$_file"; } 2>/dev/null; fi
      done
      json_string "${_line:-nvidia-smi failed with exit code $_code}"
      _gpu="\"gpus\":null,\"gpuError\":$_json,\"gpuProcesses\":[]"
      ;;
  esac
  end_gpu_query
}

# Waits for the answers, not for ever. Sets _code and _apps_code, to nothing
# where none came.
await_gpu_query() {
  until [ -s "$_scratch/apps.code" ]; do
    read_uptime
    if [ "$_uptime" -gt "$_gpu_limit" ]; then break; fi
    nap 0.05
  done
  _code='' _apps_code=''
  { read -r _code <"$_scratch/gpus.code"; } 2>/dev/null
  { read -r _apps_code <"$_scratch/apps.code"; } 2>/dev/null
}

end_gpu_query() {
  _pid=
  if [ ! -s "$_scratch/apps.code" ]; then { read -r _pid <"$_scratch/pid"; } 2>/dev/null; fi
  # First: it keeps the next query from being made.
  rm -rf "$_scratch"
  if [ -n "$_pid" ]; then kill -KILL "$_pid" 2>/dev/null; fi
}

# ------------------------------------------------------------------- main ---

main() {
  _verb=${1:-}
  if [ "$#" -gt 0 ]; then shift; fi
  init
  case $_verb in
    start) verb_start "$@" ;;
    forbid) verb_forbid "$@" ;;
    stop) verb_stop "$@" ;;
    kill) verb_stop "${1:-}" 0 ;;
    extend) verb_extend "$@" ;;
    hold) verb_hold "$@" ;;
    save) verb_save "$@" ;;
    status) verb_status "$@" ;;
    ids) verb_ids ;;
    list) verb_list "$@" ;;
    read) verb_read "$@" ;;
    follow) verb_follow "$@" ;;
    entries) verb_entries "$@" ;;
    inspect) verb_inspect "$@" ;;
    peek) verb_peek "$@" ;;
    rename) verb_rename "$@" ;;
    delete) verb_delete "$@" ;;
    facts) verb_facts "$@" ;;
    remove) verb_remove "$@" ;;
    version) verb_version ;;
    supervise) verb_supervise "$@" ;;
    run) verb_run "$@" ;;
    end) verb_end "$@" ;;
    timer) verb_timer "$@" ;;
    idle) verb_idle "$@" ;;
    after) verb_after "$@" ;;
    keep) verb_keep "$@" ;;
    saver) verb_saver "$@" ;;
    *) die 2 usage 'no such verb' ;;
  esac
}

# One line, read whole: nothing is read from this file after main has begun.
main "$@"; exit
