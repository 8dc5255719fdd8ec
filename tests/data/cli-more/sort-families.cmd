# servers of both families in one list: IPv4 is compared as the first word of an address
ipvsadm -A -f 70 -6 -s rr
ipvsadm -a -f 70 -6 -r [2001:db8:1::5]:5 -m
ipvsadm -a -f 70 -6 -r 32.1.13.184:9 -i
ipvsadm -Ln -f 70 -6
ipvsadm -a -f 70 -6 -r 32.1.13.184:1 -i
ipvsadm -Ln -f 70 -6
ipvsadm -a -f 70 -6 -r [2001:db8:ffff::5]:5 -m
ipvsadm -Ln -f 70 -6
ipvsadm -a -f 70 -6 -r [2001:db8::]:7 -m
ipvsadm -Ln -f 70 -6
ipvsadm -a -f 70 -6 -r [2001:db8::]:8 -m
ipvsadm -Ln -f 70 -6
ipvsadm -Ln -f 70 -6 --nosort
ipvsadm -C
ipvsadm -A -t 10.70.0.1:80 -s rr
ipvsadm -a -t 10.70.0.1:80 -r 32.1.13.184 -m
ipvsadm -a -t 10.70.0.1:80 -r [2001:db8:1::5]:80 -i
ipvsadm -Ln
ipvsadm -a -t 10.70.0.1:80 -r [2001:db8:ffff::5]:80 -i
ipvsadm -Ln
ipvsadm -a -t 10.70.0.1:80 -r 32.1.13.184:1 -m
ipvsadm -Ln
ipvsadm -a -t 10.70.0.1:80 -r 32.1.13.184:100 -m
ipvsadm -Ln
ipvsadm -a -t 10.70.0.1:80 -r 32.1.13.185:1 -m
ipvsadm -a -t 10.70.0.1:80 -r [fd00::1]:80 -i
ipvsadm -a -t 10.70.0.1:80 -r 253.0.0.0:1 -m
ipvsadm -a -t 10.70.0.1:80 -r 200.0.0.0:1 -m
ipvsadm -Ln
ipvsadm -Sn
ipvsadm -C
