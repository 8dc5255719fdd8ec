#!/usr/bin/env bash
# docs/fleet.md is typed as it stands there (docs.py): active and standby by keepalived, ECMP by BIRD, another site of anycast by FRR,
# ExaBGP and GoBGP. Directors and routers are run by a systemd each, which starts the daemons as their packages say; what is installed and
# configured on one is on no other.
#
#   client ---- eth0  router  eth1 ---+--- ds1, ds2  198.51.100.11, .12    client2 ---- eth0  router2  eth1 ---+--- ds3  198.51.100.11
#   192.168.1.10      .100.1          +--- rs1, rs2  198.51.100.21, .22    192.168.2.10       .100.1           +--- rs3  198.51.100.21
#                     eth2 ------------------ what lies between the sites -------------------- eth2
here=$(realpath "$(dirname "$0")")
root=$here/../..
. "$here/lib.sh"

# The folder that commands are typed in, the same on all hosts.
image=/run/image
mkdir -p $image/units
cp "$TUNVS_BIN" $image/tunvs
ln -s tunvs $image/ipvsadm
cp -r "$root/conf" $image/
sed 's|/usr/sbin/tunvs|/usr/local/sbin/tunvs|g' "$root/conf/systemd/tunvs.service" >$image/units/tunvs.service
mkdir $image/units/tunvs.service.d
printf '[Service]\nStandardError=append:/run/image/directors.log\n' >$image/units/tunvs.service.d/log.conf
ln -s $image/directors.log "$work/directors.log"
# The folder of FRR's file belongs to FRR: systemd believes it where it sees of which control group a process is, not so in some containers.
mkdir $image/units/frr.service.d
printf '[Service]\nPIDFile=\n' >$image/units/frr.service.d/file.conf
cat >$image/furnish <<'SCRIPT'
mount -t tmpfs tmpfs /usr/local
mkdir /usr/local/sbin
cp /run/image/tunvs /usr/local/sbin/
mount -t tmpfs tmpfs /mnt
cp -a /etc/. /mnt/
mount --bind /mnt /etc
umount /mnt
SCRIPT
cd $image

host client router ds1 ds2 rs1 rs2 client2 router2 ds3 rs3
cable client eth0 router eth0
cable client2 eth0 router2 eth0
switch front router:eth1 ds1:eth1 ds2:eth1 rs1:eth0 rs2:eth0
switch front2 router2:eth1 ds3:eth1 rs3:eth0
cable router eth2 router2 eth2
for site in 1 2; do
  router=router client=client
  ((site == 1)) || router=router2 client=client2
  address $client eth0 192.168.$site.10/24
  ip -n $client route add default via 192.168.$site.254
  address $router eth0 192.168.$site.254/24
  address $router eth1 198.51.100.1/24 2001:db8:ffff::1/64
  address $router eth2 10.9.0.$site/24
done
ip -n router route add 192.168.2.0/24 via 10.9.0.2
# What a site does not announce itself is another one's.
for net in 192.168.1.0/24 192.0.2.0/24; do ip -n router2 route add $net via 10.9.0.1; done
for name in ds1:11 ds2:12 ds3:11; do
  number=${name#*:} name=${name%:*}
  ip -n $name link set eth1 address 02:00:00:00:00:$number
  address $name eth1 198.51.100.$number/24 2001:db8:ffff::$number/64
  ip -n $name route add default via 198.51.100.1
done
for name in rs1:21 rs2:22 rs3:21; do
  number=${name#*:} name=${name%:*}
  address $name eth0 198.51.100.$number/24
  ip -n $name route add default via 198.51.100.1
  web $name
done

# enters HOST OPTION...: how docs.py gets there.
enters() {
  local name=$1
  shift
  echo "nsenter $* env -i -C $image PATH=/usr/local/sbin:$image:/usr/sbin:/usr/bin:/sbin:/bin" >"$name.machine"
}
declare -A before pids
for name in ds1 ds2 ds3; do before[$name]=$(snapshot $name); done
for name in router router2 ds1 ds2 ds3; do
  spawn_systemd $name $image
  pids[$name]=$systemd
done
for name in rs1 rs2 rs3; do
  # Two of them have the same socket.
  ip netns exec $name bash -c 'mkdir -p /run/tunvs && mount -t tmpfs tmpfs /run/tunvs && exec sleep infinity' &
  enters $name --target $! --mount --net
done
for name in "${!pids[@]}"; do
  systemd=${pids[$name]}
  wait_until 20 inside systemctl is-system-running --quiet
  enters $name --target "$(pgrep -P "$systemd")" --mount --pid --cgroup --net --uts --ipc
done
for name in client client2; do enters $name --net=/run/netns/$name; done

HOSTS=fleet python3 "$here/docs.py" "$root/README.md" "$root/docs/fleet.md"
for name in ds1 ds2 ds3; do
  systemd=${pids[$name]}
  inside systemctl stop tunvs keepalived
  same "$name" "${before[$name]}" "$(snapshot $name)"
done
