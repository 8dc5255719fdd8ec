# A port of its own for a server that is not masqueraded
ipvsadm -A -t 10.50.0.1:80 -s rr
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.1:8080 -g
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.1:80 -g
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.1:8081 -i
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.1:8081 -m
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.2:8080 -i
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.3:0 -i --tun-type gre
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.4:8080
ipvsadm -a -t 10.50.0.1:80 -r 10.51.0.5 -m
ipvsadm -Ln
ipvsadm -Sn
ipvsadm -e -t 10.50.0.1:80 -r 10.51.0.1:8080 -i
ipvsadm -e -t 10.50.0.1:80 -r 10.51.0.1:8081 -g
ipvsadm -e -t 10.50.0.1:80 -r 10.51.0.2:8080 -m
ipvsadm -e -t 10.50.0.1:80 -r 10.51.0.2:80 -m
ipvsadm -e -t 10.50.0.1:80 -r 10.51.0.5:8080 -g
ipvsadm -Ln
ipvsadm -d -t 10.50.0.1:80 -r 10.51.0.1:8080
ipvsadm -d -t 10.50.0.1:80 -r 10.51.0.4:8080
ipvsadm -d -t 10.50.0.1:80 -r 10.51.0.4
ipvsadm -Ln
ipvsadm -D -t 10.50.0.1:80
# Marks and services of all ports have no port to give
ipvsadm -A -f 7 -s rr
ipvsadm -a -f 7 -r 10.51.0.1:8080 -g
ipvsadm -a -f 7 -r 10.51.0.2:8080 -m
ipvsadm -a -f 7 -r 10.51.0.3:8080 -i
ipvsadm -A -t 10.50.0.2:0 -s rr -p 60
ipvsadm -a -t 10.50.0.2:0 -r 10.51.0.1:8080 -g
ipvsadm -a -t 10.50.0.2:0 -r 10.51.0.2:8080 -m
ipvsadm -a -t 10.50.0.2:0 -r 10.51.0.3:8080 -i
ipvsadm -Ln
ipvsadm -C
# Another family
ipvsadm -A -t 10.50.0.1:80 -s rr
ipvsadm -A -t [2001:db8:50::1]:80 -s rr
ipvsadm -a -t 10.50.0.1:80 -r [2001:db8:51::1]:80 -g
ipvsadm -a -t 10.50.0.1:80 -r [2001:db8:51::1]:80 -m
ipvsadm -a -t 10.50.0.1:80 -r [2001:db8:51::1]:8080 -i
ipvsadm -a -t [2001:db8:50::1]:80 -r 10.51.0.1:80 -g
ipvsadm -a -t [2001:db8:50::1]:80 -r 10.51.0.1:80 -m
ipvsadm -a -t [2001:db8:50::1]:80 -r 10.51.0.1:80 -i --tun-type gue --tun-port 6080
ipvsadm -e -t 10.50.0.1:80 -r [2001:db8:51::1]:80 -g
ipvsadm -e -t 10.50.0.1:80 -r [2001:db8:51::1]:80 -m
ipvsadm -e -t [2001:db8:50::1]:80 -r 10.51.0.1:80 -m
ipvsadm -A -f 9 -s rr
ipvsadm -a -f 9 -r [2001:db8:51::1]:0 -g
ipvsadm -a -f 9 -r [2001:db8:51::1]:0 -i
ipvsadm -Ln
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm -C
ipvsadm --start-daemon master --mcast-interface lo
ipvsadm -A -t 10.50.0.1:80 -s rr
ipvsadm -a -t 10.50.0.1:80 -r [2001:db8:51::1]:80 -i
ipvsadm --stop-daemon master
ipvsadm -a -t 10.50.0.1:80 -r [2001:db8:51::1]:80 -i
ipvsadm -C
# The virtual address itself, and others that are no servers' or cannot be reached
ipvsadm -A -t 10.50.0.1:80 -s rr
ipvsadm -a -t 10.50.0.1:80 -r 10.50.0.1:80 -g
ipvsadm -a -t 10.50.0.1:80 -r 10.50.0.1:80 -i
ipvsadm -a -t 10.50.0.1:80 -r 10.50.0.1:80 -m
ipvsadm -a -t 10.50.0.1:80 -r 10.50.0.1:8080 -m
ipvsadm -a -t 10.50.0.1:80 -r 0.0.0.0:80 -g
ipvsadm -a -t 10.50.0.1:80 -r 255.255.255.255:80 -i
ipvsadm -a -t 10.50.0.1:80 -r 224.0.0.1:80 -g
ipvsadm -a -t 10.50.0.1:80 -r 127.0.0.1:80 -g
ipvsadm -a -t 10.50.0.1:80 -r 240.0.0.1:80 -i
ipvsadm -a -t 10.50.0.1:80 -r 203.0.113.9:80 -i
ipvsadm -a -t 10.50.0.1:80 -r [2001:db8:77::9]:80 -i --tun-type gre
ipvsadm -a -t 10.50.0.1:80 -r [fe80::9]:80 -i
ipvsadm -a -t 10.50.0.1:80 -r [ff02::1]:80 -i
ipvsadm -a -t 10.50.0.1:80 -r [::]:80 -i
ipvsadm -A -t [2001:db8:50::1]:80 -s rr
ipvsadm -a -t [2001:db8:50::1]:80 -r [2001:db8:50::1]:80 -g
ipvsadm -a -t [2001:db8:50::1]:80 -r [2001:db8:77::9]:80 -i
ipvsadm -a -t [2001:db8:50::1]:80 -r [2001:db8:77::9]:80 -m
ipvsadm -a -t [2001:db8:50::1]:80 -r [fe80::9]:80 -m
ipvsadm -Ln
ipvsadm -Sn
ipvsadm -C
