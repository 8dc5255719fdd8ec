ipvsadm -A -t 10.26.2.1:80 -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.8
ipvsadm -A -f 26 -s rr
ipvsadm -A -u 10.26.0.1:53 -s sh -b sh-port -p 9 -M 255.255.0.0 -o
ipvsadm -a -u 10.26.0.1:53 -r 10.126.1.1 -i --tun-type gue --tun-port 7 --tun-csum -w 0
ipvsadm -L -n --tun-type gre
ipvsadm -L -o --mcast-interface lo
ipvsadm -L --tun-remcsum -X
ipvsadm -L -b flag-1 --mcast-interface lo
ipvsadm -L --tun-csum --thresholds
ipvsadm -L --tun-csum -c
ipvsadm -L --syncid 3 --sort
ipvsadm -L -u 10.26.0.1:53 --daemon
ipvsadm -L --mcast-interface lo --sort
ipvsadm -L --tun-info --mcast-ttl 2
ipvsadm -L -t 10.26.0.1:80 --persistent-conn
ipvsadm -L --nosort -p
ipvsadm -L --sync-maxlen 900 -p
ipvsadm -L -g -x 5
ipvsadm -L --tun-port 99 -t 10.26.0.1:80
ipvsadm -L -m --tun-type gre
ipvsadm -L -r 10.126.0.1 -c
ipvsadm -L --tun-nocsum --tun-remcsum
ipvsadm -L --mcast-group 224.0.0.99 -p
ipvsadm -L --thresholds -f 26
ipvsadm -L --mcast-group 224.0.0.99 -g
ipvsadm -L --mcast-ttl 2 --sort
ipvsadm -L --mcast-port 9 -t 10.26.0.1:80
ipvsadm -L -u 10.26.0.1:53 -b flag-1
ipvsadm -L --sync-maxlen 900 -b flag-1
ipvsadm -L --rate --sync-maxlen 900
ipvsadm -L -6 --tun-port 99
ipvsadm -L -c -x 5
ipvsadm -L -r 10.126.0.1 --persistent-conn
ipvsadm -L --tun-info --tun-port 99
ipvsadm -L --timeout -p 60
ipvsadm -L -y 3 --tun-type gre
ipvsadm -L -o -t 10.26.0.1:80
ipvsadm -L -g -p
ipvsadm -L --timeout -g
ipvsadm -L -t 10.26.0.1:80 -M 255.255.255.0
ipvsadm -L -u 10.26.0.1:53 -t 10.26.0.1:80
ipvsadm -L -y 3 --tun-remcsum
ipvsadm -L --tun-nocsum --mcast-group 224.0.0.99
ipvsadm -L -s rr -o
ipvsadm -L -s rr -M 255.255.255.0
ipvsadm -L -w 2 -c
ipvsadm -L --pe sip -s rr
ipvsadm -L --exact -o
ipvsadm -L -o -u 10.26.0.1:53
ipvsadm -L --tun-csum --tun-remcsum
ipvsadm -L --persistent-conn -M 255.255.255.0
ipvsadm -L -c --tun-type gue
ipvsadm -L --tun-info --tun-remcsum
ipvsadm -L -m -u 10.26.0.1:53
ipvsadm -L --mcast-group 224.0.0.99 -s rr
ipvsadm -L --tun-info --tun-type gue
ipvsadm -L --exact --pe sip
ipvsadm -L -6 -c
ipvsadm -L --sctp-service 10.26.0.1:99 -y 3
ipvsadm -L --tun-info --exact
ipvsadm -L --sctp-service 10.26.0.1:99 --nosort
ipvsadm -L --pe sip --daemon
ipvsadm -L -X -6
ipvsadm -L -f 26 -s rr
ipvsadm -L --tun-type ipip --tun-type gre
ipvsadm -L -g --sort
ipvsadm -L --tun-info -w 2
ipvsadm -L --stats -b flag-1
ipvsadm -L --thresholds --mcast-interface lo
ipvsadm -L --rate -t 10.26.0.1:80
ipvsadm -L --tun-port 99 --mcast-group 224.0.0.99
ipvsadm -L -t 10.26.0.1:80 --stats
ipvsadm -L --tun-info --stats
ipvsadm -L --sctp-service 10.26.0.1:99 --tun-info
ipvsadm -L --sort --daemon
ipvsadm -L --mcast-interface lo --persistent-conn
ipvsadm -L -p --persistent-conn
ipvsadm -L --sort -u 10.26.0.1:53
ipvsadm -L -o -y 3
ipvsadm -L -c -s rr
ipvsadm -L -p 60 --tun-type gue
ipvsadm -L --tun-port 99 --tun-csum
ipvsadm -L --mcast-ttl 2 -u 10.26.0.1:53
ipvsadm -L --sctp-service 10.26.0.1:99 -r 10.126.0.1
ipvsadm -L --exact -6
ipvsadm -L -t 10.26.0.1:80 --exact
ipvsadm -L --rate --mcast-group 224.0.0.99
ipvsadm -L --tun-type gre --mcast-interface lo
ipvsadm -L -r 10.126.0.1 --sync-maxlen 900
ipvsadm -L -p 60 --rate
ipvsadm -L --pe sip -g
ipvsadm -L --exact -u 10.26.0.1:53
ipvsadm -L -c -o
ipvsadm -L --tun-type ipip -o
ipvsadm -L --syncid 3 -o
ipvsadm -L -w 2 -o
ipvsadm -L --syncid 3 -x 5
ipvsadm -L --mcast-interface lo -m
ipvsadm -L --tun-csum --syncid 3
ipvsadm -L --mcast-group 224.0.0.99 -r 10.126.0.1
ipvsadm -L --tun-port 99 -X
ipvsadm -L --sort --thresholds
ipvsadm -L --rate -s rr
ipvsadm -L -r 10.126.0.1 --stats
ipvsadm -L -f 26 --pe sip
ipvsadm -L -t 10.26.0.1:80 --tun-type gre
ipvsadm -L -r 10.126.0.1 -o
ipvsadm -L -g --tun-type ipip
ipvsadm -L --stats --tun-csum
ipvsadm -L --daemon -X
ipvsadm -L --nosort -w 2
ipvsadm -L -p -t 10.26.0.1:80
ipvsadm -L --tun-type ipip --pe sip
ipvsadm -L --rate --sctp-service 10.26.0.1:99
ipvsadm -L -x 5 -s rr
ipvsadm -L -y 3 -b flag-1
ipvsadm -L --tun-csum --timeout
ipvsadm -L -c --tun-port 99
ipvsadm -L -u 10.26.0.1:53 -s rr
ipvsadm -L --daemon --persistent-conn
ipvsadm -L --thresholds -g
ipvsadm -L --mcast-interface lo -X
ipvsadm -L --daemon -b flag-1
ipvsadm -L -f 26 --tun-csum
ipvsadm -L -X --tun-nocsum
ipvsadm -L --tun-type gre -p
ipvsadm -L -u 10.26.0.1:53 -p 60
ipvsadm -L --tun-type gre --sort
ipvsadm -L --sync-maxlen 900 --tun-type ipip
ipvsadm -L -p 60 --sort
ipvsadm -L -u 10.26.0.1:53 -g
ipvsadm -L --timeout -x 5
ipvsadm -L --syncid 3 -p 60
ipvsadm -L -b flag-1 -M 255.255.255.0
ipvsadm -L -p 60 --mcast-ttl 2
ipvsadm -L --mcast-group 224.0.0.99 -u 10.26.0.1:53
ipvsadm -L -g -o
ipvsadm -L --mcast-port 9 --pe sip
ipvsadm -L -p -i
ipvsadm -L --sync-maxlen 900 -w 2
ipvsadm -L --tun-remcsum --stats
ipvsadm -L -w 2 --tun-type ipip
ipvsadm -L -n -u 10.26.0.1:53
ipvsadm -L --tun-type gre -6
ipvsadm -L -t 10.26.0.1:80 --tun-remcsum
ipvsadm -L -w 2 --stats
ipvsadm -L -f 26 --daemon
ipvsadm -L -p --tun-type ipip
ipvsadm -L -n --sort
ipvsadm -L --tun-info -6
ipvsadm -L --timeout -w 2
ipvsadm -L --mcast-interface lo --rate
ipvsadm -L -o --mcast-port 9
ipvsadm -L --sort --tun-type ipip
ipvsadm -L -r 10.126.0.1 --mcast-interface lo
ipvsadm -L --tun-info --syncid 3
ipvsadm -L -f 26 -b flag-1
ipvsadm -L --nosort --tun-info
ipvsadm -L --mcast-group 224.0.0.99 --daemon
ipvsadm -L -x 5 -o
ipvsadm -L --tun-type ipip -t 10.26.0.1:80
ipvsadm -L --tun-type gue --tun-nocsum
ipvsadm -L --tun-port 99 -f 26
ipvsadm -L -X --timeout
ipvsadm -L -s rr --sync-maxlen 900
ipvsadm -L -s rr -p
ipvsadm -L --mcast-group 224.0.0.99 -b flag-1
ipvsadm -L -g -t 10.26.0.1:80
ipvsadm -L --mcast-group 224.0.0.99 -m
ipvsadm -L --sync-maxlen 900 -t 10.26.0.1:80
ipvsadm -L --mcast-ttl 2 --mcast-group 224.0.0.99
ipvsadm -L --pe sip --tun-info
ipvsadm -L --exact --sctp-service 10.26.0.1:99
ipvsadm -L --rate -b flag-1
ipvsadm -L -X --sync-maxlen 900
ipvsadm -L -o --tun-nocsum
ipvsadm -L --mcast-ttl 2 -x 5
ipvsadm -L -x 5 --sort
ipvsadm -L --stats -p 60
ipvsadm -L -x 5 -p 60
ipvsadm -L --tun-remcsum --sync-maxlen 900
ipvsadm -L --rate --tun-type gre
ipvsadm -L --daemon --mcast-ttl 2
ipvsadm -L -w 2 --mcast-port 9
ipvsadm -L -X --tun-info
ipvsadm -L --pe sip --sync-maxlen 900
ipvsadm -L --thresholds --pe sip
ipvsadm -L -s rr --sctp-service 10.26.0.1:99
ipvsadm -L -i --nosort
ipvsadm -L -n -o
ipvsadm -L --sync-maxlen 900 -u 10.26.0.1:53
ipvsadm -L --nosort --thresholds
ipvsadm -L --daemon -s rr
ipvsadm -L -w 2 --mcast-ttl 2
ipvsadm -L -n --persistent-conn
ipvsadm -L --tun-remcsum -b flag-1
ipvsadm -L -u 10.26.0.1:53 --syncid 3
ipvsadm -L -m -r 10.126.0.1
ipvsadm -L --tun-remcsum --thresholds
ipvsadm -L -X -w 2
ipvsadm -L -u 10.26.0.1:53 --tun-type ipip
ipvsadm -L --stats -x 5
ipvsadm -L -p 60 --tun-info
ipvsadm -L -m -i
ipvsadm -L --daemon --tun-type gre
ipvsadm -L --thresholds -i
ipvsadm -L --sctp-service 10.26.0.1:99 -p 60
ipvsadm -L -r 10.126.0.1 -g
ipvsadm -L --sync-maxlen 900 --mcast-group 224.0.0.99
ipvsadm -L -s rr -p 60
ipvsadm -L -p -r 10.126.0.1
ipvsadm -L -f 26 --nosort
ipvsadm -L -p 60 --tun-remcsum
ipvsadm -L --stats -p
ipvsadm -L -p --daemon
ipvsadm -L --sort --tun-type gue
ipvsadm -L -x 5 --tun-type ipip
ipvsadm -L -o --tun-type gue
ipvsadm -L --tun-type gue --stats
ipvsadm -L -p --thresholds
ipvsadm -L --daemon --tun-type gue
ipvsadm -L --sort -f 26
ipvsadm -L -t 10.26.0.1:80 --tun-info
ipvsadm -L --daemon -r 10.126.0.1
ipvsadm -L --mcast-interface lo -i
ipvsadm -L --nosort -6
ipvsadm -L --syncid 3 --tun-type ipip
ipvsadm -L -p -f 26
ipvsadm -L -M 255.255.255.0 --tun-type gre
ipvsadm -L --sort --tun-remcsum
ipvsadm -L --sort -M 255.255.255.0
ipvsadm -L --syncid 3 --sctp-service 10.26.0.1:99
ipvsadm -L -g --tun-nocsum
ipvsadm -L --sctp-service 10.26.0.1:99 -X
ipvsadm -L -m -c
ipvsadm -L --mcast-port 9 -m
ipvsadm -L --tun-type gre --tun-info
ipvsadm -L -c --mcast-port 9
ipvsadm -L --sync-maxlen 900 --persistent-conn
ipvsadm -L --tun-type gue -t 10.26.0.1:80
ipvsadm -L --tun-csum -M 255.255.255.0
ipvsadm -L -b flag-1 --nosort
ipvsadm -L --rate -y 3
ipvsadm -L -s rr -g
ipvsadm -L -g --daemon
ipvsadm -L -m --stats
ipvsadm -L -t 10.26.0.1:80 -m
ipvsadm -L --tun-type gue -g
ipvsadm -L -f 26 --mcast-group 224.0.0.99
ipvsadm -L --timeout --tun-type gre
ipvsadm -L --tun-remcsum -i
ipvsadm -L --daemon --nosort
ipvsadm -L --daemon --thresholds
ipvsadm -L -6 --sctp-service 10.26.0.1:99
ipvsadm -L --tun-type ipip -p 60
ipvsadm -L --tun-port 99 -m
ipvsadm -L -t 10.26.0.1:80 -6
ipvsadm -L --sctp-service 10.26.0.1:99 -p
ipvsadm -L --sync-maxlen 900 -y 3
