#!/usr/bin/env bash
# Tunnels: each kind, over and with both families. What is inside reaches the servers whole, answers go straight to
# the client, and clients learn how much fits into a tunnel. The servers' ends are decapsulate.py's.
tests=$(realpath "$(dirname "$0")")
. "$tests/lib.sh"
one_link
wire ds eth1
head -c 40000000 /dev/urandom >"$work/blob"
head -c 300000 "$work/blob" >"$work/small"
for rs in rs1 rs2; do
  web "$rs"
  cp "$work/blob" "$work/web-$rs/html/files/down"
  ip netns exec "$rs" "$tests/decapsulate.py" "$work/came-$rs" >"$work/tunl-$rs.ready" 2>"$work/tunl-$rs.log" &
  wait_until 5 test -s "$work/tunl-$rs.ready"
done
start_director
# Where the kernel can cut what lies in a tunnel, it does.
tunnels=cut
! printf '%s\n' 6.6 "$(uname -r)" | sort -CV || tunnels=whole
# It asks the kernel for it once it serves.
wait_until 20 grep -q "device=\"tunvs-vip\" tunnels=\"$tunnels\"" "$work/director-ds.log"
for vip in 192.168.1.183 '[fd00:1::183]'; do on ds ipvsadm -A -t "$vip:80" -s rr; done

# through VIP SERVER-PREFIX OPTION...: the service's servers are rs1 and rs2 by this tunnel.
through() {
  local vip=$1 prefix=$2 number rip
  shift 2
  on ds ipvsadm -D -t "$vip:80"
  on ds ipvsadm -A -t "$vip:80" -s rr
  for number in 1 2; do
    rip=$prefix$number
    [[ $rip != *:* ]] || rip="[$rip]"
    on ds ipvsadm -a -t "$vip:80" -r "$rip:80" -i "$@"
  done
}

kinds=('' '--tun-type gre --tun-nocsum' '--tun-type gre --tun-csum' '--tun-type gue --tun-port 5555 --tun-nocsum'
  '--tun-type gue --tun-port 5555 --tun-csum')
for vip in 192.168.1.183 '[fd00:1::183]'; do
  for prefix in 192.168.1.19 fd00:1::19; do
    for kind in "${kinds[@]}"; do
      # shellcheck disable=SC2086
      through "$vip" "$prefix" $kind
      same "$vip by $prefix $kind" "rs2 rs1 rs2 rs1" "$(answers client 4 "http://$vip")"
      upload client "http://$vip" "$work/small" rs1 rs2
    done
  done
done
contains "the listing" "Tunnel" "$(on ds ipvsadm -Ln)"
for rs in rs1 rs2; do same "what came to $rs" $'gre\ngue\nipip' "$(<"$work/came-$rs")"; done

# Path MTU: the client was told that 1500 less the outer headers fits.
contains "what the client knows of the way" "mtu 14" "$(ip -n client route get 192.168.1.183)"

# 40 MB up and down.
for vip in 192.168.1.183 '[fd00:1::183]'; do
  for kind in '' '--tun-type gre --tun-nocsum' '--tun-type gue --tun-port 5555 --tun-nocsum'; do
    prefix=192.168.1.19
    [[ $vip != *:* ]] || prefix=fd00:1::19
    # shellcheck disable=SC2086
    through "$vip" "$prefix" $kind
    upload client "http://$vip" "$work/blob" rs1 rs2
    download client "http://$vip" "$work/blob"
  done
done

# The same without the kernel's help.
stop_director
start_director --no-tunnel-offload
wait_until 20 grep -q 'tunnels="cut"' "$work/director-ds.log"
for vip in 192.168.1.183 '[fd00:1::183]'; do
  on ds ipvsadm -A -t "$vip:80" -s rr
  prefix=192.168.1.19
  [[ $vip != *:* ]] || prefix=fd00:1::19
  through "$vip" "$prefix"
  upload client "http://$vip" "$work/small" rs1 rs2
done
stop_director
nothing_left
