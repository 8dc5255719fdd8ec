#!/usr/bin/env bash
# The state at a glance and lists of connections, with real traffic: numbers that agree with each other and with
# ipvsadm, filters, and a reader of a long list that takes its time.
. "$(dirname "$0")/lib.sh"

topology
address client eth0 192.168.1.11/24 192.168.1.12/24
web rs1
web rs2
start_director
on ds ipvsadm -R <<'RULES'
-A -t 192.168.1.183:80 -s rr
-a -t 192.168.1.183:80 -r 192.168.56.183 -m
-a -t 192.168.1.183:80 -r 192.168.56.184 -m
-A -u 192.168.1.183:53 -s rr
-a -u 192.168.1.183:53 -r 192.168.56.183 -m -w 0
-a -u 192.168.1.183:53 -r 192.168.56.184:5353 -m
RULES
flows=20000
for _ in 1 2 3 4 5 6; do on client curl -s --max-time 30 http://192.168.1.183 >/dev/null; done

# ask JSON-PATH...: values from `tunvs status --json`, one a line.
ask() {
  on ds tunvs status --json | python3 -c '
import json, sys
status = json.load(sys.stdin)
for path in sys.argv[1:]:
    value = status
    for name in path.split("."):
        value = value[int(name)] if isinstance(value, list) else value[name]
    print(value)' "$@"
}
same "the census" "2 4 1 6 True" "$(ask services servers.total servers.quiesced stats.conns host.follows | xargs)"
same "the process" "$director" "$(ask director.pid)"
# The SYN of each request comes by the director, and the rest where there is no fast path.
packets=$(ask packets.forward)
((packets >= 6)) || fail "only $packets packets were forwarded"
# The last packets of a connection come after the answer.
verdicts_are_of_queues() {
  on ds tunvs status --json | python3 -c '
import json, sys
status = json.load(sys.stdin)
counted = sum(value for name, value in status["packets"].items() if not name.startswith("write_"))
sys.exit(counted + sum(status["drops"].values()) != sum(queue["packets"] for queue in status["queues"]))'
}
wait_until 10 verdicts_are_of_queues
contains "as text" "services       2 with 4 servers (1 of weight 0, 0 overloaded)" "$(on ds tunvs status)"

connections() { on ds tunvs connections "$@"; }
# Not answered (nobody listens there), but tracked. On a busy machine some are lost before the director.
all_tracked() {
  on client python3 - $flows <<'PY'
import socket, sys, time
# A flow per source port and address: two addresses of the client's network.
made = 0
for last in (11, 12):
    for port in range(10000, 10000 + int(sys.argv[1]) // 2):
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagram.bind((f"192.168.1.{last}", port))
        datagram.sendto(b"?", ("192.168.1.183", 53))
        datagram.close()
        made += 1
        if made % 200 == 0:
            time.sleep(0.01)
PY
  (($(connections --proto udp --count) >= flows))
}
wait_until 20 all_tracked
total=$(connections --count)
same "connections of both protocols" "$total" $(($(connections --proto udp --count) + $(connections --proto tcp --count)))
same "as ipvsadm lists them" "$(on ds ipvsadm -L -n -c | tail -n +3 | wc -l)" "$total"
same "one client" "$(on ds ipvsadm -L -n -c | grep -c ' 192.168.1.11:')" "$(connections --from 192.168.1.11 --count)"
same "one flow" 1 "$(connections --from 192.168.1.12:10007 --count)"
same "the server's port" "$(connections --proto udp --count)" "$(connections --server :5353 --count)"
same "a network of servers" "$total" "$(connections --server 192.168.56.0/24 --count)"
same "nobody" 0 "$(connections --to 192.168.1.184 --count)"
same "a state" "$(connections --proto tcp --count)" "$(connections --state time_wait --count)"
same "a limit" 8 "$(connections --limit 7 | wc -l)"
connections --json | python3 -c '
import json, sys
connections = json.load(sys.stdin)["connections"]
ends = {(c["protocol"], c["client"]["address"], c["client"]["port"]) for c in connections}
assert len(ends) == len(connections) == int(sys.argv[1]), (len(ends), len(connections), sys.argv[1])
assert {c["forwarding"] for c in connections} == {"masq"}, connections[0]
' "$total"
connections | head -n 3 >/dev/null
refused on ds tunvs connections --from 10.0.0
contains "a wrong end" "10.0.0.1:80" "$output"

# A reader that takes its time holds nobody up.
connections --json > >(sleep 3; wc -l >slow-lines) &
slow=$!
same "requests meanwhile" rs "$(on client curl -s --max-time 30 http://192.168.1.183 | tr -d '0-9')"
same "a listing meanwhile" 1 "$(connections --limit 1 | tail -n +2 | wc -l)"
wait "$slow"
wait_until 20 grep -q . slow-lines
(($(cat slow-lines) >= flows * 9 / 10)) || fail "the slow reader got $(cat slow-lines) lines"

stop_director
refused on ds tunvs status
contains "without a director" "tunvs run" "$output"
nothing_left
