bash -c 'exec -a "ipvsadm" ipvsadm -h' </dev/null
bash -c 'exec -a "ipvsadm" ipvsadm -v' </dev/null
bash -c 'exec -a "ipvsadm" ipvsadm --nosuch' </dev/null
bash -c 'exec -a "ipvsadm" ipvsadm -A' </dev/null
bash -c 'exec -a "ipvsadm" ipvsadm -A -t' </dev/null
bash -c 'exec -a "ipvsadm" ipvsadm ' </dev/null
bash -c 'exec -a "ipvsadm" ipvsadm -Ln' </dev/null
bash -c 'exec -a "ipvsadm" ipvsadm -A -t 1.1.1.1:80 -L' </dev/null
ipvsadm -C
bash -c 'exec -a "/usr/sbin/ipvsadm" ipvsadm -h' </dev/null
bash -c 'exec -a "/usr/sbin/ipvsadm" ipvsadm -v' </dev/null
bash -c 'exec -a "/usr/sbin/ipvsadm" ipvsadm --nosuch' </dev/null
bash -c 'exec -a "/usr/sbin/ipvsadm" ipvsadm -A' </dev/null
bash -c 'exec -a "/usr/sbin/ipvsadm" ipvsadm -A -t' </dev/null
bash -c 'exec -a "/usr/sbin/ipvsadm" ipvsadm ' </dev/null
bash -c 'exec -a "/usr/sbin/ipvsadm" ipvsadm -Ln' </dev/null
bash -c 'exec -a "/usr/sbin/ipvsadm" ipvsadm -A -t 1.1.1.1:80 -L' </dev/null
ipvsadm -C
ipvsadm --help
ipvsadm -h
ipvsadm --version
ipvsadm -v
ipvsadm -h -v
ipvsadm -v -h
ipvsadm -h -L
ipvsadm -L -h
ipvsadm --help=1
ipvsadm -hh
ipvsadm -vv
ipvsadm --hel
ipvsadm --vers
ipvsadm --ver
ipvsadm --he
ipvsadm -?
ipvsadm --usage
ipvsadm -V
ipvsadm -H
ipvsadm -A -h
ipvsadm -A -t 1.1.1.1:1 -v
ipvsadm --
ipvsadm -- -L
ipvsadm -
ipvsadm x
ipvsadm x -L
ipvsadm -L x
ipvsadm -L -- x
ipvsadm -L --
ipvsadm -n
ipvsadm -n -L
ipvsadm --numeric
ipvsadm -c
ipvsadm -Lc
ipvsadm -lcn
ipvsadm -nL
ipvsadm -nLc
ipvsadm -Lnc x
ipvsadm --list --numeric --connection
ipvsadm -l=1
ipvsadm --list=1
ipvsadm -C -L
ipvsadm -L -C
ipvsadm -Z -L
ipvsadm -ZL
ipvsadm -AL
ipvsadm -CC
ipvsadm -LL
ipvsadm -l -L
ipvsadm -C x
ipvsadm -C -n
ipvsadm -Z -n
ipvsadm -Z -t 1.2.3.4:80
ipvsadm -Z -f 1
ipvsadm -C -t 1.2.3.4:80
ipvsadm -D
ipvsadm -E
ipvsadm -e
ipvsadm -a
ipvsadm -d
ipvsadm -A -s rr
ipvsadm -A -f
ipvsadm -A -f 0
ipvsadm -A -f 1 -f 1
ipvsadm -A -f 1 -t 1.1.1.1:80
ipvsadm -A -t 1.1.1.1:80 -u 1.1.1.1:80
ipvsadm -A -t 1.1.1.1:80 -s
ipvsadm -A -t 1.1.1.1:80 -s ""
ipvsadm -A -t 1.1.1.1:80 -s rr -s wlc
ipvsadm -A -t 1.1.1.1:80 -n
ipvsadm -A -t 1.1.1.1:81 -c
ipvsadm -A -t 1.1.1.1:82 -w 1
ipvsadm -A -t 1.1.1.1:83 -g
ipvsadm -A -t 1.1.1.1:84 -6
ipvsadm -A -t 1.1.1.1:85 -o
ipvsadm -A -t 1.1.1.1:86 -p 0
ipvsadm -A -t 1.1.1.1:87 -p 2678400
ipvsadm -A -t 1.1.1.1:88 -p 2678401
ipvsadm -A -t 1.1.1.1:89 -p -1
ipvsadm -A -t 1.1.1.1:90 -p 1x
ipvsadm -A -t 1.1.1.1:91 -p=5
ipvsadm -A -t 1.1.1.1:92 -p5
ipvsadm -A -t 1.1.1.1:93 --persistent
ipvsadm -A -t 1.1.1.1:94 --persistent=7
ipvsadm -A -t 1.1.1.1:95 --persistent 7
ipvsadm -A -t 1.1.1.1:96 -M 255.255.255.0
ipvsadm -A -t 1.1.1.1:97 --pe sip
ipvsadm -A -u 1.1.1.1:97 --pe none
ipvsadm -A -u 1.1.1.1:98 --pe sip
ipvsadm -A -u 1.1.1.1:99 --pe sip -p
ipvsadm -A -t 1.1.1.1:100 -b
ipvsadm -A -t 1.1.1.1:100 -b ""
ipvsadm -A -t 1.1.1.1:101 -b flag-4
ipvsadm -A -t 1.1.1.1:102 -b sh-port
ipvsadm -A -t 1.1.1.1:103 -s mh -b sh-port
ipvsadm -A -t 1.1.1.1:104 -s mh -b mh-port,flag-1
ipvsadm -A -t 1.1.1.1:105 -s sh -b flag-1,flag-2,flag-3
ipvsadm -A -t 1.1.1.1:106 -s sh -b flag-1,,flag-2
ipvsadm -A -t 1.1.1.1:107 -s sh -b "flag-1 flag-2"
ipvsadm -A --sctp-service 1.1.1.1:5060 -s mh
ipvsadm -Ln
ipvsadm -Sn
ipvsadm -L --daemon
ipvsadm -L --daemon -n
ipvsadm -L --daemon --stats
ipvsadm -L --daemon -c
ipvsadm -L --timeout
ipvsadm -L --timeout --daemon
ipvsadm --set
ipvsadm --set 1
ipvsadm --set 1 2
ipvsadm --set 1 2 3
ipvsadm --set 1 2 3 4
ipvsadm --set 0 0 0
ipvsadm --set -1 2 3
ipvsadm --set x 2 3
ipvsadm --set 2678401 0 0
ipvsadm --set 2678400 0 0
ipvsadm --set 99999999999 0 0
ipvsadm --set 1 2 3 -n
ipvsadm -L --timeout
