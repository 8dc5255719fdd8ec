ipvsadm -A -t 10.26.2.1:80 -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.8
ipvsadm -A -f 26 -s rr
ipvsadm -A -u 10.26.0.1:53 -s sh -b sh-port -p 9 -M 255.255.0.0 -o
ipvsadm -a -u 10.26.0.1:53 -r 10.126.1.1 -i --tun-type gue --tun-port 7 --tun-csum -w 0
ipvsadm -A -n
ipvsadm -A -c
ipvsadm -A -t 10.26.0.1:80
ipvsadm -A -u 10.26.0.1:53
ipvsadm -A --sctp-service 10.26.0.1:99
ipvsadm -A -f 26
ipvsadm -A -s rr
ipvsadm -A -p 60
ipvsadm -A -p
ipvsadm -A -M 255.255.255.0
ipvsadm -A -r 10.126.0.1
ipvsadm -A -g
ipvsadm -A -m
ipvsadm -A -i
ipvsadm -A -w 2
ipvsadm -A -x 5
ipvsadm -A -y 3
ipvsadm -A --mcast-interface lo
ipvsadm -A --timeout
ipvsadm -A --daemon
ipvsadm -A --stats
ipvsadm -A --rate
ipvsadm -A --thresholds
ipvsadm -A --persistent-conn
ipvsadm -A --nosort
ipvsadm -A --sort
ipvsadm -A --syncid 3
ipvsadm -A -X
ipvsadm -A --exact
ipvsadm -A -o
ipvsadm -A --pe sip
ipvsadm -A -b flag-1
ipvsadm -A --mcast-group 224.0.0.99
ipvsadm -A --mcast-port 9
ipvsadm -A --mcast-ttl 2
ipvsadm -A --sync-maxlen 900
ipvsadm -A --tun-info
ipvsadm -A --tun-type gre
ipvsadm -A --tun-type gue
ipvsadm -A --tun-type ipip
ipvsadm -A --tun-port 99
ipvsadm -A --tun-nocsum
ipvsadm -A --tun-csum
ipvsadm -A --tun-remcsum
ipvsadm -A -6
ipvsadm -E -n
ipvsadm -E -c
ipvsadm -E -t 10.26.0.1:80
ipvsadm -E -u 10.26.0.1:53
ipvsadm -E --sctp-service 10.26.0.1:99
ipvsadm -E -f 26
ipvsadm -E -s rr
ipvsadm -E -p 60
ipvsadm -E -p
ipvsadm -E -M 255.255.255.0
ipvsadm -E -r 10.126.0.1
ipvsadm -E -g
ipvsadm -E -m
ipvsadm -E -i
ipvsadm -E -w 2
ipvsadm -E -x 5
ipvsadm -E -y 3
ipvsadm -E --mcast-interface lo
ipvsadm -E --timeout
ipvsadm -E --daemon
ipvsadm -E --stats
ipvsadm -E --rate
ipvsadm -E --thresholds
ipvsadm -E --persistent-conn
ipvsadm -E --nosort
ipvsadm -E --sort
ipvsadm -E --syncid 3
ipvsadm -E -X
ipvsadm -E --exact
ipvsadm -E -o
ipvsadm -E --pe sip
ipvsadm -E -b flag-1
ipvsadm -E --mcast-group 224.0.0.99
ipvsadm -E --mcast-port 9
ipvsadm -E --mcast-ttl 2
ipvsadm -E --sync-maxlen 900
ipvsadm -E --tun-info
ipvsadm -E --tun-type gre
ipvsadm -E --tun-type gue
ipvsadm -E --tun-type ipip
ipvsadm -E --tun-port 99
ipvsadm -E --tun-nocsum
ipvsadm -E --tun-csum
ipvsadm -E --tun-remcsum
ipvsadm -E -6
ipvsadm -D -n
ipvsadm -D -c
ipvsadm -D -t 10.26.0.1:80
ipvsadm -D -u 10.26.0.1:53
ipvsadm -D --sctp-service 10.26.0.1:99
ipvsadm -D -f 26
ipvsadm -D -s rr
ipvsadm -D -p 60
ipvsadm -D -p
ipvsadm -D -M 255.255.255.0
ipvsadm -D -r 10.126.0.1
ipvsadm -D -g
ipvsadm -D -m
ipvsadm -D -i
ipvsadm -D -w 2
ipvsadm -D -x 5
ipvsadm -D -y 3
ipvsadm -D --mcast-interface lo
ipvsadm -D --timeout
ipvsadm -D --daemon
ipvsadm -D --stats
ipvsadm -D --rate
ipvsadm -D --thresholds
ipvsadm -D --persistent-conn
ipvsadm -D --nosort
ipvsadm -D --sort
ipvsadm -D --syncid 3
ipvsadm -D -X
ipvsadm -D --exact
ipvsadm -D -o
ipvsadm -D --pe sip
ipvsadm -D -b flag-1
ipvsadm -D --mcast-group 224.0.0.99
ipvsadm -D --mcast-port 9
ipvsadm -D --mcast-ttl 2
ipvsadm -D --sync-maxlen 900
ipvsadm -D --tun-info
ipvsadm -D --tun-type gre
ipvsadm -D --tun-type gue
ipvsadm -D --tun-type ipip
ipvsadm -D --tun-port 99
ipvsadm -D --tun-nocsum
ipvsadm -D --tun-csum
ipvsadm -D --tun-remcsum
ipvsadm -D -6
ipvsadm -a -n
ipvsadm -a -c
ipvsadm -a -t 10.26.0.1:80
ipvsadm -a -u 10.26.0.1:53
ipvsadm -a --sctp-service 10.26.0.1:99
ipvsadm -a -f 26
ipvsadm -a -s rr
ipvsadm -a -p 60
ipvsadm -a -p
ipvsadm -a -M 255.255.255.0
ipvsadm -a -r 10.126.0.1
ipvsadm -a -g
ipvsadm -a -m
ipvsadm -a -i
ipvsadm -a -w 2
ipvsadm -a -x 5
ipvsadm -a -y 3
ipvsadm -a --mcast-interface lo
ipvsadm -a --timeout
ipvsadm -a --daemon
ipvsadm -a --stats
ipvsadm -a --rate
ipvsadm -a --thresholds
ipvsadm -a --persistent-conn
ipvsadm -a --nosort
ipvsadm -a --sort
ipvsadm -a --syncid 3
ipvsadm -a -X
ipvsadm -a --exact
ipvsadm -a -o
ipvsadm -a --pe sip
ipvsadm -a -b flag-1
ipvsadm -a --mcast-group 224.0.0.99
ipvsadm -a --mcast-port 9
ipvsadm -a --mcast-ttl 2
ipvsadm -a --sync-maxlen 900
ipvsadm -a --tun-info
ipvsadm -a --tun-type gre
ipvsadm -a --tun-type gue
ipvsadm -a --tun-type ipip
ipvsadm -a --tun-port 99
ipvsadm -a --tun-nocsum
ipvsadm -a --tun-csum
ipvsadm -a --tun-remcsum
ipvsadm -a -6
ipvsadm -e -n
ipvsadm -e -c
ipvsadm -e -t 10.26.0.1:80
ipvsadm -e -u 10.26.0.1:53
ipvsadm -e --sctp-service 10.26.0.1:99
ipvsadm -e -f 26
ipvsadm -e -s rr
ipvsadm -e -p 60
ipvsadm -e -p
ipvsadm -e -M 255.255.255.0
ipvsadm -e -r 10.126.0.1
ipvsadm -e -g
ipvsadm -e -m
ipvsadm -e -i
ipvsadm -e -w 2
ipvsadm -e -x 5
ipvsadm -e -y 3
ipvsadm -e --mcast-interface lo
ipvsadm -e --timeout
ipvsadm -e --daemon
ipvsadm -e --stats
ipvsadm -e --rate
ipvsadm -e --thresholds
ipvsadm -e --persistent-conn
ipvsadm -e --nosort
ipvsadm -e --sort
ipvsadm -e --syncid 3
ipvsadm -e -X
ipvsadm -e --exact
ipvsadm -e -o
ipvsadm -e --pe sip
ipvsadm -e -b flag-1
ipvsadm -e --mcast-group 224.0.0.99
ipvsadm -e --mcast-port 9
ipvsadm -e --mcast-ttl 2
ipvsadm -e --sync-maxlen 900
ipvsadm -e --tun-info
ipvsadm -e --tun-type gre
ipvsadm -e --tun-type gue
ipvsadm -e --tun-type ipip
ipvsadm -e --tun-port 99
ipvsadm -e --tun-nocsum
ipvsadm -e --tun-csum
ipvsadm -e --tun-remcsum
ipvsadm -e -6
ipvsadm -d -n
ipvsadm -d -c
ipvsadm -d -t 10.26.0.1:80
ipvsadm -d -u 10.26.0.1:53
ipvsadm -d --sctp-service 10.26.0.1:99
ipvsadm -d -f 26
ipvsadm -d -s rr
ipvsadm -d -p 60
ipvsadm -d -p
ipvsadm -d -M 255.255.255.0
ipvsadm -d -r 10.126.0.1
ipvsadm -d -g
ipvsadm -d -m
ipvsadm -d -i
ipvsadm -d -w 2
ipvsadm -d -x 5
ipvsadm -d -y 3
ipvsadm -d --mcast-interface lo
ipvsadm -d --timeout
ipvsadm -d --daemon
ipvsadm -d --stats
ipvsadm -d --rate
ipvsadm -d --thresholds
ipvsadm -d --persistent-conn
ipvsadm -d --nosort
ipvsadm -d --sort
ipvsadm -d --syncid 3
ipvsadm -d -X
ipvsadm -d --exact
ipvsadm -d -o
ipvsadm -d --pe sip
ipvsadm -d -b flag-1
ipvsadm -d --mcast-group 224.0.0.99
ipvsadm -d --mcast-port 9
ipvsadm -d --mcast-ttl 2
ipvsadm -d --sync-maxlen 900
ipvsadm -d --tun-info
ipvsadm -d --tun-type gre
ipvsadm -d --tun-type gue
ipvsadm -d --tun-type ipip
ipvsadm -d --tun-port 99
ipvsadm -d --tun-nocsum
ipvsadm -d --tun-csum
ipvsadm -d --tun-remcsum
ipvsadm -d -6
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
ipvsadm --set 1 2 3 -n
ipvsadm --set 1 2 3 -c
ipvsadm --set 1 2 3 -t 10.26.0.1:80
ipvsadm --set 1 2 3 -u 10.26.0.1:53
ipvsadm --set 1 2 3 --sctp-service 10.26.0.1:99
ipvsadm --set 1 2 3 -f 26
ipvsadm --set 1 2 3 -s rr
ipvsadm --set 1 2 3 -p 60
ipvsadm --set 1 2 3 -p
ipvsadm --set 1 2 3 -M 255.255.255.0
ipvsadm --set 1 2 3 -r 10.126.0.1
ipvsadm --set 1 2 3 -g
ipvsadm --set 1 2 3 -m
ipvsadm --set 1 2 3 -i
ipvsadm --set 1 2 3 -w 2
ipvsadm --set 1 2 3 -x 5
ipvsadm --set 1 2 3 -y 3
ipvsadm --set 1 2 3 --mcast-interface lo
ipvsadm --set 1 2 3 --timeout
ipvsadm --set 1 2 3 --daemon
ipvsadm --set 1 2 3 --stats
ipvsadm --set 1 2 3 --rate
ipvsadm --set 1 2 3 --thresholds
ipvsadm --set 1 2 3 --persistent-conn
ipvsadm --set 1 2 3 --nosort
ipvsadm --set 1 2 3 --sort
ipvsadm --set 1 2 3 --syncid 3
ipvsadm --set 1 2 3 -X
ipvsadm --set 1 2 3 --exact
ipvsadm --set 1 2 3 -o
ipvsadm --set 1 2 3 --pe sip
ipvsadm --set 1 2 3 -b flag-1
ipvsadm --set 1 2 3 --mcast-group 224.0.0.99
ipvsadm --set 1 2 3 --mcast-port 9
ipvsadm --set 1 2 3 --mcast-ttl 2
ipvsadm --set 1 2 3 --sync-maxlen 900
ipvsadm --set 1 2 3 --tun-info
ipvsadm --set 1 2 3 --tun-type gre
ipvsadm --set 1 2 3 --tun-type gue
ipvsadm --set 1 2 3 --tun-type ipip
ipvsadm --set 1 2 3 --tun-port 99
ipvsadm --set 1 2 3 --tun-nocsum
ipvsadm --set 1 2 3 --tun-csum
ipvsadm --set 1 2 3 --tun-remcsum
ipvsadm --set 1 2 3 -6
ipvsadm --start-daemon backup --mcast-interface nosuch0 -n
ipvsadm --start-daemon backup --mcast-interface nosuch0 -c
ipvsadm --start-daemon backup --mcast-interface nosuch0 -t 10.26.0.1:80
ipvsadm --start-daemon backup --mcast-interface nosuch0 -u 10.26.0.1:53
ipvsadm --start-daemon backup --mcast-interface nosuch0 --sctp-service 10.26.0.1:99
ipvsadm --start-daemon backup --mcast-interface nosuch0 -f 26
ipvsadm --start-daemon backup --mcast-interface nosuch0 -s rr
ipvsadm --start-daemon backup --mcast-interface nosuch0 -p 60
ipvsadm --start-daemon backup --mcast-interface nosuch0 -p
ipvsadm --start-daemon backup --mcast-interface nosuch0 -M 255.255.255.0
ipvsadm --start-daemon backup --mcast-interface nosuch0 -r 10.126.0.1
ipvsadm --start-daemon backup --mcast-interface nosuch0 -g
ipvsadm --start-daemon backup --mcast-interface nosuch0 -m
ipvsadm --start-daemon backup --mcast-interface nosuch0 -i
ipvsadm --start-daemon backup --mcast-interface nosuch0 -w 2
ipvsadm --start-daemon backup --mcast-interface nosuch0 -x 5
ipvsadm --start-daemon backup --mcast-interface nosuch0 -y 3
ipvsadm --start-daemon backup --mcast-interface nosuch0 --mcast-interface lo
ipvsadm --start-daemon backup --mcast-interface nosuch0 --timeout
ipvsadm --start-daemon backup --mcast-interface nosuch0 --daemon
ipvsadm --start-daemon backup --mcast-interface nosuch0 --stats
ipvsadm --start-daemon backup --mcast-interface nosuch0 --rate
ipvsadm --start-daemon backup --mcast-interface nosuch0 --thresholds
ipvsadm --start-daemon backup --mcast-interface nosuch0 --persistent-conn
ipvsadm --start-daemon backup --mcast-interface nosuch0 --nosort
ipvsadm --start-daemon backup --mcast-interface nosuch0 --sort
ipvsadm --start-daemon backup --mcast-interface nosuch0 --syncid 3
ipvsadm --start-daemon backup --mcast-interface nosuch0 -X
ipvsadm --start-daemon backup --mcast-interface nosuch0 --exact
ipvsadm --start-daemon backup --mcast-interface nosuch0 -o
ipvsadm --start-daemon backup --mcast-interface nosuch0 --pe sip
ipvsadm --start-daemon backup --mcast-interface nosuch0 -b flag-1
ipvsadm --start-daemon backup --mcast-interface nosuch0 --mcast-group 224.0.0.99
ipvsadm --start-daemon backup --mcast-interface nosuch0 --mcast-port 9
ipvsadm --start-daemon backup --mcast-interface nosuch0 --mcast-ttl 2
ipvsadm --start-daemon backup --mcast-interface nosuch0 --sync-maxlen 900
ipvsadm --start-daemon backup --mcast-interface nosuch0 --tun-info
ipvsadm --start-daemon backup --mcast-interface nosuch0 --tun-type gre
ipvsadm --start-daemon backup --mcast-interface nosuch0 --tun-type gue
ipvsadm --start-daemon backup --mcast-interface nosuch0 --tun-type ipip
ipvsadm --start-daemon backup --mcast-interface nosuch0 --tun-port 99
ipvsadm --start-daemon backup --mcast-interface nosuch0 --tun-nocsum
ipvsadm --start-daemon backup --mcast-interface nosuch0 --tun-csum
ipvsadm --start-daemon backup --mcast-interface nosuch0 --tun-remcsum
ipvsadm --start-daemon backup --mcast-interface nosuch0 -6
ipvsadm --stop-daemon master -n
ipvsadm --stop-daemon master -c
ipvsadm --stop-daemon master -t 10.26.0.1:80
ipvsadm --stop-daemon master -u 10.26.0.1:53
ipvsadm --stop-daemon master --sctp-service 10.26.0.1:99
ipvsadm --stop-daemon master -f 26
ipvsadm --stop-daemon master -s rr
ipvsadm --stop-daemon master -p 60
ipvsadm --stop-daemon master -p
ipvsadm --stop-daemon master -M 255.255.255.0
ipvsadm --stop-daemon master -r 10.126.0.1
ipvsadm --stop-daemon master -g
ipvsadm --stop-daemon master -m
ipvsadm --stop-daemon master -i
ipvsadm --stop-daemon master -w 2
ipvsadm --stop-daemon master -x 5
ipvsadm --stop-daemon master -y 3
ipvsadm --stop-daemon master --mcast-interface lo
ipvsadm --stop-daemon master --timeout
ipvsadm --stop-daemon master --daemon
ipvsadm --stop-daemon master --stats
ipvsadm --stop-daemon master --rate
ipvsadm --stop-daemon master --thresholds
ipvsadm --stop-daemon master --persistent-conn
ipvsadm --stop-daemon master --nosort
ipvsadm --stop-daemon master --sort
ipvsadm --stop-daemon master --syncid 3
ipvsadm --stop-daemon master -X
ipvsadm --stop-daemon master --exact
ipvsadm --stop-daemon master -o
ipvsadm --stop-daemon master --pe sip
ipvsadm --stop-daemon master -b flag-1
ipvsadm --stop-daemon master --mcast-group 224.0.0.99
ipvsadm --stop-daemon master --mcast-port 9
ipvsadm --stop-daemon master --mcast-ttl 2
ipvsadm --stop-daemon master --sync-maxlen 900
ipvsadm --stop-daemon master --tun-info
ipvsadm --stop-daemon master --tun-type gre
ipvsadm --stop-daemon master --tun-type gue
ipvsadm --stop-daemon master --tun-type ipip
ipvsadm --stop-daemon master --tun-port 99
ipvsadm --stop-daemon master --tun-nocsum
ipvsadm --stop-daemon master --tun-csum
ipvsadm --stop-daemon master --tun-remcsum
ipvsadm --stop-daemon master -6
ipvsadm --set 1 2 -n
ipvsadm --set 1 2 -c
ipvsadm --set 1 2 -t 10.26.0.1:80
ipvsadm --set 1 2 -u 10.26.0.1:53
ipvsadm --set 1 2 --sctp-service 10.26.0.1:99
ipvsadm --set 1 2 -f 26
ipvsadm --set 1 2 -s rr
ipvsadm --set 1 2 -p 60
ipvsadm --set 1 2 -p
ipvsadm --set 1 2 -M 255.255.255.0
ipvsadm --set 1 2 -r 10.126.0.1
ipvsadm --set 1 2 -g
ipvsadm --set 1 2 -m
ipvsadm --set 1 2 -i
ipvsadm --set 1 2 -w 2
ipvsadm --set 1 2 -x 5
ipvsadm --set 1 2 -y 3
ipvsadm --set 1 2 --mcast-interface lo
ipvsadm --set 1 2 --timeout
ipvsadm --set 1 2 --daemon
ipvsadm --set 1 2 --stats
ipvsadm --set 1 2 --rate
ipvsadm --set 1 2 --thresholds
ipvsadm --set 1 2 --persistent-conn
ipvsadm --set 1 2 --nosort
ipvsadm --set 1 2 --sort
ipvsadm --set 1 2 --syncid 3
ipvsadm --set 1 2 -X
ipvsadm --set 1 2 --exact
ipvsadm --set 1 2 -o
ipvsadm --set 1 2 --pe sip
ipvsadm --set 1 2 -b flag-1
ipvsadm --set 1 2 --mcast-group 224.0.0.99
ipvsadm --set 1 2 --mcast-port 9
ipvsadm --set 1 2 --mcast-ttl 2
ipvsadm --set 1 2 --sync-maxlen 900
ipvsadm --set 1 2 --tun-info
ipvsadm --set 1 2 --tun-type gre
ipvsadm --set 1 2 --tun-type gue
ipvsadm --set 1 2 --tun-type ipip
ipvsadm --set 1 2 --tun-port 99
ipvsadm --set 1 2 --tun-nocsum
ipvsadm --set 1 2 --tun-csum
ipvsadm --set 1 2 --tun-remcsum
ipvsadm --set 1 2 -6
ipvsadm --set -n
ipvsadm --set -c
ipvsadm --set -t 10.26.0.1:80
ipvsadm --set -u 10.26.0.1:53
ipvsadm --set --sctp-service 10.26.0.1:99
ipvsadm --set -f 26
ipvsadm --set -s rr
ipvsadm --set -p 60
ipvsadm --set -p
ipvsadm --set -M 255.255.255.0
ipvsadm --set -r 10.126.0.1
ipvsadm --set -g
ipvsadm --set -m
ipvsadm --set -i
ipvsadm --set -w 2
ipvsadm --set -x 5
ipvsadm --set -y 3
ipvsadm --set --mcast-interface lo
ipvsadm --set --timeout
ipvsadm --set --daemon
ipvsadm --set --stats
ipvsadm --set --rate
ipvsadm --set --thresholds
ipvsadm --set --persistent-conn
ipvsadm --set --nosort
ipvsadm --set --sort
ipvsadm --set --syncid 3
ipvsadm --set -X
ipvsadm --set --exact
ipvsadm --set -o
ipvsadm --set --pe sip
ipvsadm --set -b flag-1
ipvsadm --set --mcast-group 224.0.0.99
ipvsadm --set --mcast-port 9
ipvsadm --set --mcast-ttl 2
ipvsadm --set --sync-maxlen 900
ipvsadm --set --tun-info
ipvsadm --set --tun-type gre
ipvsadm --set --tun-type gue
ipvsadm --set --tun-type ipip
ipvsadm --set --tun-port 99
ipvsadm --set --tun-nocsum
ipvsadm --set --tun-csum
ipvsadm --set --tun-remcsum
ipvsadm --set -6
ipvsadm -Sn
