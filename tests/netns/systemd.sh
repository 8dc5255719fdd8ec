#!/usr/bin/env bash
# A real systemd runs the unit that the package ships: `systemctl restart` and `reload` keep every connection, counter and state of a
# check, a kill is gone on with, and a stop undoes everything. The last line says what was lost.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
vip=192.168.1.200
for rs in rs1 rs2; do
  web $rs
  echo_server $rs
done
before=$(snapshot ds)

# --- the director, as the package brings it

image=$work/image
mkdir -p "$image/units"
cp "$TUNVS_BIN" "$image/tunvs"
ln -s tunvs "$image/ipvsadm"
sed "s|/usr/sbin/tunvs|/run/image/tunvs|g; s|/etc/tunvs/tunvs.toml|/run/image/tunvs.toml|" \
  "$here/../../conf/systemd/tunvs.service" >"$image/units/tunvs.service"
printf '[Unit]\nDescription=nothing but tunvs\nAllowIsolate=yes\n' >"$image/units/probe.target"
cat >"$image/tunvs.toml" <<TOML
[[service]]
address = "$vip:7"
scheduler = "rr"
[[service.server]]
address = "192.168.56.183:7"
forward = "masq"
[[service.server]]
address = "192.168.56.184:7"
forward = "masq"

[[service]]
address = "$vip:80"
scheduler = "rr"
check = { type = "tcp", interval = "200ms", fall = 1, rise = 1000 }
[[service.server]]
address = "192.168.56.183:80"
forward = "masq"
[[service.server]]
address = "192.168.56.184:80"
forward = "masq"
TOML

start_systemd ds "$image"

# The director answers, and has the first service.
serves() { [[ $(inside ipvsadm -Ln) == *"TCP  $vip:7 rr"* ]]; }
# The one web server that checks leave.
webs() { inside ipvsadm -Ln | sed -n "/$vip:80/,\$s/^  -> \([0-9.:]*\).*/\1/p"; }
only_first_web() { [[ $(webs) == 192.168.56.183:80 ]]; }
# Packets from clients to the first service.
packets() { inside ipvsadm -Ln --stats --exact | awk -v at="$vip:7" '$2 == at { print $4 }'; }
main_process() { inside systemctl show -P MainPID tunvs; }

inside systemctl start tunvs
serves || fail "started, but: $(inside ipvsadm -Ln 2>&1)"
contains "the sandbox within that of the unit" "sandbox        no new privileges, a filter of system calls, Landlock" "$(inside tunvs status)"

# A server that went down and would have to be found well a thousand times before it comes up.
kill -STOP "$(cat "$work/web-rs2/pid")"
ip netns exec rs2 nft 'add table ip t; add chain ip t in { type filter hook input priority 0; }; add rule ip t in tcp dport 80 reject with tcp reset'
wait_until 20 only_first_web
ip netns exec rs2 nft delete table ip t
kill -CONT "$(cat "$work/web-rs2/pid")"

connections=60
begin_load $vip $connections 10 3
longest=0

# again HOW COMMAND...: the command has another process serve, which knows what the one before knew.
again() {
  local how=$1 process counted sent=$(date +%s%3N)
  shift
  process=$(main_process) counted=$(packets)
  inside "$@"
  another() { local now; now=$(main_process) && [[ $now != 0 && $now != "$process" ]] && serves; }
  wait_until 20 another
  local took=$(($(date +%s%3N) - sent))
  ((took <= longest)) || longest=$took
  ((counted > 0)) || fail "$how: no packets were counted before, so this proves nothing"
  (($(packets) >= counted * least / 100)) || fail "$how: $(packets) packets are counted after $counted"
  only_first_web || fail "$how: a server that was down is up: $(webs)"
  # Whoever waits to send again would meet the next change too.
  wait_until 20 nobody_waits $vip
}

# What was counted in the last second before a kill is lost.
least=100
again "restart" systemctl restart tunvs
again "try-restart" systemctl try-restart tunvs
least=50
again "kill" systemctl kill -s KILL --kill-whom=main tunvs
same "state after a kill" active "$(inside systemctl is-active tunvs)"
inside systemctl reload tunvs
serves || fail "not after a reload"
end_load
inside systemctl stop tunvs
same "the host after a stop" "$before" "$(snapshot ds)"
echo "2 restarts and a kill by systemd: $lost of $connections connections lost, the longest wait $longest_wait s, the longest change $longest ms"
[[ $lost == 0 ]] || fail "connections were lost: $(cat load)"
