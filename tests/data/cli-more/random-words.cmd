ipvsadm -E -b= -f --version
ipvsadm -S -g -v -t -M
ipvsadm -A --persistent --persistent=7 --syncid
ipvsadm -at - --tun-port=8 -i --help
ipvsadm -Z -Lnc --nosuch -y -y -
ipvsadm --weight=3 -Lnc - -f --start-daemon 10.0.0.1:80 10.1.0.1
ipvsadm -A --tcp-service=10.0.0.3:80 -Lnc -X -Z --version
ipvsadm -D -x -y -L -e -mw3 --scheduler
ipvsadm -d --mcast-interface=nosuch0
ipvsadm -l --start-daemon
ipvsadm -D 10.0.0.1:80 -C -A -d
ipvsadm -E -u master -e
ipvsadm -c --version lo --start-daemon=master ''
ipvsadm -S -s -d
ipvsadm -S --persistent -g
ipvsadm -S --syncid -f --pe=sip -v -s
ipvsadm -at -o -f7 --start-daemon
ipvsadm -Z --
ipvsadm -d 5 -e --numeric --real-server=10.1.1.1
ipvsadm -Z --persistent -o -g
ipvsadm -E -w= -w -b= --
ipvsadm -b= -Ln -a 10.1.0.1
ipvsadm -L -w -Z
ipvsadm -At -6 -Lnc
ipvsadm -At --syncid -d --mcast-interface=nosuch0
ipvsadm -Z -b -l
ipvsadm --weight --start-daemon -Lnc --start-daemon
ipvsadm -t=10.0.0.5:1 --list -s 5
ipvsadm -d -u -w -t -e '' extra
ipvsadm -At -p
ipvsadm -L --set -w= -x -M 5
ipvsadm 10.0.0.2:http -6 extra -f7 -f7 2001:db8::1
ipvsadm -at --start-daemon 10.0.0.1:80 --weight=3 -D rr --list
ipvsadm '' --netmask=24 10.0.0.1:80
ipvsadm -d -l -b --tun-type=gre 10.0.0.2:http --stats -Z
ipvsadm -l -X -b -g --netmask=24
ipvsadm --version '' -nL -X -h -
ipvsadm -S -c -t=10.0.0.5:1
ipvsadm -e -E -M
ipvsadm -Sn
ipvsadm -L -An -m --set
ipvsadm -e -h rr
ipvsadm -a -A - -o
ipvsadm -E -X --start-daemon=master --sort -w= -An --persistent=7
ipvsadm -Ln -X -w=
ipvsadm -S -m --persistent
ipvsadm -e -i
ipvsadm -l -a '[2001:db8::1]:80' --ipv6 --persistent --start-daemon
ipvsadm -Z -nL extra
ipvsadm master sh -L --weight -A
ipvsadm -L -At -y master
ipvsadm -L -p5
ipvsadm -a -C sh -g
ipvsadm -L -w= --persistent -t=10.0.0.5:1 --set -b --tun-port=8
ipvsadm -Z - --scheduler -f=7 5 -m
ipvsadm --set -g -s=rr -w=
ipvsadm -At -E --scheduler
ipvsadm -At -r
ipvsadm -mw --persistent --set --start-daemon=master
ipvsadm -w= 255.255.255.0
ipvsadm -Lnc -s --help --tun-port=8 -o --pe=sip --scheduler
ipvsadm -mw -Ln --version -- -A -n -y
ipvsadm -p5 -f=7
ipvsadm extra -e -Ln -w -u
ipvsadm --set --persistent
ipvsadm -e 10.1.0.1 -f -M sh
ipvsadm -s=rr --tun-port=8 --scheduler
ipvsadm -A -x --syncid
ipvsadm -at -p --weight=3 master -- --sort -mw
ipvsadm -l --help -s -x -i
ipvsadm --set -g -p -r
ipvsadm -D -- -t -m -b= --start-daemon=master -f
ipvsadm -d -d -p5 -6
ipvsadm 10.1.0.1 -mw
ipvsadm -D -m --version -f -M -l --list
ipvsadm -at -r --pe=sip
ipvsadm -E --help -L -g -s --ipv6
ipvsadm -Q -Lnc -Ln -Q --weight=3 --start-daemon=master --sort
ipvsadm -e sh '[2001:db8::1]:80'
ipvsadm -Sn
ipvsadm -d ''
ipvsadm -Ln -6
ipvsadm -S -a --tun-type=gre --netmask=24 -w= --mcast-interface=nosuch0
ipvsadm -Ln --weight=3 -b= -o -E
ipvsadm -At -f
ipvsadm -l '' --tcp-service=10.0.0.3:80 -f=7 --syncid
ipvsadm --set -C
ipvsadm -D -m --stats -a
ipvsadm -L --version -o -s=rr
ipvsadm extra --stats --numeric --version 255.255.255.0 --persistent=7 -w
ipvsadm -f -e -i
ipvsadm -at -f7
ipvsadm -a -b= -t --real-server=10.1.1.1 -At --list
ipvsadm -e -p5
ipvsadm -E -f7 -p
ipvsadm -at -u -X -c
ipvsadm -A -t=10.0.0.5:1 master -c -y --ipv6
ipvsadm -S -C -t
ipvsadm -Z --nosuch -An
ipvsadm -D --sort -p --weight extra
ipvsadm -e -An 255.255.255.0 --start-daemon --weight --ipv6 --pe=sip
ipvsadm -a -- -S -An -w -b=
ipvsadm --netmask=24 --stats -f=7 -Lnc -6 -s=rr
ipvsadm -d --start-daemon
ipvsadm -Ln -d 10.1.0.1 rr -- --numeric
ipvsadm -Ln -At -6 --numeric -p5 -x
ipvsadm -L --netmask=24 -mw3 10.1.0.1
ipvsadm -at -h 5 -Z
ipvsadm -e lo --set --tun-port=8 -w -d --scheduler
ipvsadm -at --start-daemon -A -t=10.0.0.5:1
ipvsadm -d -An -b --start-daemon=master -E -h
ipvsadm --set -t=10.0.0.5:1 --start-daemon -L -f=7 -r
ipvsadm -l -Lnc '[2001:db8::1]:80' -m -L -s=rr
ipvsadm -A master -e
ipvsadm --real-server=10.1.1.1 -h '' --sort -c
ipvsadm -d rr --real-server=10.1.1.1 -6 -w -g --pe=sip
ipvsadm -At --pe=sip --tun-type=gre -L
ipvsadm -l 10.0.0.1:80
ipvsadm -Sn
ipvsadm --persistent=7 -A
ipvsadm -o --mcast-interface=nosuch0 -s=rr sh
ipvsadm --numeric --start-daemon=master -m -p -6 -w=
ipvsadm -D -Ln -m --stats --set -b= -m
ipvsadm -At --tcp-service=10.0.0.3:80 -m -g -u --sort
ipvsadm -Ln --nosuch --mcast-interface=nosuch0
ipvsadm -d -S --start-daemon
ipvsadm -a -h -S -s -f
ipvsadm -a -d
ipvsadm --tun-port=8 -t=10.0.0.5:1
ipvsadm -- -M
ipvsadm -E -s=rr -Z -f
ipvsadm 255.255.255.0 extra -w= --stats
ipvsadm --pe=sip -M --pe=sip sh 10.0.0.2:http
ipvsadm -E --syncid --real-server=10.1.1.1
ipvsadm -e -f7 -nL
ipvsadm -Z 10.1.0.1 -E --tcp-service=10.0.0.3:80 --numeric -A --syncid
ipvsadm -l 10.1.0.1 255.255.255.0 -b
ipvsadm -A -e '' --weight 10.0.0.1:80 --netmask=24 --scheduler
ipvsadm --tcp-service=10.0.0.3:80 --
ipvsadm -E --set extra --help
ipvsadm 255.255.255.0 -v -D -t=10.0.0.5:1 --scheduler
ipvsadm -D --weight -Lnc -w
ipvsadm -d --syncid -e --tcp-service=10.0.0.3:80 -m
ipvsadm --set -w= -t
ipvsadm -d --list -c -s -f=7 -n
ipvsadm -a --set --mcast-interface=nosuch0 --persistent -f7
ipvsadm -L -S --weight=3 -a
ipvsadm -e -p5 -f --syncid -Lnc
ipvsadm -L --help --persistent -A rr -h 10.1.0.1
ipvsadm -a --tun-type=gre --list --help --weight=3 lo --pe=sip
ipvsadm -E --nosuch -g 10.1.0.1
ipvsadm -E -b=
ipvsadm -e -D
ipvsadm -D --tun-port=8 -e
ipvsadm -L -s=rr 5
ipvsadm -Ln -u --start-daemon -m
ipvsadm -S -At
ipvsadm -Ln --stats -f7 --stats
ipvsadm -Sn
ipvsadm '[2001:db8::1]:80' --tun-type=gre -At
ipvsadm -At -a
ipvsadm -l -An -Lnc - -b ''
ipvsadm -A --nosuch -v -- -A -An 10.0.0.1:80
ipvsadm -Z -t
ipvsadm -a --start-daemon=master -m --ipv6 --real-server=10.1.1.1
ipvsadm -S -S -S 255.255.255.0 -o -o
ipvsadm master 10.0.0.2:http --start-daemon
ipvsadm -at rr -mw -o -h 10.0.0.2:http
ipvsadm --set -Ln
ipvsadm -D --numeric -d -mw
ipvsadm -D -s=rr --sort
ipvsadm -D -6 --netmask=24 -o rr rr
ipvsadm -at -L -M --list -i
ipvsadm --start-daemon -s -E -d master -d
ipvsadm -e -M -E -L -mw3 -f7 -f=7
ipvsadm -6 -6 -X -l
ipvsadm -D -At
ipvsadm -A --ipv6 -f7 --weight 5 -e
ipvsadm -L '[2001:db8::1]:80' -b -h 10.0.0.1:80 -t=10.0.0.5:1
ipvsadm --set -L -p
ipvsadm --set lo -s=rr -a 255.255.255.0 --help
ipvsadm -Z --tun-port=8 -D -mw3 -v --tcp-service=10.0.0.3:80
ipvsadm -a --netmask=24 -b
ipvsadm -E --stats -nL -v -Q --weight=3 --start-daemon
ipvsadm -S -o --weight=3 -D -f=7
ipvsadm -At 10.0.0.1:80 -mw -l -At --pe=sip
ipvsadm -e -L -b= --syncid -A -6
ipvsadm -Z -l -Q
ipvsadm -Ln -S -nL --netmask=24
ipvsadm -L -t -u -h -y
ipvsadm -L -E --real-server=10.1.1.1 -f7
ipvsadm --syncid -mw -b= --weight -D --scheduler
ipvsadm -E -n
ipvsadm --weight -b= -An -e --persistent=7 -n
ipvsadm 10.0.0.1:80 -p5 -C
ipvsadm -Z -m 10.0.0.2:http
ipvsadm -Sn
ipvsadm -C
ipvsadm master -Ln 2001:db8::1 -Z
ipvsadm -a --nosuch -M -X --weight=3
ipvsadm -at --pe=sip --numeric extra -Z -w=
ipvsadm --set --help -m -s=rr
ipvsadm -at -f
ipvsadm -D -t=10.0.0.5:1 -l --start-daemon
ipvsadm -At -X --tcp-service=10.0.0.3:80 -p5
ipvsadm -At --pe=sip --tcp-service=10.0.0.3:80 -X -b -E
ipvsadm -l -o lo 10.0.0.2:http -c sh -Lnc
ipvsadm -Ln -Lnc master -Ln -E master --list
ipvsadm -Q --list -t -n --ipv6 -M -r
ipvsadm -e --tun-type=gre rr
ipvsadm -at -n --tcp-service=10.0.0.3:80 -s=rr -6
ipvsadm -d --version -r
ipvsadm -Z -x --tun-type=gre
ipvsadm -L -mw 2001:db8::1
ipvsadm '' -t -nL --tun-type=gre --mcast-interface=nosuch0
ipvsadm -M --pe=sip --version
ipvsadm -at -n
ipvsadm --nosuch --set --start-daemon --nosuch -d
ipvsadm --set -C
ipvsadm -E 10.0.0.2:http -l 2001:db8::1 --list --help
ipvsadm -Ln -w= -b= -t -b=
ipvsadm - -S --version -f -L -d 10.1.0.1
ipvsadm -a -w -l -v -c
ipvsadm -D -w
ipvsadm -Ln 10.1.0.1 '' -n --nosuch --persistent
ipvsadm --set -M -f 2001:db8::1 --weight=3 -mw3
ipvsadm extra -v --netmask=24 -w --weight=3
ipvsadm -f=7 -6 - -An -a
ipvsadm -D -h -f 10.0.0.1:80 --weight=3 -nL -d
ipvsadm 2001:db8::1 --mcast-interface=nosuch0 10.0.0.2:http --scheduler rr
ipvsadm -A -e -r -Q '' 10.0.0.2:http
ipvsadm -Ln --tcp-service=10.0.0.3:80
ipvsadm -Z -w= -e
ipvsadm -u -m -An
ipvsadm -e -t -h --version
ipvsadm --mcast-interface=nosuch0 -s=rr
ipvsadm -Z sh -b= -t --numeric --start-daemon -An
ipvsadm -Sn
ipvsadm -L --tun-port=8 -o -Lnc -r -y -s=rr
ipvsadm -D -b= --stats
ipvsadm -l -y --real-server=10.1.1.1 master -i --weight=3 -t
ipvsadm -At --weight=3
ipvsadm --mcast-interface=nosuch0 --help -w= -e
ipvsadm lo 10.1.0.1 -f7 -p5 --nosuch
ipvsadm -A -t -A
ipvsadm -At -y --list -nL
ipvsadm --sort -f -t -f -t -y -A
ipvsadm --set -nL -p 5
ipvsadm -E --nosuch -h -f
ipvsadm -Ln -mw3 10.1.0.1 -At
ipvsadm -Z -a
ipvsadm -l --persistent
ipvsadm -L --tcp-service=10.0.0.3:80
ipvsadm -d 255.255.255.0
ipvsadm -Z -m -c -y
ipvsadm -S -M 5 -m sh
ipvsadm -A -Q
ipvsadm -e --stats
ipvsadm -S --weight sh --stats -c -b=
ipvsadm -Ln -Z -Z -v -Ln -nL
ipvsadm -S --start-daemon=master extra -Lnc
ipvsadm -l -r
ipvsadm lo -C --syncid --weight -Q --mcast-interface=nosuch0
ipvsadm -E rr -M -Ln -An
ipvsadm -d -v --netmask=24 -v
ipvsadm -t=10.0.0.5:1 --help
ipvsadm -D -f7 -t master --tun-port=8 --numeric -D
ipvsadm -At -r -a --ipv6 extra
ipvsadm -a -w -E
ipvsadm -at --numeric 2001:db8::1 -nL -p5 -p
ipvsadm -d lo --syncid --set --tcp-service=10.0.0.3:80
ipvsadm --ipv6 -r -i -L -- --weight=3
ipvsadm -- --syncid --tun-port=8 -f7
ipvsadm --set -w= -r
ipvsadm -L -h 10.0.0.1:80 -t=10.0.0.5:1 --numeric --nosuch
ipvsadm -At --scheduler -6 --tun-port=8 -x
ipvsadm -Sn
ipvsadm -E lo
ipvsadm -E -nL -p
ipvsadm -d -y -y -o -g --syncid
ipvsadm -at --weight --netmask=24
ipvsadm -E '' -f
ipvsadm -E --start-daemon
ipvsadm -E -6 --start-daemon
ipvsadm -E -L
ipvsadm -A -f 5 -c -C --sort
ipvsadm -L -p -f7
ipvsadm -L 5 10.0.0.2:http -w= -t
ipvsadm -e -An -l --syncid
ipvsadm -a -E
ipvsadm -Ln --ipv6 -s=rr -v -u -nL -f=7
ipvsadm -E -w= --persistent --help
ipvsadm -E -C -D -S
ipvsadm --nosuch --mcast-interface=nosuch0
ipvsadm -Ln -mw3
ipvsadm -L -Ln -M
ipvsadm --weight=3 -i -y --version -p
ipvsadm -D extra -g --version -u
ipvsadm --sort -l -n -d
ipvsadm -a -mw - --set --version
ipvsadm --set -D --mcast-interface=nosuch0 --real-server=10.1.1.1
ipvsadm --set -a
ipvsadm -at --real-server=10.1.1.1
ipvsadm -f=7 -p5 -c -x -E --weight=3
ipvsadm -L -C -r
ipvsadm -Ln -t=10.0.0.5:1 -w= -f=7
ipvsadm -S -f7 -t -f --help -o -nL
ipvsadm --sort -g -h -Ln -L -f7
ipvsadm -D -g 2001:db8::1 10.1.0.1 -p rr -w
ipvsadm -Ln lo -M
ipvsadm -Ln -- sh -b -x --ipv6 --sort
ipvsadm --set -6 -C 10.0.0.2:http -x -b=
ipvsadm -E 10.0.0.1:80 -b -e 10.0.0.1:80 --nosuch
ipvsadm -Sn
ipvsadm -At --list
ipvsadm -L -mw --set
ipvsadm -L -nL -b= -w -L -L -m
ipvsadm -Z -y --persistent=7 -A --persistent=7 255.255.255.0
ipvsadm -D -i '[2001:db8::1]:80' --start-daemon
ipvsadm -D -s -e -a -- -r --help
ipvsadm -Z -d -a -t -M -f7 extra
ipvsadm -a --weight=3 2001:db8::1 '[2001:db8::1]:80'
ipvsadm -g sh --set -f7 --persistent --version -6
ipvsadm -Z 255.255.255.0 -L -s=rr --mcast-interface=nosuch0 -n
ipvsadm --set -f=7 -- '[2001:db8::1]:80' --start-daemon=master -6
ipvsadm -S --persistent -f -D -Q sh -m
ipvsadm -Z -- lo
ipvsadm -L -a
ipvsadm -c -D
ipvsadm --set -t 10.0.0.2:http -h -Lnc -S
ipvsadm -a 5 2001:db8::1
ipvsadm --persistent -x -X -nL -b= -h -d
ipvsadm --ipv6 --nosuch
ipvsadm -Z --tun-type=gre
ipvsadm -At -f7
ipvsadm --scheduler --persistent=7 -l -mw3
ipvsadm -Ln -S -At --stats -Q --sort
ipvsadm -mw -t=10.0.0.5:1 -l --weight=3 -f
ipvsadm --start-daemon --persistent=7 --mcast-interface=nosuch0 -f=7 --real-server=10.1.1.1
ipvsadm -d rr -v
ipvsadm -p5 -t=10.0.0.5:1 -Lnc --mcast-interface=nosuch0 -X -l
ipvsadm -b= -c --numeric -At -c sh --tcp-service=10.0.0.3:80
ipvsadm -At sh -a 2001:db8::1 -t -i -f
ipvsadm -At -L --tun-port=8 --weight -p5 -c -w=
ipvsadm -L -Q extra -p
ipvsadm -Z -An
ipvsadm --persistent=7 255.255.255.0 -f7 -X ''
ipvsadm -f7 10.0.0.2:http --scheduler --stats
ipvsadm -A -s=rr -a -f=7 -C
ipvsadm --nosuch -C -c -A --stats
ipvsadm -e --persistent=7 -L -Q -S -v
ipvsadm -L --weight -b= -E --numeric
ipvsadm -e --stats -n --version - -x --set
ipvsadm -Sn
ipvsadm -e 5
ipvsadm -M -m -mw -An -b -u --help
ipvsadm -L --mcast-interface=nosuch0 -t=10.0.0.5:1 -At -L
ipvsadm -D -t=10.0.0.5:1 -X -Ln
ipvsadm -At -f -n -h
ipvsadm -at -At -y -w= extra -s=rr
ipvsadm -S --list -f -An '[2001:db8::1]:80' -v -n
ipvsadm -D -x
ipvsadm -E 10.1.0.1 master --version sh -e -m
ipvsadm -Z -X --version -s=rr
ipvsadm -Z --nosuch
ipvsadm -S -Z -f7 -Q -6
ipvsadm -e -f=7
ipvsadm -A -u --numeric 255.255.255.0 -e
ipvsadm -a --start-daemon=master -p
ipvsadm -E -Q --numeric -- --help
ipvsadm -E -f=7 --pe=sip -p --version
ipvsadm -d -y --list rr --scheduler -g -n
ipvsadm -b= --set 255.255.255.0 10.0.0.2:http -f=7 -L
ipvsadm -Z -d -f7
ipvsadm --numeric --set -Q
ipvsadm -d 10.0.0.2:http
ipvsadm -S -An
ipvsadm -L -p5
ipvsadm -E -a --mcast-interface=nosuch0 --pe=sip
ipvsadm -e -nL -y sh 10.0.0.2:http -i --start-daemon=master
ipvsadm --tun-port=8 --version -t --real-server=10.1.1.1 -mw -g
ipvsadm --netmask=24 rr --syncid 10.0.0.1:80
ipvsadm -At -Z -p5 --help -M
ipvsadm -At 2001:db8::1 --persistent -nL -M --real-server=10.1.1.1 -o
ipvsadm --tun-port=8 -S -X -S sh
ipvsadm -m --start-daemon=master
ipvsadm -Z -i '' --netmask=24 -X --start-daemon=master -b
ipvsadm -D -Lnc --tun-port=8 10.0.0.2:http -An
ipvsadm -at --start-daemon=master -g 5
ipvsadm 2001:db8::1 --netmask=24
ipvsadm -Sn
ipvsadm -C
ipvsadm -D -o rr -n --tcp-service=10.0.0.3:80
ipvsadm -D -n -An 10.0.0.2:http 255.255.255.0 -d
ipvsadm -D --numeric
ipvsadm -t=10.0.0.5:1 --persistent 2001:db8::1 --sort --syncid
ipvsadm -at --numeric
ipvsadm -Z -w= -f=7 -X -s -E -At
ipvsadm -p -nL -C --nosuch
ipvsadm -f=7 -mw3 -6 --persistent --weight=3
ipvsadm --numeric -p -- -Lnc 2001:db8::1 -Z
ipvsadm -nL -Q -d master --stats
ipvsadm -A --netmask=24 --mcast-interface=nosuch0 --weight=3 extra
ipvsadm -Ln -s=rr -x -b -t=10.0.0.5:1
ipvsadm -t=10.0.0.5:1 -Lnc --stats -At -mw
ipvsadm -Ln -nL -v 10.1.0.1 --start-daemon=master --version -nL
ipvsadm -f7 --tun-type=gre sh -v -f=7 -E -L
ipvsadm -At -D
ipvsadm -d -- -r
ipvsadm -e -r -n lo -t
ipvsadm -S --persistent=7 --weight -a -e
ipvsadm -e --syncid --list
ipvsadm -A -X -M extra -m --weight master
ipvsadm -A -t=10.0.0.5:1 -w -Ln -s
ipvsadm -S '' -o --stats -An -s=rr --tun-port=8
ipvsadm -e --syncid -d --weight
ipvsadm -A -e -M -C
ipvsadm -l '[2001:db8::1]:80' -h
ipvsadm -at -t=10.0.0.5:1 -b= -An -f=7 -- 10.0.0.2:http
ipvsadm -E sh
ipvsadm -E -w --tun-port=8
ipvsadm -at --pe=sip -o -a
ipvsadm -S --ipv6 -w --scheduler '' -- --
ipvsadm -a -X lo -m sh master
ipvsadm -At -An -w= -h -p5 -r -t
ipvsadm -Z 2001:db8::1 --mcast-interface=nosuch0 -Lnc -g --real-server=10.1.1.1
ipvsadm -Z master --help -w= -f=7 -S -M
ipvsadm -Z -p -t -y -b= -n extra
ipvsadm -Ln --mcast-interface=nosuch0 -E -L
ipvsadm -Sn
ipvsadm -at - rr --weight
ipvsadm -Ln --nosuch --help
ipvsadm -L -w -Z -o -Lnc -d rr
ipvsadm -At -M
ipvsadm --tun-type=gre --persistent=7
ipvsadm -l -- -e -f=7 -6
ipvsadm -E -s
ipvsadm -d -x -a
ipvsadm -At --weight -S
ipvsadm -L - -l
ipvsadm --nosuch -C '[2001:db8::1]:80' --tcp-service=10.0.0.3:80
ipvsadm -b --list extra sh -D
ipvsadm --set -w -u extra -At -E -D
ipvsadm -E -mw3 -mw3 -o --mcast-interface=nosuch0 extra
ipvsadm -f --tun-port=8 --tun-port=8 ''
ipvsadm -d -r -f=7 - extra -f=7 -A
ipvsadm -A rr
ipvsadm -L sh --set -Ln lo -s=rr
ipvsadm -d -mw3 -r -m sh
ipvsadm -s -p ''
ipvsadm -n -Z -r lo -x
ipvsadm -at -S -D -mw
ipvsadm -At --persistent
ipvsadm -S --pe=sip
ipvsadm -w -p -w= 10.1.0.1 --list -v
ipvsadm -Z -M -mw3 '[2001:db8::1]:80' -a
ipvsadm -at --version --stats 255.255.255.0 -c -At
ipvsadm -Ln -c
ipvsadm -At -f -d -w 10.0.0.1:80 -D -t=10.0.0.5:1
ipvsadm -Ln -- -p5 -a -v sh --real-server=10.1.1.1
ipvsadm -At --numeric 10.1.0.1 -E --version lo
ipvsadm 5 --ipv6 -m -A -S master --tun-port=8
ipvsadm -d --list --
ipvsadm -A -p --weight=3 -p
ipvsadm -a -D
ipvsadm 2001:db8::1 --real-server=10.1.1.1 -E
ipvsadm -e rr -s -mw -Q
ipvsadm -l -- -p5 10.1.0.1 -- --
ipvsadm -Sn
ipvsadm lo -f7 '' --persistent -C
ipvsadm -S -C 255.255.255.0 -r -u -nL -mw
ipvsadm -Ln -s=rr 10.1.0.1 --sort -D
ipvsadm -at -s=rr -p -l -nL 5 10.0.0.1:80
ipvsadm -d -6 -a -v -6
ipvsadm -c -C
ipvsadm -e --weight=3 -o --numeric
ipvsadm -D -Q master -w= --mcast-interface=nosuch0 -p5 -A
ipvsadm -A -f=7 -e --numeric
ipvsadm -e -A --persistent -Z -mw3
ipvsadm -S -Z
ipvsadm -Ln --tcp-service=10.0.0.3:80
ipvsadm -r 10.1.0.1
ipvsadm -A lo
ipvsadm -E -At
ipvsadm '' -r
ipvsadm -D -a
ipvsadm -at -p -Q
ipvsadm --set -i
ipvsadm -d --tun-port=8 '[2001:db8::1]:80' --netmask=24 -X -nL -a
ipvsadm -Z -e --scheduler -a -w=
ipvsadm -E --version --start-daemon=master -i 10.0.0.1:80 -r
ipvsadm -b= -Ln
ipvsadm -at --version --set --mcast-interface=nosuch0 --version -Lnc --version
ipvsadm --numeric -Ln -t=10.0.0.5:1 --tun-port=8 -o -An
ipvsadm -A --pe=sip -Q
ipvsadm -d -w -s=rr -Q -l
ipvsadm -Ln -g --nosuch -v -b=
ipvsadm -l -c
ipvsadm -A extra -s --tun-type=gre
ipvsadm -a 10.1.0.1 -C --weight --stats -p -C
ipvsadm --set -h
ipvsadm -Z -nL --tcp-service=10.0.0.3:80 -b
ipvsadm -An sh
ipvsadm -At -Q
ipvsadm -e -S --persistent=7 --nosuch --version -An -t
ipvsadm --weight --tun-type=gre
ipvsadm -Z -s -l -D -D -t=10.0.0.5:1 -6
ipvsadm -d 255.255.255.0 -f -u sh
ipvsadm -l --real-server=10.1.1.1 -p5 --list 255.255.255.0 -d
ipvsadm -Sn
ipvsadm 10.0.0.2:http --numeric --mcast-interface=nosuch0 --real-server=10.1.1.1 '' 5 -S
ipvsadm -Ln --weight=3 -nL -s=rr -At '[2001:db8::1]:80'
ipvsadm -l --nosuch -h -L
ipvsadm -e -o -n -p5 -n
ipvsadm -Ln extra -Z -l
ipvsadm -d 2001:db8::1 --numeric
ipvsadm -At -X -v '[2001:db8::1]:80' -p -i
ipvsadm -E --weight=3
ipvsadm -e -D -X --version
ipvsadm -at sh --netmask=24
ipvsadm -D -l -u -u -A
ipvsadm -Ln --pe=sip
ipvsadm -M --tun-port=8 --start-daemon=master -b
ipvsadm -l -6 -d --set -f=7
ipvsadm -Ln -h
ipvsadm 10.1.0.1 master -d -At -At
ipvsadm -D -m
ipvsadm -Ln --mcast-interface=nosuch0 --nosuch -e -u
ipvsadm -S --persistent=7 --weight=3 5 --nosuch
ipvsadm -a --start-daemon=master --help --syncid -v -o
ipvsadm -E -p5 --weight -t -x
ipvsadm -6 -f7 -E --set
ipvsadm --mcast-interface=nosuch0 -Q --start-daemon --weight --mcast-interface=nosuch0 --tcp-service=10.0.0.3:80 --real-server=10.1.1.1
ipvsadm 2001:db8::1 -m
ipvsadm --set 10.0.0.2:http --version
ipvsadm -Ln -x --netmask=24 --weight=3
ipvsadm 2001:db8::1 -p5 -X 10.0.0.2:http --mcast-interface=nosuch0
ipvsadm -Ln -mw -mw3 -C
ipvsadm -S -mw -s '[2001:db8::1]:80' - master -g
ipvsadm --stats --start-daemon -x --nosuch 2001:db8::1
ipvsadm --set --set -mw
ipvsadm -L -Ln -b -
ipvsadm -e -v '' -d --scheduler -r
ipvsadm -E extra extra -b= -i
ipvsadm -D -A -r -x --set -f=7
ipvsadm -X --list --tun-type=gre --persistent --list -g
ipvsadm -Z -An lo --weight -l --sort --stats
ipvsadm -a 2001:db8::1 10.0.0.2:http --ipv6 -Ln --persistent
ipvsadm -Sn
ipvsadm -y 10.0.0.2:http -s=rr -t
ipvsadm -A '' --persistent -Ln master
ipvsadm -m -e --tun-type=gre -At -p -s
ipvsadm -a 5 -b= -mw -t --numeric
ipvsadm -D -o --tun-port=8 --persistent -t -At
ipvsadm -Z --weight -Ln
ipvsadm -At -r 255.255.255.0 -D 255.255.255.0 -E
ipvsadm -d -6 -t -b
ipvsadm -e --sort --real-server=10.1.1.1 -Q -L -An
ipvsadm -e -C -b -o -- -d -Ln
ipvsadm master --tcp-service=10.0.0.3:80 -s=rr -p5 --scheduler -mw3 -An
ipvsadm -Sn
ipvsadm -C
