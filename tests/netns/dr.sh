#!/usr/bin/env bash
# Direct routing: requests reach the real servers unchanged, answers go straight to the client.
. "$(dirname "$0")/lib.sh"
one_link
for number in 1 2; do web rs$number; done
before=$(snapshot ds)
start_director
for vip in 192.168.1.183 '[fd00:1::183]'; do
  on ds ipvsadm -A -t "$vip:80" -s rr
done
for number in 1 2; do
  on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.1.19$number -g
  on ds ipvsadm -a -t '[fd00:1::183]:80' -r "[fd00:1::19$number]:80" -g
done

for vip in 192.168.1.183 '[fd00:1::183]'; do
  same "$vip" "rs2 rs1 rs2 rs1" "$(answers client 4 "http://$vip")"
done
contains "the listing" "Route" "$(on ds ipvsadm -Ln)"
contains "states of the client's side alone" "FIN_WAIT" "$(on ds ipvsadm -Lnc)"

# No answer crosses the director: nothing leaves it for the client but what belongs to itself.
ip netns exec ds tcpdump -nni eth1 -c 1 'tcp src port 80 and ether src '"$(ip -n ds -br link show eth1 | awk '{ print $3 }')" \
  >"$work/answers.txt" 2>"$work/tcpdump.err" &
watching=$!
wait_until 5 grep -q listening "$work/tcpdump.err"

# 100 MB up and down, byte for byte: super-packets are cut on the way out.
head -c 100000000 /dev/urandom >"$work/blob"
for number in 1 2; do cp "$work/blob" "$work/web-rs$number/html/files/down"; done
for vip in 192.168.1.183 '[fd00:1::183]'; do
  upload client "http://$vip" "$work/blob" rs1 rs2
  download client "http://$vip" "$work/blob"
done
kill "$watching"
wait "$watching" || true
same "answers that crossed the director" "" "$(<"$work/answers.txt")"

# A neighbour that does not answer: the client is told, by the virtual address.
on ds ipvsadm -A -u 192.168.1.183:53 -s rr
on ds ipvsadm -a -u 192.168.1.183:53 -r 192.168.1.199 -g
told=$(on client python3 -c '
import errno, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(10)
s.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR: tell of every error
s.connect(("192.168.1.183", 53))
s.send(b"hello")
try:
    s.recv(100)
except OSError as error:
    print(errno.errorcode.get(error.errno, "timeout"))
')
same "a server that is not there" EHOSTUNREACH "$told"

stop_director
same "the host" "$before" "$(snapshot ds)"
