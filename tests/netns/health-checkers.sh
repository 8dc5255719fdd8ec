#!/usr/bin/env bash
# keepalived's checkers as keepalived does them: replies of UDP_CHECK, where PING_CHECK and UDP_CHECK come from, scripts that tidy
# up or do not end, that are not there or whose user is not, numbers in files, sessions of a real BFD daemon (BIRD), and a sorry
# server that is the only real server.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
address ds eth1 192.168.1.183/24
address ds eth2 192.168.56.180/24

# UDP servers: what they answer, and to whom.
ip netns exec rs1 python3 -c '
import selectors, socket
answers = {5001: b"ok\x01", 5002: b"ok", 5003: b"xxok\x01", 5004: b"o+\x01", 5005: b"x" * 300, 5006: b"ok", 5008: b""}
selector = selectors.DefaultSelector()
for port in answers:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", port))
    selector.register(sock, selectors.EVENT_READ, port)
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        data, peer = key.fileobj.recvfrom(2048)
        expected = peer[0] == "192.168.56.180" and data == b"keepalived check - keepalived ch"
        if key.data != 5008 and (key.data != 5006 or expected):
            key.fileobj.sendto(answers[key.data], peer)
' >udp.ready 2>udp.log &
# Pings are answered to one address only.
on rs1 nft 'add table ip f; add chain ip f in { type filter hook input priority 0; };
  add rule ip f in icmp type echo-request ip saddr != 192.168.56.180 drop'

# A BFD session between the director and rs1.
install -d -o bird -g bird /run/bird
bfd() {
  printf 'router id %s;\nprotocol device {}\nprotocol bfd { interface "%s" { interval 100 ms; }; neighbor %s dev "%s"; }\n' \
    "$2" "$3" "$4" "$3" >"bird-$1.conf"
  on "$1" bird -c "bird-$1.conf" -s "$5" -P "/run/bird/$1.pid" -u bird -g bird
}
bfd ds 192.168.56.181 eth2 192.168.56.183 /run/bird/bird.ctl
bfd rs1 192.168.56.183 eth0 192.168.56.181 /run/bird/rs1.ctl
session_up() { on ds birdc -s /run/bird/bird.ctl show bfd sessions | grep -q ' Up '; }
wait_until 10 session_up

printf '#!/bin/sh\ntrap "echo tidy >>%s/said; exit 0" TERM\nsleep 1000 &\nwait\n' "$work" >tidy
printf '#!/bin/sh\ntrap "" TERM\necho $$ >>%s/stubborn.pid\nwhile :; do sleep 1; done\n' "$work" >stubborn
printf '#!/bin/sh\n[ "$1" = " spaces in it " ] && [ "$2" = two ]\n' >arguments
chmod 755 tidy stubborn arguments

# server PORT CHECK [PROTOCOL [SERVICE-LINES]]: a virtual server on that port with rs1's port 80 alone.
server() {
  echo "virtual_server 192.168.1.183 $1 { delay_loop 1
  lb_algo wrr
  lb_kind NAT
  protocol ${3:-TCP}
  ${4-}
  real_server 192.168.56.183 80 { weight 10
    $2 } }"
}
udp() { server "$1" "UDP_CHECK { connect_port $1
    retry 0
    connect_timeout 5
    $2 }"; }
misc() { server "$1" "MISC_CHECK { misc_path \"$2\"
    misc_timeout 1
    user ${3:-root} }"; }
{
  cat <<CONF
track_file number { file $work/number
  weight 2 }
track_file switch { file $work/switch
  weight 0 }
bfd_instance rs1 { neighbor_ip 192.168.56.183
  source_ip 192.168.56.181 }
bfd_instance nobody { neighbor_ip 192.168.56.199 }
CONF
  udp 5001 "require_reply 6f6b01"
  udp 5002 "require_reply 6f6b01"
  udp 5003 "require_reply 6f6b01"
  udp 5004 "require_reply 6f xX 01"
  udp 5005 "require_reply"
  udp 5006 "require_reply 6f6b
    bindto 192.168.56.180
    bind_if eth2"
  udp 5007 "connect_ip 192.168.56.199"
  udp 5008 ""
  server 6001 "PING_CHECK { bindto 192.168.56.180
    bind_if eth2
    connect_timeout 2 }"
  server 6002 "PING_CHECK { connect_timeout 1
    retry 0 }"
  server 6003 "PING_CHECK { bindto 192.168.56.180
    bind_if eth1
    connect_timeout 1
    retry 0 }"
  misc 7001 "$work/tidy"
  misc 7002 "$work/stubborn"
  misc 7003 "$work/arguments ' spaces\\x20in it ' two"
  misc 7004 /nowhere/script
  misc 7005 "$work/arguments" no-such-user
  misc 7006 /etc/passwd
  server 8001 "FILE_CHECK { track_file number }"
  server 8002 "FILE_CHECK { track_file switch }"
  server 8003 "BFD_CHECK { name rs1 }"
  server 8004 "BFD_CHECK { name nobody }"
  server 9001 "TCP_CHECK { connect_port 9
    connect_timeout 1
    retry 0 }" TCP "sorry_server 192.168.56.183 80"
} >keepalived.conf

