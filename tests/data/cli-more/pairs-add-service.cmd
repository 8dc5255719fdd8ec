ipvsadm -A -t 10.26.2.1:80 -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.8
ipvsadm -A -f 26 -s rr
ipvsadm -A -u 10.26.0.1:53 -s sh -b sh-port -p 9 -M 255.255.0.0 -o
ipvsadm -a -u 10.26.0.1:53 -r 10.126.1.1 -i --tun-type gue --tun-port 7 --tun-csum -w 0
ipvsadm -A -t 10.26.1.1:80 --nosort -t 10.26.0.1:80
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99 --tun-type gue
ipvsadm -A -t 10.26.1.1:80 -n -X
ipvsadm -A -t 10.26.1.1:80 --daemon -x 5
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -s rr -u 10.26.0.1:53
ipvsadm -A -t 10.26.1.1:80 --persistent-conn -u 10.26.0.1:53
ipvsadm -A -t 10.26.1.1:80 -r 10.126.0.1 --tun-csum
ipvsadm -A -t 10.26.1.1:80 -M 255.255.255.0 -x 5
ipvsadm -A -t 10.26.1.1:80 --stats -n
ipvsadm -A -t 10.26.1.1:80 --sort -x 5
ipvsadm -A -t 10.26.1.1:80 -m -i
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -x 5 -c
ipvsadm -A -t 10.26.1.1:80 -t 10.26.0.1:80 --tun-nocsum
ipvsadm -A -t 10.26.1.1:80 -p -r 10.126.0.1
ipvsadm -A -t 10.26.1.1:80 --tun-type gue -x 5
ipvsadm -A -t 10.26.1.1:80 --pe sip --stats
ipvsadm -A -t 10.26.1.1:80 --tun-remcsum -p
ipvsadm -A -t 10.26.1.1:80 --exact --tun-csum
ipvsadm -A -t 10.26.1.1:80 --tun-type gue --mcast-ttl 2
ipvsadm -A -t 10.26.1.1:80 -u 10.26.0.1:53 --tun-port 99
ipvsadm -A -t 10.26.1.1:80 -c -m
ipvsadm -A -t 10.26.1.1:80 -b flag-1 -g
ipvsadm -A -t 10.26.1.1:80 -r 10.126.0.1 --tun-remcsum
ipvsadm -A -t 10.26.1.1:80 --tun-info --sort
ipvsadm -A -t 10.26.1.1:80 -w 2 -g
ipvsadm -A -t 10.26.1.1:80 --rate -r 10.126.0.1
ipvsadm -A -t 10.26.1.1:80 --rate -6
ipvsadm -A -t 10.26.1.1:80 --thresholds --tun-remcsum
ipvsadm -A -t 10.26.1.1:80 -M 255.255.255.0 --tun-port 99
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99 --tun-port 99
ipvsadm -A -t 10.26.1.1:80 -n -p
ipvsadm -A -t 10.26.1.1:80 --tun-type gre --tun-remcsum
ipvsadm -A -t 10.26.1.1:80 --sctp-service 10.26.0.1:99 --pe sip
ipvsadm -A -t 10.26.1.1:80 --tun-csum -p 60
ipvsadm -A -t 10.26.1.1:80 --sctp-service 10.26.0.1:99 -w 2
ipvsadm -A -t 10.26.1.1:80 -p -c
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -6 --mcast-ttl 2
ipvsadm -A -t 10.26.1.1:80 --tun-info --stats
ipvsadm -A -t 10.26.1.1:80 -m -s rr
ipvsadm -A -t 10.26.1.1:80 -r 10.126.0.1 --nosort
ipvsadm -A -t 10.26.1.1:80 -X --mcast-ttl 2
ipvsadm -A -t 10.26.1.1:80 -6 --mcast-interface lo
ipvsadm -A -t 10.26.1.1:80 -w 2 --syncid 3
ipvsadm -A -t 10.26.1.1:80 --tun-info -t 10.26.0.1:80
ipvsadm -A -t 10.26.1.1:80 --tun-type ipip --mcast-interface lo
ipvsadm -A -t 10.26.1.1:80 -p 60 -y 3
ipvsadm -A -t 10.26.1.1:80 -n -c
ipvsadm -A -t 10.26.1.1:80 --thresholds --syncid 3
ipvsadm -A -t 10.26.1.1:80 -t 10.26.0.1:80 -6
ipvsadm -A -t 10.26.1.1:80 --mcast-ttl 2 -x 5
ipvsadm -A -t 10.26.1.1:80 --tun-type gre --mcast-port 9
ipvsadm -A -t 10.26.1.1:80 -f 26 --sync-maxlen 900
ipvsadm -A -t 10.26.1.1:80 --persistent-conn --sync-maxlen 900
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -u 10.26.0.1:53 --sync-maxlen 900
ipvsadm -A -t 10.26.1.1:80 --timeout -i
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -y 3 -M 255.255.255.0
ipvsadm -A -t 10.26.1.1:80 -y 3 -o
ipvsadm -A -t 10.26.1.1:80 -w 2 --timeout
ipvsadm -A -t 10.26.1.1:80 -b flag-1 --sctp-service 10.26.0.1:99
ipvsadm -A -t 10.26.1.1:80 --persistent-conn -r 10.126.0.1
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 --sync-maxlen 900 --mcast-ttl 2
ipvsadm -A -t 10.26.1.1:80 -y 3 -x 5
ipvsadm -A -t 10.26.1.1:80 -u 10.26.0.1:53 -x 5
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -g --tun-type gue
ipvsadm -A -t 10.26.1.1:80 -i --mcast-group 224.0.0.99
ipvsadm -A -t 10.26.1.1:80 --tun-info -6
ipvsadm -A -t 10.26.1.1:80 --persistent-conn -o
ipvsadm -A -t 10.26.1.1:80 -r 10.126.0.1 -s rr
ipvsadm -A -t 10.26.1.1:80 -M 255.255.255.0 --sync-maxlen 900
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -i -x 5
ipvsadm -A -t 10.26.1.1:80 --tun-nocsum -p
ipvsadm -A -t 10.26.1.1:80 -t 10.26.0.1:80 -x 5
ipvsadm -A -t 10.26.1.1:80 -6 -i
ipvsadm -A -t 10.26.1.1:80 --mcast-interface lo --tun-type gre
ipvsadm -A -t 10.26.1.1:80 -c --sync-maxlen 900
ipvsadm -A -t 10.26.1.1:80 -m --mcast-interface lo
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 --rate --sort
ipvsadm -A -t 10.26.1.1:80 -M 255.255.255.0 -i
ipvsadm -A -t 10.26.1.1:80 --nosort --timeout
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -u 10.26.0.1:53 --daemon
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99 --nosort
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -x 5 --thresholds
ipvsadm -A -t 10.26.1.1:80 --sort -6
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99 -w 2
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -g --exact
ipvsadm -A -t 10.26.1.1:80 -r 10.126.0.1 --tun-nocsum
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99 --mcast-ttl 2
ipvsadm -A -t 10.26.1.1:80 --mcast-ttl 2 --tun-nocsum
ipvsadm -A -t 10.26.1.1:80 --tun-type ipip --tun-port 99
ipvsadm -A -t 10.26.1.1:80 -g -y 3
ipvsadm -A -t 10.26.1.1:80 --mcast-ttl 2 --pe sip
ipvsadm -A -t 10.26.1.1:80 --mcast-ttl 2 -s rr
ipvsadm -A -t 10.26.1.1:80 -X -w 2
ipvsadm -A -t 10.26.1.1:80 -s rr --tun-port 99
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -c --mcast-port 9
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -t 10.26.0.1:80 --tun-type gre
ipvsadm -A -t 10.26.1.1:80 --persistent-conn --pe sip
ipvsadm -A -t 10.26.1.1:80 --tun-csum -m
ipvsadm -A -t 10.26.1.1:80 --mcast-ttl 2 -g
ipvsadm -A -t 10.26.1.1:80 -c -o
ipvsadm -A -t 10.26.1.1:80 --sync-maxlen 900 --mcast-interface lo
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 --rate -t 10.26.0.1:80
ipvsadm -A -t 10.26.1.1:80 --sync-maxlen 900 --sort
ipvsadm -A -t 10.26.1.1:80 --tun-port 99 -g
ipvsadm -A -t 10.26.1.1:80 -t 10.26.0.1:80 --mcast-port 9
ipvsadm -A -t 10.26.1.1:80 --tun-type gre --thresholds
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -u 10.26.0.1:53 -M 255.255.255.0
ipvsadm -A -t 10.26.1.1:80 --daemon --timeout
ipvsadm -A -t 10.26.1.1:80 -y 3 -p
ipvsadm -A -t 10.26.1.1:80 --mcast-interface lo -X
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 --sctp-service 10.26.0.1:99 -p
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -x 5 -g
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 --mcast-interface lo --mcast-port 9
ipvsadm -A -t 10.26.1.1:80 --persistent-conn -b flag-1
ipvsadm -A -t 10.26.1.1:80 --tun-type gue -M 255.255.255.0
ipvsadm -A -t 10.26.1.1:80 --exact --timeout
ipvsadm -A -t 10.26.1.1:80 -p 60 --exact
ipvsadm -A -t 10.26.1.1:80 -M 255.255.255.0 --exact
ipvsadm -A -t 10.26.1.1:80 -s rr --mcast-port 9
ipvsadm -A -t 10.26.1.1:80 --persistent-conn -g
ipvsadm -A -t 10.26.1.1:80 --rate -n
ipvsadm -A -t 10.26.1.1:80 --tun-port 99 -p 60
ipvsadm -A -t 10.26.1.1:80 --tun-info --exact
ipvsadm -A -t 10.26.1.1:80 --tun-info -p
ipvsadm -A -t 10.26.1.1:80 --tun-remcsum --mcast-port 9
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99 --sync-maxlen 900
ipvsadm -A -t 10.26.1.1:80 --tun-port 99 --tun-info
ipvsadm -A -t 10.26.1.1:80 --syncid 3 -p 60
ipvsadm -A -t 10.26.1.1:80 -c --mcast-group 224.0.0.99
ipvsadm -A -t 10.26.1.1:80 --tun-info --pe sip
ipvsadm -A -t 10.26.1.1:80 --tun-info --mcast-port 9
ipvsadm -A -t 10.26.1.1:80 --sort -p 60
ipvsadm -A -t 10.26.1.1:80 -u 10.26.0.1:53 --tun-remcsum
ipvsadm -A -t 10.26.1.1:80 -i --tun-info
ipvsadm -A -t 10.26.1.1:80 --tun-type ipip --mcast-port 9
ipvsadm -A -t 10.26.1.1:80 --tun-nocsum -b flag-1
ipvsadm -A -t 10.26.1.1:80 --nosort -x 5
ipvsadm -A -t 10.26.1.1:80 --syncid 3 --sctp-service 10.26.0.1:99
ipvsadm -A -t 10.26.1.1:80 -o --daemon
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99 --exact
ipvsadm -A -t 10.26.1.1:80 -m -u 10.26.0.1:53
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99 --tun-type ipip
ipvsadm -A -t 10.26.1.1:80 --pe sip -b flag-1
ipvsadm -A -t 10.26.1.1:80 -n --thresholds
ipvsadm -A -t 10.26.1.1:80 --mcast-group 224.0.0.99 -n
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -s rr --tun-type gue
ipvsadm -A -t 10.26.1.1:80 --tun-info -o
ipvsadm -A -t 10.26.1.1:80 -s rr --tun-type gre
ipvsadm -A -t 10.26.1.1:80 --sctp-service 10.26.0.1:99 --tun-csum
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 --mcast-port 9 -g
ipvsadm -A -t 10.26.1.1:80 -p --tun-csum
ipvsadm -A -t 10.26.1.1:80 --nosort --tun-port 99
ipvsadm -A -t 10.26.1.1:80 --exact -X
ipvsadm -A -t 10.26.1.1:80 --nosort --tun-remcsum
ipvsadm -A -t 10.26.1.1:80 --stats --mcast-ttl 2
ipvsadm -A -t 10.26.1.1:80 --timeout -M 255.255.255.0
ipvsadm -A -t 10.26.1.1:80 --timeout -6
ipvsadm -A -t 10.26.1.1:80 -i -p
ipvsadm -A -t 10.26.1.1:80 -X --syncid 3
ipvsadm -A -t 10.26.1.1:80 -6 --tun-type gre
ipvsadm -A -t 10.26.1.1:80 -c --mcast-ttl 2
ipvsadm -A -t 10.26.1.1:80 --daemon -s rr
ipvsadm -A -t 10.26.1.1:80 --daemon --exact
ipvsadm -A -t 10.26.1.1:80 -g --sctp-service 10.26.0.1:99
ipvsadm -A -t 10.26.1.1:80 -u 10.26.0.1:53 -y 3
ipvsadm -A -t 10.26.1.1:80 --mcast-port 9 -w 2
ipvsadm -A -t 10.26.1.1:80 --persistent-conn --tun-remcsum
ipvsadm -A -t 10.26.1.1:80 --sync-maxlen 900 -r 10.126.0.1
ipvsadm -A -t 10.26.1.1:80 --mcast-port 9 --syncid 3
ipvsadm -A -t 10.26.1.1:80 -p -p 60
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -o --tun-type gue
ipvsadm -A -t 10.26.1.1:80 -b flag-1 -p 60
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 --stats --tun-port 99
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -f 26 --persistent-conn
ipvsadm -A -t 10.26.1.1:80 -r 10.126.0.1 -M 255.255.255.0
ipvsadm -A -t 10.26.1.1:80 --daemon --mcast-port 9
ipvsadm -A -t 10.26.1.1:80 --stats --exact
ipvsadm -A -t 10.26.1.1:80 --tun-type gue --nosort
ipvsadm -A -t 10.26.1.1:80 --exact -c
ipvsadm -A -t 10.26.1.1:80 -6 -w 2
ipvsadm -A -t 10.26.1.1:80 --tun-port 99 --exact
ipvsadm -A -t 10.26.1.1:80 -w 2 --thresholds
ipvsadm -A -t 10.26.1.1:80 --pe sip --syncid 3
ipvsadm -A -t 10.26.1.1:80 -r 10.126.0.1 --pe sip
ipvsadm -A -t 10.26.1.1:80 --daemon --nosort
ipvsadm -A -t 10.26.1.1:80 --persistent-conn --tun-csum
ipvsadm -A -t 10.26.1.1:80 --nosort --thresholds
ipvsadm -D -t 10.26.1.1:80
ipvsadm -A -t 10.26.1.1:80 -g --tun-type ipip
ipvsadm -A -t 10.26.1.1:80 --daemon -t 10.26.0.1:80
ipvsadm -Sn
