#!/usr/bin/env bash
# A connection outlives its director by the messages that kernels know, too: the master is killed in the middle of a download, the virtual address and the
# servers' gateway move to the backup, and the same connection goes on there, with the same server.
#
#   client --- switch --- eth1  ds1 (.181)  eth2 --- switch --- rs1, rs2   (gateway 192.168.56.180)
#                  +----- eth1  ds2 (.182)  eth2 ------+
. "$(dirname "$0")/lib.sh"
host client ds1 ds2 rs1 rs2
switch front client:eth0 ds1:eth1 ds2:eth1
switch back ds1:eth2 ds2:eth2 rs1:eth0 rs2:eth0
address client eth0 192.168.1.10/24 fd00:1::10/64
for number in 1 2; do
  address ds$number eth1 192.168.1.18$number/24 fd00:1::18$number/64
  address ds$number eth2 192.168.56.18$number/24 fd00:56::18$number/64
  address rs$number eth0 192.168.56.19$number/24 fd00:56::19$number/64
  ip -n rs$number route add default via 192.168.56.180
  ip -n rs$number -6 route add default via fd00:56::180
  web rs$number
  head -c 24000000 /dev/urandom >"$work/web-rs$number/html/files/down"
done

# What moves: the virtual addresses, and the gateways of the real servers.
take_over() {
  address "$1" eth1 192.168.1.183/32 fd00:1::183/128
  address "$1" eth2 192.168.56.180/24 fd00:56::180/64
}
give_up() {
  ip -n "$1" addr del 192.168.1.183/32 dev eth1
  ip -n "$1" addr del fd00:1::183/128 dev eth1
  ip -n "$1" addr del 192.168.56.180/24 dev eth2
  ip -n "$1" addr del fd00:56::180/64 dev eth2
}

# director HOST ROLE GROUP: one with the services of both, and a sync daemon.
run_director() {
  export TUNVS_SOCKET=$work/$1.sock director_host=$1
  start_director --no-claim-vips
  local vip rs open close
  for vip in 192.168.1.183 '[fd00:1::183]'; do
    if [[ $vip == \[* ]]; then rs=fd00:56:: open=[ close=]; else rs=192.168.56. open='' close=''; fi
    ipvsadm -A -t "$vip:80" -s rr
    ipvsadm -A -t "$vip:81" -s rr -p 300
    for number in 1 2; do
      ipvsadm -a -t "$vip:80" -r "$open${rs}19$number$close:80" -m
      ipvsadm -a -t "$vip:81" -r "$open${rs}19$number$close:80" -m
    done
  done
  ipvsadm --start-daemon "$2" --mcast-interface eth2 --syncid 7 --mcast-group "$3"
}

# through_failover ADDRESS GROUP
through_failover() {
  local vip=$1 master sticky server shown
  take_over ds1
  forget_neighbours client rs1 rs2
  run_director ds2 backup "$2"
  backup=$director
  run_director ds1 master "$2"
  master=$director
  # The persistent client goes to a server that a director which knows nothing would not choose.
  get client "http://$vip:81" >/dev/null
  sticky=$(get client "http://$vip:81")

  ip netns exec client curl -gsS --max-time 100 --limit-rate 1500k "http://$vip/files/down" >"$work/got" &
  local download=$!
  known_there() { TUNVS_SOCKET=$work/ds2.sock ipvsadm -L -c -n | grep 'ESTABLISHED' | grep -q ':80 '; }
  wait_until 20 known_there
  kill -0 "$download" || fail "the download was over before it could go on elsewhere"
  kill -KILL "$master"
  give_up ds1
  take_over ds2
  forget_neighbours client rs1 rs2
  wait "$download"

  server=rs1
  cmp -s "$work/got" "$work/web-rs1/html/files/down" || server=rs2
  cmp "$work/got" "$work/web-$server/html/files/down" || fail "the download broke"
  export TUNVS_SOCKET=$work/ds2.sock
  shown=$(tunvs proc net/ip_vs_conn_sync | grep ' SYNC ')
  contains "connections taken over" " SYNC " "$shown"
  same "the persistent client" "$sticky $sticky" "$(answers client 2 "http://$vip:81")"
  # What the backup took over counts at its servers as its own.
  contains "counters" "sync_heard_records" "$(tunvs counters)"
  director=$backup
  stop_director
  give_up ds2
  on ds1 tunvs cleanup --socket "$work/ds1.sock"
  nothing_left ds1
  nothing_left ds2
}

through_failover 192.168.1.183 224.0.0.81
through_failover '[fd00:1::183]' ff02::81
