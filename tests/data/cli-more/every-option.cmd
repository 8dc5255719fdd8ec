ipvsadm -A -t 10.26.2.1:80 -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.8
ipvsadm -A -f 26 -s rr
ipvsadm -A -u 10.26.0.1:53 -s sh -b sh-port -p 9 -M 255.255.0.0 -o
ipvsadm -a -u 10.26.0.1:53 -r 10.126.1.1 -i --tun-type gue --tun-port 7 --tun-csum -w 0
ipvsadm -A -t 10.26.1.1:80 -n
ipvsadm -A -t 10.26.1.1:80 -c
ipvsadm -A -t 10.26.1.1:80 -t 10.26.0.1:80
ipvsadm -A -t 10.26.1.1:80 -u 10.26.0.1:53
ipvsadm -A -t 10.26.1.1:80 --sctp-service 10.26.0.1:99
ipvsadm -A -t 10.26.1.1:80 -f 26
ipvsadm -A -t 10.26.1.1:80 -s rr
ipvsadm -A -t 10.26.1.1:80 -p 60
ipvsadm -A -t 10.26.1.1:80 -p
ipvsadm -A -t 10.26.1.1:80 -M 255.255.255.0
ipvsadm -A -t 10.26.1.1:80 -r 10.126.0.1
ipvsadm -A -t 10.26.1.1:80 -g
ipvsadm -A -t 10.26.1.1:80 -m
ipvsadm -A -t 10.26.1.1:80 -i
ipvsadm -A -t 10.26.1.1:80 -w 2
ipvsadm -A -t 10.26.1.1:80 -x 5
ipvsadm -A -t 10.26.1.1:80 -y 3
ipvsadm -A -t 10.26.1.1:80 --mcast-interface lo
ipvsadm -A -t 10.26.1.1:80 --timeout
ipvsadm -A -t 10.26.1.1:80 --daemon
ipvsadm -A -t 10.26.1.1:80 --stats
ipvsadm -A -t 10.26.1.1:80 --rate
ipvsadm -A -t 10.26.1.1:80 --thresholds
ipvsadm -A -t 10.26.1.1:80 --persistent-conn
ipvsadm -A -t 10.26.1.1:80 --nosort
ipvsadm -A -t 10.26.1.1:80 --sort
ipvsadm -A -t 10.26.1.1:80 --syncid 3
ipvsadm -A -t 10.26.1.1:80 -X
ipvsadm -A -t 10.26.1.1:80 --exact
ipvsadm -A -t 10.26.1.1:80 -o
ipvsadm -A -t 10.26.1.1:80 --pe sip
ipvsadm -A -t 10.26.1.1:80 -b flag-1
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99
ipvsadm -A -t 10.26.1.1:80 --mcast-port 9
ipvsadm -A -t 10.26.1.1:80 --mcast-ttl 2
ipvsadm -A -t 10.26.1.1:80 --sync-maxlen 900
ipvsadm -A -t 10.26.1.1:80 --tun-info
ipvsadm -A -t 10.26.1.1:80 --tun-type gre
ipvsadm -A -t 10.26.1.1:80 --tun-type gue
ipvsadm -A -t 10.26.1.1:80 --tun-type ipip
ipvsadm -A -t 10.26.1.1:80 --tun-port 99
ipvsadm -A -t 10.26.1.1:80 --tun-nocsum
ipvsadm -A -t 10.26.1.1:80 --tun-csum
ipvsadm -A -t 10.26.1.1:80 --tun-remcsum
ipvsadm -A -t 10.26.1.1:80 -6
ipvsadm -Sn
ipvsadm -E -t 10.26.2.1:80 -n
ipvsadm -E -t 10.26.2.1:80 -c
ipvsadm -E -t 10.26.2.1:80 -t 10.26.0.1:80
ipvsadm -E -t 10.26.2.1:80 -u 10.26.0.1:53
ipvsadm -E -t 10.26.2.1:80 --sctp-service 10.26.0.1:99
ipvsadm -E -t 10.26.2.1:80 -f 26
ipvsadm -E -t 10.26.2.1:80 -s rr
ipvsadm -E -t 10.26.2.1:80 -p 60
ipvsadm -E -t 10.26.2.1:80 -p
ipvsadm -E -t 10.26.2.1:80 -M 255.255.255.0
ipvsadm -E -t 10.26.2.1:80 -r 10.126.0.1
ipvsadm -E -t 10.26.2.1:80 -g
ipvsadm -E -t 10.26.2.1:80 -m
ipvsadm -E -t 10.26.2.1:80 -i
ipvsadm -E -t 10.26.2.1:80 -w 2
ipvsadm -E -t 10.26.2.1:80 -x 5
ipvsadm -E -t 10.26.2.1:80 -y 3
ipvsadm -E -t 10.26.2.1:80 --mcast-interface lo
ipvsadm -E -t 10.26.2.1:80 --timeout
ipvsadm -E -t 10.26.2.1:80 --daemon
ipvsadm -E -t 10.26.2.1:80 --stats
ipvsadm -E -t 10.26.2.1:80 --rate
ipvsadm -E -t 10.26.2.1:80 --thresholds
ipvsadm -E -t 10.26.2.1:80 --persistent-conn
ipvsadm -E -t 10.26.2.1:80 --nosort
ipvsadm -E -t 10.26.2.1:80 --sort
ipvsadm -E -t 10.26.2.1:80 --syncid 3
ipvsadm -E -t 10.26.2.1:80 -X
ipvsadm -E -t 10.26.2.1:80 --exact
ipvsadm -E -t 10.26.2.1:80 -o
ipvsadm -E -t 10.26.2.1:80 --pe sip
ipvsadm -E -t 10.26.2.1:80 -b flag-1
ipvsadm -E -t 10.26.2.1:80 --mcast-group 224.0.0.99
ipvsadm -E -t 10.26.2.1:80 --mcast-port 9
ipvsadm -E -t 10.26.2.1:80 --mcast-ttl 2
ipvsadm -E -t 10.26.2.1:80 --sync-maxlen 900
ipvsadm -E -t 10.26.2.1:80 --tun-info
ipvsadm -E -t 10.26.2.1:80 --tun-type gre
ipvsadm -E -t 10.26.2.1:80 --tun-type gue
ipvsadm -E -t 10.26.2.1:80 --tun-type ipip
ipvsadm -E -t 10.26.2.1:80 --tun-port 99
ipvsadm -E -t 10.26.2.1:80 --tun-nocsum
ipvsadm -E -t 10.26.2.1:80 --tun-csum
ipvsadm -E -t 10.26.2.1:80 --tun-remcsum
ipvsadm -E -t 10.26.2.1:80 -6
ipvsadm -Sn
ipvsadm -D -t 10.26.9.1:80 -n
ipvsadm -D -t 10.26.9.1:80 -c
ipvsadm -D -t 10.26.9.1:80 -t 10.26.0.1:80
ipvsadm -D -t 10.26.9.1:80 -u 10.26.0.1:53
ipvsadm -D -t 10.26.9.1:80 --sctp-service 10.26.0.1:99
ipvsadm -D -t 10.26.9.1:80 -f 26
ipvsadm -D -t 10.26.9.1:80 -s rr
ipvsadm -D -t 10.26.9.1:80 -p 60
ipvsadm -D -t 10.26.9.1:80 -p
ipvsadm -D -t 10.26.9.1:80 -M 255.255.255.0
ipvsadm -D -t 10.26.9.1:80 -r 10.126.0.1
ipvsadm -D -t 10.26.9.1:80 -g
ipvsadm -D -t 10.26.9.1:80 -m
ipvsadm -D -t 10.26.9.1:80 -i
ipvsadm -D -t 10.26.9.1:80 -w 2
ipvsadm -D -t 10.26.9.1:80 -x 5
ipvsadm -D -t 10.26.9.1:80 -y 3
ipvsadm -D -t 10.26.9.1:80 --mcast-interface lo
ipvsadm -D -t 10.26.9.1:80 --timeout
ipvsadm -D -t 10.26.9.1:80 --daemon
ipvsadm -D -t 10.26.9.1:80 --stats
ipvsadm -D -t 10.26.9.1:80 --rate
ipvsadm -D -t 10.26.9.1:80 --thresholds
ipvsadm -D -t 10.26.9.1:80 --persistent-conn
ipvsadm -D -t 10.26.9.1:80 --nosort
ipvsadm -D -t 10.26.9.1:80 --sort
ipvsadm -D -t 10.26.9.1:80 --syncid 3
ipvsadm -D -t 10.26.9.1:80 -X
ipvsadm -D -t 10.26.9.1:80 --exact
ipvsadm -D -t 10.26.9.1:80 -o
ipvsadm -D -t 10.26.9.1:80 --pe sip
ipvsadm -D -t 10.26.9.1:80 -b flag-1
ipvsadm -D -t 10.26.9.1:80 --mcast-group 224.0.0.99
ipvsadm -D -t 10.26.9.1:80 --mcast-port 9
ipvsadm -D -t 10.26.9.1:80 --mcast-ttl 2
ipvsadm -D -t 10.26.9.1:80 --sync-maxlen 900
ipvsadm -D -t 10.26.9.1:80 --tun-info
ipvsadm -D -t 10.26.9.1:80 --tun-type gre
ipvsadm -D -t 10.26.9.1:80 --tun-type gue
ipvsadm -D -t 10.26.9.1:80 --tun-type ipip
ipvsadm -D -t 10.26.9.1:80 --tun-port 99
ipvsadm -D -t 10.26.9.1:80 --tun-nocsum
ipvsadm -D -t 10.26.9.1:80 --tun-csum
ipvsadm -D -t 10.26.9.1:80 --tun-remcsum
ipvsadm -D -t 10.26.9.1:80 -6
ipvsadm -Sn
ipvsadm -C -n
ipvsadm -C -c
ipvsadm -C -t 10.26.0.1:80
ipvsadm -C -u 10.26.0.1:53
ipvsadm -C --sctp-service 10.26.0.1:99
ipvsadm -C -f 26
ipvsadm -C -s rr
ipvsadm -C -p 60
ipvsadm -C -p
ipvsadm -C -M 255.255.255.0
ipvsadm -C -r 10.126.0.1
ipvsadm -C -g
ipvsadm -C -m
ipvsadm -C -i
ipvsadm -C -w 2
ipvsadm -C -x 5
ipvsadm -C -y 3
ipvsadm -C --mcast-interface lo
ipvsadm -C --timeout
ipvsadm -C --daemon
ipvsadm -C --stats
ipvsadm -C --rate
ipvsadm -C --thresholds
ipvsadm -C --persistent-conn
ipvsadm -C --nosort
ipvsadm -C --syncid 3
ipvsadm -C -X
ipvsadm -C --exact
ipvsadm -C -o
ipvsadm -C --pe sip
ipvsadm -C -b flag-1
ipvsadm -C --mcast-group 224.0.0.99
ipvsadm -C --mcast-port 9
ipvsadm -C --mcast-ttl 2
ipvsadm -C --sync-maxlen 900
ipvsadm -C --tun-info
ipvsadm -C --tun-type gre
ipvsadm -C --tun-type gue
ipvsadm -C --tun-type ipip
ipvsadm -C --tun-port 99
ipvsadm -C --tun-nocsum
ipvsadm -C --tun-csum
ipvsadm -C --tun-remcsum
ipvsadm -C -6
ipvsadm -Sn
ipvsadm -L -n
ipvsadm -L -c
ipvsadm -L -t 10.26.0.1:80
ipvsadm -L -u 10.26.0.1:53
ipvsadm -L --sctp-service 10.26.0.1:99
ipvsadm -L -f 26
ipvsadm -L -s rr
ipvsadm -L -p 60
ipvsadm -L -p
ipvsadm -L -M 255.255.255.0
ipvsadm -L -r 10.126.0.1
ipvsadm -L -g
ipvsadm -L -m
ipvsadm -L -i
ipvsadm -L -w 2
ipvsadm -L -x 5
ipvsadm -L -y 3
ipvsadm -L --mcast-interface lo
ipvsadm -L --timeout
ipvsadm -L --daemon
ipvsadm -L --stats
ipvsadm -L --rate
ipvsadm -L --thresholds
ipvsadm -L --persistent-conn
ipvsadm -L --nosort
ipvsadm -L --sort
ipvsadm -L --syncid 3
ipvsadm -L -X
ipvsadm -L --exact
ipvsadm -L -o
ipvsadm -L --pe sip
ipvsadm -L -b flag-1
ipvsadm -L --mcast-group 224.0.0.99
ipvsadm -L --mcast-port 9
ipvsadm -L --mcast-ttl 2
ipvsadm -L --sync-maxlen 900
ipvsadm -L --tun-info
ipvsadm -L --tun-type gre
ipvsadm -L --tun-type gue
ipvsadm -L --tun-type ipip
ipvsadm -L --tun-port 99
ipvsadm -L --tun-nocsum
ipvsadm -L --tun-csum
ipvsadm -L --tun-remcsum
ipvsadm -L -6
ipvsadm -Sn
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -n
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -c
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -t 10.26.0.1:80
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -u 10.26.0.1:53
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sctp-service 10.26.0.1:99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -f 26
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -p 60
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -p
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -M 255.255.255.0
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -r 10.126.0.1
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -g
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -m
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -i
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -w 2
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -x 5
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -y 3
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-interface lo
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --timeout
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --daemon
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --stats
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --rate
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --thresholds
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --persistent-conn
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --nosort
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sort
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --syncid 3
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -X
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --exact
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -o
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --pe sip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -b flag-1
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-group 224.0.0.99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-port 9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-ttl 2
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sync-maxlen 900
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-info
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gre
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gue
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type ipip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-port 99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -6
ipvsadm -Sn
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -n
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -c
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -t 10.26.0.1:80
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -u 10.26.0.1:53
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --sctp-service 10.26.0.1:99
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -f 26
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -s rr
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -p 60
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -p
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -M 255.255.255.0
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -r 10.126.0.1
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -g
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -m
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -i
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -w 2
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -x 5
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -y 3
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --mcast-interface lo
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --timeout
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --daemon
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --stats
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --rate
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --thresholds
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --persistent-conn
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --nosort
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --sort
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --syncid 3
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -X
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --exact
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -o
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --pe sip
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -b flag-1
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --mcast-group 224.0.0.99
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --mcast-port 9
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --mcast-ttl 2
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --sync-maxlen 900
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --tun-info
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --tun-type gre
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --tun-type gue
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --tun-type ipip
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --tun-port 99
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --tun-nocsum
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --tun-csum
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 --tun-remcsum
ipvsadm -e -t 10.26.2.1:80 -r 10.126.0.8 -6
ipvsadm -Sn
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -n
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -c
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -t 10.26.0.1:80
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -u 10.26.0.1:53
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --sctp-service 10.26.0.1:99
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -f 26
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -s rr
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -p 60
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -p
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -M 255.255.255.0
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -r 10.126.0.1
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -g
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -m
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -i
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -w 2
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -x 5
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -y 3
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --mcast-interface lo
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --timeout
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --daemon
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --stats
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --rate
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --thresholds
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --persistent-conn
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --nosort
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --sort
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --syncid 3
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -X
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --exact
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -o
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --pe sip
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -b flag-1
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --mcast-group 224.0.0.99
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --mcast-port 9
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --mcast-ttl 2
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --sync-maxlen 900
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --tun-info
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --tun-type gre
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --tun-type gue
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --tun-type ipip
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --tun-port 99
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --tun-nocsum
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --tun-csum
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 --tun-remcsum
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.7 -6
ipvsadm -Sn
ipvsadm --set 900 120 300 -n
ipvsadm --set 900 120 300 -c
ipvsadm --set 900 120 300 -t 10.26.0.1:80
ipvsadm --set 900 120 300 -u 10.26.0.1:53
ipvsadm --set 900 120 300 --sctp-service 10.26.0.1:99
ipvsadm --set 900 120 300 -f 26
ipvsadm --set 900 120 300 -s rr
ipvsadm --set 900 120 300 -p 60
ipvsadm --set 900 120 300 -p
ipvsadm --set 900 120 300 -M 255.255.255.0
ipvsadm --set 900 120 300 -r 10.126.0.1
ipvsadm --set 900 120 300 -g
ipvsadm --set 900 120 300 -m
ipvsadm --set 900 120 300 -i
ipvsadm --set 900 120 300 -w 2
ipvsadm --set 900 120 300 -x 5
ipvsadm --set 900 120 300 -y 3
ipvsadm --set 900 120 300 --mcast-interface lo
ipvsadm --set 900 120 300 --timeout
ipvsadm --set 900 120 300 --daemon
ipvsadm --set 900 120 300 --stats
ipvsadm --set 900 120 300 --rate
ipvsadm --set 900 120 300 --thresholds
ipvsadm --set 900 120 300 --persistent-conn
ipvsadm --set 900 120 300 --nosort
ipvsadm --set 900 120 300 --sort
ipvsadm --set 900 120 300 --syncid 3
ipvsadm --set 900 120 300 -X
ipvsadm --set 900 120 300 --exact
ipvsadm --set 900 120 300 -o
ipvsadm --set 900 120 300 --pe sip
ipvsadm --set 900 120 300 -b flag-1
ipvsadm --set 900 120 300 --mcast-group 224.0.0.99
ipvsadm --set 900 120 300 --mcast-port 9
ipvsadm --set 900 120 300 --mcast-ttl 2
ipvsadm --set 900 120 300 --sync-maxlen 900
ipvsadm --set 900 120 300 --tun-info
ipvsadm --set 900 120 300 --tun-type gre
ipvsadm --set 900 120 300 --tun-type gue
ipvsadm --set 900 120 300 --tun-type ipip
ipvsadm --set 900 120 300 --tun-port 99
ipvsadm --set 900 120 300 --tun-nocsum
ipvsadm --set 900 120 300 --tun-csum
ipvsadm --set 900 120 300 --tun-remcsum
ipvsadm --set 900 120 300 -6
ipvsadm -Sn
ipvsadm --start-daemon master --mcast-interface nosuch0 -n
ipvsadm --start-daemon master --mcast-interface nosuch0 -c
ipvsadm --start-daemon master --mcast-interface nosuch0 -t 10.26.0.1:80
ipvsadm --start-daemon master --mcast-interface nosuch0 -u 10.26.0.1:53
ipvsadm --start-daemon master --mcast-interface nosuch0 --sctp-service 10.26.0.1:99
ipvsadm --start-daemon master --mcast-interface nosuch0 -f 26
ipvsadm --start-daemon master --mcast-interface nosuch0 -s rr
ipvsadm --start-daemon master --mcast-interface nosuch0 -p 60
ipvsadm --start-daemon master --mcast-interface nosuch0 -p
ipvsadm --start-daemon master --mcast-interface nosuch0 -M 255.255.255.0
ipvsadm --start-daemon master --mcast-interface nosuch0 -r 10.126.0.1
ipvsadm --start-daemon master --mcast-interface nosuch0 -g
ipvsadm --start-daemon master --mcast-interface nosuch0 -m
ipvsadm --start-daemon master --mcast-interface nosuch0 -i
ipvsadm --start-daemon master --mcast-interface nosuch0 -w 2
ipvsadm --start-daemon master --mcast-interface nosuch0 -x 5
ipvsadm --start-daemon master --mcast-interface nosuch0 -y 3
ipvsadm --start-daemon master --mcast-interface nosuch0 --mcast-interface lo
ipvsadm --start-daemon master --mcast-interface nosuch0 --timeout
ipvsadm --start-daemon master --mcast-interface nosuch0 --daemon
ipvsadm --start-daemon master --mcast-interface nosuch0 --stats
ipvsadm --start-daemon master --mcast-interface nosuch0 --rate
ipvsadm --start-daemon master --mcast-interface nosuch0 --thresholds
ipvsadm --start-daemon master --mcast-interface nosuch0 --persistent-conn
ipvsadm --start-daemon master --mcast-interface nosuch0 --nosort
ipvsadm --start-daemon master --mcast-interface nosuch0 --sort
ipvsadm --start-daemon master --mcast-interface nosuch0 --syncid 3
ipvsadm --start-daemon master --mcast-interface nosuch0 -X
ipvsadm --start-daemon master --mcast-interface nosuch0 --exact
ipvsadm --start-daemon master --mcast-interface nosuch0 -o
ipvsadm --start-daemon master --mcast-interface nosuch0 --pe sip
ipvsadm --start-daemon master --mcast-interface nosuch0 -b flag-1
ipvsadm --start-daemon master --mcast-interface nosuch0 --mcast-group 224.0.0.99
ipvsadm --start-daemon master --mcast-interface nosuch0 --mcast-port 9
ipvsadm --start-daemon master --mcast-interface nosuch0 --mcast-ttl 2
ipvsadm --start-daemon master --mcast-interface nosuch0 --sync-maxlen 900
ipvsadm --start-daemon master --mcast-interface nosuch0 --tun-info
ipvsadm --start-daemon master --mcast-interface nosuch0 --tun-type gre
ipvsadm --start-daemon master --mcast-interface nosuch0 --tun-type gue
ipvsadm --start-daemon master --mcast-interface nosuch0 --tun-type ipip
ipvsadm --start-daemon master --mcast-interface nosuch0 --tun-port 99
ipvsadm --start-daemon master --mcast-interface nosuch0 --tun-nocsum
ipvsadm --start-daemon master --mcast-interface nosuch0 --tun-csum
ipvsadm --start-daemon master --mcast-interface nosuch0 --tun-remcsum
ipvsadm --start-daemon master --mcast-interface nosuch0 -6
ipvsadm -Sn
ipvsadm --stop-daemon backup -n
ipvsadm --stop-daemon backup -c
ipvsadm --stop-daemon backup -t 10.26.0.1:80
ipvsadm --stop-daemon backup -u 10.26.0.1:53
ipvsadm --stop-daemon backup --sctp-service 10.26.0.1:99
ipvsadm --stop-daemon backup -f 26
ipvsadm --stop-daemon backup -s rr
ipvsadm --stop-daemon backup -p 60
ipvsadm --stop-daemon backup -p
ipvsadm --stop-daemon backup -M 255.255.255.0
ipvsadm --stop-daemon backup -r 10.126.0.1
ipvsadm --stop-daemon backup -g
ipvsadm --stop-daemon backup -m
ipvsadm --stop-daemon backup -i
ipvsadm --stop-daemon backup -w 2
ipvsadm --stop-daemon backup -x 5
ipvsadm --stop-daemon backup -y 3
ipvsadm --stop-daemon backup --mcast-interface lo
ipvsadm --stop-daemon backup --timeout
ipvsadm --stop-daemon backup --daemon
ipvsadm --stop-daemon backup --stats
ipvsadm --stop-daemon backup --rate
ipvsadm --stop-daemon backup --thresholds
ipvsadm --stop-daemon backup --persistent-conn
ipvsadm --stop-daemon backup --nosort
ipvsadm --stop-daemon backup --sort
ipvsadm --stop-daemon backup --syncid 3
ipvsadm --stop-daemon backup -X
ipvsadm --stop-daemon backup --exact
ipvsadm --stop-daemon backup -o
ipvsadm --stop-daemon backup --pe sip
ipvsadm --stop-daemon backup -b flag-1
ipvsadm --stop-daemon backup --mcast-group 224.0.0.99
ipvsadm --stop-daemon backup --mcast-port 9
ipvsadm --stop-daemon backup --mcast-ttl 2
ipvsadm --stop-daemon backup --sync-maxlen 900
ipvsadm --stop-daemon backup --tun-info
ipvsadm --stop-daemon backup --tun-type gre
ipvsadm --stop-daemon backup --tun-type gue
ipvsadm --stop-daemon backup --tun-type ipip
ipvsadm --stop-daemon backup --tun-port 99
ipvsadm --stop-daemon backup --tun-nocsum
ipvsadm --stop-daemon backup --tun-csum
ipvsadm --stop-daemon backup --tun-remcsum
ipvsadm --stop-daemon backup -6
ipvsadm -Sn
ipvsadm -R -n
ipvsadm -R -c
ipvsadm -R -t 10.26.0.1:80
ipvsadm -R -u 10.26.0.1:53
ipvsadm -R --sctp-service 10.26.0.1:99
ipvsadm -R -f 26
ipvsadm -R -s rr
ipvsadm -R -p 60
ipvsadm -R -p
ipvsadm -R -M 255.255.255.0
ipvsadm -R -r 10.126.0.1
ipvsadm -R -g
ipvsadm -R -m
ipvsadm -R -i
ipvsadm -R -w 2
ipvsadm -R -x 5
ipvsadm -R -y 3
ipvsadm -R --mcast-interface lo
ipvsadm -R --timeout
ipvsadm -R --daemon
ipvsadm -R --stats
ipvsadm -R --rate
ipvsadm -R --thresholds
ipvsadm -R --persistent-conn
ipvsadm -R --nosort
ipvsadm -R --sort
ipvsadm -R --syncid 3
ipvsadm -R -X
ipvsadm -R --exact
ipvsadm -R -o
ipvsadm -R --pe sip
ipvsadm -R -b flag-1
ipvsadm -R --mcast-group 224.0.0.99
ipvsadm -R --mcast-port 9
ipvsadm -R --mcast-ttl 2
ipvsadm -R --sync-maxlen 900
ipvsadm -R --tun-info
ipvsadm -R --tun-type gre
ipvsadm -R --tun-type gue
ipvsadm -R --tun-type ipip
ipvsadm -R --tun-port 99
ipvsadm -R --tun-nocsum
ipvsadm -R --tun-csum
ipvsadm -R --tun-remcsum
ipvsadm -R -6
ipvsadm -Sn
ipvsadm -S -n
ipvsadm -S -c
ipvsadm -S -t 10.26.0.1:80
ipvsadm -S -u 10.26.0.1:53
ipvsadm -S --sctp-service 10.26.0.1:99
ipvsadm -S -f 26
ipvsadm -S -s rr
ipvsadm -S -p 60
ipvsadm -S -p
ipvsadm -S -M 255.255.255.0
ipvsadm -S -r 10.126.0.1
ipvsadm -S -g
ipvsadm -S -m
ipvsadm -S -i
ipvsadm -S -w 2
ipvsadm -S -x 5
ipvsadm -S -y 3
ipvsadm -S --mcast-interface lo
ipvsadm -S --timeout
ipvsadm -S --daemon
ipvsadm -S --stats
ipvsadm -S --rate
ipvsadm -S --thresholds
ipvsadm -S --persistent-conn
ipvsadm -S --nosort
ipvsadm -S --sort
ipvsadm -S --syncid 3
ipvsadm -S -X
ipvsadm -S --exact
ipvsadm -S -o
ipvsadm -S --pe sip
ipvsadm -S -b flag-1
ipvsadm -S --mcast-group 224.0.0.99
ipvsadm -S --mcast-port 9
ipvsadm -S --mcast-ttl 2
ipvsadm -S --sync-maxlen 900
ipvsadm -S --tun-info
ipvsadm -S --tun-type gre
ipvsadm -S --tun-type gue
ipvsadm -S --tun-type ipip
ipvsadm -S --tun-port 99
ipvsadm -S --tun-nocsum
ipvsadm -S --tun-csum
ipvsadm -S --tun-remcsum
ipvsadm -S -6
ipvsadm -Sn
ipvsadm -Z -n
ipvsadm -Z -c
ipvsadm -Z -t 10.26.0.1:80
ipvsadm -Z -u 10.26.0.1:53
ipvsadm -Z --sctp-service 10.26.0.1:99
ipvsadm -Z -f 26
ipvsadm -Z -s rr
ipvsadm -Z -p 60
ipvsadm -Z -p
ipvsadm -Z -M 255.255.255.0
ipvsadm -Z -r 10.126.0.1
ipvsadm -Z -g
ipvsadm -Z -m
ipvsadm -Z -i
ipvsadm -Z -w 2
ipvsadm -Z -x 5
ipvsadm -Z -y 3
ipvsadm -Z --mcast-interface lo
ipvsadm -Z --timeout
ipvsadm -Z --daemon
ipvsadm -Z --stats
ipvsadm -Z --rate
ipvsadm -Z --thresholds
ipvsadm -Z --persistent-conn
ipvsadm -Z --nosort
ipvsadm -Z --sort
ipvsadm -Z --syncid 3
ipvsadm -Z -X
ipvsadm -Z --exact
ipvsadm -Z -o
ipvsadm -Z --pe sip
ipvsadm -Z -b flag-1
ipvsadm -Z --mcast-group 224.0.0.99
ipvsadm -Z --mcast-port 9
ipvsadm -Z --mcast-ttl 2
ipvsadm -Z --sync-maxlen 900
ipvsadm -Z --tun-info
ipvsadm -Z --tun-type gre
ipvsadm -Z --tun-type gue
ipvsadm -Z --tun-type ipip
ipvsadm -Z --tun-port 99
ipvsadm -Z --tun-nocsum
ipvsadm -Z --tun-csum
ipvsadm -Z --tun-remcsum
ipvsadm -Z -6
ipvsadm -Sn
