ipvsadm -A -t 10.26.2.1:80 -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.8
ipvsadm -A -f 26 -s rr
ipvsadm -A -u 10.26.0.1:53 -s sh -b sh-port -p 9 -M 255.255.0.0 -o
ipvsadm -a -u 10.26.0.1:53 -r 10.126.1.1 -i --tun-type gue --tun-port 7 --tun-csum -w 0
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.2 -m -w 0
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.3 -m -w 1
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.4 -m -w -1
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.5 -m -w +1
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.6 -m -w ' 1'
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.7 -m -w '1 '
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.8 -m -w 01
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.9 -m -w 0x1
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.10 -m -w 1.0
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.11 -m -w 1e3
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.12 -m -w 255
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.13 -m -w 256
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.14 -m -w 65535
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.15 -m -w 65536
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.16 -m -w 65507
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.17 -m -w 65508
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.18 -m -w 2147483647
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.19 -m -w 2147483648
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.20 -m -w 4294967295
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.21 -m -w 4294967296
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.22 -m -w 9223372036854775807
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.23 -m -w 9223372036854775808
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.24 -m -w 99999999999999999999
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.25 -m -w -99999999999999999999
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.26 -m -w ''
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.27 -m -w ' '
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.28 -m -w +
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.29 -m -w -
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.30 -m -w --
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.31 -m -w +-1
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.32 -m -w 1-
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.33 -m -w 2678400
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.34 -m -w 2678401
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.35 -m -w 128
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.36 -m -w 129
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.37 -m -w $'\t5'
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.38 -m -w $'\v6'
ipvsadm -a -t 10.26.2.1:80 -r 10.128.0.39 -m -w $'7\n'
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.40 -m -x 0
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.41 -m -x 1
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.42 -m -x -1
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.43 -m -x +1
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.44 -m -x ' 1'
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.45 -m -x '1 '
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.46 -m -x 01
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.47 -m -x 0x1
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.48 -m -x 1.0
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.49 -m -x 1e3
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.50 -m -x 255
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.51 -m -x 256
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.52 -m -x 65535
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.53 -m -x 65536
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.54 -m -x 65507
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.55 -m -x 65508
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.56 -m -x 2147483647
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.57 -m -x 2147483648
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.58 -m -x 4294967295
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.59 -m -x 4294967296
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.60 -m -x 9223372036854775807
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.61 -m -x 9223372036854775808
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.62 -m -x 99999999999999999999
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.63 -m -x -99999999999999999999
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.64 -m -x ''
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.65 -m -x ' '
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.66 -m -x +
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.67 -m -x -
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.68 -m -x --
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.69 -m -x +-1
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.70 -m -x 1-
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.71 -m -x 2678400
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.72 -m -x 2678401
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.73 -m -x 128
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.74 -m -x 129
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.75 -m -x $'\t5'
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.76 -m -x $'\v6'
ipvsadm -a -t 10.26.2.1:80 -r 10.129.0.77 -m -x $'7\n'
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.78 -m -y 0
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.79 -m -y 1
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.80 -m -y -1
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.81 -m -y +1
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.82 -m -y ' 1'
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.83 -m -y '1 '
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.84 -m -y 01
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.85 -m -y 0x1
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.86 -m -y 1.0
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.87 -m -y 1e3
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.88 -m -y 255
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.89 -m -y 256
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.90 -m -y 65535
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.91 -m -y 65536
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.92 -m -y 65507
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.93 -m -y 65508
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.94 -m -y 2147483647
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.95 -m -y 2147483648
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.96 -m -y 4294967295
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.97 -m -y 4294967296
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.98 -m -y 9223372036854775807
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.99 -m -y 9223372036854775808
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.100 -m -y 99999999999999999999
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.101 -m -y -99999999999999999999
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.102 -m -y ''
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.103 -m -y ' '
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.104 -m -y +
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.105 -m -y -
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.106 -m -y --
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.107 -m -y +-1
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.108 -m -y 1-
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.109 -m -y 2678400
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.110 -m -y 2678401
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.111 -m -y 128
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.112 -m -y 129
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.113 -m -y $'\t5'
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.114 -m -y $'\v6'
ipvsadm -a -t 10.26.2.1:80 -x 2147483647 -r 10.130.0.115 -m -y $'7\n'
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.116 -i --tun-type gue --tun-port 0
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.117 -i --tun-type gue --tun-port 1
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.118 -i --tun-type gue --tun-port -1
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.119 -i --tun-type gue --tun-port +1
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.120 -i --tun-type gue --tun-port ' 1'
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.121 -i --tun-type gue --tun-port '1 '
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.122 -i --tun-type gue --tun-port 01
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.123 -i --tun-type gue --tun-port 0x1
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.124 -i --tun-type gue --tun-port 1.0
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.125 -i --tun-type gue --tun-port 1e3
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.126 -i --tun-type gue --tun-port 255
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.127 -i --tun-type gue --tun-port 256
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.128 -i --tun-type gue --tun-port 65535
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.129 -i --tun-type gue --tun-port 65536
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.130 -i --tun-type gue --tun-port 65507
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.131 -i --tun-type gue --tun-port 65508
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.132 -i --tun-type gue --tun-port 2147483647
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.133 -i --tun-type gue --tun-port 2147483648
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.134 -i --tun-type gue --tun-port 4294967295
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.135 -i --tun-type gue --tun-port 4294967296
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.136 -i --tun-type gue --tun-port 9223372036854775807
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.137 -i --tun-type gue --tun-port 9223372036854775808
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.138 -i --tun-type gue --tun-port 99999999999999999999
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.139 -i --tun-type gue --tun-port -99999999999999999999
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.140 -i --tun-type gue --tun-port ''
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.141 -i --tun-type gue --tun-port ' '
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.142 -i --tun-type gue --tun-port +
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.143 -i --tun-type gue --tun-port -
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.144 -i --tun-type gue --tun-port --
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.145 -i --tun-type gue --tun-port +-1
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.146 -i --tun-type gue --tun-port 1-
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.147 -i --tun-type gue --tun-port 2678400
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.148 -i --tun-type gue --tun-port 2678401
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.149 -i --tun-type gue --tun-port 128
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.150 -i --tun-type gue --tun-port 129
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.151 -i --tun-type gue --tun-port $'\t5'
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.152 -i --tun-type gue --tun-port $'\v6'
ipvsadm -a -t 10.26.2.1:80 -r 10.131.0.153 -i --tun-type gue --tun-port $'7\n'
ipvsadm -Ln --thresholds
ipvsadm -Sn
