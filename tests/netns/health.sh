#!/usr/bin/env bash
# Health checks as keepalived.conf declares them, against real programs. nginx stopped and started under wrk: no request fails
# once the server is out. Every kind of check passes and fails for the right reason. Servers that hang or flood, a script that
# never ends, and a thousand checks more harm nothing.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
address ds eth1 192.168.1.183/24
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=test 2>/dev/null
web_tls rs1 "server {
    listen 443 ssl; ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem;
    location / { return 200 \"secure\\n\"; }
    location /broken { return 500; }
  }"
ip netns exec rs1 python3 "$here/servers.py" 53 25 5000 7001 7002 >servers.log 2>&1 &
wait_until 10 grep -q ready servers.log

# server PORT CHECK: a virtual server on that port with rs1 alone.
server() {
  echo "virtual_server 192.168.1.183 $1 { delay_loop 1
  lb_algo rr
  lb_kind NAT
  protocol ${3:-TCP}
  real_server 192.168.56.183 $1 { inhibit_on_failure
    $2 } }"
}
digest=$(printf 'rs1\n' | md5sum | cut -d' ' -f1)
{
  cat <<CONF
virtual_server 192.168.1.183 80 {
  delay_loop 1
  lb_algo rr
  lb_kind NAT
  protocol TCP
  real_server 192.168.56.183 80 {
    HTTP_GET {
      url { path /
        digest $digest }
      connect_timeout 2
      retry 1
      delay_before_retry 1
    }
  }
  real_server 192.168.56.184 80 { TCP_CHECK { connect_timeout 2 } }
}
CONF
  server 81 "TCP_CHECK { connect_port 80
    connect_timeout 2 }"
  server 443 "SSL_GET { url { path /
    status_code 200 }
    connect_timeout 3 }"
  server 444 "SSL_GET { connect_port 443
    retry 0
    url { path /broken
    status_code 200 } }"
  server 53 "DNS_CHECK { type A
    name example.org
    connect_timeout 2 }" UDP
  server 25 "SMTP_CHECK { helo_name test
    connect_timeout 3 }"
  server 5000 "UDP_CHECK { payload 0102
    require_reply
    connect_timeout 2 }" UDP
  server 82 "PING_CHECK { connect_timeout 2 }"
  server 83 "MISC_CHECK { misc_path \"/bin/sh -c 'exit 0'\"
    user root }"
  server 84 "MISC_CHECK { misc_path \"/bin/sh -c 'sleep 1000 & wait'\"
    misc_timeout 1
    user root }"
  server 7001 "HTTP_GET { url { path /
    status_code 200 }
    retry 0
    connect_timeout 1 }"
  server 7002 "HTTP_GET { url { path /
    regex never-said }
    retry 0
    connect_timeout 5 }"
  server 7003 "TCP_CHECK { connect_timeout 1
    retry 0 }"
} >keepalived.conf

# A thousand checks more, of a server that is not there.
for port in {20000..20999}; do server $port "TCP_CHECK { connect_timeout 1
    retry 0 }"; done | sed 's/56\.183/56.199/' >>keepalived.conf

on ds tunvs check keepalived.conf
start_director --config keepalived.conf

wait_until 30 are up 80 81 443 53 25 5000 82 83
wait_until 30 are down 444 84 7001 7002 7003
contains "TLS, wrong status" "answered status 500, expected 200" "$(state 444)"
contains "a script without an end" "no answer within 1000 ms" "$(state 84)"
contains "a server that hangs" "no answer within 1000 ms" "$(state 7001)"
contains "a server that floods" 'answered no match, expected "never-said"' "$(state 7002)"
contains "nobody listens" "Connection refused" "$(state 7003)"
contains "taken out by weight" "192.168.56.183:7003" "$(on ds ipvsadm -Ln)"
same "weight of a server that is down" 0 "$(on ds ipvsadm -Ln | awk '$2 == "192.168.56.183:7003" { print $4 }')"
all_down() { (($(on ds tunvs health --down | grep -o '56\.199:2[0-9]*' | sort -u | wc -l) == 1000)); }
wait_until 60 all_down
left() { ! pgrep -f 'sleep 1000' >/dev/null || (($(pgrep -fc 'sleep 1000') <= 2)); }
wait_until 10 left

# nginx is stopped and comes back.
load() { on client wrk -t1 -c8 -d"$1" http://192.168.1.183/; }
clean() { [[ $1 != *"Socket errors"* && $1 != *Non-2xx* ]]; }
servers() { on ds ipvsadm -Ln -t 192.168.1.183:80 | awk '/->/ && NR > 3 { print $2 }' | sort | xargs; }
ip netns exec ds tunvs events >events.log 2>&1 &
events=$!
same "both servers" "192.168.56.183:80 192.168.56.184:80" "$(servers)"
load 8 >during.log &
during=$!
# wrk gives up if its very first connection is refused.
busy() { (($(on ds ipvsadm -Ln -t 192.168.1.183:80 | awk '/->/ && NR > 3 { active += $5 } END { print active + 0 }') >= 8)); }
wait_until 10 busy
on rs2 nginx -c "$work/web-rs2/nginx.conf" -s stop
wait_until 20 grep -q '"server_down".*"192.168.56.184"' events.log
same "one server" "192.168.56.183:80" "$(servers)"
after=$(load 3)
clean "$after" || fail "requests failed after the server was taken out: $after"
wait "$during"
wait_until 5 test ! -e web-rs2/pid
web rs2
wait_until 20 grep -q '"server_up".*"192.168.56.184"' events.log
same "both servers again" "192.168.56.183:80 192.168.56.184:80" "$(servers)"
after=$(load 3)
clean "$after" || fail "requests failed after the server came back: $after"
contains "the digest" rs "$(get client http://192.168.1.183/)"
echo changed >web-rs1/html/index.html
wait_until 20 grep -q '"server_down".*"192.168.56.183"' events.log
same "the other server, by digest" "192.168.56.184:80" "$(servers)"
kill "$events"

# By hand: what is removed stays removed, what is weighted comes back with that weight.
on ds ipvsadm -e -t 192.168.1.183:80 -r 192.168.56.184:80 -m -w 7
on ds ipvsadm -d -t 192.168.1.183:80 -r 192.168.56.183:80
echo rs1 >web-rs1/html/index.html
kill -HUP "$director"
wait_until 20 are up 80
contains "a weight by hand" "192.168.56.184:80            Masq    7" "$(on ds ipvsadm -Ln)"
stop_director
same "scripts that are left" 0 "$(pgrep -fc 'sleep 1000' || true)"
