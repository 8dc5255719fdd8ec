#!/usr/bin/env bash
# A backslash among a script's arguments, read by keepalived 2.2.7 (Debian 12: 1:2.2.7-1+b2) and 2.3.3 (Debian 13: 1:2.3.3-1); root, in
# namespaces of its own.
#
# `script "PROGRAM one\\two"` is a quoted string, in which `\\` stands for a backslash.
# Seen: 2.3.3 gives the program `one\two`. 2.2.7 takes backslashes off twice, once from the string and once from each word of it, and gives
# it `one`, a tabulator and `wo`; there four of them are needed for one, which 2.3.3 hands over as two. So no one file says the same to both.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# distribution SUITE PACKAGE...: its packages and all that they need, in the folder root-SUITE.
distribution() {
  local suite=$1 root=root-$1 deb link
  shift
  mkdir -p "apt-$suite"/{lists,cache/archives}/partial "$root"/{proc,dev,tmp,run,etc}
  touch "apt-$suite/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $suite main" >"apt-$suite/sources"
  local options=(-qq -o Dir::Etc::SourceList="$PWD/apt-$suite/sources" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$PWD/apt-$suite/lists"
    -o Dir::State::Status="$PWD/apt-$suite/status" -o Dir::Cache="$PWD/apt-$suite/cache" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update
  apt-get "${options[@]}" install --yes --no-install-recommends --download-only "$@" >/dev/null
  for deb in "apt-$suite"/cache/archives/*.deb; do dpkg --fsys-tarfile "$deb" | tar -x -C "$root" --keep-directory-symlink; done
  for link in bin sbin lib lib64; do [[ -e $root/$link ]] || ln -s usr/$link "$root/$link"; done
  echo root:x:0:0:root:/:/bin/sh >"$root/etc/passwd"
  echo root:x:0: >"$root/etc/group"
}
distribution bookworm keepalived=1:2.2.7-1+b2 dash
distribution trixie keepalived=1:2.3.3-1 dash
cat >show.sh <<'SH'
#!/bin/sh
printf '%s: %s\n' "$1" "$2" >>/tmp/seen
SH
chmod 755 show.sh
cat >keepalived.conf <<'CONF'
global_defs {
  script_user root
}
vrrp_script two {
  script "/tmp/show.sh two one\\two"
  interval 1
}
vrrp_script four {
  script "/tmp/show.sh four one\\\\two"
  interval 1
}
vrrp_instance link {
  interface link0
  virtual_router_id 1
  priority 100
  virtual_ipaddress { 192.0.2.1/32 }
  track_script { two
    four }
}
CONF
cat >look.sh <<'SH'
root=$1
ip link add link0 type veth peer name link1
ip addr add 192.0.2.2/24 dev link0
ip link set link0 up
ip link set link1 up
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs tmp "$root/tmp"
mount -t tmpfs run "$root/run"
cp show.sh keepalived.conf "$root/tmp"
touch "$root/tmp/seen"
chroot "$root" /usr/sbin/keepalived --dont-fork --log-console --vrrp --use-file /tmp/keepalived.conf >"$root.log" 2>&1 &
for ((tries = 0; tries < 300; tries++)); do
  (($(sort -u "$root/tmp/seen" | wc -l) < 2)) || break
  sleep 0.1
done
kill %1
wait %1 || true
sort -u "$root/tmp/seen" | cat --show-tabs
SH
for suite in bookworm trixie; do
  echo "$suite"
  unshare --net --mount --pid --fork --kill-child bash look.sh root-$suite
done | tee seen
diff seen - <<'SEEN'
bookworm
four: one\two
two: one^Iwo
trixie
four: one\\two
two: one\two
SEEN
echo "as found"
