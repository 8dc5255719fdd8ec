ipvsadm -A -t 10.26.2.1:80 -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.8
ipvsadm -A -f 26 -s rr
ipvsadm -A -u 10.26.0.1:53 -s sh -b sh-port -p 9 -M 255.255.0.0 -o
ipvsadm -a -u 10.26.0.1:53 -r 10.126.1.1 -i --tun-type gue --tun-port 7 --tun-csum -w 0
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-interface lo --pe sip
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-group 224.0.0.99 --rate
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sort --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --timeout -u 10.26.0.1:53
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -t 10.26.0.1:80 -f 26
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-csum --tun-info
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -g --tun-type ipip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -b flag-1 -p
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -t 10.26.0.1:80 -X
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -o --mcast-group 224.0.0.99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -t 10.26.0.1:80 --sort
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sctp-service 10.26.0.1:99 --timeout
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -x 5 --sort
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-remcsum --syncid 3
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-interface lo --tun-info
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -r 10.126.0.1 --tun-type gue
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --nosort -X
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -n --mcast-group 224.0.0.99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -o -y 3
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type ipip -X
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -m -r 10.126.0.1
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --pe sip -x 5
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -p 60 -w 2
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --syncid 3 --tun-port 99
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-port 9 -n
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -c --daemon
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type ipip -c
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gre -p
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-port 9 -w 2
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -s rr --tun-port 99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --rate --persistent-conn
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-nocsum -g
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -p 60 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --nosort --tun-type ipip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --nosort --tun-info
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-info -f 26
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -b flag-1 -p 60
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-group 224.0.0.99 --sort
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-interface lo -r 10.126.0.1
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --pe sip -u 10.26.0.1:53
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -b flag-1 -y 3
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --daemon --pe sip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-interface lo --rate
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --stats -r 10.126.0.1
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --nosort -g
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -s rr -p
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -y 3 --sctp-service 10.26.0.1:99
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type ipip -u 10.26.0.1:53
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -g --pe sip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -u 10.26.0.1:53 --mcast-interface lo
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-port 9 -m
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sort --persistent-conn
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -u 10.26.0.1:53 -X
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --stats -s rr
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gre -g
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gre --daemon
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-csum -c
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-group 224.0.0.99 --sctp-service 10.26.0.1:99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gue -w 2
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -s rr --tun-type gre
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-ttl 2 --mcast-interface lo
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sync-maxlen 900 --tun-type gue
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sort -y 3
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --exact --mcast-interface lo
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -g --persistent-conn
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -X --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gue --tun-port 99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-port 9 -x 5
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -X -i
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -X -p
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-ttl 2 --nosort
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --persistent-conn -n
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -w 2 -6
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -b flag-1 -i
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --persistent-conn -p
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --syncid 3 --exact
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -o --mcast-port 9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-remcsum --persistent-conn
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -i -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sort --mcast-ttl 2
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -t 10.26.0.1:80 --tun-type gue
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -s rr -c
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -s rr --timeout
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --timeout --pe sip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --thresholds --sctp-service 10.26.0.1:99
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --thresholds -i
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-info -n
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --pe sip -i
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --nosort -o
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-ttl 2 --stats
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -n --mcast-interface lo
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-interface lo --nosort
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --thresholds --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -f 26 --sync-maxlen 900
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-ttl 2 --tun-nocsum
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -b flag-1 --timeout
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -M 255.255.255.0 -o
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -u 10.26.0.1:53 --mcast-group 224.0.0.99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -s rr -M 255.255.255.0
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --syncid 3 -w 2
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --nosort -p
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -i -n
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-ttl 2 --sync-maxlen 900
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-group 224.0.0.99 --syncid 3
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -s rr --rate
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -i -M 255.255.255.0
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -x 5 --tun-type ipip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --timeout -i
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --timeout -g
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-remcsum -p
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-interface lo --tun-type ipip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-ttl 2 -M 255.255.255.0
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-group 224.0.0.99 -r 10.126.0.1
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-port 9 -b flag-1
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -s rr -X
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sctp-service 10.26.0.1:99 -u 10.26.0.1:53
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -y 3 --tun-port 99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -m -g
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --exact -x 5
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-remcsum --mcast-port 9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sort --timeout
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -u 10.26.0.1:53 --sort
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --rate --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --stats --daemon
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -p -p 60
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -x 5 -p
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --exact -o
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -y 3 --mcast-ttl 2
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gue --rate
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-info -X
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --nosort --timeout
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gue -b flag-1
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --thresholds --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-type gre -p 60
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --pe sip --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sort --tun-type ipip
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --rate --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -n --rate
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-port 9 --tun-type gue
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -i --mcast-group 224.0.0.99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -y 3 -g
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sync-maxlen 900 -o
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sctp-service 10.26.0.1:99 --stats
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -y 3 --tun-type gue
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --sort --daemon
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -g --tun-type gue
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -p 60 --tun-type gue
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -o -i
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-group 224.0.0.99 -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -X -c
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --stats --timeout
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-group 224.0.0.99 -y 3
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-csum --sctp-service 10.26.0.1:99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -o -r 10.126.0.1
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -X -M 255.255.255.0
ipvsadm -d -t 10.26.2.1:80 -r 10.126.0.9
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --mcast-port 9 --stats
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --thresholds -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --stats -o
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --thresholds -f 26
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -y 3 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -c --tun-type gue
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-csum --tun-port 99
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -c -p 60
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 --tun-remcsum --exact
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -m -o
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.9 -c --sctp-service 10.26.0.1:99
ipvsadm -Sn
ipvsadm -Ln --tun-info
