#!/usr/bin/env bash
# Checks that trust somebody: HTTPS with an authority of our own and several names behind one address, gRPC health in the clear
# and in TLS; a wrong name, a wrong authority and a service that does not serve fail with the reason. Checks that trust anybody
# reach servers with old certificates, weak or rare keys and old ciphers; those that verify do not. Pings over IPv6.
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
web_tls rs1 "$(virtual one.example)" "$(virtual two.example)"
# Debian's package is for Debian's interpreter.
ip netns exec rs1 /usr/bin/python3 "$here/rpc.py" 50051 >grpc.log 2>&1 &
ip netns exec rs1 /usr/bin/python3 "$here/rpc.py" 50052 one.example.key one.example.pem >grpcs.log 2>&1 &
ready() { grep -q ready grpc.log && grep -q ready grpcs.log; }
wait_until 20 ready

# What no browser of today has, and what some do not: key, certificate and session of servers that work, each at its port.
odd_certificate() {
  openssl req -new -newkey "${@:2}" -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
  case $1 in
    v1) openssl x509 -req -in v1.csr -signkey v1.key -days 2 -out v1.pem 2>/dev/null ;;
    *) openssl x509 -req -in "$1.csr" -CA ours.pem -CAkey ours.key -CAcreateserial -days 2 -out "$1.pem" \
      -extfile <(echo "subjectAltName=DNS:$1") 2>/dev/null ;;
  esac
}
odd_certificate v1 rsa:2048
odd_certificate rsa1024 rsa:1024
odd_certificate p521 ec -pkeyopt ec_paramgen_curve:secp521r1
odd_certificate pss rsa-pss -pkeyopt rsa_keygen_bits:2048
odd_certificate plain rsa:2048
# odd PORT CERTIFICATE OPTION...
odd() {
  ip netns exec rs1 openssl s_server -accept "$1" -cert "$2.pem" -key "$2.key" -www -quiet "${@:3}" >"odd-$1.log" 2>&1 &
}
odd 4001 v1 -tls1_2
odd 4002 v1 -tls1_3
odd 4003 rsa1024 -cipher DEFAULT@SECLEVEL=0
odd 4004 p521 -tls1_2
odd 4005 p521 -tls1_3
odd 4006 pss -tls1_2
odd 4007 pss -tls1_3
odd 4008 plain -tls1_2 -cipher AES128-GCM-SHA256
odd 4009 plain -tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256
odd 4010 plain -tls1_2 -cipher ECDHE-RSA-AES128-SHA256
odd 4011 plain -tls1 -cipher AES128-SHA@SECLEVEL=0
odd_ports=({4001..4011})
listening() { (($(on rs1 ss -Hltn | grep -c ':40[01][0-9]') == ${#odd_ports[@]})); }
wait_until 10 listening

# checked PORT CHECK [SERVER [INTERVAL [TIMEOUT]]]: a service on that port whose server is asked so.
checked() {
  local rs=${3:-192.168.56.183} vip=192.168.1.183
  [[ $rs != *:* ]] || { rs="[$rs]" vip="[fd00:1::183]"; }
  echo "[[service]]
address = \"$vip:$1\"
check = { interval = \"${4:-500ms}\", warmup = \"500ms\", timeout = \"${5:-10s}\", rise = 1, fall = 1, $2 }
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
  for port in "${odd_ports[@]}"; do
    checked "$port" "type = \"https\", regex = \"(?<!un)Ciphers supported\"" 192.168.56.183 5s
    checked "$((port + 1000))" "type = \"https\", port = $port, verify = true, ca_file = \"$work/ours.pem\", server_name = \"plain\"" 192.168.56.183 5s
  done
  checked 3001 "type = \"ping\"" fd00:56::183
  checked 3002 "type = \"ping\"" fd00:56::199 500ms 1s
} >tunvs.toml
on ds tunvs check tunvs.toml
start_director --config tunvs.toml

up=(1001 1002 2001 2002 2005 3001 "${odd_ports[@]}")
wait_until 30 are up "${up[@]}"
for port in "${up[@]}"; do same "no error of $port" "up True " "$(state $port)"; done
declare -A why=(
  [1003]="hostname mismatch"
  [1004]="unable to get local issuer certificate"
  [1005]="unable to get local issuer certificate"
  [1006]="hostname mismatch"
  [1007]="$work/nowhere.pem"
  [2003]="answered NOT_SERVING, expected SERVING"
  [2004]="no service cellar"
  [2006]="hostname mismatch"
  [2007]="frame"
  [3002]="no answer within 1000 ms"
  # Who is to be good must be: what the lax ones take is refused.
  [5001]="self-signed certificate"
  [5003]="too weak"
  [5004]="hostname mismatch"
  [5008]="handshake failure" [5009]="handshake failure" [5010]="handshake failure"
  [5011]="protocol"
)
wait_until 30 are down "${!why[@]}"
for port in "${!why[@]}"; do contains "why $port is down" "${why[$port]}" "$(state $port)"; done
contains "for people" "hostname mismatch" "$(on ds tunvs health --down)"
stop_director
