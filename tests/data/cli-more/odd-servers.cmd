ipvsadm -C
ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w -1
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w -1
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w 65535
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w 65535
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w 65536
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w 65536
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w 2147483647
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w 2147483647
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w 2147483648
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w 2147483648
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w 4294967295
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w 4294967295
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w 1x
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w 1x
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w ""
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w ""
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w 0x10
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w 0x10
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w 010
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w 010
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w +5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w +5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w " 5"
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w " 5"
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -w=5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -w=5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 --weight=5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 --weight=5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -x 4294967295
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -x 4294967295
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -x 4294967296
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -x 4294967296
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -x -1
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -x -1
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -x 5 -y 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -x 5 -y 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -x 5 -y 6
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -x 5 -y 6
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -y 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -y 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -x 0 -y 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -x 0 -y 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -x 5 -x 6
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -x 5 -x 6
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -g
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -m -g
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -g -g
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -g -g
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -m
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -m -m
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i -m
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i -m
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 --tun-type ipip
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 --tun-type ipip
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type nosuch
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type nosuch
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type ipip --tun-port 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type ipip --tun-port 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 0
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 0
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 65535
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 65535
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 65536
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 65536
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 5 --tun-csum --tun-nocsum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 5 --tun-csum --tun-nocsum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 5 --tun-remcsum --tun-csum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gue --tun-port 5 --tun-remcsum --tun-csum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gre --tun-port 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gre --tun-port 5
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gre --tun-nocsum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gre --tun-nocsum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gre --tun-remcsum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type gre --tun-remcsum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-csum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-csum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m --tun-csum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -m --tun-csum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -g --tun-type gre
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -g --tun-type gre
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type ipip --tun-csum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.1:80 -i --tun-type ipip --tun-csum
ipvsadm -Sn | tail -1
ipvsadm -Ln --thresholds | tail -1
ipvsadm -d -t 10.0.0.1:80 -r 10.1.0.1:80
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1: -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1: -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1: -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:0 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:0 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:0 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80:80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80:80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:80:80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r :80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r :80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r :80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:http -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:http -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:http -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:65536 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:65536 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:65536 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:-1 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:-1 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:-1 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.256 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.256 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.256 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 0x0a010001 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 0x0a010001 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 0x0a010001 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [fd00::1]:80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [fd00::1]:80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [fd00::1]:80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [fd00::1] -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [fd00::1] -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [fd00::1] -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r fd00::1 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r fd00::1 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r fd00::1 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [fd00::1 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [fd00::1 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [fd00::1 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 0.0.0.0:80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 0.0.0.0:80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 0.0.0.0:80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 255.255.255.255:80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 255.255.255.255:80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 255.255.255.255:80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 224.0.0.1:80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 224.0.0.1:80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 224.0.0.1:80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 127.0.0.1:80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 127.0.0.1:80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 127.0.0.1:80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [::1]:80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [::1]:80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [::1]:80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [::]:80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [::]:80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [::]:80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [ff02::1]:80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [ff02::1]:80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r [ff02::1]:80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:080 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:080 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:080 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:0x50 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:0x50 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:0x50 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r " 10.1.0.1:80" -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r " 10.1.0.1:80" -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r " 10.1.0.1:80" -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r "10.1.0.1 :80" -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r "10.1.0.1 :80" -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r "10.1.0.1 :80" -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1: 80 -m
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1: 80 -i
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1: 80 -g
ipvsadm -Sn | tail -n +2
ipvsadm -C; ipvsadm -A -t 10.0.0.1:80 -s wrr
