#!/usr/bin/env bash
# What keeps a director from starting: each time one clear line, a failing exit status, and nothing left on the
# host. Without a director, ipvsadm says so.
. "$(dirname "$0")/lib.sh"
topology
before=$(snapshot ds)

# will_not_start WHAT PART COMMAND...: PART must be in the one line.
will_not_start() {
  local what=$1 part=$2
  shift 2
  refused on ds timeout 60 "$@"
  ((status != 124)) || fail "$what: it started"
  contains "$what" "$part" "$output"
  same "lines about: $what" 1 "$(grep -c . <<<"$output")"
  same "the host after: $what" "$before" "$(snapshot ds)"
  [[ ! -e $TUNVS_SOCKET ]] || fail "$what: the socket is left"
}

refused on ds ipvsadm -L -n
same "ipvsadm without a director" 2 "$status"
same "lines of ipvsadm without a director" 1 "$(wc -l <<<"$output")"

will_not_start "no CAP_NET_ADMIN" CAP_NET_ADMIN \
  setpriv --inh-caps=-net_admin --bounding-set=-net_admin tunvs run
will_not_start "no /dev/net/tun" /dev/net/tun \
  unshare --mount bash -c 'mount -t tmpfs tmpfs /dev/net && exec tunvs run'
will_not_start "a configuration that is not there" "$work/missing.toml" tunvs run --config "$work/missing.toml"
echo 'this is [not a configuration' >broken.toml
will_not_start "a broken configuration" broken.toml tunvs run --config "$work/broken.toml"
will_not_start "a bad option" --vip-net tunvs run --vip-net 10.0.0.0/99
will_not_start "a socket nowhere" "$work/no/such/folder" tunvs run --socket "$work/no/such/folder/control.sock"
for dry in "" --dry-run; do
  for prefix in a/b longer-than-it-can-be; do
    will_not_start "the prefix '$prefix' $dry" "cannot be the name" tunvs run $dry --tun-prefix "$prefix"
  done
  will_not_start "a device of that name $dry" "cannot be the name" tunvs real-server $dry --vip 192.168.1.183 --mode ipip --tun a/b
done

ip -n ds tuntap add dev tunvs-vip mode tun
before=$(snapshot ds)
will_not_start "a TUN name that exists" tunvs-vip tunvs run
ip -n ds link del tunvs-vip

start_director
stop_director
nothing_left
