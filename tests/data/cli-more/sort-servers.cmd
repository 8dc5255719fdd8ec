ipvsadm -A -f 5 -s rr
ipvsadm -a -f 5 -r 110.143.135.101:7064 -g -w 3
ipvsadm -a -f 5 -r 198.130.1.226:17979 -m -w 2
ipvsadm -a -f 5 -r 185.124.25.115:19587 -g -w 7
ipvsadm -a -f 5 -r 168.230.57.183:6564 -i -w 5
ipvsadm -a -f 5 -r 52.215.128.118:8381 -g -w 5
ipvsadm -a -f 5 -r 93.166.86.236:54818 -i -w 8
ipvsadm -a -f 5 -r 59.192.161.186:29572 -m -w 5
ipvsadm -a -f 5 -r 33.151.123.207:11037 -m -w 9
ipvsadm -a -f 5 -r 16.143.158.8:15949 -i -w 3
ipvsadm -a -f 5 -r 154.131.241.211:47894 -i -w 6
ipvsadm -a -f 5 -r 192.168.241.207:24348 -m -w 5
ipvsadm -a -f 5 -r 114.46.82.77:51427 -i -w 8
ipvsadm -Sn
ipvsadm -Ln --nosort
ipvsadm -a -f 5 -r 220.90.239.23:43258 -g -w 6
ipvsadm -a -f 5 -r 79.253.11.177:28984 -g -w 0
ipvsadm -a -f 5 -r 171.185.190.84:64086 -m -w 1
ipvsadm -a -f 5 -r 124.80.13.5:22294 -m -w 9
ipvsadm -a -f 5 -r 47.76.81.221:13546 -i -w 3
ipvsadm -a -f 5 -r 210.82.71.164:42149 -i -w 9
ipvsadm -a -f 5 -r 129.38.185.231:42245 -g -w 0
ipvsadm -a -f 5 -r 3.159.2.181:12138 -m -w 2
ipvsadm -a -f 5 -r 38.27.201.251:13824 -i -w 1
ipvsadm -a -f 5 -r 176.254.61.232:60102 -m -w 3
ipvsadm -a -f 5 -r 84.113.1.71:994 -m -w 6
ipvsadm -a -f 5 -r 151.222.203.193:26088 -g -w 2
ipvsadm -Sn
ipvsadm -Ln --nosort
ipvsadm -a -f 5 -r 113.127.184.55:52295 -g -w 4
ipvsadm -a -f 5 -r 196.80.234.15:27428 -i -w 9
ipvsadm -a -f 5 -r 3.106.88.44:18061 -i -w 2
ipvsadm -a -f 5 -r 112.64.176.122:7938 -i -w 9
ipvsadm -a -f 5 -r 202.129.119.161:39218 -i -w 6
ipvsadm -a -f 5 -r 53.138.37.248:23209 -m -w 8
ipvsadm -a -f 5 -r 19.47.21.205:21922 -i -w 6
ipvsadm -a -f 5 -r 7.214.221.35:34172 -g -w 4
ipvsadm -a -f 5 -r 92.185.217.64:44760 -m -w 2
ipvsadm -a -f 5 -r 196.108.114.241:62724 -m -w 4
ipvsadm -a -f 5 -r 82.77.71.232:6201 -m -w 9
ipvsadm -Sn
ipvsadm -Ln --nosort
ipvsadm -a -f 5 -r 30.121.81.197:56853 -m -w 9
ipvsadm -a -f 5 -r 147.201.177.117:53019 -m -w 6
ipvsadm -a -f 5 -r 207.15.139.225:6030 -m -w 0
ipvsadm -a -f 5 -r 17.22.222.160:42521 -g -w 9
ipvsadm -a -f 5 -r 37.171.100.145:18990 -g -w 6
ipvsadm -a -f 5 -r 46.89.23.20:61301 -g -w 7
ipvsadm -a -f 5 -r 161.149.126.132:693 -m -w 5
ipvsadm -a -f 5 -r 98.27.226.62:29476 -i -w 4
ipvsadm -a -f 5 -r 217.151.227.160:24875 -g -w 4
ipvsadm -a -f 5 -r 157.54.101.167:43799 -i -w 3
ipvsadm -a -f 5 -r 164.39.182.103:61302 -i -w 5
ipvsadm -a -f 5 -r 129.153.215.94:14120 -i -w 5
ipvsadm -Sn
ipvsadm -Ln --nosort
ipvsadm -a -f 5 -r 84.127.26.188:7716 -g -w 2
ipvsadm -a -f 5 -r 204.134.31.71:57862 -m -w 6
ipvsadm -a -f 5 -r 19.56.164.199:52484 -g -w 6
ipvsadm -a -f 5 -r 146.238.227.236:60691 -g -w 8
ipvsadm -a -f 5 -r 199.163.173.225:52796 -g -w 5
ipvsadm -a -f 5 -r 128.74.35.162:50259 -m -w 6
ipvsadm -a -f 5 -r 192.187.71.150:28383 -g -w 6
ipvsadm -a -f 5 -r 107.137.153.85:898 -g -w 6
ipvsadm -a -f 5 -r 223.75.159.143:55152 -g -w 5
ipvsadm -a -f 5 -r 61.100.212.27:61906 -g -w 9
ipvsadm -a -f 5 -r 167.5.230.144:19264 -m -w 5
ipvsadm -a -f 5 -r 42.133.95.23:15443 -i -w 3
ipvsadm -Sn
ipvsadm -Ln --nosort
ipvsadm -A -f 6 -6 -s rr
ipvsadm -a -f 6 -6 -r [64:0:0:64ee:69f:0:6b7b:0]:3 -m
ipvsadm -a -f 6 -6 -r [64:0:0:0:9ac5:a71a:0:7fe8]:1 -m
ipvsadm -a -f 6 -6 -r [2a00:0:e41e:0:719d:e359:0:0]:1 -m
ipvsadm -a -f 6 -6 -r [2a00:0:facd:6d93:0:579:a19e:0]:4 -m
ipvsadm -a -f 6 -6 -r [64:1974:634:c82d:0:0:0:6786]:0 -m
ipvsadm -a -f 6 -6 -r [2a00:3f8a:ceb7:0:0:a153:0:0]:8 -m
ipvsadm -a -f 6 -6 -r [2a00:0:fac0:6f2:0:0:0:0]:3 -m
ipvsadm -a -f 6 -6 -r [2001:0:0:0:0:0:0:0]:0 -m
ipvsadm -a -f 6 -6 -r [2001:0:0:0:0:0:0:0]:4 -m
ipvsadm -a -f 6 -6 -r [64:0:28a9:0:0:2fcc:0:0]:6 -m
ipvsadm -Ln -f 6 -6
ipvsadm -Ln -f 6 -6 --nosort
ipvsadm -a -f 6 -6 -r [fd00:0:0:640c:2f11:0:0:0]:0 -m
ipvsadm -a -f 6 -6 -r [2001:0:159f:2fae:9f31:0:0:0]:9 -m
ipvsadm -a -f 6 -6 -r [2a00:0:1711:0:0:0:0:0]:0 -m
ipvsadm -a -f 6 -6 -r [64:d995:0:0:0:ebf:0:0]:5 -m
ipvsadm -a -f 6 -6 -r [fd00:0:0:0:feb:0:0:0]:7 -m
ipvsadm -a -f 6 -6 -r [fd00:0:65a0:0:0:0:fc1c:0]:7 -m
ipvsadm -a -f 6 -6 -r [2001:0:0:0:0:0:0:0]:8 -m
ipvsadm -a -f 6 -6 -r [3ffe:0:0:0:0:1bfe:0:0]:0 -m
ipvsadm -a -f 6 -6 -r [3ffe:0:0:0:0:e622:0:0]:0 -m
ipvsadm -a -f 6 -6 -r [2001:0:0:0:4f09:0:0:0]:5 -m
ipvsadm -Ln -f 6 -6
ipvsadm -Ln -f 6 -6 --nosort
ipvsadm -a -f 6 -6 -r [2a00:0:0:0:0:68d9:0:0]:1 -m
ipvsadm -a -f 6 -6 -r [2001:0:0:3f6b:0:fc48:c91b:0]:4 -m
ipvsadm -a -f 6 -6 -r [2001:0:0:0:6638:0:0:0]:1 -m
ipvsadm -a -f 6 -6 -r [fd00:0:0:0:0:0:5b09:0]:5 -m
ipvsadm -a -f 6 -6 -r [3ffe:0:0:0:0:0:0:0]:5 -m
ipvsadm -a -f 6 -6 -r [fd00:0:94ba:0:b60a:0:0:0]:7 -m
ipvsadm -a -f 6 -6 -r [3ffe:0:0:0:0:0:0:0]:4 -m
ipvsadm -a -f 6 -6 -r [64:0:0:0:0:0:0:2293]:2 -m
ipvsadm -a -f 6 -6 -r [2a00:0:eefa:0:0:c198:5430:0]:9 -m
ipvsadm -a -f 6 -6 -r [64:0:0:0:0:7145:0:0]:2 -m
ipvsadm -Ln -f 6 -6
ipvsadm -Ln -f 6 -6 --nosort
ipvsadm -a -f 6 -6 -r [3ffe:0:9bb:1079:0:abd4:0:0]:2 -m
ipvsadm -a -f 6 -6 -r [2001:0:f41c:0:0:3f6:0:0]:1 -m
ipvsadm -a -f 6 -6 -r [2a00:0:0:0:6709:0:0:a82d]:5 -m
ipvsadm -a -f 6 -6 -r [fd00:0:0:0:0:5c72:0:f389]:6 -m
ipvsadm -a -f 6 -6 -r [2001:0:0:0:0:0:0:0]:2 -m
ipvsadm -a -f 6 -6 -r [3ffe:0:0:d400:0:cce8:0:0]:9 -m
ipvsadm -a -f 6 -6 -r [3ffe:0:0:0:65a5:0:20dc:0]:3 -m
ipvsadm -a -f 6 -6 -r [3ffe:a553:0:5e35:0:0:3f60:0]:5 -m
ipvsadm -a -f 6 -6 -r [3ffe:0:0:7235:0:0:0:0]:7 -m
ipvsadm -a -f 6 -6 -r [fd00:0:0:0:0:2f60:0:0]:3 -m
ipvsadm -Ln -f 6 -6
ipvsadm -Ln -f 6 -6 --nosort
ipvsadm -a -f 6 -6 -r 93.166.86.236 -i
ipvsadm -a -f 6 -6 -r 52.215.128.118 -i
ipvsadm -a -f 6 -6 -r 38.27.201.251 -i
ipvsadm -a -f 6 -6 -r 38.27.201.251 -i
ipvsadm -a -f 6 -6 -r 93.166.86.236 -i
ipvsadm -a -f 6 -6 -r 3.106.88.44 -i
ipvsadm -a -f 6 -6 -r 129.38.185.231 -i
ipvsadm -a -f 6 -6 -r 151.222.203.193 -i
ipvsadm -a -f 6 -6 -r 110.143.135.101 -i
ipvsadm -a -f 6 -6 -r 3.159.2.181 -i
ipvsadm -Ln -f 6 -6
ipvsadm -Sn
