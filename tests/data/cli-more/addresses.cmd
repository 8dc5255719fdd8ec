ipvsadm -A -f 99
ipvsadm -A -t $'10.0.0.1' -p
ipvsadm -A -t $'10.0.0.1:0' -p
ipvsadm -A -t $'10.0.0.1:' -p
ipvsadm -a -f 99 -r $'10.0.0.1:81' -m
ipvsadm -A -t 10.77.0.5:1 -p -M $'10.0.0.1'
ipvsadm -A -t $'0.0.0.0' -p
ipvsadm -A -t $'0.0.0.0:http' -p
ipvsadm -A -t $'0.0.0.0:0' -p
ipvsadm -a -f 99 -r $'0.0.0.0:81' -m
ipvsadm -A -t 10.77.0.10:1 -p -M $'0.0.0.0'
ipvsadm -A -t $'255.255.255.255' -p
ipvsadm -A -t $'255.255.255.255:80' -p
ipvsadm -A -t $'255.255.255.255:http' -p
ipvsadm -a -f 99 -r $'255.255.255.255:81' -m
ipvsadm -A -t 10.77.0.15:1 -p -M $'255.255.255.255'
ipvsadm -A -t $'1:80' -p
ipvsadm -A -t $'1:http' -p
ipvsadm -a -f 99 -r $'1:81' -m
ipvsadm -A -t 10.77.0.19:1 -p -M $'1'
ipvsadm -A -t $'1.2' -p
ipvsadm -A -t $'1.2:' -p
ipvsadm -a -f 99 -r $'1.2:81' -m
ipvsadm -A -t 10.77.0.23:1 -p -M $'1.2'
ipvsadm -A -t $'1.2.3' -p
ipvsadm -A -t $'1.2.3:http' -p
ipvsadm -A -t $'1.2.3:0' -p
ipvsadm -A -t $'1.2.3:' -p
ipvsadm -a -f 99 -r $'1.2.3:81' -m
ipvsadm -A -t 10.77.0.29:1 -p -M $'1.2.3'
ipvsadm -A -t $'0x7f000001:80' -p
ipvsadm -A -t $'0x7f000001:http' -p
ipvsadm -A -t $'0x7f000001:0' -p
ipvsadm -A -t $'0x7f000001:' -p
ipvsadm -a -f 99 -r $'0x7f000001:81' -m
ipvsadm -A -t 10.77.0.35:1 -p -M $'0x7f000001'
ipvsadm -A -t $'0X7F.0.0.1' -p
ipvsadm -A -t $'0X7F.0.0.1:80' -p
ipvsadm -A -t $'0X7F.0.0.1:http' -p
ipvsadm -A -t $'0X7F.0.0.1:0' -p
ipvsadm -a -f 99 -r $'0X7F.0.0.1:81' -m
ipvsadm -A -t 10.77.0.41:1 -p -M $'0X7F.0.0.1'
ipvsadm -A -t $'017.1.1.1' -p
ipvsadm -A -t $'017.1.1.1:80' -p
ipvsadm -A -t $'017.1.1.1:http' -p
ipvsadm -a -f 99 -r $'017.1.1.1:81' -m
ipvsadm -A -t 10.77.0.46:1 -p -M $'017.1.1.1'
ipvsadm -A -t $'08.1.1.1:http' -p
ipvsadm -A -t $'08.1.1.1:0' -p
ipvsadm -A -t $'08.1.1.1:' -p
ipvsadm -a -f 99 -r $'08.1.1.1:81' -m
ipvsadm -A -t 10.77.0.51:1 -p -M $'08.1.1.1'
ipvsadm -A -t $'1.2.3.4.5' -p
ipvsadm -A -t $'1.2.3.4.5:http' -p
ipvsadm -A -t $'1.2.3.4.5:0' -p
ipvsadm -A -t $'1.2.3.4.5:' -p
ipvsadm -a -f 99 -r $'1.2.3.4.5:81' -m
ipvsadm -A -t 10.77.0.57:1 -p -M $'1.2.3.4.5'
ipvsadm -A -t $'1..2:http' -p
ipvsadm -a -f 99 -r $'1..2:81' -m
ipvsadm -A -t 10.77.0.60:1 -p -M $'1..2'
ipvsadm -A -t $'.1' -p
ipvsadm -A -t $'.1:80' -p
ipvsadm -A -t $'.1:http' -p
ipvsadm -a -f 99 -r $'.1:81' -m
ipvsadm -A -t 10.77.0.65:1 -p -M $'.1'
ipvsadm -A -t $'1.' -p
ipvsadm -A -t $'1.:http' -p
ipvsadm -A -t $'1.:0' -p
ipvsadm -A -t $'1.:' -p
ipvsadm -a -f 99 -r $'1.:81' -m
ipvsadm -A -t 10.77.0.71:1 -p -M $'1.'
ipvsadm -A -t $'1.2.3.4.' -p
ipvsadm -A -t $'1.2.3.4.:80' -p
ipvsadm -A -t $'1.2.3.4.:0' -p
ipvsadm -A -t $'1.2.3.4.:' -p
ipvsadm -a -f 99 -r $'1.2.3.4.:81' -m
ipvsadm -A -t 10.77.0.77:1 -p -M $'1.2.3.4.'
ipvsadm -A -t $'256.1.1.1:80' -p
ipvsadm -A -t $'256.1.1.1:http' -p
ipvsadm -A -t $'256.1.1.1:0' -p
ipvsadm -a -f 99 -r $'256.1.1.1:81' -m
ipvsadm -A -t 10.77.0.82:1 -p -M $'256.1.1.1'
ipvsadm -A -t $'1.256.1:http' -p
ipvsadm -A -t $'1.256.1:' -p
ipvsadm -a -f 99 -r $'1.256.1:81' -m
ipvsadm -A -t 10.77.0.86:1 -p -M $'1.256.1'
ipvsadm -A -t $'1.65536' -p
ipvsadm -A -t $'1.65536:http' -p
ipvsadm -A -t $'1.65536:0' -p
ipvsadm -A -t $'1.65536:' -p
ipvsadm -a -f 99 -r $'1.65536:81' -m
ipvsadm -A -t 10.77.0.92:1 -p -M $'1.65536'
ipvsadm -A -t $'1.2.65535:http' -p
ipvsadm -A -t $'1.2.65535:0' -p
ipvsadm -a -f 99 -r $'1.2.65535:81' -m
ipvsadm -A -t 10.77.0.96:1 -p -M $'1.2.65535'
ipvsadm -A -t $'1.2.65536' -p
ipvsadm -A -t $'1.2.65536:80' -p
ipvsadm -A -t $'1.2.65536:0' -p
ipvsadm -A -t $'1.2.65536:' -p
ipvsadm -a -f 99 -r $'1.2.65536:81' -m
ipvsadm -A -t 10.77.0.102:1 -p -M $'1.2.65536'
ipvsadm -A -t $'4294967295' -p
ipvsadm -A -t $'4294967295:80' -p
ipvsadm -A -t $'4294967295:' -p
ipvsadm -a -f 99 -r $'4294967295:81' -m
ipvsadm -A -t 10.77.0.107:1 -p -M $'4294967295'
ipvsadm -A -t $'4294967296' -p
ipvsadm -A -t $'4294967296:80' -p
ipvsadm -A -t $'4294967296:http' -p
ipvsadm -a -f 99 -r $'4294967296:81' -m
ipvsadm -A -t 10.77.0.112:1 -p -M $'4294967296'
ipvsadm -A -t $'1.2.3.0x10' -p
ipvsadm -A -t $'1.2.3.0x10:80' -p
ipvsadm -A -t $'1.2.3.0x10:http' -p
ipvsadm -A -t $'1.2.3.0x10:0' -p
ipvsadm -a -f 99 -r $'1.2.3.0x10:81' -m
ipvsadm -A -t 10.77.0.118:1 -p -M $'1.2.3.0x10'
ipvsadm -A -t $'1.2.3.010' -p
ipvsadm -A -t $'1.2.3.010:http' -p
ipvsadm -A -t $'1.2.3.010:0' -p
ipvsadm -A -t $'1.2.3.010:' -p
ipvsadm -a -f 99 -r $'1.2.3.010:81' -m
ipvsadm -A -t 10.77.0.124:1 -p -M $'1.2.3.010'
ipvsadm -A -t $'0x:http' -p
ipvsadm -a -f 99 -r $'0x:81' -m
ipvsadm -A -t 10.77.0.127:1 -p -M $'0x'
ipvsadm -A -t $'0x.1:0' -p
ipvsadm -a -f 99 -r $'0x.1:81' -m
ipvsadm -A -t 10.77.0.130:1 -p -M $'0x.1'
ipvsadm -A -t $'1.2.3.4 x:80' -p
ipvsadm -a -f 99 -r $'1.2.3.4 x:81' -m
ipvsadm -A -t 10.77.0.133:1 -p -M $'1.2.3.4 x'
ipvsadm -A -t $'1.2.3.4	' -p
ipvsadm -A -t $'1.2.3.4	:0' -p
ipvsadm -A -t $'1.2.3.4	:' -p
ipvsadm -a -f 99 -r $'1.2.3.4	:81' -m
ipvsadm -A -t 10.77.0.138:1 -p -M $'1.2.3.4	'
ipvsadm -A -t $'a:http' -p
ipvsadm -a -f 99 -r $'a:81' -m
ipvsadm -A -t 10.77.0.141:1 -p -M $'a'
ipvsadm -A -t $'nosuchhost' -p
ipvsadm -A -t $'nosuchhost:' -p
ipvsadm -a -f 99 -r $'nosuchhost:81' -m
ipvsadm -A -t 10.77.0.145:1 -p -M $'nosuchhost'
ipvsadm -A -t $'localhost:http' -p
ipvsadm -A -t $'localhost:' -p
ipvsadm -a -f 99 -r $'localhost:81' -m
ipvsadm -A -t 10.77.0.149:1 -p -M $'localhost'
ipvsadm -A -t $'LOCALHOST:http' -p
ipvsadm -a -f 99 -r $'LOCALHOST:81' -m
ipvsadm -A -t 10.77.0.152:1 -p -M $'LOCALHOST'
ipvsadm -A -t $'localhost.:80' -p
ipvsadm -A -t $'localhost.:http' -p
ipvsadm -A -t $'localhost.:' -p
ipvsadm -a -f 99 -r $'localhost.:81' -m
ipvsadm -A -t 10.77.0.157:1 -p -M $'localhost.'
ipvsadm -A -t $'-1:http' -p
ipvsadm -A -t $'-1:' -p
ipvsadm -a -f 99 -r $'-1:81' -m
ipvsadm -A -t 10.77.0.161:1 -p -M $'-1'
ipvsadm -A -t $'+1.2.3.4:80' -p
ipvsadm -A -t $'+1.2.3.4:0' -p
ipvsadm -a -f 99 -r $'+1.2.3.4:81' -m
ipvsadm -A -t 10.77.0.165:1 -p -M $'+1.2.3.4'
ipvsadm -A -t $'1.2.3.+4' -p
ipvsadm -A -t $'1.2.3.+4:80' -p
ipvsadm -A -t $'1.2.3.+4:http' -p
ipvsadm -A -t $'1.2.3.+4:0' -p
ipvsadm -A -t $'1.2.3.+4:' -p
ipvsadm -a -f 99 -r $'1.2.3.+4:81' -m
ipvsadm -A -t 10.77.0.172:1 -p -M $'1.2.3.+4'
ipvsadm -A -t $'1.2.3.-4:80' -p
ipvsadm -A -t $'1.2.3.-4:0' -p
ipvsadm -a -f 99 -r $'1.2.3.-4:81' -m
ipvsadm -A -t 10.77.0.176:1 -p -M $'1.2.3.-4'
ipvsadm -A -t $'1.2.3.4/24:80' -p
ipvsadm -A -t $'1.2.3.4/24:0' -p
ipvsadm -a -f 99 -r $'1.2.3.4/24:81' -m
ipvsadm -A -t 10.77.0.180:1 -p -M $'1.2.3.4/24'
ipvsadm -A -t $'*' -p
ipvsadm -A -t $'*:80' -p
ipvsadm -A -t $'*:http' -p
ipvsadm -A -t $'*:' -p
ipvsadm -a -f 99 -r $'*:81' -m
ipvsadm -A -t 10.77.0.186:1 -p -M $'*'
ipvsadm -A -t $'%:80' -p
ipvsadm -A -t $'%:http' -p
ipvsadm -A -t $'%:0' -p
ipvsadm -a -f 99 -r $'%:81' -m
ipvsadm -A -t 10.77.0.191:1 -p -M $'%'
ipvsadm -A -t $'[1.2.3.4]' -p
ipvsadm -A -t $'[1.2.3.4]:http' -p
ipvsadm -A -t $'[1.2.3.4]:0' -p
ipvsadm -a -f 99 -r $'[1.2.3.4]:81' -m
ipvsadm -A -t 10.77.0.196:1 -p -M $'[1.2.3.4]'
ipvsadm -A -t $'[localhost]' -p
ipvsadm -A -t $'[localhost]:80' -p
ipvsadm -A -t $'[localhost]:0' -p
ipvsadm -A -t $'[localhost]:' -p
ipvsadm -a -f 99 -r $'[localhost]:81' -m
ipvsadm -A -t 10.77.1.2:1 -p -M $'[localhost]'
ipvsadm -A -t $'[::1]' -p
ipvsadm -A -t $'[::1]:80' -p
ipvsadm -A -t $'[::1]:http' -p
ipvsadm -A -t $'[::1]:0' -p
ipvsadm -A -t $'[::1]:' -p
ipvsadm -a -f 99 -r $'[::1]:81' -m
ipvsadm -A -t 10.77.1.9:1 -p -M $'[::1]'
ipvsadm -A -t $'[::1:http' -p
ipvsadm -a -f 99 -r $'[::1:81' -m
ipvsadm -A -t 10.77.1.12:1 -p -M $'[::1'
ipvsadm -A -t $'::1]' -p
ipvsadm -A -t $'::1]:80' -p
ipvsadm -A -t $'::1]:0' -p
ipvsadm -A -t $'::1]:' -p
ipvsadm -a -f 99 -r $'::1]:81' -m
ipvsadm -A -t 10.77.1.18:1 -p -M $'::1]'
ipvsadm -A -t $'::1:80' -p
ipvsadm -A -t $'::1:http' -p
ipvsadm -A -t $'::1:0' -p
ipvsadm -A -t $'::1:' -p
ipvsadm -a -f 99 -r $'::1:81' -m
ipvsadm -A -t 10.77.1.24:1 -p -M $'::1'
ipvsadm -A -t $':::80' -p
ipvsadm -A -t $':::0' -p
ipvsadm -A -t $':::' -p
ipvsadm -a -f 99 -r $':::81' -m
ipvsadm -A -t 10.77.1.29:1 -p -M $'::'
ipvsadm -A -t $'1:2:3:4:5:6:7:8:http' -p
ipvsadm -A -t $'1:2:3:4:5:6:7:8:' -p
ipvsadm -a -f 99 -r $'1:2:3:4:5:6:7:8:81' -m
ipvsadm -A -t 10.77.1.33:1 -p -M $'1:2:3:4:5:6:7:8'
ipvsadm -A -t $'1:2:3:4:5:6:7::' -p
ipvsadm -A -t $'1:2:3:4:5:6:7:::80' -p
ipvsadm -A -t $'1:2:3:4:5:6:7:::http' -p
ipvsadm -a -f 99 -r $'1:2:3:4:5:6:7:::81' -m
ipvsadm -A -t 10.77.1.38:1 -p -M $'1:2:3:4:5:6:7::'
ipvsadm -A -t $'1::8:80' -p
ipvsadm -A -t $'1::8:0' -p
ipvsadm -a -f 99 -r $'1::8:81' -m
ipvsadm -A -t 10.77.1.42:1 -p -M $'1::8'
ipvsadm -A -t $'1:2:3:4:5:6:7:8:9' -p
ipvsadm -A -t $'1:2:3:4:5:6:7:8:9:80' -p
ipvsadm -A -t $'1:2:3:4:5:6:7:8:9:http' -p
ipvsadm -a -f 99 -r $'1:2:3:4:5:6:7:8:9:81' -m
ipvsadm -A -t 10.77.1.47:1 -p -M $'1:2:3:4:5:6:7:8:9'
ipvsadm -A -t $'1::2::3' -p
ipvsadm -A -t $'1::2::3:80' -p
ipvsadm -A -t $'1::2::3:http' -p
ipvsadm -A -t $'1::2::3:0' -p
ipvsadm -a -f 99 -r $'1::2::3:81' -m
ipvsadm -A -t 10.77.1.53:1 -p -M $'1::2::3'
ipvsadm -A -t $':::' -p
ipvsadm -A -t $'::::80' -p
ipvsadm -A -t $'::::0' -p
ipvsadm -A -t $'::::' -p
ipvsadm -a -f 99 -r $'::::81' -m
ipvsadm -A -t 10.77.1.59:1 -p -M $':::'
ipvsadm -A -t $'12345:::http' -p
ipvsadm -A -t $'12345:::' -p
ipvsadm -a -f 99 -r $'12345:::81' -m
ipvsadm -A -t 10.77.1.63:1 -p -M $'12345::'
ipvsadm -A -t $'g:::80' -p
ipvsadm -A -t $'g:::http' -p
ipvsadm -a -f 99 -r $'g:::81' -m
ipvsadm -A -t 10.77.1.67:1 -p -M $'g::'
ipvsadm -A -t $'::1.2.3.4:http' -p
ipvsadm -a -f 99 -r $'::1.2.3.4:81' -m
ipvsadm -A -t 10.77.1.70:1 -p -M $'::1.2.3.4'
ipvsadm -A -t $'::ffff:1.2.3.4:80' -p
ipvsadm -A -t $'::ffff:1.2.3.4:0' -p
ipvsadm -A -t $'::ffff:1.2.3.4:' -p
ipvsadm -a -f 99 -r $'::ffff:1.2.3.4:81' -m
ipvsadm -A -t 10.77.1.75:1 -p -M $'::ffff:1.2.3.4'
ipvsadm -A -t $'::FFFF:1.2.3.4:http' -p
ipvsadm -A -t $'::FFFF:1.2.3.4:0' -p
ipvsadm -a -f 99 -r $'::FFFF:1.2.3.4:81' -m
ipvsadm -A -t 10.77.1.79:1 -p -M $'::FFFF:1.2.3.4'
ipvsadm -A -t $'1:2:3:4:5:6:1.2.3.4' -p
ipvsadm -a -f 99 -r $'1:2:3:4:5:6:1.2.3.4:81' -m
ipvsadm -A -t 10.77.1.82:1 -p -M $'1:2:3:4:5:6:1.2.3.4'
ipvsadm -A -t $'::1.2.3' -p
ipvsadm -A -t $'::1.2.3:http' -p
ipvsadm -A -t $'::1.2.3:' -p
ipvsadm -a -f 99 -r $'::1.2.3:81' -m
ipvsadm -A -t 10.77.1.87:1 -p -M $'::1.2.3'
ipvsadm -A -t $'::01.2.3.4:http' -p
ipvsadm -A -t $'::01.2.3.4:0' -p
ipvsadm -A -t $'::01.2.3.4:' -p
ipvsadm -a -f 99 -r $'::01.2.3.4:81' -m
ipvsadm -A -t 10.77.1.92:1 -p -M $'::01.2.3.4'
ipvsadm -A -t $'::1.2.3.256' -p
ipvsadm -A -t $'::1.2.3.256:80' -p
ipvsadm -A -t $'::1.2.3.256:http' -p
ipvsadm -a -f 99 -r $'::1.2.3.256:81' -m
ipvsadm -A -t 10.77.1.97:1 -p -M $'::1.2.3.256'
ipvsadm -A -t $'fe80::1%lo:http' -p
ipvsadm -A -t $'fe80::1%lo:0' -p
ipvsadm -a -f 99 -r $'fe80::1%lo:81' -m
ipvsadm -A -t 10.77.1.101:1 -p -M $'fe80::1%lo'
ipvsadm -A -t $'2001:DB8::1' -p
ipvsadm -A -t $'2001:DB8::1:80' -p
ipvsadm -A -t $'2001:DB8::1:0' -p
ipvsadm -A -t $'2001:DB8::1:' -p
ipvsadm -a -f 99 -r $'2001:DB8::1:81' -m
ipvsadm -A -t 10.77.1.107:1 -p -M $'2001:DB8::1'
ipvsadm -A -t $'2001:0db8::0001' -p
ipvsadm -A -t $'2001:0db8::0001:80' -p
ipvsadm -A -t $'2001:0db8::0001:0' -p
ipvsadm -a -f 99 -r $'2001:0db8::0001:81' -m
ipvsadm -A -t 10.77.1.112:1 -p -M $'2001:0db8::0001'
ipvsadm -a -f 99 -r $'00001:::81' -m
ipvsadm -A -t 10.77.1.114:1 -p -M $'00001::'
ipvsadm -A -t $'[2001:db8::5]x' -p
ipvsadm -A -t $'[2001:db8::5]x:80' -p
ipvsadm -A -t $'[2001:db8::5]x:http' -p
ipvsadm -A -t $'[2001:db8::5]x:0' -p
ipvsadm -a -f 99 -r $'[2001:db8::5]x:81' -m
ipvsadm -A -t 10.77.1.120:1 -p -M $'[2001:db8::5]x'
ipvsadm -A -t $'[2001:db8::5]]' -p
ipvsadm -A -t $'[2001:db8::5]]:' -p
ipvsadm -a -f 99 -r $'[2001:db8::5]]:81' -m
ipvsadm -A -t 10.77.1.124:1 -p -M $'[2001:db8::5]]'
ipvsadm -a -f 99 -r $'[[::1]]:81' -m
ipvsadm -A -t 10.77.1.126:1 -p -M $'[[::1]]'
ipvsadm -C -x
ipvsadm -Ln -f 99
ipvsadm -Sn | sort
ipvsadm -Ln | grep -c .
