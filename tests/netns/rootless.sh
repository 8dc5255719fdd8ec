#!/usr/bin/env bash
# Whoever owns a user namespace can run a director in it, root or not; and a root that runs one keeps just the
# capabilities that it needs.
. "$(dirname "$0")/lib.sh"

# --- nobody, root in a user namespace of its own: clients and servers on the director itself
mkdir -m 777 "$work/nobody"
chmod 755 "$work" /run
# As udev makes the device on ordinary machines: for everyone.
mknod -m 666 "$work/tun" c 10 200
mount --bind "$work/tun" /dev/net/tun
cat >"$work/inside" <<'INSIDE'
set -e
export TUNVS_SOCKET=$PWD/control.sock
ip link set lo up
ip addr add 10.9.0.1/32 dev lo
ip addr add 10.9.0.2/32 dev lo
printf 'an answer\n' >index.html
python3 -m http.server 8080 --bind 10.9.0.2 >server.log 2>&1 &
tunvs run >director.log 2>&1 &
director=$!
wait_for() { for _ in {1..400}; do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; }
wait_for ipvsadm -L -n
wait_for curl -s http://10.9.0.2:8080/
ipvsadm -A -t 10.9.0.1:80 -s rr
ipvsadm -a -t 10.9.0.1:80 -r 10.9.0.2:8080 -m
curl -sS --max-time 20 http://10.9.0.1/
sed -n 's/^CapEff:\t0*//p' "/proc/$director/status"
kill -TERM $director
wait $director
ip rule | head -1
INSIDE
said=$(cd "$work/nobody" && setpriv --reuid=65534 --regid=65534 --clear-groups \
  unshare --user --map-root-user --net bash "$work/inside" 2>&1) || fail "$said$(cat "$work"/nobody/*.log)"
same "what nobody's director said" $'an answer\n3400\n0:\tfrom all lookup local' "$said"

# --- root: three capabilities are left, to it and to what it may start
host ds
start_director
same "root's capabilities" "3400 3400" "$(sed -n 's/^Cap\(Eff\|Bnd\):\t0*//p' "/proc/$director/status" | xargs)"
stop_director
nothing_left

# --- a container: /proc/sys is read-only, and there are the two capabilities that its manifest asks for
ip -n ds addr add 10.9.0.1/32 dev lo
ip -n ds addr add 10.9.0.2/32 dev lo
on ds sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
web ds
cat >"$work/contained" <<'CONTAINED'
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
exec setpriv --bounding-set -all,+net_admin,+net_raw --inh-caps -all,+net_admin,+net_raw tunvs run
CONTAINED
# Without forwarding it could do nothing, and says how the container has to be started.
on ds sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
refused ip netns exec ds unshare --mount bash "$work/contained"
same "lines about it" 1 "$(wc -l <<<"$output")"
contains "the reason" 'net.ipv4.ip_forward is 0' "$output"
contains "the options" 'docker run --sysctl net.ipv4.ip_forward=1' "$output"
contains "the options" '--tmpfs /run/tunvs' "$output"
nothing_left
refused ip netns exec ds unshare --mount bash -c 'mount --bind /run /run && mount -o remount,bind,ro /run && exec tunvs run --socket /run/tunvs/control.sock'
contains "the option for --read-only" 'docker run --tmpfs /run/tunvs' "$output"

on ds sysctl -qw net.ipv4.ip_forward=1
ip netns exec ds unshare --mount bash "$work/contained" >"$work/contained.log" 2>&1 &
director=$!
wait_until 10 director_answers
same "a container's capabilities" "3000 3000" "$(sed -n 's/^Cap\(Eff\|Bnd\):\t0*//p' "/proc/$director/status" | xargs)"
refused on ds ipvsadm -A -t [fd00:1::1]:80 -s rr
contains "why there is no IPv6" 'docker run --sysctl net.ipv6.conf.all.forwarding=1' "$output"
same "services that would be dead" "" "$(on ds ipvsadm -Sn)"
# A restore by lines goes on with the next; one of all at once does nothing.
printf -- '-A -t %s -s rr\n' 10.9.0.1:8001 [fd00:1::1]:80 10.9.0.1:8002 >both.rules
output=$(on ds ipvsadm -R <both.rules 2>&1) || fail "the last line was fine"
contains "why a restored service is not there" 'docker run --sysctl net.ipv6.conf.all.forwarding=1' "$output"
restored=$'-A -t 10.9.0.1:8001 -s rr\n-A -t 10.9.0.1:8002 -s rr'
same "services that were restored" "$restored" "$(on ds ipvsadm -Sn)"
printf -- '-A -t %s -s rr\n' 10.9.0.1:8003 [fd00:1::1]:80 >all.rules
refused on ds tunvs restore all.rules
contains "why nothing is restored" 'docker run --sysctl net.ipv6.conf.all.forwarding=1' "$output"
same "services after a restore that was refused" "$restored" "$(on ds ipvsadm -Sn)"
on ds ipvsadm -C
on ds ipvsadm -A -t 10.9.0.1:8000 -s rr
on ds ipvsadm -a -t 10.9.0.1:8000 -r 10.9.0.2:80 -m
same "its answer" ds "$(get ds http://10.9.0.1:8000/)"
stop_director
nothing_left
