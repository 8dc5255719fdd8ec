#!/usr/bin/env bash
# Clients that a service lets in. Lists of prefixes (allow, deny) of 100,000 lines, read again by a reload and by ipvsadm -E; a list that is wrong
# refuses the reload, and the one before counts. Limits of each client by rate and by number, with and without cookies.
. "$(dirname "$0")/lib.sh"
vip=192.168.1.183
topology
web rs1
address client eth0 192.168.1.11/24 192.168.1.12/24
# from ADDRESS URL: what a client of that address gets; "nothing" within two seconds.
from() { on client curl -sS --max-time 2 --interface "$1" "$2" 2>/dev/null || echo nothing; }

python3 -c '
for number in range(100000):
    print(f"10.{number >> 8 & 255}.{number & 255}.{number >> 16 << 7}/25")
' >deny.txt
echo "192.168.1.11   # a client" >>deny.txt
cat >tunvs.toml <<CONF
[[service]]
address = "$vip:80"
scheduler = "rr"
deny = "$work/deny.txt"
[[service.server]]
address = "192.168.56.183:80"
forward = "masq"
CONF
start_director --config "$work/tunvs.toml"
same "a client in no list" rs1 "$(from 192.168.1.10 http://$vip)"
same "a client that is denied" nothing "$(from 192.168.1.11 http://$vip)"
contains "counters" "drop_denied" "$(on ds tunvs counters | grep -v ' 0$')"
contains "why" "do not let 192.168.1.11 in" "$(on ds tunvs explain --from 192.168.1.11:4000 --to $vip:80)"

# Another list, by a reload; then one that is wrong.
echo 192.168.1.12 >deny.txt
on ds tunvs reload >/dev/null
same "a client that is denied no more" rs1 "$(from 192.168.1.11 http://$vip)"
same "one that is now" nothing "$(from 192.168.1.12 http://$vip)"
echo "192.168.1.0/240" >>deny.txt
refused on ds tunvs reload
contains "the refusal" "deny.txt line 2: \"192.168.1.0/240\" is no prefix" "$output"
same "the list before counts" nothing "$(from 192.168.1.12 http://$vip)"
same "and lets others in" rs1 "$(from 192.168.1.11 http://$vip)"

# The longest prefix decides; by ipvsadm.
printf '192.168.1.0/24\n' >deny.txt
printf '192.168.1.11/32\n::/0\n' >allow.txt
on ds ipvsadm -E -t $vip:80 -s rr --allow "$work/allow.txt" --deny "$work/deny.txt"
same "a client in both lists" rs1 "$(from 192.168.1.11 http://$vip)"
same "its neighbour" nothing "$(from 192.168.1.10 http://$vip)"
contains "the saved rules" "--allow $work/allow.txt --deny $work/deny.txt" "$(on ds ipvsadm -Sn)"
refused on ds ipvsadm -E -t $vip:80 -s rr --allow /no/such
contains "the refusal" "cannot read the list of prefixes /no/such" "$output"
same "nothing has changed" rs1 "$(from 192.168.1.11 http://$vip)"
on ds ipvsadm -E -t $vip:80 -s rr
same "without lists" rs1 "$(from 192.168.1.10 http://$vip)"

# opened ADDRESS COUNT: how many of that many connections a client gets that it opens at once and holds, and within how many seconds.
opened() {
  on client python3 - "$1" "$2" $vip <<'PY'
import math, selectors, socket, sys, time
begun = time.monotonic()
held, sel = [], selectors.DefaultSelector()
for _ in range(int(sys.argv[2])):
    s = socket.socket()
    s.bind((sys.argv[1], 0))
    s.setblocking(False)
    s.connect_ex((sys.argv[3], 80))
    sel.register(s, selectors.EVENT_WRITE)
    held.append(s)
done = set()
while ready := sel.select(0.9):
    for key, _ in ready:
        sel.unregister(key.fileobj)
        if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            continue
        try:
            key.fileobj.send(b"GET / HTTP/1.0\r\n\r\n")
            key.fileobj.setblocking(True)
            key.fileobj.settimeout(2)
            if b"rs1" in key.fileobj.recv(4096): done.add(key.fileobj)
        except OSError:
            pass
print(len(done), math.ceil(time.monotonic() - begun))
PY
}
for defence in off on; do
  on ds ipvsadm -E -t $vip:80 -s rr --syn-defence $defence --client-limit rate=1,burst=5
  read -r count seconds <<<"$(opened 192.168.1.1$([[ $defence == on ]] && echo 1 || echo 0) 12)"
  ((count >= 5 && count < 5 + seconds)) || fail "$count connections at once in $seconds s, syn_defence $defence: five, and one more a second"
  on ds ipvsadm -E -t $vip:80 -s rr --syn-defence $defence --client-limit conns=4
  same "connections at the same time, syn_defence $defence" 4 "$(opened 192.168.1.12 12 | cut -d ' ' -f 1)"
  same "another client" rs1 "$(from 192.168.1.11 http://$vip)"
  on ds ipvsadm -D -t $vip:80
  on ds ipvsadm -A -t $vip:80 -s rr
  on ds ipvsadm -a -t $vip:80 -r 192.168.56.183:80 -m
done
contains "counters" "drop_client_limit" "$(on ds tunvs counters | grep -v ' 0$')"
stop_director
nothing_left
