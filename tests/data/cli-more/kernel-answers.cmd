ipvsadm -a -t [2001:db8:50::1]:80 -r 10.51.0.2:http -g
ipvsadm -A -f 50 -p 7
ipvsadm -a -t 10.50.0.2:0 -r 10.51.0.1 
ipvsadm -a -t [2001:db8:50::1]:80 -r 10.51.0.2:http -m -y 1
ipvsadm -Z -f 50 -6
ipvsadm -E -t [2001:db8:50::1]:80 --pe sip
ipvsadm -d --sctp-service 10.50.0.1:9 -r 127.0.0.1
ipvsadm -Ln
ipvsadm -D -f 50
ipvsadm -d --sctp-service 10.50.0.1:9 -r [::1]:80
ipvsadm --start-daemon backup --mcast-interface lo --syncid 3
ipvsadm --start-daemon backup --mcast-interface lo --syncid 3
ipvsadm -A -u 10.50.0.1:53 -s sh -b sh-port
ipvsadm -d -t 10.50.0.1:80 -r 0.0.0.1
ipvsadm -D -u 10.50.0.1:53
ipvsadm -Ln -X --stats
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.2 -i
ipvsadm -Z -t 10.50.0.2:0
ipvsadm -e -t 10.50.0.1:80 -r 10.51.0.2:http -m -x 5 -y 2
ipvsadm -a -f 50 -r 2001:db8:51::2 -m -x 5 -y 2
ipvsadm -E -f 50 -6 -s nosuch
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm --stop-daemon backup
ipvsadm -a -f 50 -r 10.51.0.255 
ipvsadm -e -t [2001:db8:50::1]:80 -r [::ffff:1.2.3.4]:80 -m -x 5 -y 6
ipvsadm -a -f 50 -6 -r 10.51.0.1:81 -i
ipvsadm -a --sctp-service 10.50.0.1:9 -r 127.0.0.1 -w 2147483647
ipvsadm -a -f 50 -r 10.51.0.2 -i
ipvsadm -d -u 10.50.0.1:53 -r 10.51.0.2
ipvsadm -E -t [2001:db8:50::1]:80 
ipvsadm -e -f 50 -6 -r 10.51.0.2 -i --tun-type gue --tun-port 3
ipvsadm -e -t 10.50.0.1:80 -r [fe80::1]:80 -i
ipvsadm -e -t 10.50.0.1:80 -r 0.0.0.1 -m -x 5 -y 6
ipvsadm -a -f 50 -r 255.255.255.255 -m -y 1
ipvsadm -a -u 10.50.0.1:53 -r [fe80::1]:80 -m -x 5 -y 2
ipvsadm -A -f 50 -6 -s lblc -p 9 -o
ipvsadm -d -t [2001:db8:50::1]:80 -r [ff02::1]:80
ipvsadm -e -t 10.50.0.2:0 -r [fe80::1]:80 -i
ipvsadm -D -u 10.50.0.1:53
ipvsadm -E -u 10.50.0.1:53 -s rr
ipvsadm -e -f 50 -6 -r 127.0.0.1 -i
ipvsadm -A -u 10.50.0.1:53 -s none
ipvsadm -E -t 10.50.0.2:0 -s none
ipvsadm -D -t 10.50.0.2:0
ipvsadm -A -t [2001:db8:50::1]:80 -s none
ipvsadm -Ln -X --stats
ipvsadm -A -f 50 
ipvsadm -A -u 10.50.0.1:53 -o
ipvsadm -A -t [2001:db8:50::1]:80 -s wrr -p
ipvsadm -a -t [2001:db8:50::1]:80 -r [::]:80 -m
ipvsadm -e --sctp-service 10.50.0.1:9 -r [::1]:80 -i
ipvsadm -a -t 10.50.0.2:0 -r [fe80::1]:80 -i --tun-type gue --tun-port 3
ipvsadm -A --sctp-service 10.50.0.1:9 -s none
ipvsadm -a -u 10.50.0.1:53 -r [::ffff:1.2.3.4]:80 -m -x 5 -y 6
ipvsadm -e -t 10.50.0.1:80 -r 2001:db8:51::2 -i --tun-type gue --tun-port 3
ipvsadm -a --sctp-service 10.50.0.1:9 -r 2001:db8:51::2 -m -x 5 -y 2
ipvsadm -Ln -t 10.50.0.2:0
ipvsadm -a -u 10.50.0.1:53 -r [::]:80 -m -x 5 -y 6
ipvsadm -Ln --thresholds
ipvsadm -E -f 50 -s mh -b mh-port
ipvsadm -C
ipvsadm -e -t 10.50.0.1:80 -r 127.0.0.1 -m -x 5 -y 6
ipvsadm -Z -f 50 -6
ipvsadm -Ln -X --stats
ipvsadm -a -u 10.50.0.1:53 -r [::1]:80 -i --tun-type gre --tun-csum
ipvsadm -A -t 10.50.0.1:80 --pe sip -p
ipvsadm -A -f 50 -s sh -b sh-port
ipvsadm -a --sctp-service 10.50.0.1:9 -r 127.0.0.1 -m -y 1
ipvsadm -Ln
ipvsadm -d -f 50 -r 10.51.0.3:0
ipvsadm -e -t 10.50.0.2:0 -r 127.0.0.1 -m
ipvsadm -a -t [2001:db8:50::1]:80 -r 0.0.0.1 -g
ipvsadm -A --sctp-service 10.50.0.1:9 -p 7
ipvsadm -d -t 10.50.0.1:80 -r 10.51.0.1
ipvsadm -e -f 50 -6 -r 224.0.0.1 -m
ipvsadm -a -t [2001:db8:50::1]:80 -r 2001:db8:51::2 -m -x 5 -y 2
ipvsadm -a -t [2001:db8:50::1]:80 -r [::ffff:1.2.3.4]:80 -i
ipvsadm -d -t [2001:db8:50::1]:80 -r 10.51.0.1
ipvsadm -A -f 50 -6 -s lblc -p 9 -o
ipvsadm -Ln --persistent-conn
ipvsadm -a -f 50 -r 255.255.255.255 -m -x 5 -y 6
ipvsadm -Ln --stats
ipvsadm -E -t [2001:db8:50::1]:80 -o -p 3
ipvsadm -a -t [2001:db8:50::1]:80 -r [::]:80 -m
ipvsadm -E -t 10.50.0.1:80 -s nosuch
ipvsadm -e -t 10.50.0.1:80 -r 10.51.0.3:0 -i --tun-type gue --tun-port 3
ipvsadm -A -u 10.50.0.1:53 -s rr
ipvsadm -e -f 50 -r 10.51.0.1 -m -x 5 -y 2
ipvsadm -E -u 10.50.0.1:53 -s none
ipvsadm -A -t [2001:db8:50::1]:80 -s wrr -p
ipvsadm -e -t [2001:db8:50::1]:80 -r [::1]:80 -m
ipvsadm -E -u 10.50.0.1:53 -s rr
ipvsadm -a -f 50 -r [2001:db8:51::1]:80 -g
ipvsadm -E -u 10.50.0.1:53 
ipvsadm -Ln --thresholds
ipvsadm -A --sctp-service 10.50.0.1:9 --pe sip -p
ipvsadm -a --sctp-service 10.50.0.1:9 -r 240.0.0.1 -m -w 0
ipvsadm -Ln --tun-info
ipvsadm -e -t 10.50.0.1:80 -r 0.0.0.1 -m -w 0
ipvsadm -Ln --rate
ipvsadm -a -u 10.50.0.1:53 -r [::]:80 
ipvsadm -a -t 10.50.0.2:0 -r 10.51.0.255 
ipvsadm -e -u 10.50.0.1:53 -r 255.255.255.255 
ipvsadm -E -f 50 -o -p 3
ipvsadm -A -t [2001:db8:50::1]:80 -s fo -b flag-3
ipvsadm -Ln --persistent-conn
ipvsadm -e -f 50 -6 -r [fe80::1]:80 
ipvsadm -e --sctp-service 10.50.0.1:9 -r [::1]:80 -m
ipvsadm -a -f 50 -r [2001:db8:51::1]:80 -i --tun-type gue --tun-port 3
ipvsadm -Ln --rate
ipvsadm -e -f 50 -6 -r 0.0.0.1 -m -x 5 -y 6
ipvsadm -e --sctp-service 10.50.0.1:9 -r 255.255.255.255 -w 9
ipvsadm -Ln --persistent-conn
ipvsadm -E -t 10.50.0.2:0 -s none
ipvsadm -Ln --thresholds
ipvsadm -Ln -u 10.50.0.1:53 --nosort
ipvsadm -A --sctp-service 10.50.0.1:9 -p 5 -M 255.255.0.0
ipvsadm -d -f 50 -6 -r 240.0.0.1
ipvsadm -a --sctp-service 10.50.0.1:9 -r 10.51.0.3:0 -w 2147483647
ipvsadm -A --sctp-service 10.50.0.1:9 -s sh -b sh-port
ipvsadm -Z -t 10.50.0.2:0
ipvsadm -C
ipvsadm -e -t 10.50.0.1:80 -r 2001:db8:51::2 -i --tun-type gue --tun-port 3
ipvsadm -Ln --persistent-conn
ipvsadm -d -f 50 -r 10.51.0.255
ipvsadm -Z -f 50 -6
ipvsadm -a -u 10.50.0.1:53 -r [::]:80 -m
ipvsadm -E -u 10.50.0.1:53 
ipvsadm -E --sctp-service 10.50.0.1:9 -s none
ipvsadm -E -u 10.50.0.1:53 --pe nosuch
ipvsadm -D -t 10.50.0.2:0
ipvsadm -A -t 10.50.0.1:80 -s nosuch
ipvsadm -a -t 10.50.0.2:0 -r 10.51.0.2 -g
ipvsadm -a -t [2001:db8:50::1]:80 -r 10.51.0.2:http -i --tun-type gue --tun-port 3
ipvsadm -A -u 10.50.0.1:53 -s wrr -p
ipvsadm -A -t [2001:db8:50::1]:80 -s nosuch
ipvsadm -a --sctp-service 10.50.0.1:9 -r 127.0.0.1 -m -x 5 -y 6
ipvsadm -e --sctp-service 10.50.0.1:9 -r [::1]:80 -w 9
ipvsadm -E --sctp-service 10.50.0.1:9 -s dh
ipvsadm -E -u 10.50.0.1:53 --pe sip
ipvsadm -D -f 50 -6
ipvsadm -e -u 10.50.0.1:53 -r 2001:db8:51::2 -w 9
ipvsadm -a -f 50 -6 -r [::ffff:1.2.3.4]:80 -m -x 5 -y 2
ipvsadm -Z -f 50 -6
ipvsadm -E -t 10.50.0.1:80 --pe nosuch
ipvsadm -A -f 50 -s sh -b sh-port
ipvsadm -Ln -X --stats
ipvsadm -A -t [2001:db8:50::1]:80 
ipvsadm -e --sctp-service 10.50.0.1:9 -r 10.51.0.2:http -m -x 5 -y 6
ipvsadm -D -f 50 -6
ipvsadm -A -t 10.50.0.2:0 -s wrr -p
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.255 -i --tun-type gre --tun-csum
ipvsadm -Ln --stats
ipvsadm -e --sctp-service 10.50.0.1:9 -r 0.0.0.1 -w 9
ipvsadm -A -t 10.50.0.1:80 -p 7
ipvsadm -e -t 10.50.0.2:0 -r 240.0.0.1 
ipvsadm -Z -t [2001:db8:50::1]:80
ipvsadm -Z --sctp-service 10.50.0.1:9
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm -d -f 50 -r 10.51.0.2
ipvsadm -a -f 50 -r 2001:db8:51::2 -m
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm -Z -f 50
ipvsadm -A -u 10.50.0.1:53 -s sh -b sh-port
ipvsadm -E -t 10.50.0.1:80 --pe nosuch
ipvsadm -A -t 10.50.0.2:0 -p 5 -M 255.255.0.0
ipvsadm -E -t 10.50.0.1:80 -s dh
ipvsadm -a -f 50 -6 -r 2001:db8:51::2 -m -w 0
ipvsadm --start-daemon backup --mcast-interface lo --syncid 3
ipvsadm -A -u 10.50.0.1:53 -s nosuch
ipvsadm -e -u 10.50.0.1:53 -r 224.0.0.1 -m -w 0
ipvsadm -d -f 50 -r [2001:db8:51::1]:80
ipvsadm -Ln -X --stats
ipvsadm -E -t 10.50.0.2:0 --pe sip
ipvsadm -a -t [2001:db8:50::1]:80 -r 2001:db8:51::2 
ipvsadm -d -t [2001:db8:50::1]:80 -r [::]:80
ipvsadm -E -u 10.50.0.1:53 -s mh -b mh-port
ipvsadm -a -f 50 -6 -r [::ffff:1.2.3.4]:80 -m -w 0
ipvsadm -e -t 10.50.0.2:0 -r 240.0.0.1 -w 9
ipvsadm -a -u 10.50.0.1:53 -r [fe80::1]:80 -m
ipvsadm -a -f 50 -6 -r [::]:80 -g
ipvsadm -C
ipvsadm -A -f 50 -p 5 -M 255.255.0.0
ipvsadm -A --sctp-service 10.50.0.1:9 -p 7
ipvsadm -a -f 50 -r 10.51.0.255 -i
ipvsadm -E -u 10.50.0.1:53 --pe sip
ipvsadm -a -t [2001:db8:50::1]:80 -r 224.0.0.1 -m -w 0
ipvsadm -D -t 10.50.0.2:0
ipvsadm -a -f 50 -r 10.51.0.3:0 -i --tun-type gre --tun-csum
ipvsadm -a -t 10.50.0.1:80 -r [2001:db8:51::1]:80 -m
ipvsadm -d -t 10.50.0.2:0 -r 10.51.0.1:81
ipvsadm -d -t 10.50.0.2:0 -r 255.255.255.255
ipvsadm -Z -t [2001:db8:50::1]:80
ipvsadm -E -f 50 -s dh
ipvsadm -D --sctp-service 10.50.0.1:9
ipvsadm -A -f 50 -6 -p 7
ipvsadm -d -u 10.50.0.1:53 -r 10.51.0.1
ipvsadm -d -u 10.50.0.1:53 -r [::ffff:1.2.3.4]:80
ipvsadm -e -t [2001:db8:50::1]:80 -r 255.255.255.255 -i --tun-type gue --tun-port 3
ipvsadm -a -f 50 -6 -r 240.0.0.1 -g
ipvsadm -e -t 10.50.0.2:0 -r [2001:db8:51::1]:80 -m -w 0
ipvsadm -A -t [2001:db8:50::1]:80 -s none
ipvsadm -e -t 10.50.0.2:0 -r [fe80::1]:80 -w 9
ipvsadm -d -t [2001:db8:50::1]:80 -r [fe80::1]:80
ipvsadm -A --sctp-service 10.50.0.1:9 -s sh -b sh-port
ipvsadm -E -t [2001:db8:50::1]:80 -s rr
ipvsadm -a -f 50 -r 10.51.0.255 -i --tun-type gre --tun-csum
ipvsadm -a -t [2001:db8:50::1]:80 -r [::1]:80 -w 2147483647
ipvsadm -E -t 10.50.0.1:80 --pe nosuch
ipvsadm -A --sctp-service 10.50.0.1:9 --pe sip -p
ipvsadm -D -t [2001:db8:50::1]:80
ipvsadm -A -f 50 -6 -p 5 -M 255.255.0.0
ipvsadm -D -t [2001:db8:50::1]:80
ipvsadm -a -u 10.50.0.1:53 -r [2001:db8:51::1]:80 -w 2147483647
ipvsadm -E --sctp-service 10.50.0.1:9 -p 8
ipvsadm -E -f 50 -6 -s none
ipvsadm -a -f 50 -6 -r 240.0.0.1 -w 2147483647
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.3:0 -m
ipvsadm -A -t [2001:db8:50::1]:80 --pe nosuch
ipvsadm -Ln
ipvsadm -E -t 10.50.0.1:80 --pe sip
ipvsadm -E --sctp-service 10.50.0.1:9 -s none
ipvsadm -d -f 50 -6 -r 2001:db8:51::2
ipvsadm -E -u 10.50.0.1:53 -s rr
ipvsadm -D -f 50
ipvsadm --start-daemon backup --mcast-interface lo --syncid 3
ipvsadm -A -t [2001:db8:50::1]:80 -s rr
ipvsadm -A --sctp-service 10.50.0.1:9 --pe nosuch
ipvsadm -a -f 50 -r 10.51.0.255 -m
ipvsadm -A -t 10.50.0.2:0 --pe nosuch
ipvsadm -e -t 10.50.0.2:0 -r 10.51.0.255 -w 9
ipvsadm -d -f 50 -6 -r 10.51.0.255
ipvsadm -E -t [2001:db8:50::1]:80 -s rr
ipvsadm -E -t 10.50.0.1:80 -s none
ipvsadm -e -f 50 -6 -r 10.51.0.2:http -i
ipvsadm -d -t [2001:db8:50::1]:80 -r 224.0.0.1
ipvsadm --stop-daemon master
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm -a --sctp-service 10.50.0.1:9 -r 0.0.0.1 
ipvsadm -E -f 50 -o -p 3
ipvsadm -d -u 10.50.0.1:53 -r [::1]:80
ipvsadm -E -f 50 -s nosuch
ipvsadm -C
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm -Ln -X --stats
ipvsadm -Ln --rate
ipvsadm -Ln -t [2001:db8:50::1]:80
ipvsadm -e -u 10.50.0.1:53 -r 240.0.0.1 -w 9
ipvsadm -a -u 10.50.0.1:53 -r 2001:db8:51::2 -w 2147483647
ipvsadm -a -f 50 -6 -r 10.51.0.1:81 -m
ipvsadm -A -u 10.50.0.1:53 -s nosuch
ipvsadm -E -t 10.50.0.2:0 -p 8
ipvsadm -Ln -X --stats
ipvsadm -a -f 50 -6 -r [ff02::1]:80 -m -y 1
ipvsadm -a -u 10.50.0.1:53 -r 0.0.0.1 -m -y 1
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.2 -i
ipvsadm -A -t [2001:db8:50::1]:80 -p 7
ipvsadm -A -f 50 --pe sip -p
ipvsadm -A -t [2001:db8:50::1]:80 -s lblc -p 9 -o
ipvsadm --stop-daemon master
ipvsadm -Ln --persistent-conn
ipvsadm -E -t 10.50.0.1:80 -o -p 3
ipvsadm -a -f 50 -6 -r 224.0.0.1 -m -x 5 -y 6
ipvsadm -D --sctp-service 10.50.0.1:9
ipvsadm -e -t [2001:db8:50::1]:80 -r [fe80::1]:80 -i
ipvsadm -Ln --rate
ipvsadm -A --sctp-service 10.50.0.1:9 -s fo -b flag-3
ipvsadm -A -t 10.50.0.2:0 -s sh -b sh-port
ipvsadm -Z -f 50
ipvsadm -a -t 10.50.0.2:0 -r [::1]:80 -i
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.2 -g
ipvsadm -E -t 10.50.0.1:80 -p 8
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm -L --daemon
ipvsadm -a --sctp-service 10.50.0.1:9 -r 127.0.0.1 
ipvsadm -E -f 50 -6 -s dh
ipvsadm -A -f 50 -p 5 -M 255.255.0.0
ipvsadm -D -u 10.50.0.1:53
ipvsadm -a -f 50 -6 -r 224.0.0.1 -i --tun-type gre --tun-csum
ipvsadm -a --sctp-service 10.50.0.1:9 -r 2001:db8:51::2 -i --tun-type gue --tun-port 3
ipvsadm -E -u 10.50.0.1:53 -s rr
ipvsadm -a -t 10.50.0.1:80 -r [2001:db8:51::1]:80 -w 2147483647
ipvsadm -L --daemon
ipvsadm -Ln
ipvsadm -d -u 10.50.0.1:53 -r [2001:db8:51::1]:80
ipvsadm -D --sctp-service 10.50.0.1:9
ipvsadm -a -t 10.50.0.2:0 -r 224.0.0.1 -m -w 0
ipvsadm -d -f 50 -r 10.51.0.2
ipvsadm -A -t [2001:db8:50::1]:80 -s none
ipvsadm -E -u 10.50.0.1:53 -s mh -b mh-port
ipvsadm -a -f 50 -6 -r 240.0.0.1 -g
ipvsadm -d -u 10.50.0.1:53 -r [2001:db8:51::1]:80
ipvsadm -A -t 10.50.0.2:0 -p 7
ipvsadm -D -t 10.50.0.2:0
ipvsadm -D -f 50 -6
ipvsadm -d -u 10.50.0.1:53 -r 10.51.0.2:http
ipvsadm -A -u 10.50.0.1:53 -s sh -b sh-port
ipvsadm -A -t [2001:db8:50::1]:80 -s lblc -p 9 -o
ipvsadm -a --sctp-service 10.50.0.1:9 -r 0.0.0.1 -m -x 5 -y 6
ipvsadm -E -t 10.50.0.2:0 
ipvsadm -a --sctp-service 10.50.0.1:9 -r 10.51.0.2:http -m -x 5 -y 2
ipvsadm -E -f 50 -p 8
ipvsadm -a --sctp-service 10.50.0.1:9 -r 10.51.0.255 -m
ipvsadm -C
ipvsadm -a --sctp-service 10.50.0.1:9 -r 10.51.0.1:81 -m -y 1
ipvsadm -A -f 50 -6 -o
ipvsadm -a -t 10.50.0.2:0 -r 10.51.0.1 -m -x 5 -y 6
ipvsadm -E -t 10.50.0.2:0 -o -p 3
ipvsadm -A --sctp-service 10.50.0.1:9 -s nosuch
ipvsadm --stop-daemon master
ipvsadm -d --sctp-service 10.50.0.1:9 -r 0.0.0.1
ipvsadm -a -t 10.50.0.1:80 -r 255.255.255.255 -i --tun-type gre --tun-csum
ipvsadm -e -t 10.50.0.2:0 -r [fe80::1]:80 -w 9
ipvsadm -e -t 10.50.0.1:80 -r [::1]:80 -m -x 5 -y 6
ipvsadm -A -u 10.50.0.1:53 --pe sip -p
ipvsadm -e -t 10.50.0.1:80 -r 240.0.0.1 
ipvsadm -a -t [2001:db8:50::1]:80 -r 10.51.0.1 -g
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm -A --sctp-service 10.50.0.1:9 -s sh -b sh-port
ipvsadm -A -t [2001:db8:50::1]:80 -s sh -b sh-port
ipvsadm -a -t [2001:db8:50::1]:80 -r 255.255.255.255 
ipvsadm -A --sctp-service 10.50.0.1:9 -s sh -b sh-port
ipvsadm -a -u 10.50.0.1:53 -r [fe80::1]:80 -i --tun-type gre --tun-csum
ipvsadm -A -t 10.50.0.2:0 -s fo -b flag-3
ipvsadm -d -f 50 -r 10.51.0.1:81
ipvsadm -E -t [2001:db8:50::1]:80 -s dh
ipvsadm -Z -t 10.50.0.1:80
ipvsadm -a -f 50 -r 0.0.0.1 -i --tun-type gue --tun-port 3
ipvsadm -A -u 10.50.0.1:53 --pe sip -p
ipvsadm -a --sctp-service 10.50.0.1:9 -r 10.51.0.1 -m -x 5 -y 2
ipvsadm -A -f 50 -6 -p 5 -M 255.255.0.0
ipvsadm -d -f 50 -r 2001:db8:51::2
ipvsadm -e -t 10.50.0.2:0 -r 10.51.0.1 -m
ipvsadm -a -f 50 -6 -r 10.51.0.1:81 -g
ipvsadm -E -t 10.50.0.2:0 -p 8
ipvsadm -D --sctp-service 10.50.0.1:9
ipvsadm -A -u 10.50.0.1:53 --pe sip -p
ipvsadm -e -f 50 -r 10.51.0.2:http -m -x 5 -y 2
ipvsadm -E -u 10.50.0.1:53 --pe sip
ipvsadm -L --daemon
ipvsadm -a -f 50 -r [::ffff:1.2.3.4]:80 -m -x 5 -y 2
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.2 -i --tun-type gue --tun-port 3
ipvsadm -a -f 50 -r [2001:db8:51::1]:80 -g
ipvsadm -a -f 50 -6 -r 10.51.0.1:81 -m -w 0
ipvsadm -e -f 50 -r [fe80::1]:80 -m -x 5 -y 2
ipvsadm -Ln --persistent-conn
ipvsadm -a -u 10.50.0.1:53 -r 10.51.0.255 -m -x 5 -y 2
ipvsadm -E -t 10.50.0.2:0 -s nosuch
ipvsadm -E -t [2001:db8:50::1]:80 -s dh
ipvsadm -a -f 50 -r 10.51.0.255 -m -x 5 -y 6
ipvsadm -Z -t 10.50.0.1:80
ipvsadm -Ln
ipvsadm -E -f 50 -6 -s nosuch
ipvsadm -a -t [2001:db8:50::1]:80 -r 224.0.0.1 -m -x 5 -y 6
ipvsadm -a -f 50 -r 10.51.0.1:81 -i
ipvsadm -A -t 10.50.0.2:0 -o
ipvsadm -E -t 10.50.0.1:80 -s dh
ipvsadm -e -u 10.50.0.1:53 -r 10.51.0.2 -i
ipvsadm -d -u 10.50.0.1:53 -r 255.255.255.255
ipvsadm -A --sctp-service 10.50.0.1:9 -s fo -b flag-3
ipvsadm -A -f 50 -s nosuch
ipvsadm --stop-daemon backup
ipvsadm -E -t 10.50.0.1:80 -s none
ipvsadm -C
ipvsadm -a -f 50 -6 -r 10.51.0.255 -m -w 0
ipvsadm -E -t 10.50.0.1:80 -s mh -b mh-port
ipvsadm -Ln --thresholds
ipvsadm -A -t [2001:db8:50::1]:80 -p 5 -M 255.255.0.0
ipvsadm -d -t 10.50.0.1:80 -r 10.51.0.3:0
ipvsadm -e --sctp-service 10.50.0.1:9 -r 224.0.0.1 -m -x 5 -y 2
ipvsadm -e -t [2001:db8:50::1]:80 -r 10.51.0.2 
ipvsadm -A -t [2001:db8:50::1]:80 -s nosuch
ipvsadm -Z -t [2001:db8:50::1]:80
ipvsadm -D -t 10.50.0.1:80
ipvsadm -a --sctp-service 10.50.0.1:9 -r 255.255.255.255 -w 2147483647
ipvsadm -Z --sctp-service 10.50.0.1:9
ipvsadm -Ln --persistent-conn
ipvsadm -a -f 50 -r 224.0.0.1 -i
ipvsadm -A -t 10.50.0.1:80 -s rr
ipvsadm -E -f 50 -s none
ipvsadm -e -f 50 -r 255.255.255.255 -w 9
ipvsadm -Ln --rate
ipvsadm -E -t [2001:db8:50::1]:80 -s rr
ipvsadm -Ln --tun-info
ipvsadm -A -t 10.50.0.2:0 -s nosuch
ipvsadm -Ln --persistent-conn
ipvsadm -a -f 50 -6 -r 10.51.0.2:http 
ipvsadm -A -f 50 -s lblc -p 9 -o
ipvsadm -e -f 50 -r [::1]:80 -m
ipvsadm -a -f 50 -6 -r [::ffff:1.2.3.4]:80 -w 2147483647
ipvsadm -a -t [2001:db8:50::1]:80 -r [::ffff:1.2.3.4]:80 -i --tun-type gue --tun-port 3
ipvsadm -e --sctp-service 10.50.0.1:9 -r 0.0.0.1 -i
ipvsadm -E -f 50 -6 -o -p 3
ipvsadm -E --sctp-service 10.50.0.1:9 -s mh -b mh-port
ipvsadm -a -u 10.50.0.1:53 -r 127.0.0.1 -m -x 5 -y 6
ipvsadm -A -t 10.50.0.1:80 -s sh -b sh-port
ipvsadm -A -u 10.50.0.1:53 -o
ipvsadm -A -u 10.50.0.1:53 -s rr
ipvsadm -a --sctp-service 10.50.0.1:9 -r 10.51.0.3:0 -i
ipvsadm -E -t 10.50.0.1:80 -s mh -b mh-port
ipvsadm -A -t 10.50.0.2:0 -p 7
ipvsadm -Ln --persistent-conn
ipvsadm -A -t 10.50.0.2:0 -s wrr -p
ipvsadm -a -f 50 -6 -r 127.0.0.1 -i --tun-type gre --tun-csum
ipvsadm -Ln -X --stats
ipvsadm -e -f 50 -r [::ffff:1.2.3.4]:80 
ipvsadm -A -t 10.50.0.2:0 -s ovf
ipvsadm -D -f 50 -6
ipvsadm -A -f 50 -p 7
ipvsadm -a -u 10.50.0.1:53 -r 10.51.0.2:http -m -x 5 -y 2
ipvsadm -e -t 10.50.0.2:0 -r 10.51.0.3:0 
ipvsadm -e -f 50 -r 0.0.0.1 -m -w 0
ipvsadm -a --sctp-service 10.50.0.1:9 -r [ff02::1]:80 -m -y 1
ipvsadm -Ln --tun-info
ipvsadm -A -f 50 -6 -p 7
ipvsadm -d -u 10.50.0.1:53 -r 224.0.0.1
ipvsadm -Ln --rate
ipvsadm -E -f 50 -6 -o -p 3
ipvsadm -a -u 10.50.0.1:53 -r 10.51.0.3:0 -i --tun-type gre --tun-csum
ipvsadm -Ln --persistent-conn
ipvsadm -e -t 10.50.0.2:0 -r 10.51.0.1:81 -m -x 5 -y 6
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.3:0 -m -w 0
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.2 -m -x 5 -y 2
ipvsadm -e --sctp-service 10.50.0.1:9 -r 224.0.0.1 -i --tun-type gue --tun-port 3
ipvsadm -C
ipvsadm -Sn
ipvsadm --stop-daemon master; ipvsadm --stop-daemon backup
