#!/usr/bin/env bash
# What no service or connection claims passes unharmed: a real server's own traffic, the host's health checks, a
# client that talks to a real server past the VIP, other ports and protocols of the VIP. Client has a route to the
# real servers' network via ds.
. "$(dirname "$0")/lib.sh"
topology
web rs1
web rs2
ip -n client route add 192.168.56.0/24 via 192.168.1.181
tcp_greeter client 2222 client
tcp_greeter ds 2222 ds
udp_echo client 5000
udp_echo rs1 5001
start_director
address ds eth1 192.168.1.183/24
on ds ipvsadm -A -t 192.168.1.183:80 -s rr
two_servers -t 192.168.1.183:80 80
same "the service" "rs2 rs1" "$(answers client 2 http://192.168.1.183)"

# A real server pings and "sshes" the client and the director, seen with its own address.
on rs1 ping -qc 2 -i 0.2 -W 20 192.168.1.10
on rs1 ping -qc 2 -i 0.2 -W 20 192.168.56.181
on rs1 ping -qc 2 -i 0.2 -W 20 192.168.1.181
on rs1 ping -qc 2 -i 0.2 -W 20 -s 4000 192.168.1.10
same "rs1 to the client" "client ::ffff:192.168.56.183" "$(tcp_hear rs1 192.168.1.10 2222)"
same "rs1 to the director" "ds ::ffff:192.168.56.183" "$(tcp_hear rs1 192.168.56.181 2222)"
same "rs1 to the client over UDP" "client hello" "$(udp_ask rs1 192.168.1.10 5000 hello)"

# The host's health checks, and its own traffic to the client.
same "a health check" rs1 "$(get ds http://192.168.56.183)"
on ds ping -qc 1 -W 20 192.168.56.184
same "the director to the client" "client ::ffff:192.168.1.181" "$(tcp_hear ds 192.168.1.10 2222)"

# Past the VIP: the real server's answer must keep its own address.
same "the client to rs1 itself" rs1 "$(get client http://192.168.56.183)"
same "the client to rs1 itself over UDP" "rs1 hello" "$(udp_ask client 192.168.56.183 5001 hello)"
on client ping -qc 1 -W 20 192.168.56.183

# Other ports and protocols of the VIP.
same "another port of the VIP" "ds ::ffff:192.168.1.10" "$(tcp_hear client 192.168.1.183 2222)"
same "a closed port of the VIP" ECONNREFUSED "$(tcp_try client 192.168.1.183 81)"
same "a closed UDP port of the VIP" ECONNREFUSED "$(udp_ask client 192.168.1.183 53 hello)"
on client ping -qc 2 -i 0.2 -W 20 192.168.1.183
on client ping -qc 2 -i 0.2 -W 20 -s 4000 192.168.1.183

stop_director
nothing_left
