#!/usr/bin/env bash
# systemd-networkd itself beside a director, with a `.network` file that matches every link and the file that the package
# brings: rules, routes, announcements, proxy neighbours and addresses of the director stay or come back, however often it starts, and
# whatever settings it writes.
shipped=$(realpath "$(dirname "$0")/../../conf/systemd/networkd.conf.d/50-tunvs.conf")
. "$(dirname "$0")/lib.sh"
networkd=/lib/systemd/systemd-networkd
[[ -x $networkd ]] || fail "no $networkd: apt-get install systemd"
topology
web rs1
web rs2
mount -t tmpfs none /etc/systemd
mkdir -p /etc/systemd/network /etc/systemd/networkd.conf.d /run/systemd/netif/{links,leases,lldp}
chown -R systemd-network: /run/systemd/netif
cp "$shipped" /etc/systemd/networkd.conf.d/
printf '[Match]\nName=*\n[Network]\nIPv6AcceptRA=no\n' >/etc/systemd/network/all.network

start_director --announce
services_at 192.168.1.200 '[fd00:1::200]'
all_plumbing() {
  plumbing
  on ds sysctl net.ipv4.ip_forward net.ipv6.conf.{all,eth1}.forwarding net.ipv6.conf.eth{1,2}.accept_ra net.ipv6.conf.eth1.proxy_ndp
}
announced() { [[ $(on ds tunvs vips | grep -c announced) == 2 ]]; }
wait_until 10 announced
whole=$(all_plumbing)
for vip in 192.168.1.200 fd00:1::200; do contains "routes that are announced" "$vip dev tunvs-fleet table 151" "$whole"; done
is_whole() { [[ $(all_plumbing) == "$whole" ]]; }
serves() {
  forget_neighbours client ds rs1 rs2
  same "IPv4" "rs2 rs1" "$(answers client 2 http://192.168.1.200)"
  same "IPv6" "rs2 rs1" "$(answers client 2 'http://[fd00:1::200]')"
}
serves

# Without udev and D-Bus: links count as ready where /sys is read-only, as in a container.
runs() {
  ip netns exec ds unshare --mount bash -c "mount -o remount,ro /sys; exec $networkd" >"$work/networkd.log" 2>&1 &
  daemon=$!
  wait_until 5 all_configured
}
all_configured() {
  local link
  for link in eth1 eth2 tunvs-vip tunvs-rs; do
    grep -q '^ADMIN_STATE=configured' "/run/systemd/netif/links/$(on ds cat "/sys/class/net/$link/ifindex")" || return
  done
}
for time in first second; do
  runs
  wait_until 5 is_whole
  serves
  for link in eth1 eth2; do ip -n ds link set $link down; done
  for link in eth1 eth2; do ip -n ds link set $link up; done
  address ds eth1 fd00:1::181/64
  address ds eth2 fd00:56::181/64
  wait_until 5 is_whole
  serves
  kill "$daemon"
  wait "$daemon" || true
  rm -f /run/systemd/netif/links/*
done
stop_director
nothing_left
