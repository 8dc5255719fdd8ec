ipvsadm -A --sctp-service 10.60.0.1:amqp -s rr
ipvsadm -A -t 10.60.0.1:amqp -s rr
ipvsadm -A -u 10.60.0.1:amqp -s rr
ipvsadm -a --sctp-service 10.60.0.1:amqp -r 10.61.0.1 -m
ipvsadm -a --sctp-service 10.60.0.1:amqp -r 10.61.0.1:amqp -m
ipvsadm -a --sctp-service 10.60.0.1:amqp -r 10.61.0.1:5673 -m
ipvsadm -A -f 60
ipvsadm -a -f 60 -r 10.61.0.1:amqp -m
ipvsadm -a -f 60 -r 10.61.0.1:http -m
ipvsadm -a -f 60 -r 10.61.0.1:domain -m
ipvsadm -L
ipvsadm -L --sctp-service 10.60.0.1:amqp
ipvsadm -S
ipvsadm -Ln
ipvsadm -L -c
ipvsadm -L --stats
saved=$(ipvsadm -S); ipvsadm -C; printf '%s\n' "$saved" | ipvsadm -R; ipvsadm -Sn
