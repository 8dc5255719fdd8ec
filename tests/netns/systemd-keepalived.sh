#!/usr/bin/env bash
# Debian's keepalived below `tunvs exec` as the drop-in of the package starts it, by a real systemd: a reload and
# a stop reach it, its services outlive a restart and a kill of the director, and it goes and comes with one that is stopped.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
vip=192.168.1.200
web rs1
web rs2
before=$(snapshot ds)
unit=/lib/systemd/system/keepalived.service
[[ -e $unit ]] || fail "no $unit: scripts/install-test-deps installs keepalived"

image=$work/image
mkdir -p "$image"/units/{keepalived,tunvs}.service.d
cp "$TUNVS_BIN" "$image/tunvs"
ln -s tunvs "$image/ipvsadm"
from_package() { sed "s|/usr/sbin/tunvs|/run/image/tunvs|g; s|/etc/tunvs/tunvs.toml|/run/image/tunvs.toml|; s|/etc/keepalived/keepalived.conf|/run/image/keepalived.conf|" "$1"; }
from_package "$here/../../conf/systemd/tunvs.service" >"$image/units/tunvs.service"
from_package "$here/../../conf/systemd/keepalived.service.d/tunvs.conf" >"$image/units/keepalived.service.d/tunvs.conf"
from_package "$here/../../conf/systemd/tunvs.service.d/keepalived.conf" >"$image/units/tunvs.service.d/keepalived.conf"
from_package "$unit" >"$image/units/keepalived.service"
echo 'DAEMON_ARGS="-f /run/image/keepalived.conf -l"' >"$image/arguments"
sed -i 's|^EnvironmentFile=.*|EnvironmentFile=/run/image/arguments|' "$image/units/keepalived.service"
: >"$image/tunvs.toml"
declare_servers() {
  local server
  echo "virtual_server $vip 80 {
  lb_algo rr
  lb_kind NAT
  protocol TCP
  delay_loop 1" >"$image/keepalived.conf"
  for server; do echo "  real_server $server 80 { TCP_CHECK { connect_timeout 1 } }"; done >>"$image/keepalived.conf"
  echo "}" >>"$image/keepalived.conf"
}
declare_servers 192.168.56.183
start_systemd ds "$image"

listed() { inside ipvsadm -Ln | sed -n 's/^  -> \([0-9.]*:80\).*/\1/p' | sort | tr '\n' ' '; }
lists() { [[ $(listed) == "$1" ]]; }
main_process() { inside systemctl show -P MainPID "$1"; }
is() { [[ $(inside systemctl is-active "$1") == "$2" ]]; }

inside systemctl start keepalived
same "keepalived" active "$(inside systemctl is-active keepalived)"
same "the director, which it wants" active "$(inside systemctl is-active tunvs)"
wait_until 20 lists "192.168.56.183:80 "
same "an answer" rs1 "$(get client http://$vip)"
keepalived=$(main_process keepalived)

declare_servers 192.168.56.183 192.168.56.184
inside systemctl reload keepalived
wait_until 20 lists "192.168.56.183:80 192.168.56.184:80 "
kill "$(cat "$work/web-rs1/pid")"
wait_until 20 lists "192.168.56.184:80 "
same "an answer of the other one" rs2 "$(get client http://$vip)"

for how in "restart tunvs" "kill -s KILL --kill-whom=main tunvs"; do
  process=$(main_process tunvs)
  # shellcheck disable=SC2086 # words
  inside systemctl $how
  another() { local now; now=$(main_process tunvs) && [[ $now != 0 && $now != "$process" ]] && lists "192.168.56.184:80 "; }
  wait_until 20 another
  same "keepalived after $how" "active $keepalived" "$(inside systemctl is-active keepalived) $(main_process keepalived)"
  same "an answer after $how" rs2 "$(get client http://$vip)"
done
# It goes on: what it finds is told to the director of now.
web rs1
wait_until 20 lists "192.168.56.183:80 192.168.56.184:80 "

inside systemctl stop tunvs
wait_until 20 is keepalived inactive
inside systemctl start keepalived
wait_until 20 lists "192.168.56.183:80 192.168.56.184:80 "
inside systemctl stop keepalived
same "how keepalived has ended" "success 0" "$(inside systemctl show -P Result -P ExecMainStatus keepalived | tr '\n' ' ' | sed 's/ $//')"
same "what a stop leaves" "" "$(listed)"
same "the director after it" active "$(inside systemctl is-active tunvs)"
inside systemctl stop tunvs
same "the host after a stop" "$before" "$(snapshot ds)"
