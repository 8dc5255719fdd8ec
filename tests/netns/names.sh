#!/usr/bin/env bash
# Names without the C library: of /etc/hosts, /etc/resolv.conf and a name server tunvs makes what glibc makes of them, question by
# question. Without any of these files names are unknown, at once; users and groups are names of their files, or numbers.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
host ds
ip -n ds addr add 10.9.0.53/32 dev lo

# Files of /etc as this scenario wants them.
mkdir "$work"/{upper,inner}
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$work/upper,workdir=$work/inner" /etc
cat >/etc/hosts <<'HOSTS'
127.0.0.1 localhost
10.6.0.1 Filed.example.test filed # a comment
10.6.0.2 web.example.test.
::1 six
10.6.0.1 again
HOSTS
printf 'hosts: files dns\n' >/etc/nsswitch.conf

log=$work/questions.log
on ds python3 "$here/names.py" 10.9.0.53 "$log" >"$work/names.ready" 2>"$work/names.log" &
server=$!
wait_until 10 test -s "$work/names.ready"

# What each makes of names: lines of them with addresses, - where there is none.
tunvs_addr() {
  printf -- '-A -t %s:80 -s rr\n' "$1" >"$work/line"
  on ds tunvs convert "$work/line" 2>/dev/null | sed -n 's/^address = "\(.*\):80"$/\1/p' | grep . || echo -
}
tunvs_addrs() { for name; do echo "$name $(tunvs_addr "$name")"; done; }
# gethostbyname, as ipvsadm calls it.
glibc_addrs() {
  on ds python3 -c '
import ctypes, socket, sys
class Hostent(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("aliases", ctypes.c_void_p), ("kind", ctypes.c_int), ("length", ctypes.c_int),
                ("addrs", ctypes.POINTER(ctypes.POINTER(ctypes.c_ubyte)))]
ask = ctypes.CDLL("libc.so.6").gethostbyname
ask.restype = ctypes.POINTER(Hostent)
for name in sys.argv[1:]:
    found = ask(name.encode())
    print(name, socket.inet_ntoa(bytes(found.contents.addrs[0][:4])) if found else "-")' "$@"
}
# alike NAME...: both answer the same, and asked the same questions.
alike() {
  local of
  local -A found asked
  for of in tunvs glibc; do
    : >"$log"
    found[$of]=$("${of}_addrs" "$@")
    # The loopback's name is never asked for.
    asked[$of]=$(grep -v '^localhost ' "$log")
  done
  same "addresses with: $(xargs </etc/resolv.conf)" "${found[glibc]}" "${found[tunvs]}"
  same "questions with: $(xargs </etc/resolv.conf)" "${asked[glibc]}" "${asked[tunvs]}"
}

names=(web two alias only a.b single big under_score nothing web.example.test web.example.test. a.b.example.test WEB
  localhost localhost. LocalHost filed FILED filed. again six -dash 'ex!cl' bad..dots)
while IFS= read -r settings; do
  printf "$settings\n" >/etc/resolv.conf
  alike "${names[@]}"
done <<'SETTINGS'
nameserver 10.9.0.53\nsearch example.test other.test
nameserver 10.9.0.53\ndomain example.test\noptions ndots:3
nameserver 10.9.0.53\n# none
SETTINGS
printf 'nameserver 10.9.0.53\nsearch other.test\n' >/etc/resolv.conf
same "a name of another domain" 10.8.0.2 "$(tunvs_addr only)"
same "a long answer" 10.9.0.1 "$(tunvs_addr big.example.test)"

# --- addresses backwards, as listings without -n show them
start_director
for addr in 10.6.0.1 10.6.0.2 10.7.0.1 10.7.0.2 10.7.0.3 10.7.0.4 10.7.0.5 10.7.0.6 10.7.0.99 127.0.0.1; do
  on ds ipvsadm -A -t "$addr:80" -s rr
done
on ds ipvsadm -A -t "[2001:db8::1]:80" -s rr
glibc_names() {
  on ds python3 -c '
import socket, sys
for addr in sys.argv[1:]:
    host, port = socket.getnameinfo((addr, 80), 0)
    print(("[%s]" if ":" in addr else "%s") % host + ":" + port)' "$@"
}
addrs=$(on ds ipvsadm -L -n | awk '/^TCP/ { sub(/:80$/, "", $2); gsub(/[][]/, "", $2); print $2 }')
same "addresses backwards" "$(glibc_names $addrs)" "$(on ds ipvsadm -L | awk '/^TCP/ { print $2 }')"

# --- nobody answers there: known at once, and the same text as ever
on ds ipvsadm -C
kill "$server"
wait_until 10 ended_process "$server"
quick() {
  local started=$EPOCHREALTIME
  refused on ds ipvsadm -A -t nothing:80 -s rr
  same "an unknown name: $1" "illegal virtual server address[:port] specified" "${output%%$'\n'*}"
  awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { exit b - a > 4 }' || late "$1: it took too long"
}
quick "the name server is gone"
rm /etc/resolv.conf
quick "no /etc/resolv.conf"
rm /etc/hosts /etc/services
quick "no /etc/hosts"
on ds ipvsadm -A -t 127.0.0.1:80 -s rr
contains "a listing without files" "TCP  127.0.0.1:80 rr" "$(on ds ipvsadm -L)"
stop_director

# --- users and groups
script() {
  printf '[[service]]\naddress = "10.0.0.1:80"\n[[service.server]]\naddress = "10.0.0.2:80"\nforward = "masq"\n' >"$work/users.toml"
  printf 'check = { type = "script", command = "/bin/true", %s }\n' "$1" >>"$work/users.toml"
  on ds tunvs check "$work/users.toml" 2>&1
}
fine="$work/users.toml: 1 service, 1 server, 1 check"
same "a user by name" "$fine" "$(script 'user = "nobody"')"
same "a user by number, with a group" "$fine" "$(script 'user = "4000000000", group = "65534"')"
contains "a number without a name" "user 4000000000 has no line in /etc/passwd, and so no group: name one for it" \
  "$(script 'user = "4000000000"')"
rm /etc/passwd /etc/group
contains "no /etc/passwd" "there is no user \`nobody\`" "$(script 'user = "nobody"')"
same "numbers without files" "$fine" "$(script 'user = "65534", group = "65534"')"
nothing_left
