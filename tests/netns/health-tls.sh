#!/usr/bin/env bash
# Checks that trust somebody: HTTPS with an authority of our own and several names behind one address, gRPC health in the clear
# and in TLS; a wrong name, a wrong authority and a service that does not serve fail with the reason. Pings over IPv6.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology

# authority NAME; certificate NAME AUTHORITY: PEM files NAME.pem and NAME.key.
authority() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign 2>/dev/null
}
certificate() {
  openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 -out "$1.pem" \
    -extfile <(echo "subjectAltName=DNS:$1") 2>/dev/null
}
authority ours
authority theirs
for name in one.example two.example; do certificate $name ours; done

# A name that nobody serves gets the certificate of the first server.
virtual() {
  echo "server { listen 443 ssl; server_name $1; ssl_certificate $work/$1.pem; ssl_certificate_key $work/$1.key;
    location / { return 200 \"$1\\n\"; } }"
}
cat >tls.conf <<CONF
user root;
worker_processes 1;
pid $work/tls.pid;
error_log $work/nginx-tls.log;
events { worker_connections 512; }
http {
  access_log off; client_body_temp_path $work/t1; proxy_temp_path $work/t1; fastcgi_temp_path $work/t1;
  uwsgi_temp_path $work/t1; scgi_temp_path $work/t1;
  $(virtual one.example)
  $(virtual two.example)
}
CONF
on rs1 nginx -c "$work/tls.conf"
# Debian's package is for Debian's interpreter.
ip netns exec rs1 /usr/bin/python3 "$here/rpc.py" 50051 >grpc.log 2>&1 &
ip netns exec rs1 /usr/bin/python3 "$here/rpc.py" 50052 one.example.key one.example.pem >grpcs.log 2>&1 &
ready() { grep -q ready grpc.log && grep -q ready grpcs.log; }
wait_until 20 ready

# checked PORT CHECK [SERVER]: a service on that port whose server is asked so.
checked() {
  local rs=${3:-192.168.56.183} vip=192.168.1.183
  [[ $rs != *:* ]] || { rs="[$rs]" vip="[fd00:1::183]"; }
  echo "[[service]]
address = \"$vip:$1\"
check = { interval = \"500ms\", rise = 1, fall = 1, $2 }
[[service.server]]
address = \"$rs:$1\"
forward = \"masq\""
}
https() { checked "$1" "type = \"https\", port = 443, verify = true, $2"; }
{
  https 1001 "ca_file = \"$work/ours.pem\", host = \"one.example\", regex = \"^one\""
  https 1002 "ca_file = \"$work/ours.pem\", server_name = \"two.example\", host = \"two.example\", regex = \"^two\""
  https 1003 "ca_file = \"$work/ours.pem\", host = \"three.example\""
  https 1004 "ca_file = \"$work/theirs.pem\", host = \"one.example\""
  https 1005 "host = \"one.example\""
  https 1006 "ca_file = \"$work/ours.pem\", sni = false, host = \"two.example\""
  https 1007 "ca_file = \"$work/nowhere.pem\", host = \"one.example\""
  checked 2001 "type = \"grpc\", port = 50051"
  checked 2002 "type = \"grpc\", port = 50051, service = \"shop\""
  checked 2003 "type = \"grpc\", port = 50051, service = \"attic\""
  checked 2004 "type = \"grpc\", port = 50051, service = \"cellar\""
  checked 2005 "type = \"grpcs\", port = 50052, verify = true, ca_file = \"$work/ours.pem\", server_name = \"one.example\""
  checked 2006 "type = \"grpcs\", port = 50052, verify = true, ca_file = \"$work/ours.pem\", server_name = \"two.example\""
  checked 2007 "type = \"grpc\", port = 443"
  checked 3001 "type = \"ping\"" fd00:56::183
  checked 3002 "type = \"ping\", timeout = \"1s\"" fd00:56::199
} >tunvs.toml
on ds tunvs check tunvs.toml
start_director --config tunvs.toml

# state PORT: up or down, whether it was asked, and the last error.
state() {
  on ds tunvs health --json | python3 -c '
import json, sys
for service in json.load(sys.stdin):
    if service["service"]["port"] == int(sys.argv[1]):
        check = service["servers"][0]["checks"][0]
        print("up" if check["up"] else "down", check["rounds"] > 0, check["last_error"] or "")
' "$1"
}
is() { [[ $(state "$1") == "$2 True "* ]]; }
for port in 1001 1002 2001 2002 2005 3001; do
  wait_until 20 is $port up
  same "no error of $port" "up True " "$(state $port)"
done
# fails PORT REASON
fails() {
  wait_until 20 is "$1" down
  contains "why $1 is down" "$2" "$(state "$1")"
}
fails 1003 "not valid for name"
fails 1004 "UnknownIssuer"
fails 1005 "UnknownIssuer"
fails 1006 "not valid for name"
fails 1007 "$work/nowhere.pem"
fails 2003 "answered NOT_SERVING, expected SERVING"
fails 2004 "no service cellar"
fails 2006 "not valid for name"
fails 2007 "frame"
fails 3002 "no answer within 1000 ms"
contains "for people" "not valid for name" "$(on ds tunvs health --down)"
stop_director
