ipvsadm -C
ipvsadm -A -t 10.0.0.1:http -s wlc -p 300
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 100000 -x 4000000 -y 3000000
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.2:80 -g -w 0
ipvsadm -A -u 10.0.0.1:domain -s rr -o
ipvsadm -a -u 10.0.0.1:53 -r 10.1.0.3:5353 -m
ipvsadm -A --sctp-service 10.0.0.1:5060 -s sh -b sh-fallback,sh-port
ipvsadm -a --sctp-service 10.0.0.1:5060 -r 10.1.0.4 -i --tun-type gue --tun-port 7777 --tun-remcsum
ipvsadm -A -f 4294967295 -s mh -b mh-port -p 60 -M 255.255.0.0
ipvsadm -a -f 4294967295 -r 10.1.0.5 -i --tun-type gre --tun-csum
ipvsadm -A -f 7 -6 -s mh -b mh-fallback -p 99 -M 64
ipvsadm -a -f 7 -6 -r [fd00::5] -m
ipvsadm -a -f 7 -6 -r 10.1.0.6 -i
ipvsadm -A -t [fd00:0:0:0::1]:443 -s lblcr
ipvsadm -a -t [fd00::1]:443 -r [fd00::2:0:0:1]:443 -i
ipvsadm -A -u 10.0.0.2:sip -s rr -p 120 --pe sip
ipvsadm -a -u 10.0.0.2:5060 -r 10.1.0.7 -m -w 65535
ipvsadm -A -u 10.0.0.2:5061 -s rr -p 120 --pe sip -o
ipvsadm -A -t 255.255.255.255:65535 -s ovf
ipvsadm -A -t 1.2.3.4:1 -s fo
ipvsadm -A -t 10.0.0.10:80 -s sed
ipvsadm -A -t 10.0.0.9:80 -s nq -b flag-3
ipvsadm -A -t 10.0.0.9:81 -s dh -b flag-1,flag-2
ipvsadm -Ln
ipvsadm -L
ipvsadm -Sn
ipvsadm -S
ipvsadm-save
ipvsadm-save -n
ipvsadm -l --daemon --sort
ipvsadm -Ln --thresholds -c
ipvsadm -l --numeric -t [fd00::1]:443
ipvsadm -L -n --persistent-conn --numeric
ipvsadm -L -s rr -f 7
ipvsadm -l --timeout -f 4294967295
ipvsadm -l -f 7 -6
ipvsadm -L --exact --thresholds
ipvsadm --list --numeric -M 255.0.0.0
ipvsadm -l --numeric -f 7 -6
ipvsadm -L --sort --daemon
ipvsadm -L -n --rate --daemon
ipvsadm -L --numeric -u 10.0.0.1:53
ipvsadm -L --sctp-service 10.0.0.1:5060 --numeric
ipvsadm -L -n --thresholds -f 4294967295
ipvsadm -L -n -w 1 --daemon
ipvsadm -L --exact --rate
ipvsadm -L --connection -u 10.0.0.1:53
ipvsadm -L -f 4294967295 --numeric
ipvsadm -L -M 255.0.0.0 --numeric
ipvsadm -L -o -f 7
ipvsadm -L -M 255.0.0.0 -6
ipvsadm -l -t [fd00::1]:443 -f 7
ipvsadm -Ln --sort --connection
ipvsadm -l -6 -w 1
ipvsadm -Ln -M 255.0.0.0 -f 4294967295
ipvsadm -L -n --stats
ipvsadm -L -f 7 -6 -p 5
ipvsadm -Ln -w 1 -o
ipvsadm -Ln --connection --sctp-service 10.0.0.1:5060
ipvsadm -Ln --stats -p 5
ipvsadm -L --sctp-service 10.0.0.1:5060 -p 5
ipvsadm -L --persistent-conn -c
ipvsadm -Ln --rate -n
ipvsadm -Ln -o -M 255.0.0.0
ipvsadm -L --connection -n
ipvsadm -l -f 4294967295 -f 7 -6
ipvsadm -L -n -M 255.0.0.0 -n
ipvsadm -L -n --sort
ipvsadm -L -s rr -u 10.0.0.1:53
ipvsadm -L -6 -f 7 -6
ipvsadm --list --persistent-conn --sort
ipvsadm -L --daemon -M 255.0.0.0
ipvsadm -L --timeout --persistent-conn
ipvsadm -L -n --stats --sort
ipvsadm -Ln -f 7 -M 255.0.0.0
ipvsadm -Ln -w 1 -t [fd00::1]:443
ipvsadm --list -f 7 -6 -f 7
ipvsadm -Ln -t [fd00::1]:443 --thresholds
ipvsadm --list -t [fd00::1]:443 -t 10.0.0.1:80
ipvsadm -L -u 10.0.0.1:53 --daemon
ipvsadm -L --connection -f 7 -6
ipvsadm -L -n --stats -n
ipvsadm -L --persistent-conn -n
ipvsadm -L -s rr --thresholds
ipvsadm -Ln --daemon -s rr --rate
ipvsadm -Ln --timeout --thresholds -s rr
ipvsadm -L -c -u 10.0.0.1:53 -f 7 -6
ipvsadm -l --sctp-service 10.0.0.1:5060 -M 255.0.0.0 -6
ipvsadm --list --rate -f 7 --exact
ipvsadm -Ln -M 255.0.0.0 -w 1 -s rr
ipvsadm -L -w 1 -M 255.0.0.0 -p 5
ipvsadm -Ln -6 -f 7 --numeric
ipvsadm -L --sctp-service 10.0.0.1:5060 -s rr -c
ipvsadm -L -n --persistent-conn -o -f 4294967295
ipvsadm -L --stats --daemon --connection
ipvsadm -L --numeric -t [fd00::1]:443 -s rr
ipvsadm -L -n --stats -f 7 -n
ipvsadm -L -n --connection --thresholds -p 5
ipvsadm -L -n -p 5 --exact --stats
ipvsadm -L -f 7 -w 1 -t [fd00::1]:443
ipvsadm --list -6 --rate --sctp-service 10.0.0.1:5060
ipvsadm -L -n --rate -o -u 10.0.0.1:53
ipvsadm -L -t [fd00::1]:443 -w 1 -n
ipvsadm -Ln -u 10.0.0.1:53 -w 1 --persistent-conn
ipvsadm -L -6 -f 4294967295 --numeric
ipvsadm -L -t 10.0.0.1:80 -n --thresholds
ipvsadm -L -6 -M 255.0.0.0 --persistent-conn
ipvsadm -L -s rr --rate --stats
ipvsadm -L -n -w 1 -6 -f 7
ipvsadm -Ln --rate --timeout -w 1
ipvsadm -L -n --daemon --numeric --connection
ipvsadm -l --exact -f 7 -6 --sort
ipvsadm -L -f 7 -6 --connection -t 10.0.0.1:80
ipvsadm -L -6 -w 1 -s rr
ipvsadm -L -n -f 4294967295 --daemon -6
ipvsadm -L --thresholds --daemon -f 4294967295
ipvsadm --list -p 5 -c -s rr
ipvsadm -l --exact -p 5 -t 10.0.0.1:80
ipvsadm -L -n -f 7 -o -f 4294967295
ipvsadm -l --timeout -o -s rr
ipvsadm -L -n -c -f 7 -6 --sort
ipvsadm -L -n --thresholds -f 7 -6 --connection
ipvsadm -Ln -n -c --connection
ipvsadm -Ln -t 10.0.0.1:80 -f 7 -t [fd00::1]:443
ipvsadm -L --sctp-service 10.0.0.1:5060 -6 -f 4294967295
ipvsadm -L -s rr -u 10.0.0.1:53 -f 4294967295
ipvsadm -l -o -f 7 -6 -6
ipvsadm -L -6 --numeric -t 10.0.0.1:80
ipvsadm -Ln -c -u 10.0.0.1:53 -f 7
ipvsadm -L -s rr --connection -n
ipvsadm --list --rate -6 --exact
ipvsadm -Ln -o --persistent-conn --thresholds
ipvsadm -L --sctp-service 10.0.0.1:5060 --persistent-conn --timeout
ipvsadm --list -f 7 -6 --connection -c
ipvsadm --list -o --rate -s rr
ipvsadm -l -M 255.0.0.0 -f 4294967295 --persistent-conn
ipvsadm -L --exact -t 10.0.0.1:80 --sctp-service 10.0.0.1:5060
ipvsadm -L -f 7 -6 --connection --thresholds
ipvsadm -l -p 5 -t 10.0.0.1:80 --sort
ipvsadm -L -w 1 -p 5 --connection
ipvsadm -Ln -f 7 -6 --thresholds -t [fd00::1]:443
ipvsadm -L -n -n --rate --stats
ipvsadm --list -o -f 7 -6 -u 10.0.0.1:53
ipvsadm -l -6 --numeric --rate
ipvsadm -L -f 7 -o --sort
ipvsadm -L -n --sctp-service 10.0.0.1:5060 --stats -s rr
ipvsadm -L -n -f 4294967295 --connection --sctp-service 10.0.0.1:5060
ipvsadm -l --timeout --numeric -f 4294967295
ipvsadm -L -w 1 --numeric --rate
ipvsadm -Ln --daemon -o -p 5
ipvsadm -l --sctp-service 10.0.0.1:5060 -s rr -f 7 -6
ipvsadm -Ln --thresholds --numeric -f 7 -6
ipvsadm -L -w 1 -6 -t 10.0.0.1:80
ipvsadm -l -u 10.0.0.1:53 --thresholds -o
ipvsadm -l --thresholds -p 5 -f 7 -6
ipvsadm --list -c -f 4294967295 -f 7
ipvsadm -l -o -w 1 --exact
ipvsadm -L -f 4294967295 -n --stats
ipvsadm -L --numeric --sort -M 255.0.0.0
ipvsadm -l -n -t 10.0.0.1:80 --rate
ipvsadm -l -w 1 -s rr -t 10.0.0.1:80
ipvsadm -l -t [fd00::1]:443 -f 7 -6 --sctp-service 10.0.0.1:5060
ipvsadm -L -c --exact --sort
ipvsadm -L -p 5 --exact -f 7 -6
ipvsadm -Ln --connection -f 7 -6 --timeout
ipvsadm -l -f 7 -6 -t 10.0.0.1:80 --persistent-conn
ipvsadm -L -n --stats --timeout
ipvsadm --list -o -f 4294967295 -f 7 -6
ipvsadm -L --numeric -u 10.0.0.1:53 -f 7
ipvsadm -l -t [fd00::1]:443 -u 10.0.0.1:53 --stats
ipvsadm -L -o -u 10.0.0.1:53 --timeout
ipvsadm --list -M 255.0.0.0 --timeout --numeric
ipvsadm -L -n -M 255.0.0.0 -c --thresholds
ipvsadm -L --exact --timeout -p 5
ipvsadm -Ln --numeric -s rr -M 255.0.0.0
ipvsadm -L -n -s rr --timeout --sctp-service 10.0.0.1:5060
ipvsadm -L --stats -f 4294967295 --sctp-service 10.0.0.1:5060
ipvsadm -L -n -f 4294967295 --sctp-service 10.0.0.1:5060 -t 10.0.0.1:80
ipvsadm -Ln -6 --daemon -f 4294967295
ipvsadm -L --persistent-conn --thresholds -c
ipvsadm -L -n --exact -c --daemon
ipvsadm -L --connection -u 10.0.0.1:53 --sort
ipvsadm -L --persistent-conn -s rr -M 255.0.0.0
ipvsadm -L --thresholds -f 7 --connection
ipvsadm -L --persistent-conn -c -t 10.0.0.1:80
ipvsadm -l --sort -s rr -f 7
ipvsadm -L -M 255.0.0.0 -f 7 -6 -f 4294967295
ipvsadm -L -n --sctp-service 10.0.0.1:5060 --exact -t [fd00::1]:443
ipvsadm -L -n -f 7 --sort -M 255.0.0.0
ipvsadm -Ln -t 10.0.0.1:80 -6 --sctp-service 10.0.0.1:5060
ipvsadm -L -n --daemon --stats
ipvsadm -L --daemon -6 -t 10.0.0.1:80
ipvsadm -L --thresholds --numeric --persistent-conn
ipvsadm -L --connection -f 4294967295 -o
ipvsadm -l -f 7 --connection -w 1
ipvsadm -L -n --timeout -c -u 10.0.0.1:53
ipvsadm -L --persistent-conn --rate --numeric
ipvsadm --list --rate -n -t 10.0.0.1:80
ipvsadm -L -6 -c --persistent-conn
ipvsadm -L --sort -w 1 -u 10.0.0.1:53
ipvsadm --list -t 10.0.0.1:80 -u 10.0.0.1:53 -6
ipvsadm -L -o --sctp-service 10.0.0.1:5060 -s rr
ipvsadm -L --thresholds --sort -c
ipvsadm -L -f 7 -t [fd00::1]:443 -f 4294967295
ipvsadm -Ln -c --thresholds -u 10.0.0.1:53 -M 255.0.0.0
ipvsadm -L --daemon -t 10.0.0.1:80 --exact --rate
ipvsadm --list -c -t 10.0.0.1:80 --exact -s rr
ipvsadm --list -c -n --sctp-service 10.0.0.1:5060 -p 5
ipvsadm -L -o --rate --daemon -p 5
ipvsadm --list -f 7 -6 -f 7 --thresholds --sctp-service 10.0.0.1:5060
ipvsadm -L -n -6 -M 255.0.0.0 -s rr --stats
ipvsadm -l --connection -M 255.0.0.0 -6 -c
ipvsadm -l -s rr -p 5 --numeric --sctp-service 10.0.0.1:5060
ipvsadm -Ln --connection --sort -n -6
ipvsadm --list --stats -t 10.0.0.1:80 -s rr -6
ipvsadm -L -t [fd00::1]:443 -M 255.0.0.0 -c --rate
ipvsadm -Ln -n --numeric -w 1 --sort
ipvsadm -Ln -f 7 -c -n --sort
ipvsadm --list -o -u 10.0.0.1:53 -s rr -f 7
ipvsadm -L -w 1 -6 -M 255.0.0.0 -f 7
ipvsadm -Ln -n -t 10.0.0.1:80 -s rr --connection
ipvsadm -L -t 10.0.0.1:80 --daemon -n -t [fd00::1]:443
ipvsadm --list --thresholds --rate -M 255.0.0.0 -f 7 -6
ipvsadm -l --numeric -f 4294967295 --timeout --exact
ipvsadm -L -M 255.0.0.0 --numeric -o -t [fd00::1]:443
ipvsadm -Ln --timeout -t 10.0.0.1:80 --persistent-conn -6
ipvsadm -L --timeout --stats -f 4294967295 --connection
ipvsadm -L --thresholds -M 255.0.0.0 -f 4294967295 -f 7
ipvsadm -L -n -w 1 -t 10.0.0.1:80 --persistent-conn -f 4294967295
ipvsadm -l --daemon --connection --numeric --timeout
ipvsadm -L -6 --thresholds -p 5 --persistent-conn
ipvsadm -L -n -n --sctp-service 10.0.0.1:5060 -o --daemon
ipvsadm -L -n -M 255.0.0.0 --sort -6 -n
ipvsadm -L -n --stats -s rr -t [fd00::1]:443 -M 255.0.0.0
ipvsadm -L -f 7 -6 -f 7 --thresholds --stats
ipvsadm -l --stats --thresholds -w 1 --connection
ipvsadm -L -f 7 -6 --thresholds -o -c
ipvsadm -L --sctp-service 10.0.0.1:5060 -6 -n -f 7
ipvsadm -Ln --sort --persistent-conn --rate --thresholds
ipvsadm -L -n -t 10.0.0.1:80 -f 7 -6 --exact -c
ipvsadm -Ln --thresholds -s rr -w 1 -u 10.0.0.1:53
ipvsadm --list -p 5 --thresholds --persistent-conn --stats
ipvsadm -Ln --thresholds -n --exact -u 10.0.0.1:53
ipvsadm -L --rate --numeric -u 10.0.0.1:53 --sort
ipvsadm -L --sort -c -s rr -u 10.0.0.1:53
ipvsadm -L -t 10.0.0.1:80 --exact --thresholds -f 7
ipvsadm -l -w 1 --numeric --persistent-conn --timeout
ipvsadm -L -n --persistent-conn --numeric -f 7 -6 -f 7
ipvsadm --list --daemon --connection --rate --timeout
ipvsadm --list --daemon --timeout --exact -t [fd00::1]:443
ipvsadm --list --stats -t 10.0.0.1:80 -6 -o
ipvsadm -L --timeout --thresholds -s rr --connection
ipvsadm -L --numeric --sort -M 255.0.0.0 -p 5
ipvsadm -l --sctp-service 10.0.0.1:5060 -o -t 10.0.0.1:80 -f 4294967295
ipvsadm --list -f 4294967295 --exact --rate -o
ipvsadm -L -s rr --stats -t [fd00::1]:443 -M 255.0.0.0
ipvsadm -L --stats --timeout --numeric -o
ipvsadm -L -n --stats -f 7 -6 --timeout -6
ipvsadm --list -c -p 5 --timeout --thresholds
ipvsadm -L -n -p 5 --numeric -f 4294967295 --persistent-conn
