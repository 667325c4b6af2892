#!/bin/sh
# runctl sync: the machine's half of every transfer. It receives what this side
# packed, proves it by hash, and only then moves it to its place; cut at any
# point, the next call finishes or redoes.
#
#   sync.sh check CLIENT WORK WANTED BUSY
#   sync.sh append CLIENT LOCK STAGE HASH OFFSET GZIP [BEGIN]     < bytes
#   sync.sh rate BYTES                                            < bytes
#   sync.sh commit CLIENT WORK SLOT PLAN GZIP RESET               < tar
#   sync.sh staged CLIENT LOCK STAGE DEST REPLACE
#   sync.sh place CLIENT LOCK STAGE PLAN GZIP RESET DEST REPLACE  < tar
#   sync.sh list PATH HASHING
#   sync.sh read PATH                                             < plan
#   sync.sh weigh WORK...
#   sync.sh discard CLIENT WORK PARTS
#
# WORK holds, for one workspace: SLOT/ (working trees a, b, ...), keep/ (folders
# that belong to runs), meta/SLOT/ (what we put there), stage/SLOT/ (under way),
# aside/ (what a run wrote where we had to put something).
#
# Answers are records that end with NUL, since names may hold newlines. Plans
# are calls of the functions below with quoted words; every path in them begins
# with "./" or with a folder of the stage. Their author has checked the names;
# what only the machine can know (a link where a folder was) is checked here.
#
# Runs under dash, bash and busybox sh. Standard input is never read by the
# shell itself: shells read ahead.
#
# Plans call s, b, l, d and k, which each step defines anew:
# shellcheck disable=SC2015,SC2030,SC2031,SC2317

set -uf
umask 077
LC_ALL=C
export LC_ALL
unset CDPATH
newline='
'

# ----------------------------------------------------------------- answers ---

emit() { printf '%s\0' "$*"; }

# fail CODE [DETAIL]
fail() {
  emit "fail $1 ${2:-}"
  exit 3
}

there() { [ -e "$1" ] || [ -L "$1" ]; }

has() { command -v "$1" >/dev/null 2>&1; }

# cmp belongs to neither POSIX coreutils nor every small system.
same() { if has cmp; then cmp -s "$1" "$2"; else [ "$(cat "$1")" = "$(cat "$2")" ]; fi; }

# -------------------------------------------------------------------- lock ---

child=
lock_path=

