#!/usr/bin/env bash
# `tunvs demo` as root, as an ordinary user in a user namespace, and with --keep until a signal comes; each leaves
# nothing behind.
. "$(dirname "$0")/lib.sh"
export TMPDIR=$work/tmp
mkdir -m 1777 "$TMPDIR"
chmod 755 "$work"

all_right() {
  contains "the last line" "right, 0 wrong" "$(tail -n 1 "$1")"
  ! grep -q $'\x1b' "$1" || fail "colour in a file"
  [[ -z $(ls "$TMPDIR") ]] || fail "something is left in $TMPDIR"
}

tunvs demo >root.txt
all_right root.txt

# An own node, because the one in /dev may be root's alone.
mknod -m 666 tun c 10 200
mount -o remount,dev /run
mount --bind tun /dev/net/tun
install -m 755 "$TUNVS_BIN" demo-binary
setpriv --reuid 65534 --regid 65534 --clear-groups "$work/demo-binary" demo >user.txt
all_right user.txt

"$TUNVS_BIN" demo --keep >keep.txt &
demo=$!
wait_until 10 grep -q nsenter keep.txt
same "the client, entered" rs2 "$(eval "$(sed -n 's/^ *client *\(nsenter\)/\1/p' keep.txt) curl -sS http://192.168.1.183")"
kill -INT "$demo"
wait "$demo"
all_right keep.txt
