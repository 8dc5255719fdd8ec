#!/usr/bin/env bash
# 100 MB up and 100 MB down through the director, byte for byte, with super-packets and without.
. "$(dirname "$0")/lib.sh"
topology
web rs1
head -c 100000000 /dev/urandom >"$work/blob"
cp "$work/blob" "$work/web-rs1/html/files/down"
sum=$(sha256sum <"$work/blob")

# transfer URL
transfer() {
  rm -f "$work/web-rs1/html/files/up"
  on client curl -gsS --max-time 60 -T "$work/blob" "$1/files/up"
  same "the upload to $1" "$sum" "$(sha256sum <"$work/web-rs1/html/files/up")"
  same "the download from $1" "$sum" "$(on client curl -gsS --max-time 60 "$1/files/down" | sha256sum)"
}

address ds eth1 192.168.1.183/24 fd00:1::183/64
for option in '' --no-offload; do
  start_director $option
  on ds ipvsadm -A -t 192.168.1.183:80 -s rr
  on ds ipvsadm -a -t 192.168.1.183:80 -r 192.168.56.183 -m
  on ds ipvsadm -A -t '[fd00:1::183]:8080' -s rr
  on ds ipvsadm -a -t '[fd00:1::183]:8080' -r '[fd00:56::183]:80' -m
  transfer http://192.168.1.183
  transfer 'http://[fd00:1::183]:8080'
  stop_director
done
nothing_left
