ipvsadm -A -t 10.26.2.1:80 -s rr
ipvsadm -a -t 10.26.2.1:80 -r 10.126.0.8
ipvsadm -A -f 26 -s rr
ipvsadm -A -u 10.26.0.1:53 -s sh -b sh-port -p 9 -M 255.255.0.0 -o
ipvsadm -a -u 10.26.0.1:53 -r 10.126.1.1 -i --tun-type gue --tun-port 7 --tun-csum -w 0
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.6    
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.7    --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.8    --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.9   --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.10   --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.11  --tun-type ipip  
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.12  --tun-type ipip  --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.13  --tun-type ipip --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.14  --tun-type gue  --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.15  --tun-type gue  --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.16  --tun-type gue  --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.17  --tun-type gue --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.18  --tun-type gue --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.19  --tun-type gue --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.20  --tun-type gre  --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.21  --tun-type gre --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.22  --tun-type gre --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.23  --tun-type gre --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.24 -i   
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.25 -i   --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.26 -i   --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.27 -i   --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.28 -i   --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.29 -i   --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.30 -i   --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.31 -i  --tun-port 7 
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.32 -i  --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.33 -i  --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.34 -i  --tun-port 7 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.35 -i  --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.36 -i  --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.37 -i  --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.38 -i --tun-type ipip  
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.39 -i --tun-type ipip  --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.40 -i --tun-type ipip  --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.41 -i --tun-type ipip  --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.42 -i --tun-type ipip  --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.43 -i --tun-type ipip  --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.44 -i --tun-type ipip  --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.45 -i --tun-type ipip --tun-port 7 
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.46 -i --tun-type ipip --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.47 -i --tun-type ipip --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.48 -i --tun-type ipip --tun-port 7 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.49 -i --tun-type ipip --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.50 -i --tun-type ipip --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.51 -i --tun-type ipip --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.52 -i --tun-type gue  
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.53 -i --tun-type gue  --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.54 -i --tun-type gue  --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.55 -i --tun-type gue  --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.56 -i --tun-type gue  --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.57 -i --tun-type gue  --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.58 -i --tun-type gue  --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.59 -i --tun-type gue --tun-port 7 
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.60 -i --tun-type gue --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.61 -i --tun-type gue --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.62 -i --tun-type gue --tun-port 7 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.63 -i --tun-type gue --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.64 -i --tun-type gue --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.65 -i --tun-type gue --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.66 -i --tun-type gre  
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.67 -i --tun-type gre  --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.68 -i --tun-type gre  --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.69 -i --tun-type gre  --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.70 -i --tun-type gre  --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.71 -i --tun-type gre  --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.72 -i --tun-type gre  --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.73 -i --tun-type gre --tun-port 7 
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.74 -i --tun-type gre --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.75 -i --tun-type gre --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.76 -i --tun-type gre --tun-port 7 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.77 -i --tun-type gre --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.78 -i --tun-type gre --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.79 -i --tun-type gre --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.80 -m   --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.81 -m   --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.82 -m   --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.83 -m   --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.84 -m  --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.85 -m  --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.86 -m  --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.87 -m --tun-type ipip  --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.88 -m --tun-type ipip  --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.89 -m --tun-type ipip  --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.90 -m --tun-type ipip --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.91 -m --tun-type ipip --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.92 -m --tun-type ipip --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.93 -m --tun-type gue  
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.94 -m --tun-type gue  --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.95 -m --tun-type gue  --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.96 -m --tun-type gue  --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.97 -m --tun-type gue --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.98 -m --tun-type gre  --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.99 -m --tun-type gre  --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.100 -m --tun-type gre  --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.101 -m --tun-type gre --tun-port 7 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.102 -m --tun-type gre --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.103 -g   
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.104 -g   --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.105 -g   --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.106 -g   --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.107 -g   --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.108 -g   --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.109 -g   --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.110 -g  --tun-port 7 
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.111 -g  --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.112 -g  --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.113 -g  --tun-port 7 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.114 -g  --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.115 -g  --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.116 -g  --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.117 -g --tun-type ipip  
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.118 -g --tun-type ipip  --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.119 -g --tun-type ipip  --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.120 -g --tun-type ipip  --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.121 -g --tun-type ipip  --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.122 -g --tun-type ipip  --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.123 -g --tun-type ipip  --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.124 -g --tun-type ipip --tun-port 7 
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.125 -g --tun-type ipip --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.126 -g --tun-type ipip --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.127 -g --tun-type ipip --tun-port 7 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.128 -g --tun-type ipip --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.129 -g --tun-type ipip --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.130 -g --tun-type ipip --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.131 -g --tun-type gue  
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.132 -g --tun-type gue  --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.133 -g --tun-type gue  --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.134 -g --tun-type gue  --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.135 -g --tun-type gue  --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.136 -g --tun-type gue  --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.137 -g --tun-type gue  --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.138 -g --tun-type gue --tun-port 7 
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.139 -g --tun-type gue --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.140 -g --tun-type gue --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.141 -g --tun-type gue --tun-port 7 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.142 -g --tun-type gue --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.143 -g --tun-type gue --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.144 -g --tun-type gue --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.145 -g --tun-type gre  
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.146 -g --tun-type gre  --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.147 -g --tun-type gre  --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.148 -g --tun-type gre  --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.149 -g --tun-type gre  --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.150 -g --tun-type gre  --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.151 -g --tun-type gre  --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.152 -g --tun-type gre --tun-port 7 
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.153 -g --tun-type gre --tun-port 7 --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.154 -g --tun-type gre --tun-port 7 --tun-csum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.155 -g --tun-type gre --tun-port 7 --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.156 -g --tun-type gre --tun-port 7 --tun-csum --tun-remcsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.157 -g --tun-type gre --tun-port 7 --tun-remcsum --tun-nocsum
ipvsadm -a -t 10.26.2.1:80 -r 10.127.0.158 -g --tun-type gre --tun-port 7 --tun-nocsum --tun-csum --tun-remcsum
ipvsadm -Ln --tun-info
ipvsadm -Sn
