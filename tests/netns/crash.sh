#!/usr/bin/env bash
# A director that is killed: until the next one goes on, clients and servers meet silence and never the host's own stack, and
# what leads packets in stays as it is.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
web ds "" "location /own {}"
before=$(snapshot ds)
vip=192.168.1.200 vip6=fd00:1::200
# The same ports of addresses that the host has itself: its own stack would answer there.
virtuals=(192.168.1.181:8080 "$vip:80" "[fd00:1::181]:8080" "[$vip6]:80")

# What must not come: RSTs and errors, counted at both ends.
for name in client rs1; do
  on "$name" nft -f - <<'NFT'
table inet seen {
  counter refused {}
  chain input {
    type filter hook input priority 0;
    tcp flags & rst == rst counter name refused
    icmp type destination-unreachable counter name refused
    icmpv6 type destination-unreachable counter name refused
  }
}
NFT
done
refusals() {
  local name
  for name in client rs1; do on "$name" nft list counter inet seen refused | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; done | xargs
}

{
  for virtual in "${virtuals[@]}"; do
    net=192.168.56.18 open='' close=''
    [[ $virtual != \[* ]] || net=fd00:56::18 open=[ close=]
    printf '[[service]]\naddress = "%s"\nscheduler = "rr"\nserver = [%s]\n' "$virtual" \
      "{ address = \"$open${net}3$close:80\", forward = \"masq\" }, { address = \"$open${net}4$close:80\", forward = \"masq\" }"
  done
  printf '[[service]]\nmark = 7\nserver = [{ address = "192.168.56.183:80", forward = "masq" }]\n'
} >tunvs.toml

leading() {
  local family
  for family in -4 -6; do
    ip -n ds "$family" rule
    ip -n ds "$family" route show table all | grep 'proto 151' | sed 's/ linkdown//' | sort
    ip -n ds "$family" neigh show proxy | sort
  done
  ip -n ds -o link show type tun | cut -d : -f 2
}

all_answer() {
  local virtual
  for virtual in "${virtuals[@]}"; do same "answers of $virtual" $'rs1\nrs2' "$(answers client 2 "http://$virtual/" | tr " " "\n" | sort)"; done
}

killed() {
  kill -9 "$director"
  wait "$director" || true
}

# silent: new connections to all virtual addresses get no answer, and neither does a server that sends to a client.
silent() {
  local virtual addr asked=()
  refusals >refused.before
  for virtual in "${virtuals[@]}"; do
    addr=${virtual%:*} addr=${addr//[\[\]]/}
    tcp_try client "$addr" "${virtual##*:}" >"try-$addr" &
    asked+=($!)
  done
  # In the midst of a connection that the host knows nothing of.
  on rs1 python3 - <<'PY'
import socket, struct
def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
source, target = (socket.inet_aton(addr) for addr in ("192.168.56.183", "192.168.1.10"))
segment = struct.pack("!HHIIBBHHH", 80, 40000, 7, 9, 0x50, 0x10, 1000, 0, 0)
total = checksum(source + target + struct.pack("!HH", 6, len(segment)) + segment)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.sendto(segment[:16] + struct.pack("!H", total) + segment[18:], ("192.168.1.10", 0))
PY
  wait "${asked[@]}"
  for virtual in "${virtuals[@]}"; do
    addr=${virtual%:*} addr=${addr//[\[\]]/}
    same "a connection to $virtual" timeout "$(<"try-$addr")"
  done
  same "RSTs and errors" "$(<refused.before)" "$(refusals)"
}

# --- the next one goes on
start_director --config tunvs.toml
all_answer
led=$(leading)
killed
silent
same "what leads packets in after the kill" "$led" "$(leading)"
start_director --config tunvs.toml
same "what leads packets in after the next start" "$led" "$(leading)"
contains "the log" "goes on with what another director left on this host" "$(cat director-ds.log)"
all_answer
[[ $(cat director-ds.log) != *"another program"* ]] || fail "the director takes its predecessor for another program"

# --- with another number of queues, and with fewer services
killed
start_director --config tunvs.toml --queues 2
same "what leads packets in with more queues" "$led" "$(leading)"
all_answer
killed
printf '[[service]]\naddress = "%s:80"\nserver = [{ address = "192.168.56.183:80", forward = "masq" }]\n' $vip >one.toml
start_director --config one.toml
same "answers with one service" "rs1 rs1" "$(answers client 2 http://$vip/)"
# Servers that are no more in the tables have their last connections.
[[ $(leading) != *$vip6* && $(leading) != *tunvs-m7* ]] || fail "something of the other services is left"
same "the host's own answer" ds "$(get client http://192.168.1.181/)"
stop_director
same "the host after a stop" "$before" "$(snapshot ds)"

# --- without a next one
start_director --config tunvs.toml
killed
on ds tunvs cleanup
same "the host after a clean-up" "$before" "$(snapshot ds)"

# --- another program took the devices meanwhile; other ports that stand for clients
start_director --config tunvs.toml
killed
ip -n ds link del tunvs-vip
start_director --config tunvs.toml
all_answer
killed
start_director --config tunvs.toml --laddr-ports 20000-29999
all_answer
stop_director
same "the host after another stop" "$before" "$(snapshot ds)"
