# scheduler flags are looked at after all else that one option can get wrong, and before what several can
ipvsadm -A -t 10.80.0.1:80 -b nosuch extra
ipvsadm -A -b nosuch extra -t 10.80.0.1:80
ipvsadm --set 1 2 -b nosuch
ipvsadm --set 1 2 3 -b nosuch
ipvsadm --set 1 x 3 -b nosuch
ipvsadm -A -t 10.80.0.1:80 -b nosuch -Q
ipvsadm -A -t 10.80.0.1:80 -b nosuch -L
ipvsadm -A -t 10.80.0.1:80 -b nosuch -b other
ipvsadm -R -b nosuch
ipvsadm -Z -b sh-port
ipvsadm -C -b mh-port -s mh
ipvsadm -A -t 10.80.0.1:80 -s '' -b sh-port
ipvsadm -A -t 10.80.0.1:80 -s none -b sh-port
ipvsadm -A -t 10.80.0.1:80 -s nosuch -b sh-port
ipvsadm -A -t 10.80.0.1:80 -s nosuch -b flag-1
ipvsadm -A -t 10.80.0.2:80 -s sh -b ,,sh-port,,
ipvsadm -A -t 10.80.0.3:80 -s sh -b sh-port,flag-1
ipvsadm -A -t 10.80.0.4:80 -s sh -b sh-port,sh-port
ipvsadm -A -t 10.80.0.5:80 -s sh -b ' sh-port'
ipvsadm -A -t 10.80.0.5:80 -s sh -b 'sh-port '
ipvsadm -A -t 10.80.0.5:80 -s sh -b sh-por
ipvsadm -A -t 10.80.0.5:80 -s sh -b flag-
ipvsadm -A -t 10.80.0.5:80 -s mh -b mh-port,sh-port,nosuch
ipvsadm -A -t 10.80.0.5:80 -s mh -b mh-port,nosuch,sh-port
ipvsadm -A -t 10.80.0.6:80 -b flag-1,flag-2 -s none
ipvsadm -A -t 10.80.0.7:80 -b flag-1 -s sed -p -o
ipvsadm -A -t 10.80.0.7 -b flag-1 -s sed
ipvsadm -A -t 10.80.0.7 -b flag-9 -s sed
ipvsadm -E -t 10.80.0.6:80 -b flag-3
ipvsadm -E -t 10.80.0.6:80 -s mh -b flag-3
ipvsadm -A -u 10.80.0.8:80 --pe 'sip ' -p
ipvsadm -A -u 10.80.0.8:80 --pe sipx -p
ipvsadm -A -u 10.80.0.8:80 --pe ',' -p
ipvsadm -A -t 10.80.0.9:80 -s rrrrrrrrrrrrrrrrrrrrrrrrr
ipvsadm -A -t 10.80.0.9:80 -s 'wlc wlc'
ipvsadm -A -t 10.80.0.9:80 -s ../rr
ipvsadm -A -t 10.80.0.9:80 -s ip_vs_rr
ipvsadm -Ln
ipvsadm -Sn
ipvsadm -L -c -n extra
ipvsadm -L -c --daemon --timeout
ipvsadm -L -t 10.80.0.1:80 --timeout --daemon -c
ipvsadm -L --stats -c -t 10.80.0.1:80
ipvsadm -L --stats --timeout -t 10.80.0.1:80
ipvsadm -L --persistent-conn --timeout
ipvsadm -L --persistent-conn --daemon -t 10.80.0.1:80
ipvsadm -L --persistent-conn -c -t 10.80.0.1:80
ipvsadm -L -c --rate --persistent-conn
ipvsadm -L --tun-info -t 10.80.0.1:80 -n
ipvsadm -L -6 -f 5
ipvsadm -L -f 5 -6 -n
ipvsadm -D -f 5 -6
ipvsadm -C
