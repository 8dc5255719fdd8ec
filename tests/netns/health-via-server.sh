#!/usr/bin/env bash
# Checks of servers of direct routing and tunnels that ask the virtual address by way of the server (`via_server`): real
# servers that listen on the virtual address alone, IPv4 and IPv6, TCP, HTTP and UDP, with the virtual address on the
# director, nobody's, and under a strict rp_filter. They come and go with their servers, also while they are out of the
# table, and none of the checks counts as a connection.
. "$(dirname "$0")/lib.sh"
one_link
# The other kind of virtual address: nobody's until the director claims it.
for rs in rs1 rs2; do address $rs lo 192.168.1.200/32 fd00:1::200/128; done
on ds sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1 net.ipv4.conf.eth1.rp_filter=1

# serve HOST: HTTP and a UDP echo on the virtual addresses alone, until its process ($servers[HOST]) ends. It notes who asked.
declare -A servers
serve() {
  rm -f "$work/$1.ready"
  ip netns exec "$1" python3 - "$1" "$work/$1.asked" >"$work/$1.ready" 2>"$work/serve-$1.log" <<'PY' &
import socket, sys, threading
name, asked = sys.argv[1].encode(), open(sys.argv[2], "a", buffering=1)
def family(addr): return socket.AF_INET6 if ":" in addr else socket.AF_INET
def http(addr):
    s = socket.create_server((addr, 80), family=family(addr), backlog=128)
    while True:
        c, peer = s.accept()
        try:
            c.settimeout(5)
            if c.recv(4096):
                asked.write("tcp %s to %s\n" % (peer[0], addr))
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n" % (len(name) + 1, name))
        except OSError:
            pass
        c.close()
def udp(s, addr):
    while True:
        data, peer = s.recvfrom(2048)
        asked.write("udp %s to %s\n" % (peer[0], addr))
        try:
            s.sendto(data, peer)
        except OSError:
            pass
for addr in "192.168.1.183", "192.168.1.200", "fd00:1::183", "fd00:1::200":
    s = socket.socket(family(addr), socket.SOCK_DGRAM)
    s.bind((addr, 53))
    threading.Thread(target=udp, args=(s, addr), daemon=True).start()
    threading.Thread(target=http, args=(addr,), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
PY
  servers[$1]=$!
  wait_until 10 test -s "$work/$1.ready"
}
halt() {
  kill "${servers[$1]}"
  wait "${servers[$1]}" || true
}

ip netns exec rs2 tunvs real-server --socket "$work/rs2.sock" --director 192.168.1.181 --director fd00:1::181 \
  --vip 192.168.1.183 --vip 192.168.1.200 --vip fd00:1::183 --vip fd00:1::200 --mode ipip >"$work/real-server.log" 2>&1 &
real_server=$!
wait_until 10 grep -q ready "$work/real-server.log"
serve rs1
serve rs2

# configured VIA: every service with a server of direct routing (rs1) and one behind a tunnel (rs2).
configured() {
  local vip net service
  for vip in 192.168.1.183 192.168.1.200 '[fd00:1::183]' '[fd00:1::200]'; do
    if [[ $vip == \[* ]]; then net='[fd00:1::19' close=']'; else net=192.168.1.19 close=''; fi
    for service in 'tcp 80 http' 'udp 53 udp'; do
      # shellcheck disable=SC2086
      set -- "$1" $service
      cat <<TOML
[[service]]
address = "$vip:$3"
protocol = "$2"
scheduler = "rr"
check = [{ type = "$4", interval = "200ms", timeout = "1s", rise = 1, fall = 2, alpha = true$1$([[ $4 == udp ]] && echo ', payload = "68690a", reply = "6869"') }$([[ $2 == udp ]] || echo ", { type = \"tcp\", interval = \"500ms\", timeout = \"1s\", rise = 1, fall = 2$1 }")]
[[service.server]]
address = "${net}1$close"
forward = "route"
[[service.server]]
address = "${net}2$close"
forward = "tunnel"
TOML
    done
  done
}

# servers_up COUNT: so many servers are in the tables.
servers_up() { [[ $(on ds ipvsadm -Ln | grep -c -- '->.* 1  ') == "$1" ]]; }

before=$(snapshot ds)
# At their own addresses nobody listens.
configured '' >direct.toml
configured ', via_server = true' >via.toml
on ds tunvs check via.toml >/dev/null
start_director --config direct.toml
failing() { (($(on ds tunvs health | grep -c '192\.168\.1\.19[12]:80 .* DOWN .* refused') == 4)); }
wait_until 20 failing
servers_up 0 || fail "a server came up that does not listen on its own address: $(on ds ipvsadm -Ln)"

# Now by way of the servers: none is in the table when they are asked.
cp via.toml direct.toml
on ds tunvs reload >/dev/null
wait_until 30 servers_up 16
contains "the report" "192.168.1.183:80/ via 192.168.1.191" "$(on ds tunvs health)"
contains "the report, IPv6" "[fd00:1::200]:53 via fd00:1::192" "$(on ds tunvs health)"
for rs in rs1 rs2; do
  contains "who asks $rs" "tcp 192.168.1.181 to 192.168.1.183" "$(cat "$work/$rs.asked")"
  contains "who asks $rs, nobody's address" "udp 192.168.1.181 to 192.168.1.200" "$(cat "$work/$rs.asked")"
  contains "who asks $rs, IPv6" "tcp fd00:1::181 to fd00:1::183" "$(cat "$work/$rs.asked")"
done
# A service reads what every client would get.
same "clients" "rs1 rs2" "$(answers client 2 http://192.168.1.183 | xargs -n 1 | sort | xargs)"

# Checks are no connections of the services.
on ds ipvsadm -Z
idle() { [[ $(on ds ipvsadm -Lnc | grep -c 192.168.1.181) == 0 ]]; }
idle || fail "a check is listed: $(on ds ipvsadm -Lnc)"
sleep 2
same "connections that were counted" 0 "$(on ds ipvsadm -Ln --stats --exact | awk '/->/ && NR > 3 { sum += $3 } END { print sum + 0 }')"
tracked=$(on ds tunvs connections --count)
((tracked > 0 && tracked < 1500)) || fail "$tracked connections are tracked"

# Servers go and come back, each for itself.
halt rs2
wait_until 20 servers_up 8
[[ $(on ds ipvsadm -Ln) != *192.168.1.192* ]] || fail "the tunnel's server is still there"
same "clients meanwhile" "rs1 rs1" "$(answers client 2 http://192.168.1.183)"
serve rs2
wait_until 20 servers_up 16
halt rs1
wait_until 20 servers_up 8
[[ $(on ds ipvsadm -Ln) != *192.168.1.191* ]] || fail "the server of direct routing is still there"
serve rs1
wait_until 20 servers_up 16
# A server that is gone altogether.
ip -n rs1 link set eth0 down
wait_until 30 servers_up 8
ip -n rs1 link set eth0 up
address rs1 eth0 fd00:1::191/64 2>/dev/null || true
wait_until 30 servers_up 16
stop_director
kill -TERM "$real_server"
nothing_left
same "the host" "$before" "$(snapshot ds)"
