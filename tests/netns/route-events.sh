#!/usr/bin/env bash
# One route that changes is not a reason to read all: on a host with 100,000 routes the director follows each change, and needs
# a fraction of the time that listing them takes.
#   ROUTES: how many (default 100000).
. "$(dirname "$0")/lib.sh"
routes=${ROUTES:-100000}
host ds peer
cable ds eth1 peer eth0
address ds eth1 10.7.0.1/16 10.7.0.5/16
address peer eth0 10.7.0.2/16
python3 -c '
import sys
for i in range(int(sys.argv[1])): print(f"route add {20 + i // 65536}.{i // 256 % 256}.{i % 256}.0/24 via 10.7.0.2")' "$routes" >many
on ds ip -batch many
start_director --masquerade 10.7.0.0/16

# from ADDRESS: by which address of its own the director sends packets to 198.51.100.1 out.
leaves_from() { [[ $(on ds tunvs explain --from 10.7.0.9:1000 --to 198.51.100.1:80) == *"sends it out from $1"* ]]; }
leaves_not() { [[ $(on ds tunvs explain --from 10.7.0.9:1000 --to 198.51.100.1:80) != *"sends it out from"* ]]; }
# follows COMMAND...: the director has followed a change when a command is done after it.
follows() {
  "$@"
  on ds ipvsadm -A -t 10.7.99.99:80 -s rr
  on ds ipvsadm -D -t 10.7.99.99:80
}
on ds ip route add 198.51.100.0/24 via 10.7.0.2 src 10.7.0.5
wait_until 10 leaves_from 10.7.0.5
on ds ip route replace 198.51.100.0/24 via 10.7.0.2 src 10.7.0.1
wait_until 10 leaves_from 10.7.0.1
on ds ip route add 198.51.100.1/32 via 10.7.0.2 src 10.7.0.5
wait_until 10 leaves_from 10.7.0.5
on ds ip route add 198.51.100.1/32 via 10.7.0.2 src 10.7.0.1 metric 5
on ds ip route del 198.51.100.1/32 via 10.7.0.2 src 10.7.0.5
wait_until 10 leaves_from 10.7.0.1
on ds ip route del 198.51.100.1/32
on ds ip route del 198.51.100.0/24
wait_until 10 leaves_not
# By two hops, and one of them goes.
on ds ip route add 198.51.100.0/24 src 10.7.0.5 nexthop via 10.7.0.2 nexthop via 10.7.0.3
wait_until 10 leaves_from 10.7.0.5
on ds ip route append 198.51.100.0/24 via 10.7.0.2 src 10.7.0.1 metric 9
on ds ip route del 198.51.100.0/24 metric 0
wait_until 10 leaves_from 10.7.0.1
# The kernel does not tell of routes that go with their link.
ip -n ds link set eth1 down
wait_until 10 leaves_not
ip -n ds link set eth1 up
on ds ip -batch many

ticks() { awk '{ print $14 + $15 }' "/proc/$director/stat"; }
follows true
before=$(ticks)
on ds ip link set eth1 mtu 1490
follows true
on ds ip link set eth1 mtu 1500
follows true
listing=$(($(ticks) - before))
before=$(ticks)
for ((i = 0; i < 10; i++)); do follows on ds ip route add "198.18.$i.0/24" via 10.7.0.2; done
events=$(($(ticks) - before))
echo "$routes routes: $((listing * 10 / 2)) ms of processor to list them, $events ms for each of 10 that came"
((events < listing * 10 / 2)) || late "a route that comes costs $events ms, listing all $((listing * 10 / 2)) ms"
stop_director
nothing_left