start_of() {
  _start=
  if [ -r "/proc/$1/stat" ]; then
    { read -r _line <"/proc/$1/stat"; } 2>/dev/null || return 0
    # shellcheck disable=SC2086 # fields
    set -- ${_line##*) }
    _start=${20:-}
  fi
}

read_boot() {
  boot=
  { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
  if [ -z "$boot" ]; then boot=$(sysctl -n kern.bootsessionuuid 2>/dev/null); fi
  boot=${boot:-unknown}
}

# A link is made with its content in one step, so no lock is ever without owner.
lock() {
  [ -d "${1%/*}" ] || mkdir -p "${1%/*}" || fail storage
  start_of "$$"
  _me=$$.${_start:-0}.$boot.$2
  _turns=0
  until ln -s "$_me" "$1" 2>/dev/null; do
    _held=$(readlink "$1") || {
      there "$1" || ln -s "$_me" "$1.$$" || fail storage
      rm -f "$1.$$"
      _held=
    }
    _turns=$((_turns + 1))
    if [ "$_turns" -gt 200 ]; then fail busy; fi
    _pid=${_held%%.*}
    case $_pid in '' | *[!0-9]*) continue ;; esac
    if is_holder "$_pid" "$_held"; then
      # Ours from before: its connection is gone, only it does not know yet.
      if [ "${_held##*.}" = "$2" ]; then
        if [ "$_turns" -lt 40 ]; then kill "$_pid"; else kill -9 "$_pid"; fi 2>/dev/null
      fi
      sleep 0.05 2>/dev/null || sleep 1
      continue
    fi
    mv "$1" "$1.$$" 2>/dev/null || continue
    if [ "$(readlink "$1.$$")" = "$_held" ]; then rm -f "$1.$$"; else mv "$1.$$" "$1"; fi
  done
  lock_path=$1
  trap unlock EXIT
  trap 'exit 143' TERM INT HUP PIPE
}

is_holder() {
  _rest=${2#*.}
  start_of "$1"
  case ${_rest#*.} in "$boot".*) ;; *) return 1 ;; esac
  kill -0 "$1" 2>/dev/null && [ "${_start:-0}" = "${_rest%%.*}" ]
}

unlock() {
  if [ -n "$child" ]; then kill "$child" 2>/dev/null; fi
  rm -f "$lock_path"
}

# ------------------------------------------------------------------- tools ---

PY_SUMS='
import hashlib, sys
for name in sys.argv[1:]:
    h = hashlib.blake2b()
    try:
        with open(name, "rb") as f:
            for b in iter(lambda: f.read(1 << 20), b""):
                h.update(b)
        print(h.hexdigest(), "x")
    except OSError:
        pass
'

# What is sent is proved piece by piece, and the rest copied by the system, from
# a version that was proved before: the caller sees to it that it stands still.
PY_PATCH='
import hashlib, os, sys
lit, pieces = sys.argv[3], sys.argv[5]
with open(pieces) as lines:
    expected = [line.split() for line in lines]
if expected:
    with open(lit, "rb") as f:
        for size, digest in expected:
            if hashlib.sha256(f.read(int(size))).hexdigest() != digest:
                sys.exit(1)
old = open(sys.argv[1], "rb", 0)
out = open(sys.argv[4], "wb", 0)
cloned = False
try:
    import fcntl
    fcntl.ioctl(out, 0x40049409, old.fileno())
    cloned = True
except Exception:
    pass
def slow(source, frm, to, left):
    while left > 0:
        b = os.pread(source.fileno(), min(left, 1 << 20), frm)
        if not b:
            sys.exit(1)
        while b:
            n = os.pwrite(out.fileno(), b, to)
            b = b[n:]
            frm += n
            to += n
            left -= n
def copy(source, frm, to, left):
    try:
        while left > 0:
            n = os.copy_file_range(source.fileno(), out.fileno(), left, frm, to)
            if n == 0:
                break
            frm += n
            to += n
            left -= n
    except (AttributeError, OSError):
        pass
    slow(source, frm, to, left)
at = 0
lit_at = 0
lit = open(lit, "rb", 0) if expected else None
for line in open(sys.argv[2]):
    op = line.split()
    size = int(op[-1])
    if op[0] == "l":
        copy(lit, lit_at, at, size)
        lit_at += size
    elif not (cloned and int(op[1]) == at):
        copy(old, int(op[1]), at, size)
    at += size
out.truncate(at)
'

# Hashes on a thread of its own while the next piece is read and written.
PY_BUILD='
import hashlib, sys
from concurrent.futures import ThreadPoolExecutor
h = hashlib.blake2b()
old = open(sys.argv[1], "rb", 0)
lit = open(sys.argv[3], "rb", 0) if sys.argv[3] else None
pool = ThreadPoolExecutor(1)
before = None
with open(sys.argv[4], "wb", 0) as out, open(sys.argv[2]) as recipe:
    for line in recipe:
        op = line.split()
        source = old if op[0] == "c" else lit
        left = int(op[-1])
        if op[0] == "c":
            source.seek(int(op[1]))
        while left > 0:
            b = source.read(min(left, 1 << 20))
            if not b:
                sys.exit(1)
            left -= len(b)
            if before is not None:
                before.result()
            before = pool.submit(h.update, b)
            view = memoryview(b)
            while view:
                view = view[out.write(view):]
    if before is not None:
        before.result()
print(h.hexdigest(), "x")
'

# A program for each folder takes long where there are many.
PUTS_ALONE=8
PY_MOVE='
import os, sys
folder = None
for word in sys.stdin.buffer.read().split(b"\0")[:-1]:
    if folder is None:
        folder = word
    elif not word:
        folder = None
    else:
        os.replace(word, os.path.join(folder, os.path.basename(word)))
'

pick_tools() {
  sum=none digits=128
  if has b2sum; then sum=b2sum
  elif openssl dgst -blake2b512 -r </dev/null >/dev/null 2>&1; then sum=openssl
  elif python3 -I -c 'import hashlib; hashlib.blake2b()' >/dev/null 2>&1; then sum=python3
  elif has sha256sum; then sum=sha256sum digits=64
  elif has shasum; then sum=shasum digits=64
  fi
  stat_style=c
  # Linux has no other stat than this one.
  if [ ! -r /proc/sys/kernel/random/boot_id ] && ! stat -c %s / >/dev/null 2>&1; then
    stat_style=f
  fi
}

# sums [PATH...]: a line of hash for each that can be read; of stdin without any.
sums() {
  case $sum in
    b2sum) b2sum "$@" ;;
    openssl) openssl dgst -blake2b512 -r "$@" ;;
    python3) if [ $# -eq 0 ]; then set -- /dev/stdin; fi && python3 -I -c "$PY_SUMS" "$@" ;;
    sha256sum) sha256sum "$@" ;;
    shasum) shasum -a 256 "$@" ;;
  esac 2>/dev/null | sed -n "s/^\\\\\{0,1\}\([0-9a-f]\{$digits\}\) .*/\1/p"
}

