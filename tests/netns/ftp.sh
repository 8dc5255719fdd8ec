#!/usr/bin/env bash
# vsftpd behind the director: active and passive, old and extended commands, IPv4 and IPv6, up and down.
. "$(dirname "$0")/lib.sh"
topology
for program in vsftpd lftp curl; do
  command -v "$program" >/dev/null || fail "no $program: run scripts/install-test-deps"
done

root=$work/ftp
mkdir -p "$root/files" /run/vsftpd/empty
chmod 777 "$root/files"
chmod 755 "$work" "$root"
head -c 3000000 /dev/urandom >"$work/blob"
cp "$work/blob" "$root/files/down"
sum=$(sha256sum <"$work/blob")
cat >"$work/vsftpd.conf" <<CONF
listen=NO
listen_ipv6=YES
background=NO
anonymous_enable=YES
anon_upload_enable=YES
anon_other_write_enable=YES
write_enable=YES
anon_umask=022
anon_root=$root
no_anon_password=YES
connect_from_port_20=YES
secure_chroot_dir=/run/vsftpd/empty
seccomp_sandbox=NO
xferlog_enable=NO
CONF
for rs in rs1 rs2; do
  ip netns exec "$rs" vsftpd "$work/vsftpd.conf" >"$work/vsftpd-$rs.log" 2>&1 &
done
wait_until 5 on rs1 nc -z 192.168.56.183 21
wait_until 5 on rs2 nc -z fd00:56::184 21

# transfer URL OPTION...: a file up and down again.
transfer() {
  local url=$1
  shift
  rm -f "$root/files/up"
  on client curl -gsS --max-time 20 "$@" -T "$work/blob" "$url/files/up"
  wait_until 5 test -s "$root/files/up"
  same "the upload with $*" "$sum" "$(sha256sum <"$root/files/up")"
  same "the download with $*" "$sum" "$(on client curl -gsS --max-time 20 "$@" "$url/files/down" | sha256sum)"
}

address ds eth1 192.168.1.183/24 fd00:1::183/64
for option in '' --no-offload; do
  start_director $option
  on ds ipvsadm -A -t 192.168.1.183:21 -s rr
  two_servers -t 192.168.1.183:21 21
  on ds ipvsadm -A -t '[fd00:1::183]:21' -s rr
  two_servers -t '[fd00:1::183]:21' 21
  v4=ftp://192.168.1.183 v6='ftp://[fd00:1::183]'

  transfer "$v4" --disable-epsv
  transfer "$v4" --ftp-pasv
  transfer "$v4" --ftp-port - --disable-eprt
  transfer "$v4" --ftp-port -
  transfer "$v6"
  transfer "$v6" --ftp-port -

  # Several transfers over one control connection: the corrections of its numbers add up.
  rm -f "$work"/got*
  on client lftp -c "set net:timeout 5; set net:max-retries 1; set ftp:prefer-epsv no; set ftp:use-mdtm no
    open $v4/files; get down -o $work/got1; get down -o $work/got2; put $work/blob -o up2; get down -o $work/got3
    set ftp:passive-mode off; get down -o $work/got4; ls"
  for got in "$work"/got[1-4] "$root/files/up2"; do same "$got" "$sum" "$(sha256sum <"$got")"; done

  listing=$(on ds ipvsadm -Lcn)
  contains "the data connections of active transfers" '192.168.1.183:20 ' "$listing"
  contains "the data connections of IPv6" '[fd00:1::183]:20' "$listing"
  stop_director
done
nothing_left
