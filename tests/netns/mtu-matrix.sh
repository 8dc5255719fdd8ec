#!/usr/bin/env bash
# Every way to a real server over links of 1500, 1400 and 9000 bytes on the client's and the server's side, all nine
# pairs, IPv4 and IPv6: a stream up and down again, byte for byte, and datagrams of 64 bytes, of 1200, and longer than
# both links. Tunnels with SYNs that ask for what fits and without, so that the path MTU has to be found.
# STREAM: bytes of each of the 162 streams (default 1 MB; 100 MB take minutes. By each way over one pair of links they are
# the business of bulk.sh, dr.sh, real-server.sh and fullnat.sh).
#
#   client eth0 ---- eth1 ds eth2 ---- eth0 rs1      192.168.1.10, .181 and .183 (VIP); 192.168.56.181, .183
#   client back ---------------------- back rs1      the answers' way past the director: 9000 bytes, so that only the
#                                                    path itself says how much it carries
. "$(dirname "$0")/lib.sh"
host client ds rs1
cable client eth0 ds eth1
cable ds eth2 rs1 eth0
cable client back rs1 back
ip -n client link set back mtu 9000
ip -n rs1 link set back mtu 9000
address client eth0 192.168.1.10/24 fd00:1::10/64
address ds eth1 192.168.1.181/24 192.168.1.183/24 fd00:1::181/64 fd00:1::183/64
address ds eth2 192.168.56.181/24 fd00:56::181/64
address rs1 eth0 192.168.56.183/24 fd00:56::183/64
address client back 10.99.0.1/24 fd99::1/64
address rs1 back 10.99.0.2/24 fd99::2/64
for name in client rs1; do on "$name" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0; done
for name in eth0 back; do
  on client sysctl -qw net.ipv4.conf.$name.rp_filter=0
  on rs1 sysctl -qw net.ipv4.conf.$name.rp_filter=0
done
# From the virtual address past the director, from the server's own back through it.
ip -n rs1 route add 192.168.1.10/32 via 10.99.0.1
ip -n rs1 -6 route add fd00:1::10/128 via fd99::1
ip -n rs1 rule add from 192.168.56.183 lookup 100
ip -n rs1 -6 rule add from fd00:56::183 lookup 100
ip -n rs1 route add default via 192.168.56.181 dev eth0 table 100
ip -n rs1 -6 route add default via fd00:56::181 dev eth0 table 100

ip netns exec rs1 tunvs real-server --socket "$work/rs1.sock" --vip 192.168.1.183 --vip fd00:1::183 \
  --mode dr,ipip,gre,gue --port 5555 >real-server.log 2>&1 &
wait_until 20 tunvs counters --socket "$work/rs1.sock"

# A port for each way; on each a server of streams and datagrams that says everything again.
cat >ports.py <<'PY'
ways = {"nat": 8001, "fullnat": 8002, "dr": 8003, "ipip": 8004, "gre": 8005, "gue": 8006}
PY
cat >server.py <<'PY'
import socket, sys, threading
from ports import ways
def stream(listener):
    while True:
        conn, _ = listener.accept()
        try:
            parts = []
            while data := conn.recv(1 << 16): parts.append(data)
            conn.sendall(b"".join(parts))
        except OSError: pass
        conn.close()
def datagrams(s):
    while True:
        data, peer = s.recvfrom(65535)
        s.sendto(data, peer)
