#!/usr/bin/env bash
# `tunvs reload` and `tunvs diff`: what the file changed is done at once, a download and a row of requests go on through
# twenty reloads, what ipvsadm changed stays until it is reconciled, and a keepalived.conf is one more configuration.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
head -c 2000000 /dev/urandom >web-rs1/html/big
cp web-rs1/html/big web-rs2/html/big
address ds eth1 192.168.1.183/24

# config WEIGHT SERVER... : a service on .183:80 with these servers.
config() {
  local weight=$1 server
  shift
  printf '[[service]]\naddress = "192.168.1.183:80"\nscheduler = "wrr"\n'
  for server; do
    printf '[[service.server]]\naddress = "192.168.56.%s"\nforward = "masq"\nweight = %s\n' "$server" "$weight"
  done
}

rules() { on ds ipvsadm -Sn | sort; }

config 1 183 >tunvs.toml
start_director --config tunvs.toml
same "no difference" "" "$(on ds tunvs diff)"

# A dry run changes nothing, and says what would be changed.
config 1 183 184 >tunvs.toml
before=$(rules)
dry=$(on ds tunvs reload --dry-run)
contains "the dry run" '+ -a -t 192.168.1.183:80 -r 192.168.56.184:80 -m -w 1' "$dry"
contains "the dry run" '1 thing would change' "$dry"
same "the tables after the dry run" "$before" "$(rules)"

# A slow download, and requests one after the other, while the file changes again and again; at the end both
# servers are there, for what IPVS drops while a server is away has to be sent once more.
ip netns exec client curl -sS --limit-rate 400k -o big http://192.168.1.183/big &
download=$!
ip netns exec client bash -c 'for ((i = 0; i < 300; i++)); do curl -sS -m 30 http://192.168.1.183 || echo failed; done' >answers.log 2>&1 &
requests=$!
for round in {1..21}; do
  # The second server comes with one reload and goes with the next: its connections go on.
  if ((round % 2)); then config "$((round % 3 + 1))" 183 184 >tunvs.toml; else config 2 183 >tunvs.toml; fi
  on ds tunvs reload >/dev/null
done
wait "$requests"
same "requests that failed" 0 "$(grep -cv '^rs[12]$' answers.log)"
wait "$download" || fail "the download broke"
cmp big web-rs1/html/big

# A wrong file: line, column, a guess, and nothing changes.
before=$(rules)
{ config 1 183; echo 'schedular = "rr"'; } >tunvs.toml
sed -i 's/forward/forwrad/' tunvs.toml
refused on ds tunvs reload
contains "the refusal" 'tunvs.toml:6:1: unknown field `forwrad`, did you mean `forward`?' "$output"
contains "the refusal" 'nothing was changed' "$output"
same "the tables after a wrong file" "$before" "$(rules)"

# By hand: a weight, a server, a service. They stay while the file changes elsewhere.
config 1 183 >tunvs.toml
on ds tunvs reload >/dev/null
on ds ipvsadm -e -t 192.168.1.183:80 -r 192.168.56.183 -m -w 7
on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.184 -m -w 3
on ds ipvsadm -A -u 192.168.1.183:53 -s rr
{ config 1 183; printf '[sysctl]\nexpire_nodest_conn = 1\n'; } >tunvs.toml
same "a reload that changes a setting only" "+ net.ipv4.vs.expire_nodest_conn = 1" "$(on ds tunvs reload | grep '^+')"
code=0
difference=$(on ds tunvs diff) || code=$?
same "the exit status of a difference" 1 "$code"
same "the difference" "+ -A -u 192.168.1.183:53 -s rr
+ -a -t 192.168.1.183:80 -r 192.168.56.183:80 -m -w 7
+ -a -t 192.168.1.183:80 -r 192.168.56.184:80 -m -w 3
- -a -t 192.168.1.183:80 -r 192.168.56.183:80 -m -w 1" "$(LC_ALL=C sort <<<"$difference")"
on ds tunvs reload --reconcile >/dev/null
same "no difference after a reconciliation" "" "$(on ds tunvs diff)"
same "the tables after a reconciliation" "-A -t 192.168.1.183:80 -s wrr
-a -t 192.168.1.183:80 -r 192.168.56.183:80 -m -w 1" "$(rules)"
stop_director
nothing_left

# keepalived's own file.
cat >keepalived.conf <<'CONF'
! Configuration File for keepalived
vrrp_instance VI_1 {
    interface eth1
    virtual_router_id 51
    virtual_ipaddress {
        192.168.1.183
    }
}
$NET=192.168.56
virtual_server 192.168.1.183 80 {
    lb_algo rr
    lb_kind NAT
    protocol TCP
    ~SEQ(n, 183, 184) real_server ${NET}.$n 80 { weight 1 }
}
CONF
contains "the check" 'keepalived.conf:2:1: skipped: `vrrp_instance`' "$(on ds tunvs check --strict keepalived.conf)"
start_director --config keepalived.conf
same "answers" "rs2 rs1 rs2 rs1" "$(answers client 4 http://192.168.1.183)"
sed -i 's/183, 184/184, 184/' keepalived.conf
contains "the reload" '- -a -t 192.168.1.183:80 -r 192.168.56.183:80' "$(on ds tunvs reload)"
same "answers after the reload" "rs2 rs2" "$(answers client 2 http://192.168.1.183)"
stop_director
nothing_left
