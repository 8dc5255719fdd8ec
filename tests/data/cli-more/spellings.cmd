ipvsadm -D -u=10.90.0.1:53
ipvsadm -A -f2 -6 --pe sip
ipvsadm -e --u-threshold=3 --sctp-service=10.90.0.1:443 --real-server=[2001:db8::6]:7
ipvsadm -d -t=10.90.0.1:8080 --real-server 10.91.0.2
ipvsadm -L --tun-info --nosort -t 10.90.0.1:0 --persistent-conn
ipvsadm -e --fwmark-service 2 --ipv6 --real-server=2001:db8::5 -i --weight 4 -x 3 --l-threshold 4
ipvsadm -e --sctp-service=10.90.0.1:80 -r 2001:db8::5 --l-threshold 2
ipvsadm -D --tcp-service=10.90.0.3:8080
ipvsadm -d --tcp-service=10.90.0.1:80 -r=10.91.0.2:domain
ipvsadm -a --sctp-service=10.90.0.1:443 --real-server 10.91.0.2
ipvsadm -a --sctp-service=10.90.0.1:80 -r[2001:db8::6]:7 --weight=7 --u-threshold=6
ipvsadm -D -f2 -6
ipvsadm -E --udp-service 10.90.0.2:0
ipvsadm -Z --sctp-service=10.90.0.1:0
ipvsadm -D -t=10.90.0.3:80
ipvsadm -d -r=2001:db8::5 -u10.90.0.2:domain
ipvsadm -D --sctp-service=10.90.0.1:9
ipvsadm -A -f 1 --ipv6 -bsh-port,sh-fallback
ipvsadm -D --sctp-service=10.90.0.1:80
ipvsadm -Z --sctp-service=10.90.0.1:9
ipvsadm -E --sctp-service=10.90.0.1:80
ipvsadm -e --sctp-service=10.90.0.1:443 -r[2001:db8::6]:7
ipvsadm -L --tcp-service=10.90.0.1:0 -X
ipvsadm -D --sctp-service=10.90.0.1:8080
ipvsadm -E --pe=sip --ops --persistent --sctp-service=10.90.0.1:80
ipvsadm -E -M 0.0.0.0 -u 10.90.0.1:domain -o
ipvsadm -E --pe=sip --ops -s=mh -f 1 -6
ipvsadm -a -f=1 -6 -r=2001:db8::5 -i
ipvsadm -A --udp-service=10.90.0.1:0 --pe sip
ipvsadm -L -t 10.90.0.3:0 --tun-info -X --thresholds
ipvsadm -d -t10.90.0.1:0 --real-server=10.91.0.4:http
ipvsadm -E --ops --netmask 0.0.0.0 -p 83 --udp-service=10.90.0.3:53
ipvsadm -a --real-server [2001:db8::6]:7 -w 4 -f 1 -6 --u-threshold 7 -y0
ipvsadm -D --udp-service=10.90.0.2:53
ipvsadm -E --udp-service=10.90.0.3:53 -s=wrr
ipvsadm -d -t=10.90.0.1:8080 -r 10.91.0.1
ipvsadm -E --sctp-service=10.90.0.1:8080
ipvsadm -Z --sctp-service=10.90.0.1:8080
ipvsadm -D -f2 -6
ipvsadm -A -t=10.90.0.3:80 -p2 --sched-flags mh-port
ipvsadm -A -f=3 -6 -M255.255.255.0 --pe=sip
ipvsadm -L --sctp-service=10.90.0.1:80 --stats
ipvsadm -a --real-server 10.91.0.1 --u-threshold 4 -u 10.90.0.3:0 --ipip
ipvsadm -E --ops -ssed -p=69 --pe=sip --sctp-service=10.90.0.1:9
ipvsadm -d --sctp-service=10.90.0.1:8080 -r 10.91.0.2:http
ipvsadm -e -f3 --ipv6 --real-server=2001:db8::5 -w=1 -y2
ipvsadm -L --rate --tun-info --sctp-service=10.90.0.1:80
ipvsadm -D --tcp-service 10.90.0.2:http
ipvsadm -E -t=10.90.0.2:80 --pe=sip
ipvsadm -E --sctp-service=10.90.0.1:80 --ops --pe sip
ipvsadm -Sn
ipvsadm -D --sctp-service=10.90.0.1:443
ipvsadm -L --persistent-conn --rate
ipvsadm -a -r10.91.0.3 --gatewaying -f 1 -6
ipvsadm -a -u=10.90.0.2:domain --real-server 10.91.0.1:1 --gatewaying
ipvsadm -A -f 2 -ssh -p -o --pe sip
ipvsadm -d --real-server=2001:db8::5 --udp-service 10.90.0.2:domain
ipvsadm -A --persistent -u10.90.0.2:domain
ipvsadm -D --udp-service 10.90.0.3:domain
ipvsadm -a --sctp-service=10.90.0.1:8080 -y=3 --real-server=10.91.0.1 -m
ipvsadm -D --fwmark-service 1
ipvsadm -e --tcp-service 10.90.0.3:http --real-server=10.91.0.1
ipvsadm -E -u=10.90.0.1:0 --persistent -ssed
ipvsadm -a -t10.90.0.2:443 -r 2001:db8::5 --weight=8
ipvsadm -Z -u 10.90.0.3:domain
ipvsadm -A --sctp-service=10.90.0.1:0 --pe=sip
ipvsadm -E --tcp-service 10.90.0.1:0 --persistent=48 -M=255.255.255.0
ipvsadm -A -b flag-3 -t=10.90.0.3:0 --pe sip
ipvsadm -L --persistent-conn -n -X
ipvsadm -d -u=10.90.0.3:0 -r=[2001:db8::6]:7
ipvsadm -e -w=7 --u-threshold 2 --l-threshold=4 --real-server=10.91.0.2 --udp-service 10.90.0.2:domain
ipvsadm -Z --sctp-service=10.90.0.1:0
ipvsadm -Z --sctp-service=10.90.0.1:8080
ipvsadm -L --rate --sctp-service=10.90.0.1:443 --tun-info --nosort
ipvsadm -d -r 2001:db8::5 -t 10.90.0.2:0
ipvsadm -A -u 10.90.0.1:domain --persistent=12 -M 255.255.255.0 --ops
ipvsadm -e -f=2 --ipv6 -r=2001:db8::5 --gatewaying --l-threshold 4
ipvsadm -Z -u 10.90.0.1:0
ipvsadm -L -X -t10.90.0.2:8080
ipvsadm -L --sctp-service=10.90.0.1:443 --persistent-conn -X --thresholds
ipvsadm -A --sched-flags=flag-3 -o -s lc --sctp-service=10.90.0.1:443
ipvsadm -D --sctp-service=10.90.0.1:80
ipvsadm -e -u 10.90.0.1:53 -r [2001:db8::6]:7 -i -x1
ipvsadm -A -u10.90.0.2:53 -smh --ops --pe=sip
ipvsadm -L --thresholds
ipvsadm -D --sctp-service=10.90.0.1:8080
ipvsadm -d --real-server 10.91.0.1:http --tcp-service=10.90.0.2:8080
ipvsadm -A -f3 -p78 --scheduler=mh
ipvsadm -d -r 10.91.0.2 -t10.90.0.2:http
ipvsadm -e --fwmark-service=3 -6 -r 10.91.0.3:80 -m
ipvsadm -L --thresholds --persistent-conn -X
ipvsadm -D --fwmark-service 3
ipvsadm -a -x 8 -t 10.90.0.2:0 --real-server=10.91.0.1
ipvsadm -E -f=1 --scheduler rr
ipvsadm -L --rate --stats --tcp-service 10.90.0.3:8080
ipvsadm -e --sctp-service=10.90.0.1:0 -r [2001:db8::6]:7 --ipip -w=2 --l-threshold 4
ipvsadm -E -p --udp-service 10.90.0.3:53 --netmask 24
ipvsadm -L --stats --thresholds --tun-info --sctp-service=10.90.0.1:0
ipvsadm -D --sctp-service=10.90.0.1:443
ipvsadm -d -f3 -r2001:db8::5
ipvsadm -E -u10.90.0.3:53
ipvsadm -Sn
ipvsadm -Z -f2 -6
ipvsadm -d --tcp-service=10.90.0.1:http -r [2001:db8::6]:7
ipvsadm -e --fwmark-service=2 --ipv6 --real-server=10.91.0.1 -x=6
ipvsadm -e -r=10.91.0.4:http -m --fwmark-service=1 -6 --l-threshold 0
ipvsadm -Z --sctp-service=10.90.0.1:9
ipvsadm -D --fwmark-service 2
ipvsadm -E -M=64 --udp-service 10.90.0.2:domain --pe sip -b flag-1,flag-2 --persistent
ipvsadm -Z --sctp-service=10.90.0.1:8080
ipvsadm -a --sctp-service=10.90.0.1:0 -g -r2001:db8::5 -x7
ipvsadm -e --tcp-service 10.90.0.3:0 -r 2001:db8::5 -w6 -x4
ipvsadm -a -f=2 --ipv6 -r=10.91.0.1 --weight 4
ipvsadm -A -t=10.90.0.2:443 --ops --pe=sip
ipvsadm -d --tcp-service=10.90.0.2:http -r10.91.0.2
ipvsadm -Z --fwmark-service 3 -6
ipvsadm -A -t=10.90.0.1:80 -M 64 -o --pe sip
ipvsadm -D --sctp-service=10.90.0.1:80
ipvsadm -d --sctp-service=10.90.0.1:80 --real-server 2001:db8::5
ipvsadm -a -t10.90.0.1:http --masquerading -r=10.91.0.4:domain
ipvsadm -d --sctp-service=10.90.0.1:0 -r10.91.0.2
ipvsadm -d --tcp-service=10.90.0.3:8080 --real-server 2001:db8::5
ipvsadm -e --l-threshold=3 --sctp-service=10.90.0.1:0 --gatewaying --weight 4 --real-server=[2001:db8::6]:7
ipvsadm -a -m -r10.91.0.4 --weight 7 --udp-service=10.90.0.1:domain
ipvsadm -L --rate --thresholds -X
ipvsadm -E --tcp-service 10.90.0.1:0 --sched-flags=flag-1,flag-2
ipvsadm -a --sctp-service=10.90.0.1:80 --real-server 10.91.0.1:http -g
ipvsadm -a -f=2 -6 -r [2001:db8::6]:7 --masquerading -x 5
ipvsadm -d -t 10.90.0.2:http --real-server=10.91.0.1:domain
ipvsadm -a --real-server=[2001:db8::6]:7 -f2 -m --weight=3
ipvsadm -L --tun-info --stats --rate
ipvsadm -A --fwmark-service 2 -6 --persistent=14
ipvsadm -D -u10.90.0.3:0
ipvsadm -a --masquerading --l-threshold 1 -w 9 -r 10.91.0.2:80 --tcp-service 10.90.0.3:443
ipvsadm -L -t10.90.0.3:0
ipvsadm -d --real-server 2001:db8::5 -u=10.90.0.3:0
ipvsadm -a -r [2001:db8::6]:7 --u-threshold 5 --tcp-service 10.90.0.3:0 --ipip -y=3
ipvsadm -a --sctp-service=10.90.0.1:443 --real-server=2001:db8::5 -m --weight 8 --u-threshold=9 -y1
ipvsadm -e --sctp-service=10.90.0.1:443 --real-server 2001:db8::5
ipvsadm -D --fwmark-service=2 -6
ipvsadm -Z -u 10.90.0.1:53
ipvsadm -e --sctp-service=10.90.0.1:9 --real-server [2001:db8::6]:7
ipvsadm -Z -u 10.90.0.1:0
ipvsadm -D -u 10.90.0.1:0
ipvsadm -d --real-server [2001:db8::6]:7 --fwmark-service=3 -6
ipvsadm -A --ops --tcp-service=10.90.0.3:443 -ssed --sched-flags flag-3
ipvsadm -L -n --stats --fwmark-service=1 --nosort --persistent-conn
ipvsadm -d -u=10.90.0.1:0 --real-server=2001:db8::5
ipvsadm -d -r 10.91.0.3:domain --fwmark-service 2 -6
ipvsadm -e -y2 --tcp-service 10.90.0.1:80 -r [2001:db8::6]:7
ipvsadm -e --tcp-service 10.90.0.1:http --real-server 2001:db8::5 -w=2
ipvsadm -d -u10.90.0.2:0 -r 10.91.0.2
ipvsadm -Sn
ipvsadm -E --pe=sip -o --sched-flags=flag-3 -u=10.90.0.2:0 -p --scheduler sed
ipvsadm -A --fwmark-service 2 --ipv6 -s sh --netmask=64 -o --sched-flags=sh-port,sh-fallback
ipvsadm -e --real-server 2001:db8::5 --fwmark-service 1 -i
ipvsadm -E --udp-service=10.90.0.2:53 --netmask 64 -o
ipvsadm -a --sctp-service=10.90.0.1:8080 -r 10.91.0.4:80 -w 5 -x=1
ipvsadm -E --sctp-service=10.90.0.1:443 --persistent --sched-flags flag-3
ipvsadm -Z -t 10.90.0.3:80
ipvsadm -a --sctp-service=10.90.0.1:8080 --real-server=10.91.0.3 --ipip -y0
ipvsadm -L --tun-info --rate --sctp-service=10.90.0.1:8080 --stats
ipvsadm -e -w 8 -r10.91.0.4:http --u-threshold=9 --tcp-service=10.90.0.2:8080 --masquerading
ipvsadm -D --tcp-service=10.90.0.2:0
ipvsadm -a -f=1 -6 --real-server=10.91.0.4:80 --masquerading --u-threshold=0 -y1
ipvsadm -e -f=3 -r[2001:db8::6]:7 --weight=0 -x=4 --l-threshold=1
ipvsadm -A -t=10.90.0.3:80 --scheduler=lc --persistent -o
ipvsadm -D -u 10.90.0.3:53
ipvsadm -L --sctp-service=10.90.0.1:80 --rate --persistent-conn --nosort
ipvsadm -Z -t=10.90.0.2:http
ipvsadm -d -u=10.90.0.3:domain --real-server [2001:db8::6]:7
ipvsadm -e -y=4 -x7 --fwmark-service 3 --ipv6 --real-server=10.91.0.1
ipvsadm -e -w0 -f=3 -6 -r[2001:db8::6]:7
ipvsadm -d -f3 -6 -r [2001:db8::6]:7
ipvsadm -E --ops -f3 -6 --pe=sip --sched-flags mh-port
ipvsadm -e -u 10.90.0.2:53 -r 2001:db8::5 --u-threshold 4
ipvsadm -d --sctp-service=10.90.0.1:8080 --real-server 2001:db8::5
ipvsadm -d -t=10.90.0.1:http -r [2001:db8::6]:7
ipvsadm -E --sctp-service=10.90.0.1:0 --pe sip
ipvsadm -d -u10.90.0.1:domain -r 10.91.0.2:80
ipvsadm -Z -u=10.90.0.1:53
ipvsadm -D -u=10.90.0.2:53
ipvsadm -d -t10.90.0.2:443 --real-server=2001:db8::5
ipvsadm -e -r 10.91.0.2:http --u-threshold=0 --sctp-service=10.90.0.1:80 -y=2 --weight 5 --masquerading
ipvsadm -L --udp-service=10.90.0.1:0 --thresholds --nosort
ipvsadm -d -f1 --ipv6 -r2001:db8::5
ipvsadm -A --sctp-service=10.90.0.1:8080 --ops
ipvsadm -E --sctp-service=10.90.0.1:0 -s=wrr -bsh-port,sh-fallback
ipvsadm -L --stats --tun-info --thresholds
ipvsadm -e -u=10.90.0.3:53 --real-server 2001:db8::5 --gatewaying -x 2 --l-threshold 4
ipvsadm -Z -t=10.90.0.2:0
ipvsadm -d -r [2001:db8::6]:7 -f3 --ipv6
ipvsadm -Z -t10.90.0.2:http
ipvsadm -E -t 10.90.0.1:0 --ops -b=flag-1,flag-2
ipvsadm -d --udp-service=10.90.0.1:0 -r[2001:db8::6]:7
ipvsadm -E --persistent=71 -s=mh --sctp-service=10.90.0.1:443 --sched-flags=sh-port --pe=sip
ipvsadm -a --tcp-service 10.90.0.2:http --real-server [2001:db8::6]:7 -w 4 --u-threshold 9 --l-threshold 2
ipvsadm -a -y2 --real-server [2001:db8::6]:7 --sctp-service=10.90.0.1:443
ipvsadm -A --sched-flags mh-port -s=sh --sctp-service=10.90.0.1:8080
ipvsadm -Z -f=1 -6
ipvsadm -A --sctp-service=10.90.0.1:8080 -s=mh --persistent --netmask 64 -b sh-port,sh-fallback
ipvsadm -L --tcp-service=10.90.0.3:8080 --stats --rate --persistent-conn --nosort --tun-info
ipvsadm -L --nosort -n -X -u 10.90.0.2:0
ipvsadm -Sn
ipvsadm -e -t=10.90.0.2:0 --real-server 2001:db8::5 -w 7
ipvsadm -E -t 10.90.0.2:0 --pe sip
ipvsadm -D --udp-service=10.90.0.3:53
ipvsadm -D -u=10.90.0.2:0
ipvsadm -Z --tcp-service 10.90.0.3:http
ipvsadm -D --udp-service=10.90.0.2:53
ipvsadm -a -r[2001:db8::6]:7 --fwmark-service=3 --u-threshold=6
ipvsadm -A --sctp-service=10.90.0.1:80
ipvsadm -d --sctp-service=10.90.0.1:80 --real-server 10.91.0.4:http
ipvsadm -a --udp-service=10.90.0.3:0 --real-server=10.91.0.3 -y 1
ipvsadm -e --sctp-service=10.90.0.1:9 -r=10.91.0.3 --masquerading -w 1
ipvsadm -Z --sctp-service=10.90.0.1:9
ipvsadm -d -r10.91.0.3:1 -t=10.90.0.1:8080
ipvsadm -a -f=3 -6 --real-server 10.91.0.4 -m --weight 3 -y=1
ipvsadm -d -t10.90.0.2:8080 -r=[2001:db8::6]:7
ipvsadm -d --real-server=10.91.0.1 --sctp-service=10.90.0.1:0
ipvsadm -L --stats -n --rate --thresholds --udp-service=10.90.0.1:53
ipvsadm -a -t=10.90.0.3:8080 --real-server=10.91.0.3
ipvsadm -D --tcp-service=10.90.0.1:80
ipvsadm -a -m --u-threshold=1 --real-server=2001:db8::5 --tcp-service=10.90.0.1:443 --weight=9
ipvsadm -Z --sctp-service=10.90.0.1:80
ipvsadm -e --sctp-service=10.90.0.1:80 -i -r=10.91.0.2
ipvsadm -D --udp-service=10.90.0.1:53
ipvsadm -e --tcp-service 10.90.0.3:0 -r=10.91.0.2:http -i -x=7
ipvsadm -a --udp-service 10.90.0.1:53 --real-server 10.91.0.3 -x 5 -y=4 -m
ipvsadm -A -u 10.90.0.1:53 -o
ipvsadm -D --tcp-service 10.90.0.2:80
ipvsadm -e --sctp-service=10.90.0.1:80 -r [2001:db8::6]:7
ipvsadm -d -t=10.90.0.3:0 --real-server=2001:db8::5
ipvsadm -D -f1
ipvsadm -A --pe=sip -b sh-port,sh-fallback --sctp-service=10.90.0.1:9
ipvsadm -D --fwmark-service 1 --ipv6
ipvsadm -D --sctp-service=10.90.0.1:80
ipvsadm -Z --tcp-service 10.90.0.2:http
ipvsadm -A --sctp-service=10.90.0.1:9 --scheduler=lc -M 0.0.0.0 --ops --pe sip
ipvsadm -e --u-threshold=6 --real-server [2001:db8::6]:7 -u10.90.0.2:0
ipvsadm -A -o --udp-service=10.90.0.2:domain -p
ipvsadm -E -o -u10.90.0.2:0 --pe=sip -M=255.255.255.0
ipvsadm -A --fwmark-service 1 --persistent
ipvsadm -e --tcp-service 10.90.0.3:443 -r 10.91.0.2:80 --ipip --l-threshold=1
ipvsadm -A --sched-flags=sh-port --sctp-service=10.90.0.1:80 -o
ipvsadm -Z -f=1 --ipv6
ipvsadm -d -u=10.90.0.3:0 -r=[2001:db8::6]:7
ipvsadm -e --udp-service=10.90.0.2:53 -r [2001:db8::6]:7 -i
ipvsadm -a -y=3 -r 2001:db8::5 --sctp-service=10.90.0.1:443 -x=9
ipvsadm -L -f3 -6 -n --stats -X --nosort --tun-info
ipvsadm -d -f=1 -r2001:db8::5
ipvsadm -L --sctp-service=10.90.0.1:80 -n --stats
ipvsadm -Z --udp-service=10.90.0.1:53
ipvsadm -L -t=10.90.0.2:0 --tun-info --thresholds --rate
ipvsadm -Sn
ipvsadm -Z -f2 -6
ipvsadm -L --persistent-conn
ipvsadm -Z -f2
ipvsadm -L --fwmark-service 2 -6 -X --tun-info
ipvsadm -D -u10.90.0.3:53
ipvsadm -a --fwmark-service=1 -6 -w7 -r [2001:db8::6]:7
ipvsadm -a -u10.90.0.3:53 -w9 -y 4 --u-threshold 1 --gatewaying -r 10.91.0.1:1
ipvsadm -L --udp-service 10.90.0.1:53 --rate -X
ipvsadm -D --sctp-service=10.90.0.1:80
ipvsadm -a --sctp-service=10.90.0.1:80 -y0 --real-server=2001:db8::5
ipvsadm -Sn
ipvsadm -S
ipvsadm -L
ipvsadm -C