checked=$(on ds tunvs check keepalived.conf)
contains "a script that is not there" ": /nowhere/script: there is no such program: the check is left out" "$checked"
contains "a user that is not there" "there is no user \`no-such-user\`: the check is left out" "$checked"
contains "a file that is no program" "/etc/passwd is no file that this user may run: the check is left out" "$checked"
wait_until 5 grep -q ready udp.ready
start_director --config keepalived.conf

up=(5001 5002 5004 5005 5006 5008 6001 7001 7003 8001 8002 8003)
wait_until 30 are up "${up[@]}"
for port in "${up[@]}"; do same "no error of $port" "up True " "$(state $port)"; done
wait_until 30 are down 5003 6002 6003 7002 8004
contains "a reply that only contains it" "answered 78786f, expected 6f6b01" "$(state 5003)"
contains "a script that does not end" "no answer within 1000 ms" "$(state 7002)"
contains "no session" "no BFD session with 192.168.56.199" "$(state 8004)"
wait_until 5 grep -q tidy said
killed() { ! kill -0 "$(head -n 1 stubborn.pid)" 2>/dev/null; }
wait_until 10 killed
# Nobody says that it is not there until ARP gives up.
wait_until 30 are down 5007
contains "no such host" "No route to host" "$(state 5007)"

# What cannot be checked is up, and says why.
for port in 7004 7005 7006; do
  contains "a check that is left out" "up False cannot run it: " "$(state $port)"
  same "its server" rs1 "$(get client http://192.168.1.183:$port)"
done
contains "for people" "it cannot be made: cannot run it: /nowhere/script: there is no such program" "$(on ds tunvs health)"
contains "the log" "a check cannot be made" "$(<director-ds.log)"

# Numbers in files, as they are written.
weight() { on ds ipvsadm -Ln -t "192.168.1.183:$1" | awk '/192.168.56.183/ { print $4 }'; }
weighs() { [[ $(weight "$1") == "$2" ]]; }
same "without a file" "10 10" "$(weight 8001) $(weight 8002)"
echo 3 >number
wait_until 5 weighs 8001 16
echo -9 >number
wait_until 5 weighs 8001 0
rm number
wait_until 5 weighs 8001 10
echo 1 >switch
wait_until 5 weighs 8002 ""
states
contains "why" "answered 1, expected 0" "$(state 8002)"
echo 0 >switch
wait_until 5 weighs 8002 10

# A session that goes down takes its server out, and comes back with it.
same "through the session" rs1 "$(get client http://192.168.1.183:8003)"
kill "$(</run/bird/rs1.pid)"
wait_until 10 weighs 8003 ""
states
contains "why" "expected up" "$(state 8003)"
bfd rs1 192.168.56.183 eth0 192.168.56.181 /run/bird/rs1.ctl
wait_until 20 weighs 8003 10
# No daemon at all says nothing of a server.
kill "$(</run/bird/ds.pid)"
unknown() { states && [[ $(state 8003) == "up True no BFD daemon answers"* ]]; }
wait_until 10 unknown
same "a server of whom nothing is known" 10 "$(weight 8003)"

# The only real server is down, and serves as the sorry server.
wait_until 10 are down 9001
contains "the sorry server serves" "DOWN, weight 0 of quorum 1, the sorry server serves" "$(on ds tunvs health --down)"
same "served by it" rs1 "$(get client http://192.168.1.183:9001)"
stop_director
nothing_left