for way, port in ways.items():
    own = way in ("nat", "fullnat")
    for addr in ("192.168.56.183", "fd00:56::183") if own else ("192.168.1.183", "fd00:1::183"):
        family = socket.AF_INET6 if ":" in addr else socket.AF_INET
        s = socket.socket(family, socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((addr, port)); s.listen()
        threading.Thread(target=stream, args=(s,)).start()
        s = socket.socket(family, socket.SOCK_DGRAM)
        # May be cut on the way: IP_MTU_DISCOVER is 10 or 23.
        s.setsockopt(*((socket.IPPROTO_IPV6, 23, 0) if ":" in addr else (socket.IPPROTO_IP, 10, 0)))
        s.bind((addr, port))
        threading.Thread(target=datagrams, args=(s,)).start()
print("ready", flush=True)
PY
cat >client.py <<'PY'
import hashlib, os, socket, sys
from ports import ways
longest, chosen = int(sys.argv[1]), sys.argv[2:]
blob = os.urandom(int(os.environ.get("STREAM", 1_000_000)))
def stream(addr, port):
    with socket.create_connection((addr, port), timeout=20) as s:
        s.sendall(blob)
        s.shutdown(socket.SHUT_WR)
        back = hashlib.sha256()
        while data := s.recv(1 << 16): back.update(data)
    assert back.digest() == hashlib.sha256(blob).digest(), "the stream differs"
def datagram(addr, port, size):
    v6 = ":" in addr
    with socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(*((socket.IPPROTO_IPV6, 23, 0) if v6 else (socket.IPPROTO_IP, 10, 0)))
        s.settimeout(1)
        data = os.urandom(size)
        # The first may be the one by which the sender learns what the path carries.
        for attempt in range(10):
            s.sendto(data, (addr, port))
            try:
                if (back := s.recv(65535)) == data: return
                assert False, f"a datagram of {size} bytes differs"
            except TimeoutError: pass
        assert False, f"no answer to {size} bytes"
for addr in ("192.168.1.183", "fd00:1::183"):
    for way in chosen:
        try:
            stream(addr, ways[way])
            for size in (64, 1200, longest): datagram(addr, ways[way], size)
        except Exception as error:
            sys.exit(f"{way} to {addr}: {error!r}")
print("all came back")
PY
ip netns exec rs1 python3 server.py >server.ready 2>server.log &
wait_until 10 test -s server.ready

options() {
  case $1 in
    nat) echo -m ;;
    fullnat) echo --fullnat ;;
    dr) echo -g ;;
    ipip) echo -i ;;
    gre) echo -i --tun-type gre --tun-nocsum ;;
    gue) echo -i --tun-type gue --tun-port 5555 --tun-nocsum ;;
  esac
}
while IFS='": ,' read -r way port; do
  for kind in -t -u; do
    for ends in "192.168.1.183 192.168.56.183" "[fd00:1::183] [fd00:56::183]"; do
      echo "-A $kind ${ends% *}:$port -s rr"
      echo "-a $kind ${ends% *}:$port -r ${ends#* }:$port $(options "$way")"
    done
  done
done < <(python3 -c 'from ports import ways
for way, port in ways.items(): print(way, port)') >services

# pair CLIENT-MTU SERVER-MTU OPTION WAY...: with a director that is started with this option.
pair() {
  local client_mtu=$1 server_mtu=$2 option=$3 name
  shift 3
  ip -n client link set eth0 mtu "$client_mtu"
  ip -n ds link set eth1 mtu "$client_mtu"
  ip -n ds link set eth2 mtu "$server_mtu"
  ip -n rs1 link set eth0 mtu "$server_mtu"
  for name in client rs1; do
    ip -n $name route flush cache
    ip -n $name -6 route flush cache
  done
  # shellcheck disable=SC2086
  start_director $option
  on ds ipvsadm -R <services
  same "links of $client_mtu and $server_mtu bytes ${option}" "all came back" \
    "$(on client python3 client.py $(((client_mtu > server_mtu ? client_mtu : server_mtu) + 500)) "$@" 2>&1)"
  stop_director
}

for client_mtu in 1500 1400 9000; do
  for server_mtu in 1500 1400 9000; do
    pair $client_mtu $server_mtu '' nat fullnat dr ipip gre gue
    pair $client_mtu $server_mtu --no-mss-clamp ipip gre gue
  done
done
same "what the server's end refused" "" "$(tunvs counters --socket "$work/rs1.sock" | grep '^drop_' | grep -v ' 0$' || true)"
nothing_left
