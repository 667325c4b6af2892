/** Where a machine finds its own files, in its own namespace. */
export const INSIDE = '/mnt/machine';

/** PATH of every process of a machine. */
export const PATH = `${INSIDE}/shims:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;

/**
 * Makes the world of a machine, as the first process of its namespaces, then keeps whatever
 * it is told to keep. Everything of the host is read-only or hidden; `/root`, `/home`, `/tmp`
 * and `/var/log` are the machine's own. `$1` is its folder, `$2` its user.
 */
export const BOOT = `set -e
base=$1 user=$2
shift 2
mount -t tmpfs tmpfs /mnt
mkdir ${INSIDE}
mount --bind "$base" ${INSIDE}
mount --bind ${INSIDE}/passwd /etc/passwd
mount --bind ${INSIDE}/pam-su /etc/pam.d/su
for name in shutdown poweroff halt reboot systemctl; do
  for found in /usr/sbin/$name /usr/bin/$name; do
    if [ -f "$found" ] && [ ! -L "$found" ]; then mount --bind ${INSIDE}/shims/power "$found"; fi
  done
done
mount -t tmpfs tmpfs /home
mkdir "/home/$user"
mount --bind ${INSIDE}/home "/home/$user"
mount --bind ${INSIDE}/root /root
mount --bind ${INSIDE}/log /var/log
mount -t tmpfs tmpfs /opt
mount -t tmpfs tmpfs /srv
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/tmp
mkdir -p /run/sshd
mount --bind ${INSIDE}/tmp /tmp
# Root of the machine is root of the host as well: it must not be able to change anything there.
mount -o remount,bind,ro / || echo 'the files of the host could not be made read-only' >&2
cd /
"$@" &
: > ${INSIDE}/power/booted
# As init does: takes in every process whose parent has gone.
while :; do wait || :; sleep 1; done
`;

/**
 * \`shutdown\` and its kin, by the name they are called by: tells the emulator by a file, on
 * which it acts as EC2 would.
 */
export const POWER = `#!/bin/sh
tell() {
  name=${INSIDE}/power/$$
  echo "$1" > "$name.new" && mv "$name.new" "$name.request"
}
need_root() {
  [ "$(id -u)" = 0 ] && return
  echo "$me: Interactive authentication required." >&2
  exit 1
}
me=$(basename "$0")
act=off
case $me in
  reboot) act=reboot ;;
  systemctl)
    [ "$1" = --no-block ] && shift
    case $1 in
      poweroff | halt) act=off ;;
      reboot) act=reboot ;;
      is-system-running) echo running; exit 0 ;;
      *) echo "System has not been booted with systemd as init system. Can't operate." >&2; exit 1 ;;
    esac
    shift
    ;;
esac
when=
for word in "$@"; do
  case $word in
    --help) echo "$me [OPTIONS...] [TIME] [WALL...]"; exit 0 ;;
    -c) need_root; tell cancel; exit 0 ;;
    -k) need_root; exit 0 ;;
    -r | --reboot) act=reboot ;;
    -*) ;;
    *) [ -n "$when" ] || when=$word ;;
  esac
done
need_root
# Only shutdown waits a minute when it is given no time.
if [ -z "$when" ]; then when=now; [ "$me" = shutdown ] && when=+1; fi
case $when in
  now | +0) tell "$act 0" ;;
  +[0-9]*) tell "$act \${when#+}"; echo "Shutdown scheduled, use 'shutdown -c' to cancel." >&2 ;;
  *) echo "Failed to parse time specification: $when" >&2; exit 1 ;;
esac
`;

/** Without a password, as cloud images have it; \`su\` asks for none in the machine. */
export const SUDO = `#!/bin/sh
target=root
while :; do
  case $1 in
    -u) target=$2; shift 2 ;;
    -n | -E | -H | -S | -i | -b | -k) shift ;;
    -v | -l) exit 0 ;;
    --) shift; break ;;
    -*) echo "sudo: this machine does not know $1" >&2; exit 1 ;;
    *) break ;;
  esac
done
while :; do
  case $1 in
    *=*) export "$1"; shift ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- sh
[ "$(id -un)" = "$target" ] && exec "$@"
exec su "$target" -s /bin/sh -c 'exec "$@"' -- sh "$@"
`;

/** \`cloud-init status --wait\`. */
export const CLOUD_INIT = `#!/bin/sh
[ "$1" = status ] || { echo "this machine knows only cloud-init status" >&2; exit 1; }
if [ "$2" = --wait ]; then while [ ! -f ${INSIDE}/power/finished ]; do sleep 0.1; done; fi
if [ -f ${INSIDE}/power/finished ]; then echo 'status: done'; else echo 'status: running'; fi
`;

/** Lets nobody be asked for a password. */
export const PAM_SU = `auth sufficient pam_permit.so
account sufficient pam_permit.so
session sufficient pam_permit.so
`;