words() { _words=$#; }

# One line for each path, "-" for what is no readable file.
each_sum() {
  _got=$(sums "$@")
  # shellcheck disable=SC2086 # hashes
  words $_got
  if [ "$_words" -eq $# ]; then
    printf '%s\n' "$_got"
  else
    for _p; do
      _got=-
      if [ -f "$_p" ] && [ ! -L "$_p" ]; then _got=$(sums "$_p"); fi
      printf '%s\n' "${_got:--}"
    done
  fi
}

# Size, times, inode and kind, a line for each path that exists.
stats() {
  if [ "$stat_style" = c ]; then
    stat -c '%s %Y %z %i %f' "$@" 2>/dev/null
  else
    stat -f '%z %m %Fc %i %p' "$@" 2>/dev/null
  fi
}

# Last change, permissions and size, a line for each path.
facts() {
  if [ "$stat_style" = c ]; then stat -c '%Y %a %s' "$@"; else stat -f '%m %Lp %z' "$@"; fi 2>/dev/null
}

# range FILE OFFSET LENGTH
range() {
  if [ -z "${dd_bytes:-}" ]; then
    dd_bytes=no
    if dd if=/dev/null of=/dev/null iflag=skip_bytes,count_bytes count=0 2>/dev/null; then
      dd_bytes=yes
    fi
  fi
  if [ "$dd_bytes" = yes ]; then
    dd "if=$1" bs=262144 iflag=skip_bytes,count_bytes "skip=$2" "count=$3" 2>/dev/null
  else
    tail -c "+$(($2 + 1))" "$1" | head -c "$3"
  fi
}

set_stamp() {
  _stamp=$1
  shift
  TZ=UTC0 touch -t "$_stamp" "$@"
}

# ------------------------------------------------------------------- check ---

check() {
  work=$2 wanted=$3 busy=$4
  read_boot
  lock "$work/lock" "$1"
  [ -d "$work/meta" ] && [ -d "$work/stage" ] || mkdir -p "$work/meta" "$work/stage" || fail storage
  : >"$work/used" || fail storage
  pick_tools
  emit "tools $sum $(has python3 && echo python3 || echo dd) $(has gzip && echo gzip || echo none) $(has tar && echo tar || echo none)"
  tell_free "$work"
  for slot in a b c d e f g h i j k l m n o p q r s t u v w x y z; do
    case $busy in *"$slot"*) continue ;; esac
    if [ -d "$work/stage/$slot/commit" ]; then
      switch "$slot"
      emit "rolled $slot"
    fi
  done
  choose
  emit "slot $chosen"
  report "$chosen" hash
  if [ "$chosen_id" != "$wanted" ] && [ -n "$other" ]; then
    emit "from $other"
    report "$other" quick
  fi
  staged_in "$work/stage/$chosen"
  emit end
}

# tell_free PATH: kibibytes left on its disk. The name of a disk may hold spaces.
tell_free() {
  _free=$(df -Pk "$1" 2>/dev/null)
  # shellcheck disable=SC2086 # fields
  set -- ${_free##*"$newline"}
  emit "free ${4:-}"
}

# Sets chosen, chosen_id and other: the slot to use and one to copy from.
choose() {
  mine='' free='' unused='' other='' other_id=''
  for slot in a b c d e f g h i j k l m n o p q r s t u v w x y z; do
    id=
    if [ -f "$work/meta/$slot/id" ]; then
      read -r id <"$work/meta/$slot/id"
      emit "holds $slot $id"
    fi
    case $busy in
      *"$slot"*)
        if [ -n "$id" ] && { [ -z "$other" ] || [ "$other_id" != "$wanted" ]; }; then
          other=$slot other_id=$id
        fi
        continue
        ;;
    esac
    if [ -n "$id" ] || there "$work/$slot"; then
      if [ -z "$mine" ] && [ "$id" = "$wanted" ]; then mine=$slot; fi
      if [ -z "$free" ]; then free=$slot free_id=$id; fi
    elif [ -z "$unused" ]; then
      unused=$slot
    fi
  done
  if [ -n "$mine" ]; then
    chosen=$mine chosen_id=$wanted
  elif [ -n "$free" ]; then
    chosen=$free chosen_id=$free_id
  elif [ -n "$unused" ]; then
    chosen=$unused chosen_id=
  else
    fail slots
  fi
}

# report SLOT hash|quick: the manifest of a tree, and what differs from it.
report() {
  meta=$work/meta/$1
  if [ ! -f "$meta/id" ]; then
    if there "$work/$1"; then emit 'tree unknown'; else emit 'tree none'; fi
    return
  fi
  read -r id <"$meta/id"
  if [ -L "$work/$1" ] || [ ! -d "$work/$1" ]; then
    emit "tree lost $id"
    return
  fi
  emit "tree here $id"
  (cd -P "$work/$1" && drift "$2") || fail storage "$1"
}

drift() {
  now=$meta.now
  i=0
  d() { for p; do i=$((i + 1)); if [ -L "$p" ] || [ ! -d "$p" ]; then emit "dir $i"; fi; done; }
  k() { if [ "$(readlink "$1")" != "$2" ]; then emit "keep $3"; fi; }
  # shellcheck source=/dev/null
  . "$meta/dirs"
  s() { stats "$@"; }
  l() { stats "$1"; }
  # shellcheck source=/dev/null
  . "$meta/list" >"$now"
  read -r then_boot <"$meta/boot"
  if [ "$boot" = "$then_boot" ] && same "$now" "$meta/stats"; then
    rm -f "$now"
    return 0
  fi
  i=0
  s() { for p; do i=$((i + 1)); if there "$p"; then echo "$i"; fi; done; }
  l() { s "$1"; }
  # shellcheck source=/dev/null
  . "$meta/list" >"$now.at"
  read -r count <"$meta/count"
  paste -d ' ' "$now.at" "$now" >"$now.both"
  # A line for each that differs: number, how, the hash it should have.
  awk -v "n=$count" -v "same=$([ "$boot" = "$then_boot" ] && echo skip || echo same)" '
    FILENAME == ARGV[1] { then[FNR] = $0; next }
    FILENAME == ARGV[2] { sum[FNR] = $0; next }
    { at = $1; sub(/^[^ ]* ?/, ""); now[at] = $0 }
    END {
      for (i = 1; i <= n; i++) {
        if (!(i in now)) print i, "gone", "-"
        else if (now[i] != then[i] || now[i] == "") print i, "changed", sum[i]
        else if (same == "same") print i, "same", sum[i]
      }
    }' "$meta/stats" "$meta/sums" "$now.both" >"$now.chg"
  i=0 dirty=
  exec 4<"$now.chg"
  next_change
  if [ "$1" = hash ]; then
    s() { s_hash "$@"; }
    l() { l_hash "$@"; }
  else
    s() { s_quick "$@"; }
    l() { s_quick "$1"; }
  fi
  # shellcheck source=/dev/null
  . "$meta/list"
  exec 4<&-
  if [ "$1" = hash ] && [ -z "$dirty" ]; then
    printf '%s\n' "$boot" >"$meta/boot"
  fi
  rm -f "$now" "$now.at" "$now.both" "$now.chg" "$now.sums"
}

next_change() { read -r ci how expected <&4 || ci=0; }

s_quick() {
  for p; do
    i=$((i + 1))
    if [ "$i" = "$ci" ]; then
      if [ "$how" != same ]; then emit "gone $i"; fi
      next_change
    fi
  done
}

s_hash() {
  total=$#
  numbers=
  for p; do
    i=$((i + 1))
    if [ "$i" = "$ci" ]; then
      if [ "$how" = gone ]; then
        emit "gone $i"
        dirty=1
      elif [ -f "$p" ] && [ ! -L "$p" ]; then
        set -- "$@" "$p"
        numbers="$numbers $i:$how:$expected"
      else
        emit "drift $i -"
        dirty=1
      fi
      next_change
    fi
  done
  shift "$total"
  if [ $# -eq 0 ]; then return 0; fi
  each_sum "$@" >"$now.sums"
  exec 5<"$now.sums"
  for number in $numbers; do
    read -r hash <&5
    how_now=${number#*:}
    if [ "$hash" != "${number##*:}" ]; then
      emit "drift ${number%%:*} $hash"
      dirty=1
    elif [ "${how_now%%:*}" != same ]; then
      emit "touch ${number%%:*}"
      dirty=1
    fi
  done
  exec 5<&-
}

l_hash() {
  i=$((i + 1))
  if [ "$i" != "$ci" ]; then return 0; fi
  if [ "$how" = gone ]; then
    emit "gone $i"
    dirty=1
  elif [ ! -L "$1" ] || [ "$(readlink "$1")" != "$2" ]; then
    emit "drift $i -"
    dirty=1
  elif [ "$how" = changed ]; then
    emit "touch $i"
  fi
  next_change
}

# staged_in STAGE: what of earlier transfers is there and whole.
staged_in() {
  if [ ! -d "$1" ]; then return 0; fi
  (
    cd -P "$1" || exit 0
    set +f
    for plan in plan-*; do
      if [ ! -f "$plan/whole" ]; then continue; fi
      set -f
      emit "stage ${plan#plan-}"
      i=0
      s() { have "$@"; }
      b() { have "$1"; }
      l() {
        i=$((i + 1))
        if [ -L "$1" ] && [ "$(readlink "$1")" = "$2" ]; then emit "have $i same"; fi
      }
      # shellcheck source=/dev/null
      . "./$plan/files"
    done
    set +f
    for big in big/*; do
      if [ -f "$big" ]; then emit "big ${big#big/} $(wc -c <"$big" | tr -d ' ')"; fi
    done
  )
}

have() {
  total=$#
  numbers=
  for p; do
    i=$((i + 1))
    if [ -f "$p" ] && [ ! -L "$p" ]; then
      set -- "$@" "$p"
      numbers="$numbers $i"
    fi
  done
  shift "$total"
  if [ $# -eq 0 ]; then return 0; fi
  _facts=$(facts "$@")
  # shellcheck disable=SC2046 # hashes
  set -- $(each_sum "$@")
  # Cut between content and permissions, a file is whole and yet not right.
  for number in $numbers; do
    emit "have $number $1 ${_facts%%"$newline"*}"
    _facts=${_facts#*"$newline"}
    shift
  done
}

# ----------------------------------------------------------------- receive ---

# run_child GZIP COMMAND...: feeds it our standard input, unpacked.
run_child() {
  exec 3<&0
  if [ "$1" = 1 ]; then
    shift
    gzip -dc <&3 | "$@" &
  else
    shift
    "$@" <&3 &
  fi
  child=$!
  exec 3<&-
  wait "$child"
  _code=$?
  child=
  return "$_code"
}

# With BEGIN, what came of it when it was packed: that of the stage it goes on from.
append() {
  read_boot
  lock "$2" "$1"
  mkdir -p "$3/big" || fail storage
  file=$3/big/$4
  if [ -n "${7:-}" ] && [ -f "$3/$7" ] && [ ! -L "$3/$7" ] && ! there "$file"; then
    chmod 600 "$3/$7" && mv "$3/$7" "$file" || fail write
  fi
  size=0
  if [ -f "$file" ]; then size=$(wc -c <"$file" | tr -d ' '); fi
  if [ "$size" != "$5" ]; then fail moved; fi
  run_child "$6" cat >>"$file" || fail write
  emit "big $4 $(wc -c <"$file" | tr -d ' ')"
  emit end
}

# unpack STAGE PLAN GZIP RESET
unpack() {
  stage=$1 plan=plan-$2
  mkdir -p "$stage" || fail storage
  cd -P "$stage" || fail storage
  if [ "$4" = 1 ]; then rm -rf f seed lit plan-*; fi
  has tar || fail no-tar
  # Not as root, busybox gives the archive's modes less our umask. The folders
  # above are ours alone.
  umask 0
  run_child "$3" tar -xpof - || fail unpack
  umask 077
  if [ ! -f "$plan/whole" ]; then fail no-plan; fi
  set +f
  for _old in plan-*; do
    if [ "$_old" != "$plan" ]; then rm -rf "$_old"; fi
  done
  set -f
}

# rate BYTES: says when so many have come, and ends when all have.
rate() {
  head -c "$1" >/dev/null
  emit go
  cat >/dev/null
  emit end
}

# Makes what needs no sending, then proves everything by hash.
prove() {
  pick_tools
  # shellcheck source=/dev/null
  . "./$plan/make"
  s() { each_sum "$@"; }
  b() { cat "built/$2" 2>/dev/null || echo -; }
  l() {
    if [ -L "$1" ] && [ "$(readlink "$1")" = "$2" ]; then echo same; else echo -; fi
  }
  # shellcheck source=/dev/null
  . "./$plan/files" >got
  if same got "$plan/need"; then return 0; fi
  awk 'FILENAME == ARGV[1] { sum[FNR] = $0; next } sum[FNR] != $0 { print FNR, "-", "-" }' \
    "$plan/need" got >bad
  i=0
  exec 4<bad
  next_change
  s() {
    for p; do
      i=$((i + 1))
      if [ "$i" = "$ci" ]; then
        emit "bad $i"
        rm -rf "$p"
        next_change
      fi
    done
  }
  b() { s "$1"; }
  l() { s "$1"; }
  # shellcheck source=/dev/null
  . "./$plan/files"
  exec 4<&-
  fail verify
}

# copy TREE DIR BASE...: from a tree on this machine into the stage.
copy() {
  _from=$work/$1/$2 _to=f/$2
  shift 2
  if [ -z "${reflink+set}" ]; then
    reflink=
    if cp --reflink=auto /dev/null ./reflink 2>/dev/null; then reflink=--reflink=auto; fi
    rm -f ./reflink
  fi
  mkdir -p "$_to" || fail write
  _n=$#
  for _b; do
    if there "$_from/$_b"; then set -- "$@" "$_from/$_b"; fi
  done
  shift "$_n"
  if [ $# -eq 0 ]; then return 0; fi
  # shellcheck disable=SC2086 # an option or nothing
  cp -pP $reflink "$@" "$_to/" || fail write
}

# alike FROM TO: the same content again; FROM is a place in the stage or a tree.
alike() {
  mkdir -p "${2%/*}" || fail write
  if [ -f "$1" ] && [ ! -L "$1" ]; then cp -p "$1" "$2" || fail write; fi
}

# take HASH PATH MODE STAMP: what came in a stream of its own.
take() {
  if [ -f "big/$1" ]; then
    mkdir -p "${2%/*}" && chmod "$3" "big/$1" && set_stamp "$4" "big/$1" &&
      mv -f "big/$1" "$2" || fail write
  fi
}

# fit MODE STAMP PATH
fit() {
  if [ -f "$3" ]; then
    chmod "$1" "$3" && set_stamp "$2" "$3" || fail write
  fi
}

# bare: takes folders away that hold nothing; an earlier wish may have had them.
bare() { find f -depth -type d -exec rmdir {} + 2>/dev/null; }

# shelf MODE PATH...: folders, outer ones first.
shelf() {
  _mode=$1
  shift
  mkdir -p "$@" && chmod "$_mode" "$@" || fail write
}

# drop PATH...: staged for an earlier wish.
drop() {
  for _p; do
    rm -rf "$_p"
    _p=${_p%/*}
    while [ "$_p" != "${_p%/*}" ] && rmdir "$_p" 2>/dev/null; do _p=${_p%/*}; done
  done
}

# What is laid anew from an old text, line by line: k FROM TO keeps those, in
# their order, a COUNT takes so many others; they follow, or stand in a text of their own.
AWK_LAY='
function lay(patch, old, others, to,    line, op, at, left, all) {
  printf "" >to
  while ((getline line <patch) > 0) {
    if (left > 0) { print line >to; left--; all++; continue }
    split(line, op, " ")
    if (op[1] == "k") {
      if (op[2] <= at) return -1
      for (; at < op[3] + 0; at++) {
        if ((getline line <old) <= 0) return -1
        if (at + 1 >= op[2] + 0) { print line >to; all++ }
      }
    } else if (others == "") left = op[2] + 0
    else for (op[2] += 0; op[2] > 0; op[2]--) {
      if ((getline line <others) <= 0) return -1
      print line >to
      all++
    }
  }
  if (others != "" && (getline line <others) > 0) return -1
  close(to)
  return all + 0
}
'

# patch SLOT NAME...: lists about a tree, made from those of the last version.
patch() {
  awk "$AWK_LAY"'
    BEGIN {
      for (i = 4; i < ARGC; i++) {
        name = ARGV[i]
        lay(ARGV[2] "/" name ".patch", ARGV[1] "/" name, "", ARGV[2] "/" name)
      }
    }' "$work/meta/$1" "$plan" "$@" || fail write
}

# build TREE OLD NUMBER LITERAL PATH MODE STAMP PLACE HASH: a new version from an
# old one; PLACE is that of the old one in the list of its tree, HASH of the new.
build() {
  _old=$work/$1/$2
  mkdir -p built "${5%/*}" || fail write
  rm -f "$5" "built/$3"
  _sum=
  if [ "$digits" = 128 ] && as_put "$1" "$8" "$_old" && has python3 &&
    python3 -I -c "$PY_PATCH" "$_old" "$plan/recipe-$3" "$4" "$5" "$plan/pieces-$3" 2>/dev/null &&
    as_put "$1" "$8" "$_old"; then
    _sum=$9
  fi
  if [ -z "$_sum" ] && [ "$digits" = 128 ] && has python3; then
    _sum=$(python3 -I -c "$PY_BUILD" "$_old" "$plan/recipe-$3" "$4" "$5") || _sum=
  fi
  if [ -z "$_sum" ]; then
    _sum=$(assemble "$_old" "$plan/recipe-$3" "$4" | tee "$5" | sums)
  fi
  printf '%s\n' "${_sum%% *}" >"built/$3"
  chmod "$6" "$5" && set_stamp "$7" "$5" || fail write
}

# as_put TREE PLACE FILE: whether it is what was proved and put there, untouched.
as_put() {
  if [ "$2" = 0 ]; then return 1; fi
  read -r _boot <"$work/meta/$1/boot"
  [ "$_boot" = "$boot" ] && [ "$(stats "$3")" = "$(sed -n "$2p" "$work/meta/$1/stats")" ]
}

assemble() {
  _at=0
  while read -r _op _a _b; do
    if [ "$_op" = c ]; then
      range "$1" "$_a" "$_b"
    else
      range "$3" "$_at" "$_a"
      _at=$((_at + _a))
    fi
  done <"$2"
}

commit() {
  work=$2
  read_boot
  lock "$work/lock" "$1"
  unpack "$work/stage/$3" "$4" "$5" "$6"
  prove
  mv "$plan" commit || fail write
  switch "$3"
  emit end
  tidy "$1" >/dev/null 2>&1
}

# ------------------------------------------------------------------- tidy ---

# Once a day: what was moved aside a month ago, and workspaces that nobody has
# used for three. Never keep/, and of a tree only what we put there and nobody
# has changed.
tidy() {
  trees=${work%/*}
  has find || return 0
  if [ -n "$(find "$trees/tidied" -mtime -1)" ]; then return 0; fi
  : >"$trees/tidied"
  set +f
  for other in "$trees"/*; do
    set -f
    if [ -L "$other" ] || [ ! -d "$other" ]; then continue; fi
    if [ -d "$other/aside" ]; then
      find "$other/aside/." ! -name . -prune -mtime +30 -exec rm -rf {} +
    fi
    if [ "$other" != "$work" ] && [ -n "$(find "$other/used" -mtime +90)" ]; then
      occupied "$other" || (forget "$other" "$1")
    fi
  done
  set -f
}

# Whether a program runs inside; as good as yes where nobody can tell.
occupied() {
  _inside=$(cd -P "$1" && pwd -P) && [ -e /proc/self/cwd ] || return 0
  set +f
  for _cwd in /proc/[0-9]*/cwd; do
    set -f
    case $(readlink "$_cwd") in "$_inside" | "$_inside"/*) return 0 ;; esac
  done
  set -f
  return 1
}

# forget WORK CLIENT
forget() {
  lock "$1/lock" "$2"
  for slot in a b c d e f g h i j k l m n o p q r s t u v w x y z; do
    meta=$1/meta/$slot
    if [ ! -f "$meta/id" ] || [ -L "$1/$slot" ] || [ ! -d "$1/$slot" ]; then continue; fi
    if [ -z "$(cd -P "$1/$slot" && drift quick | tr '\0' ' ')" ]; then
      (cd -P "$1/$slot" && take_back)
      rmdir "$1/$slot"
      rm -rf "$meta"
    fi
  done
  rm -rf "$1/stage"
}

take_back() {
  k() { if [ "$(readlink "$1")" = "$2" ]; then rm -f "$1"; fi; }
  d() { :; }
  # shellcheck source=/dev/null
  . "$meta/dirs"
  s() { rm -f "$@"; }
  l() { rm -f "$1"; }
  # shellcheck source=/dev/null
  . "$meta/list"
  find . -depth -type d ! -name . -exec rmdir {} \;
}

# ------------------------------------------------------------------ switch ---

# switch SLOT: everything it needs is on this machine, proved. Each step does
# nothing where it was done before, so it may be begun again at any point.
switch() {
  slot=$1
  stage=$work/stage/$slot
  pending=$stage/commit
  tree=$work/$slot
  if [ -z "${stat_style:-}" ]; then pick_tools; fi
  read -r plan_id <"$pending/whole" || fail no-plan
  if [ -L "$tree" ]; then
    cd "$work" && aside "$slot"
  fi
  if [ ! -d "$tree" ]; then
    if [ -d "$stage/f" ]; then mv "$stage/f" "$tree"; else mkdir "$tree"; fi || fail switch
  fi
  cd -P "$tree" || fail switch
  real_dir=
  puts=0
  if [ -f "$pending/moves" ]; then rm -f "$pending/moves"; fi
  # shellcheck source=/dev/null
  . "$pending/steps"
  if [ -f "$pending/moves" ]; then
    python3 -I -S -c "$PY_MOVE" <"$pending/moves" 2>/dev/null || {
      puts=never
      # shellcheck source=/dev/null
      . "$pending/steps"
    }
  fi
  settle
}

# The plan itself becomes what we know of the tree: until then it is begun again.
settle() {
  meta=$work/meta/$slot
  read -r count <"$pending/count"
  s() { stats "$@"; }
  l() { stats "$1"; }
  if ! carry; then
    # shellcheck source=/dev/null
    . "$pending/list" >"$pending/stats"
    if [ "$(wc -l <"$pending/stats")" -ne "$count" ]; then
      : >"$pending/stats"
      emit incomplete
    fi
  fi
  printf '%s\n' "$boot" >"$pending/boot" || fail switch
  if [ -f "$pending/asides" ]; then cat "$pending/asides"; fi
  rm -rf "$meta"
  mv "$pending" "$meta" || fail switch
  cd / || fail switch
  set +f
  rm -rf "$stage" "$meta"/*.patch "$meta"/recipe-* "$meta"/pieces-* "$meta/files" "$meta/need" \
    "$meta/make" "$meta/steps" "$meta/moves" "$meta/again" "$meta/seen" "$meta/was" "$meta/whole" \
    "$meta/asides"
  set -f
}

# What stays as the check saw it keeps its line, so that what a run changes
# meanwhile is not taken for ours; the rest is looked at. Not with a list that
# the check did not see.
carry() {
  if [ ! -f "$pending/stats.patch" ] || [ ! -f "$meta/stats" ]; then return 1; fi
  read -r _was <"$pending/was"
  read -r _is <"$meta/id"
  read -r _boot <"$meta/boot"
  if [ "$_was" != "$_is" ] || [ "$_boot" != "$boot" ]; then return 1; fi
  # shellcheck source=/dev/null
  . "$pending/again" >"$pending/seen"
  awk "$AWK_LAY"'
    BEGIN { exit lay(ARGV[1], ARGV[2], ARGV[3], ARGV[4]) != ARGV[5] + 0 }
  ' "$pending/stats.patch" "$meta/stats" "$pending/seen" "$pending/stats" "$count"
}

# aside PATH: never lost, only out of the way. Told before it is done.
aside() {
  _k=0
  while there "$work/aside/$plan_id/$_k"; do _k=$((_k + 1)); done
  _to=$work/aside/$plan_id/$_k/${1#./}
  mkdir -p "${_to%/*}" || fail aside "$1"
  printf 'aside %s %s\0' "$plan_id/$_k" "${1#./}" >>"$pending/asides" || fail aside "$1"
  mv "$1" "$_to" || fail aside "$1"
}

# Whether ./a/b is a chain of folders, no link among them.
real() {
  if [ "$1" = "$real_dir" ]; then return 0; fi
  _left=${1#.}
  _at=.
  while [ -n "$_left" ]; do
    _left=${_left#/}
    _at=$_at/${_left%%/*}
    case $_left in */*) _left=/${_left#*/} ;; *) _left= ;; esac
    if [ -L "$_at" ] || [ ! -d "$_at" ]; then return 1; fi
  done
  real_dir=$1
}

# gone DIR BASE...: ours, unchanged, no longer wanted.
gone() {
  _dir=$1
  shift
  real "$_dir" || return 0
  _n=$#
  for _b; do
    if [ -f "$_dir/$_b" ] || [ -L "$_dir/$_b" ]; then set -- "$@" "$_dir/$_b"; fi
  done
  shift "$_n"
  if [ $# -gt 0 ]; then rm -f "$@" || fail switch "$_dir"; fi
}

# changed DIR BASE...: ours, changed by a run, no longer wanted.
changed() {
  _dir=$1
  shift
  real "$_dir" || return 0
  for _b; do
    if [ -f "$_dir/$_b" ] || [ -L "$_dir/$_b" ]; then aside "$_dir/$_b"; fi
  done
}

# prune DIR...: folders of ours, deepest first, unless a run has something there.
prune() {
  for _p; do
    real_dir=
    if real "$_p"; then rmdir "$_p" 2>/dev/null; fi
  done
  real_dir=
}

# room DIR...: folders we need, outermost first.
room() {
  for _d; do
    if [ -L "$_d" ] || [ ! -d "$_d" ]; then
      if there "$_d"; then aside "$_d"; fi
      mkdir "$_d" || fail switch "$_d"
    fi
  done
}

# put DIR BASE...: over what is ours. A folder there is a run's.
put() {
  _dir=$1
  shift
  _n=$#
  for _b; do
    if there "$stage/f/$_dir/$_b"; then
      if [ -d "$_dir/$_b" ] && [ ! -L "$_dir/$_b" ]; then aside "$_dir/$_b"; fi
      set -- "$@" "$stage/f/$_dir/$_b"
    fi
  done
  shift "$_n"
  if [ $# -eq 0 ]; then return 0; fi
  if [ "$puts" = "$PUTS_ALONE" ] && has python3; then
    printf '%s\0' "$_dir" "$@" '' >>"$pending/moves" || fail switch "$_dir"
    return 0
  fi
  if [ "$puts" != never ] && [ "$puts" -lt "$PUTS_ALONE" ]; then puts=$((puts + 1)); fi
  mv -f "$@" "$_dir/" || fail switch "$_dir"
}

# fresh DIR BASE...: where anything that stands is a run's.
fresh() {
  _dir=$1
  shift
  for _b; do
    if there "$stage/f/$_dir/$_b" && there "$_dir/$_b"; then aside "$_dir/$_b"; fi
  done
  put "$_dir" "$@"
}

# seed DIR BASE...: first content of a run's folder; never over anything.
seed() {
  _dir=$work/keep/$1
  _from=$stage/seed/$1
  shift
  mkdir -p "$_dir" || fail switch "$_dir"
  for _b; do
    if there "$_from/$_b"; then
      if there "$_dir/$_b"; then rm -f "$_from/$_b"; else mv "$_from/$_b" "$_dir/$_b"; fi ||
        fail switch "$_dir"
    fi
  done
}

# link PATH TARGET NAME: a folder of runs, seen from this tree.
link() {
  [ -d "$work/keep/$3" ] || mkdir -p "$work/keep/$3" || fail switch "$1"
  if [ -L "$1" ]; then
    if [ "$(readlink "$1")" = "$2" ]; then return 0; fi
    aside "$1"
  elif [ -d "$1" ]; then
    if rmdir "$work/keep/$3" 2>/dev/null; then
      mv "$1" "$work/keep/$3" || fail switch "$1"
    else
      aside "$1"
    fi
  elif there "$1"; then
    aside "$1"
  fi
  ln -s "$2" "$1" || fail switch "$1"
}

# unlink PATH TARGET: no longer a folder of runs; what it holds stays in keep.
unlink() {
  if [ -L "$1" ] && [ "$(readlink "$1")" = "$2" ]; then rm -f "$1"; fi
}

# mode MODE PATH..., stamp STAMP PATH...: of content that was right already.
mode() {
  _mode=$1
  shift
  plain_only "$@"
  # shellcheck disable=SC2086
  if [ "$_plain" = all ]; then chmod "$_mode" "$@"; else
    for _b; do plain_only "$_b"; if [ "$_plain" = all ]; then chmod "$_mode" "$_b"; fi; done
  fi || fail switch
}

stamp() {
  _when=$1
  shift
  plain_only "$@"
  if [ "$_plain" = all ]; then set_stamp "$_when" "$@"; else
    for _b; do plain_only "$_b"; if [ "$_plain" = all ]; then set_stamp "$_when" "$_b"; fi; done
  fi || fail switch
}

plain_only() {
  _plain=all
  for _q; do
    if [ ! -f "$_q" ] || [ -L "$_q" ] || ! real "${_q%/*}"; then _plain=some; fi
  done
}

# ------------------------------------------------------------ put and fetch ---

staged() {
  read_boot
  lock "$2" "$1"
  pick_tools
  emit "tools $sum $(has python3 && echo python3 || echo dd) $(has gzip && echo gzip || echo none) $(has tar && echo tar || echo none)"
  # Cut right after what was placed, only the tidying lacks.
  if [ -f "$3/placing" ] && ! there "$3/f/it" && there "$4"; then rm -rf "$3"; fi
  if there "$3"; then emit 'begun'; fi
  # A stage that is gone later says that all of it went to its place.
  if there "$4"; then emit 'dest there'; fi
  if [ "$5" = 1 ] || ! there "$4"; then mkdir -p "$3" || fail storage; fi
  tell_free "${3%/*}"
  staged_in "$3"
  emit end
}

place() {
  read_boot
  lock "$2" "$1"
  work=/nonexistent
  unpack "$3" "$4" "$5" "$6"
  prove
  target=$7
  : >placing || fail write
  if there "$target" && [ "$8" != 1 ]; then fail exists; fi
  if [ -L "$target" ] || [ -d "$target" ] || { there "$target" && [ -d f/it ]; }; then
    mv "$target" "$stage/before" || fail write
  fi
  mv -f f/it "$target" || fail write
  cd / && rm -rf "$stage"
  emit end
}

list() {
  pick_tools
  hashing=$2
  emit "tools $sum - $(has gzip && echo gzip || echo none) -"
  if [ -d "$1" ]; then
    cd -P "$1" || fail denied
    emit 'root directory'
    walk .
  elif [ -f "$1" ]; then
    _dir=${1%/*}
    cd -P "${_dir:-/}" || fail denied
    emit 'root file'
    if [ -L "./${1##*/}" ]; then
      # The one link that is followed: the one that was asked for by name.
      _dir=$(readlink -f "./${1##*/}" && echo x) || fail missing
      _dir=${_dir%?x}
      emit "n ./${1##*/}"
      tell "$_dir"
    else
      emit "n ./${1##*/}"
      tell "./${1##*/}"
    fi
  elif there "$1"; then
    fail special
  else
    fail missing
  fi
  emit end
}

tell() {
  printf 'stats '
  stats "$@"
  printf '\0'
  if [ "$hashing" = 1 ]; then
    printf 'sums '
    each_sum "$@"
    printf '\0'
  fi
}

# A subshell each, since folders nest and names of variables do not.
walk() (
  dir=$1
  if [ ! -r "$dir" ] || [ ! -x "$dir" ]; then emit "unreadable $dir"; fi
  set --
  set +f
  for p in "$dir"/* "$dir"/.[!.]* "$dir"/..?*; do
    if [ -L "$p" ]; then
      emit "link $p"
      # Newlines at the end of a target would be lost.
      target=$(readlink "$p" && echo x)
      emit "to ${target%?x}"
    elif [ -f "$p" ]; then
      if [ -r "$p" ]; then
        emit "n $p"
        set -- "$@" "$p"
      else
        emit "unreadable $p"
      fi
      if [ $# -ge 200 ]; then
        tell "$@"
        set --
      fi
    elif [ -d "$p" ]; then
      emit "dir $p"
    elif [ -e "$p" ]; then
      emit "special $p"
    fi
  done
  if [ $# -gt 0 ]; then tell "$@"; fi
  for p in "$dir"/* "$dir"/.[!.]* "$dir"/..?*; do
    if [ -d "$p" ] && [ ! -L "$p" ]; then walk "$p"; fi
  done
)

read_out() {
  steps=$(cat)
  if [ -d "$1" ]; then
    cd -P "$1" || fail denied
  else
    _dir=${1%/*}
    cd -P "${_dir:-/}" || fail missing
  fi
  # c PATH...: whole; r OFFSET LENGTH PATH: a part.
  c() { cat "$@"; }
  r() { range "$3" "$1" "$2"; }
  eval "$steps"
}

# ----------------------------------------------------------------- discard ---

# weigh WORK...: of each that is one of ours, kibibytes and files of its trees
# and of keep/.
weigh() {
  for work; do
    if ! is_work "$work"; then continue; fi
    emit "work $work"
    set --
    for slot in a b c d e f g h i j k l m n o p q r s t u v w x y z meta stage aside; do
      if [ -d "$work/$slot" ]; then set -- "$@" "$work/$slot"; fi
    done
    emit "code $(sizes "$@")"
    if [ -d "$work/keep" ]; then emit "keep $(sizes "$work/keep")"; else emit 'keep 0 0'; fi
  done
  emit end
}

is_work() { [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/used" ] && [ ! -L "$1/used" ]; }

# sizes [DIR...]: kibibytes and files of all of them.
sizes() {
  if [ $# -eq 0 ]; then echo '0 0' && return; fi
  _kib=$(du -sk "$@" 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
  echo "${_kib:-0} $(find "$@" -type f 2>/dev/null | wc -l | tr -d ' ')"
}

# discard CLIENT WORK PARTS: deletes the trees ("code"), what runs share ("keep")
# or both; never under a program that runs inside.
discard() {
  work=$2
  is_work "$work" || fail foreign "$work"
  read_boot
  lock "$work/lock" "$1"
  if [ -e /proc/self/cwd ] && occupied "$work"; then fail occupied "$work"; fi
  case " $3 " in *' code '*)
    for slot in a b c d e f g h i j k l m n o p q r s t u v w x y z meta stage aside; do
      discard_one "$work/$slot"
    done
    ;;
  esac
  case " $3 " in *' keep '*) discard_one "$work/keep" ;; esac
  # The mark that it is ours stays for as long as anything does.
  if ! there "$work/keep" && ! there "$work/meta"; then
    rm -f "$work/used"
    unlock
    trap - EXIT
    rmdir "$work" 2>/dev/null
  fi
  emit end
}

discard_one() {
  if there "$1" && { ! rm -rf "$1" || there "$1"; }; then fail discard "$1"; fi
}

# -------------------------------------------------------------------- main ---

verb=${1:-}
shift
if [ "$verb" != read ]; then emit 'runctl-sync 1'; fi
case $verb in
  check | append | rate | commit | staged | place | list | weigh | discard) "$verb" "$@" ;;
  read) read_out "$@" ;;
  *) fail verb "$verb" ;;
esac
