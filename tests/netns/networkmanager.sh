#!/usr/bin/env bash
# NetworkManager itself beside a director, with profiles of the director's links: whatever of rules, routes, addresses and proxy neighbours
# it takes away as profiles go, come and change, as all networking is turned off and on, or as it starts anew, comes back.
. "$(dirname "$0")/lib.sh"
root=${TUNVS_TEST_PACKAGES:-/opt/tunvs-tests}/network-manager
[[ -x $root/usr/sbin/NetworkManager ]] || fail "no NetworkManager in $root: run scripts/install-test-deps"
topology
web rs1
web rs2

# --- its own bus and folders

mkdir -p etc/system-connections lib /run/dbus /etc/NetworkManager /var/lib/NetworkManager
mount --bind etc /etc/NetworkManager
mount --bind lib /var/lib/NetworkManager
printf '[main]\nauth-polkit=root-only\nno-auto-default=*\ndns=none\n[device]\nmatch-device=*\nmanaged=1\n' >etc/NetworkManager.conf
profile() { # LINK IPV4 IPV6
  printf '[connection]\nid=%s\ntype=ethernet\ninterface-name=%s\n[ipv4]\nmethod=manual\naddress1=%s\n[ipv6]\nmethod=manual\naddress1=%s\n' \
    "$1" "$1" "$2" "$3" >"etc/system-connections/$1.nmconnection"
  chmod 600 "etc/system-connections/$1.nmconnection"
}
profile eth1 192.168.1.181/24 fd00:1::181/64
profile eth2 192.168.56.181/24 fd00:56::181/64
cat >bus.conf <<'XML'
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
XML
dbus-daemon --config-file=bus.conf --nofork --nopidfile >bus.log 2>&1 &
wait_until 5 test -S /run/dbus/system_bus_socket
nmcli() { LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu timeout 60 "$root/usr/bin/nmcli" "$@" >>nmcli.log 2>&1; }
# Without udev: links count as ready where /sys is read-only, as in a container.
runs() {
  LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu ip netns exec ds unshare --mount bash -c \
    "mount -o remount,ro /sys; exec $root/usr/sbin/NetworkManager --debug" >>networkmanager.log 2>&1 &
  daemon=$!
  wait_until 10 manages
}
connected() { LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu timeout 60 "$root/usr/bin/nmcli" -t device | sed -n 's/:ethernet:connected:.*//p' | tr '\n' ' '; }
manages() { [[ $(connected) == "eth1 eth2 " ]]; }

# --- a director, with all that it makes

start_director --announce
services_at 192.168.1.200 '[fd00:1::200]'
all_plumbing() {
  plumbing
  on ds sysctl net.ipv4.ip_forward net.ipv6.conf.{all,eth1}.forwarding net.ipv6.conf.eth1.proxy_ndp
}
announced() { [[ $(on ds tunvs vips | grep -c announced) == 2 ]]; }
wait_until 10 announced
whole=$(all_plumbing)
is_whole() { [[ $(all_plumbing) == "$whole" ]]; }
serves() {
  wait_until 5 is_whole
  forget_neighbours client ds rs1 rs2
  same "IPv4 after $1" "rs2 rs1" "$(answers client 2 http://192.168.1.200)"
  same "IPv6 after $1" "rs2 rs1" "$(answers client 2 'http://[fd00:1::200]')"
}

runs
serves "its start"
for link in eth1 eth2; do
  nmcli connection down $link
  nmcli connection up $link
  serves "the profile of $link"
done
nmcli connection modify eth1 +ipv4.routing-rules "priority 30000 from 203.0.113.0/24 table 254" +ipv4.routes "203.0.113.0/24 192.168.1.10"
nmcli device reapply eth1
contains "a rule of its own" "from 203.0.113.0/24 lookup main" "$(ip -n ds rule show priority 30000)"
nmcli connection modify eth1 ipv4.routing-rules "" ipv4.routes ""
nmcli device reapply eth1
serves "a change of rules and routes"
nmcli networking off
nmcli networking on
wait_until 10 manages
serves "networking was off"
kill "$daemon"
wait "$daemon" || true
runs
serves "another start"
nmcli device disconnect tunvs-vip || true
serves "it let go of a device of the director"
kill "$daemon"
wait "$daemon" || true
serves "its end"
stop_director
nothing_left
