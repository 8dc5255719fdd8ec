#!/usr/bin/env bash
# Other programs on the director's host: rules, routes, links and addresses of the director are taken away under live
# traffic, without one connection being reset, and come back; rules that wg-quick and TPROXY add work, whatever their
# preference; who takes away again and again is told of.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
vip=192.168.1.183
address ds eth1 $vip/24
echoes() {
  on "$1" python3 -c '
import asyncio
async def echo(reader, writer):
    try:
        while data := await reader.read(100):
            writer.write(data)
    except ConnectionError: pass
async def main():
    server = await asyncio.start_server(echo, "0.0.0.0", 9000)
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())' >"$work/echo-$1.ready" &
  wait_until 5 test -s "$work/echo-$1.ready"
}
echoes rs1
echoes rs2
before=$(snapshot ds)
start_director
on ds ipvsadm -A -t $vip:9000 -s rr
two_servers -t $vip:9000 9000
on ds ipvsadm -A -t '[fd00:1::200]:80' -s rr
two_servers -t '[fd00:1::200]:80' 80
on ds ipvsadm -A -t 192.168.1.200:80 -s rr
two_servers -t 192.168.1.200:80 80
plumbing >whole
# What differs is in a log, which is shown if it stays so.
is_whole() { diff whole <(plumbing) >missing.log; }
log=$work/director-ds.log

# --- 200 connections that never rest
ip netns exec client python3 -c '
import asyncio, os, sys
lost, turns = [], [0] * 200
async def talk(number):
    try:
        reader, writer = await asyncio.open_connection("192.168.1.183", 9000)
        while not os.path.exists("stop"):
            writer.write(b"x")
            await asyncio.wait_for(reader.readexactly(1), 20)
            turns[number] += 1
            await asyncio.sleep(0.02)
    except Exception as error: lost.append(repr(error))
async def main():
    talks = [asyncio.create_task(talk(number)) for number in range(200)]
    while min(turns) < 1 and not lost: await asyncio.sleep(0.05)
    print("talking", flush=True)
    await asyncio.gather(*talks)
    print("lost", len(lost), *lost[:3], flush=True)
asyncio.run(main())' >talk.txt 2>talk.log &
wait_until 20 grep -q talking talk.txt

for pref in 0 1 2 3 4 5 6; do
  ip -n ds rule del pref $pref
  wait_until 5 is_whole
done
# All at once, from the front, as a network daemon does it.
ip -n ds rule | sed -n 's/^\([0-6]\):.*/rule del pref \1/p' >all
ip -n ds -batch all
wait_until 5 is_whole
for route in "$vip dev tunvs-vip table 7600" "default dev tunvs-rs table 7601" "local 192.168.1.200 dev tunvs-vip table local"; do
  ip -n ds route del $route
  wait_until 5 is_whole
done
ip -n ds -6 addr del fd00:1::200/128 dev tunvs-vip
ip -n ds -6 neigh del proxy fd00:1::200 dev eth1
wait_until 5 is_whole
for tun in tunvs-vip tunvs-rs; do
  ip -n ds link set $tun down
  wait_until 5 is_whole
done
touch stop
wait_until 30 grep -q lost talk.txt
same "connections that were lost" "lost 0" "$(tail -n 1 talk.txt)"
forget_neighbours client ds rs1 rs2
same "a claimed address" "rs2 rs1" "$(answers client 2 http://192.168.1.200)"
same "IPv6" "rs2 rs1" "$(answers client 2 'http://[fd00:1::200]')"

# --- that was again and again
contested() { [[ $(on ds tunvs events --last 200 --no-follow --only host_contested) == *times* ]]; }
wait_until 5 contested
contains "what the doctor finds" "changes the director's rules, routes or settings" "$(on ds tunvs doctor 2>&1 || true)"
lines=$(grep -c 'another program changed' "$log")
((lines <= 4)) || fail "$lines lines in the log"

# --- rules without a preference, which land among ours: a tunnel for everything (wg-quick), and TPROXY
ip -n ds link add wg0 type veth peer name wg1
ip -n ds link set wg1 up
ip -n ds link set wg0 up
ip -n ds route add default dev wg0 table 51820
ip -n ds rule add not fwmark 51820 table 51820
ip -n ds rule add table main suppress_prefixlength 0
ip -n ds rule add fwmark 1 lookup 100
ip -n ds route add local default dev lo table 100
are_behind() { [[ $(ip -n ds rule | awk -F: '$1 > 6 && /51820|suppress|fwmark 0x1 /' | wc -l) == 3 ]]; }
wait_until 5 are_behind
serves() {
  forget_neighbours client ds rs1 rs2
  same "the service" "rs2 rs1" "$(answers client 2 http://192.168.1.200)"
  contains "a way without a mark" "dev wg0" "$(ip -n ds route get 203.0.113.1)"
  contains "a way with the mark" "local 203.0.113.1 dev lo" "$(ip -n ds route get 203.0.113.1 mark 1)"
}
serves
ip -n ds rule add not fwmark 51820 table 51821
stop_director
nothing_left
contains "a way without a mark" "dev wg0" "$(ip -n ds route get 203.0.113.1)"
for rule in "not fwmark 51820 table 51820" "not fwmark 51820 table 51821" "table main suppress_prefixlength 0" "fwmark 1 lookup 100"; do
  ip -n ds rule del $rule
done
ip -n ds route del local default dev lo table 100
ip -n ds link del wg0
same "the host" "$before" "$(snapshot ds)"
