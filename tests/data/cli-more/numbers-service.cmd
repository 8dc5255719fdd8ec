ipvsadm -A -t 10.27.0.154:80 -p 0
ipvsadm -A -t 10.27.0.155:80 -p 1
ipvsadm -A -t 10.27.0.156:80 -p -1
ipvsadm -A -t 10.27.0.157:80 -p +1
ipvsadm -A -t 10.27.0.158:80 -p ' 1'
ipvsadm -A -t 10.27.0.159:80 -p '1 '
ipvsadm -A -t 10.27.0.160:80 -p 01
ipvsadm -A -t 10.27.0.161:80 -p 0x1
ipvsadm -A -t 10.27.0.162:80 -p 1.0
ipvsadm -A -t 10.27.0.163:80 -p 1e3
ipvsadm -A -t 10.27.0.164:80 -p 255
ipvsadm -A -t 10.27.0.165:80 -p 256
ipvsadm -A -t 10.27.0.166:80 -p 65535
ipvsadm -A -t 10.27.0.167:80 -p 65536
ipvsadm -A -t 10.27.0.168:80 -p 65507
ipvsadm -A -t 10.27.0.169:80 -p 65508
ipvsadm -A -t 10.27.0.170:80 -p 2147483647
ipvsadm -A -t 10.27.0.171:80 -p 2147483648
ipvsadm -A -t 10.27.0.172:80 -p 4294967295
ipvsadm -A -t 10.27.0.173:80 -p 4294967296
ipvsadm -A -t 10.27.0.174:80 -p 9223372036854775807
ipvsadm -A -t 10.27.0.175:80 -p 9223372036854775808
ipvsadm -A -t 10.27.0.176:80 -p 99999999999999999999
ipvsadm -A -t 10.27.0.177:80 -p -99999999999999999999
ipvsadm -A -t 10.27.0.178:80 -p ''
ipvsadm -A -t 10.27.0.179:80 -p ' '
ipvsadm -A -t 10.27.0.180:80 -p +
ipvsadm -A -t 10.27.0.181:80 -p -
ipvsadm -A -t 10.27.0.182:80 -p --
ipvsadm -A -t 10.27.0.183:80 -p +-1
ipvsadm -A -t 10.27.0.184:80 -p 1-
ipvsadm -A -t 10.27.0.185:80 -p 2678400
ipvsadm -A -t 10.27.0.186:80 -p 2678401
ipvsadm -A -t 10.27.0.187:80 -p 128
ipvsadm -A -t 10.27.0.188:80 -p 129
ipvsadm -A -t 10.27.0.189:80 -p $'\t5'
ipvsadm -A -t 10.27.0.190:80 -p $'\v6'
ipvsadm -A -t 10.27.0.191:80 -p $'7\n'
ipvsadm -A -p -t 10.28.0.192:80 -M 0
ipvsadm -A -p -t 10.28.0.193:80 -M 1
ipvsadm -A -p -t 10.28.0.194:80 -M -1
ipvsadm -A -p -t 10.28.0.195:80 -M +1
ipvsadm -A -p -t 10.28.0.196:80 -M ' 1'
ipvsadm -A -p -t 10.28.0.197:80 -M '1 '
ipvsadm -A -p -t 10.28.0.198:80 -M 01
ipvsadm -A -p -t 10.28.0.199:80 -M 0x1
ipvsadm -A -p -t 10.28.0.200:80 -M 1.0
ipvsadm -A -p -t 10.28.1.1:80 -M 1e3
ipvsadm -A -p -t 10.28.1.2:80 -M 255
ipvsadm -A -p -t 10.28.1.3:80 -M 256
ipvsadm -A -p -t 10.28.1.4:80 -M 65535
ipvsadm -A -p -t 10.28.1.5:80 -M 65536
ipvsadm -A -p -t 10.28.1.6:80 -M 65507
ipvsadm -A -p -t 10.28.1.7:80 -M 65508
ipvsadm -A -p -t 10.28.1.8:80 -M 2147483647
ipvsadm -A -p -t 10.28.1.9:80 -M 2147483648
ipvsadm -A -p -t 10.28.1.10:80 -M 4294967295
ipvsadm -A -p -t 10.28.1.11:80 -M 4294967296
ipvsadm -A -p -t 10.28.1.12:80 -M 9223372036854775807
ipvsadm -A -p -t 10.28.1.13:80 -M 9223372036854775808
ipvsadm -A -p -t 10.28.1.14:80 -M 99999999999999999999
ipvsadm -A -p -t 10.28.1.15:80 -M -99999999999999999999
ipvsadm -A -p -t 10.28.1.16:80 -M ''
ipvsadm -A -p -t 10.28.1.17:80 -M ' '
ipvsadm -A -p -t 10.28.1.18:80 -M +
ipvsadm -A -p -t 10.28.1.19:80 -M -
ipvsadm -A -p -t 10.28.1.20:80 -M --
ipvsadm -A -p -t 10.28.1.21:80 -M +-1
ipvsadm -A -p -t 10.28.1.22:80 -M 1-
ipvsadm -A -p -t 10.28.1.23:80 -M 2678400
ipvsadm -A -p -t 10.28.1.24:80 -M 2678401
ipvsadm -A -p -t 10.28.1.25:80 -M 128
ipvsadm -A -p -t 10.28.1.26:80 -M 129
ipvsadm -A -p -t 10.28.1.27:80 -M $'\t5'
ipvsadm -A -p -t 10.28.1.28:80 -M $'\v6'
ipvsadm -A -p -t 10.28.1.29:80 -M $'7\n'
ipvsadm -A -p -t [2001:db8:1::30]:80 -M 0
ipvsadm -A -p -t [2001:db8:1::31]:80 -M 1
ipvsadm -A -p -t [2001:db8:1::32]:80 -M -1
ipvsadm -A -p -t [2001:db8:1::33]:80 -M +1
ipvsadm -A -p -t [2001:db8:1::34]:80 -M ' 1'
ipvsadm -A -p -t [2001:db8:1::35]:80 -M '1 '
ipvsadm -A -p -t [2001:db8:1::36]:80 -M 01
ipvsadm -A -p -t [2001:db8:1::37]:80 -M 0x1
ipvsadm -A -p -t [2001:db8:1::38]:80 -M 1.0
ipvsadm -A -p -t [2001:db8:1::39]:80 -M 1e3
ipvsadm -A -p -t [2001:db8:1::40]:80 -M 255
ipvsadm -A -p -t [2001:db8:1::41]:80 -M 256
ipvsadm -A -p -t [2001:db8:1::42]:80 -M 65535
ipvsadm -A -p -t [2001:db8:1::43]:80 -M 65536
ipvsadm -A -p -t [2001:db8:1::44]:80 -M 65507
ipvsadm -A -p -t [2001:db8:1::45]:80 -M 65508
ipvsadm -A -p -t [2001:db8:1::46]:80 -M 2147483647
ipvsadm -A -p -t [2001:db8:1::47]:80 -M 2147483648
ipvsadm -A -p -t [2001:db8:1::48]:80 -M 4294967295
ipvsadm -A -p -t [2001:db8:1::49]:80 -M 4294967296
ipvsadm -A -p -t [2001:db8:1::50]:80 -M 9223372036854775807
ipvsadm -A -p -t [2001:db8:1::51]:80 -M 9223372036854775808
ipvsadm -A -p -t [2001:db8:1::52]:80 -M 99999999999999999999
ipvsadm -A -p -t [2001:db8:1::53]:80 -M -99999999999999999999
ipvsadm -A -p -t [2001:db8:1::54]:80 -M ''
ipvsadm -A -p -t [2001:db8:1::55]:80 -M ' '
ipvsadm -A -p -t [2001:db8:1::56]:80 -M +
ipvsadm -A -p -t [2001:db8:1::57]:80 -M -
ipvsadm -A -p -t [2001:db8:1::58]:80 -M --
ipvsadm -A -p -t [2001:db8:1::59]:80 -M +-1
ipvsadm -A -p -t [2001:db8:1::60]:80 -M 1-
ipvsadm -A -p -t [2001:db8:1::61]:80 -M 2678400
ipvsadm -A -p -t [2001:db8:1::62]:80 -M 2678401
ipvsadm -A -p -t [2001:db8:1::63]:80 -M 128
ipvsadm -A -p -t [2001:db8:1::64]:80 -M 129
ipvsadm -A -p -t [2001:db8:1::65]:80 -M $'\t5'
ipvsadm -A -p -t [2001:db8:1::66]:80 -M $'\v6'
ipvsadm -A -p -t [2001:db8:1::67]:80 -M $'7\n'
ipvsadm -A -f 0
ipvsadm -A -t 10.29.0.1:0
ipvsadm -A -t '10.29.0.2':0 -p
ipvsadm --set 0 0 0
ipvsadm --set 0 0 0
ipvsadm -A -f 1
ipvsadm -A -t 10.29.0.1:1
ipvsadm -A -t '10.29.0.2':1 -p
ipvsadm --set 1 0 0
ipvsadm --set 0 0 1
ipvsadm -A -f -1
ipvsadm -A -t 10.29.0.1:-1
ipvsadm -A -t '10.29.0.2':-1 -p
ipvsadm --set -1 0 0
ipvsadm --set 0 0 -1
ipvsadm -A -f +1
ipvsadm -A -t 10.29.0.1:+1
ipvsadm -A -t '10.29.0.2':+1 -p
ipvsadm --set +1 0 0
ipvsadm --set 0 0 +1
ipvsadm -A -f ' 1'
ipvsadm -A -t 10.29.0.1:' 1'
ipvsadm -A -t '10.29.0.2':' 1' -p
ipvsadm --set ' 1' 0 0
ipvsadm --set 0 0 ' 1'
ipvsadm -A -f '1 '
ipvsadm -A -t 10.29.0.1:'1 '
ipvsadm -A -t '10.29.0.2':'1 ' -p
ipvsadm --set '1 ' 0 0
ipvsadm --set 0 0 '1 '
ipvsadm -A -f 01
ipvsadm -A -t 10.29.0.1:01
ipvsadm -A -t '10.29.0.2':01 -p
ipvsadm --set 01 0 0
ipvsadm --set 0 0 01
ipvsadm -A -f 0x1
ipvsadm -A -t 10.29.0.1:0x1
ipvsadm -A -t '10.29.0.2':0x1 -p
ipvsadm --set 0x1 0 0
ipvsadm --set 0 0 0x1
ipvsadm -A -f 1.0
ipvsadm -A -t 10.29.0.1:1.0
ipvsadm -A -t '10.29.0.2':1.0 -p
ipvsadm --set 1.0 0 0
ipvsadm --set 0 0 1.0
ipvsadm -A -f 1e3
ipvsadm -A -t 10.29.0.1:1e3
ipvsadm -A -t '10.29.0.2':1e3 -p
ipvsadm --set 1e3 0 0
ipvsadm --set 0 0 1e3
ipvsadm -A -f 255
ipvsadm -A -t 10.29.0.1:255
ipvsadm -A -t '10.29.0.2':255 -p
ipvsadm --set 255 0 0
ipvsadm --set 0 0 255
ipvsadm -A -f 256
ipvsadm -A -t 10.29.0.1:256
ipvsadm -A -t '10.29.0.2':256 -p
ipvsadm --set 256 0 0
ipvsadm --set 0 0 256
ipvsadm -A -f 65535
ipvsadm -A -t 10.29.0.1:65535
ipvsadm -A -t '10.29.0.2':65535 -p
ipvsadm --set 65535 0 0
ipvsadm --set 0 0 65535
ipvsadm -A -f 65536
ipvsadm -A -t 10.29.0.1:65536
ipvsadm -A -t '10.29.0.2':65536 -p
ipvsadm --set 65536 0 0
ipvsadm --set 0 0 65536
ipvsadm -A -f 65507
ipvsadm -A -t 10.29.0.1:65507
ipvsadm -A -t '10.29.0.2':65507 -p
ipvsadm --set 65507 0 0
ipvsadm --set 0 0 65507
ipvsadm -A -f 65508
ipvsadm -A -t 10.29.0.1:65508
ipvsadm -A -t '10.29.0.2':65508 -p
ipvsadm --set 65508 0 0
ipvsadm --set 0 0 65508
ipvsadm -A -f 2147483647
ipvsadm -A -t 10.29.0.1:2147483647
ipvsadm -A -t '10.29.0.2':2147483647 -p
ipvsadm --set 2147483647 0 0
ipvsadm --set 0 0 2147483647
ipvsadm -A -f 2147483648
ipvsadm -A -t 10.29.0.1:2147483648
ipvsadm -A -t '10.29.0.2':2147483648 -p
ipvsadm --set 2147483648 0 0
ipvsadm --set 0 0 2147483648
ipvsadm -A -f 4294967295
ipvsadm -A -t 10.29.0.1:4294967295
ipvsadm -A -t '10.29.0.2':4294967295 -p
ipvsadm --set 4294967295 0 0
ipvsadm --set 0 0 4294967295
ipvsadm -A -f 4294967296
ipvsadm -A -t 10.29.0.1:4294967296
ipvsadm -A -t '10.29.0.2':4294967296 -p
ipvsadm --set 4294967296 0 0
ipvsadm --set 0 0 4294967296
ipvsadm -A -f 9223372036854775807
ipvsadm -A -t 10.29.0.1:9223372036854775807
ipvsadm -A -t '10.29.0.2':9223372036854775807 -p
ipvsadm --set 9223372036854775807 0 0
ipvsadm --set 0 0 9223372036854775807
ipvsadm -A -f 9223372036854775808
ipvsadm -A -t 10.29.0.1:9223372036854775808
ipvsadm -A -t '10.29.0.2':9223372036854775808 -p
ipvsadm --set 9223372036854775808 0 0
ipvsadm --set 0 0 9223372036854775808
ipvsadm -A -f 99999999999999999999
ipvsadm -A -t 10.29.0.1:99999999999999999999
ipvsadm -A -t '10.29.0.2':99999999999999999999 -p
ipvsadm --set 99999999999999999999 0 0
ipvsadm --set 0 0 99999999999999999999
ipvsadm -A -f -99999999999999999999
ipvsadm -A -t 10.29.0.1:-99999999999999999999
ipvsadm -A -t '10.29.0.2':-99999999999999999999 -p
ipvsadm --set -99999999999999999999 0 0
ipvsadm --set 0 0 -99999999999999999999
ipvsadm -A -f ''
ipvsadm -A -t 10.29.0.1:''
ipvsadm -A -t '10.29.0.2':'' -p
ipvsadm --set '' 0 0
ipvsadm --set 0 0 ''
ipvsadm -A -f ' '
ipvsadm -A -t 10.29.0.1:' '
ipvsadm -A -t '10.29.0.2':' ' -p
ipvsadm --set ' ' 0 0
ipvsadm --set 0 0 ' '
ipvsadm -A -f +
ipvsadm -A -t 10.29.0.1:+
ipvsadm -A -t '10.29.0.2':+ -p
ipvsadm --set + 0 0
ipvsadm --set 0 0 +
ipvsadm -A -f -
ipvsadm -A -t 10.29.0.1:-
ipvsadm -A -t '10.29.0.2':- -p
ipvsadm --set - 0 0
ipvsadm --set 0 0 -
ipvsadm -A -f --
ipvsadm -A -t 10.29.0.1:--
ipvsadm -A -t '10.29.0.2':-- -p
ipvsadm --set -- 0 0
ipvsadm --set 0 0 --
ipvsadm -A -f +-1
ipvsadm -A -t 10.29.0.1:+-1
ipvsadm -A -t '10.29.0.2':+-1 -p
ipvsadm --set +-1 0 0
ipvsadm --set 0 0 +-1
ipvsadm -A -f 1-
ipvsadm -A -t 10.29.0.1:1-
ipvsadm -A -t '10.29.0.2':1- -p
ipvsadm --set 1- 0 0
ipvsadm --set 0 0 1-
ipvsadm -A -f 2678400
ipvsadm -A -t 10.29.0.1:2678400
ipvsadm -A -t '10.29.0.2':2678400 -p
ipvsadm --set 2678400 0 0
ipvsadm --set 0 0 2678400
ipvsadm -A -f 2678401
ipvsadm -A -t 10.29.0.1:2678401
ipvsadm -A -t '10.29.0.2':2678401 -p
ipvsadm --set 2678401 0 0
ipvsadm --set 0 0 2678401
ipvsadm -A -f 128
ipvsadm -A -t 10.29.0.1:128
ipvsadm -A -t '10.29.0.2':128 -p
ipvsadm --set 128 0 0
ipvsadm --set 0 0 128
ipvsadm -A -f 129
ipvsadm -A -t 10.29.0.1:129
ipvsadm -A -t '10.29.0.2':129 -p
ipvsadm --set 129 0 0
ipvsadm --set 0 0 129
ipvsadm -A -f $'\t5'
ipvsadm -A -t 10.29.0.1:$'\t5'
ipvsadm -A -t '10.29.0.2':$'\t5' -p
ipvsadm --set $'\t5' 0 0
ipvsadm --set 0 0 $'\t5'
ipvsadm -A -f $'\v6'
ipvsadm -A -t 10.29.0.1:$'\v6'
ipvsadm -A -t '10.29.0.2':$'\v6' -p
ipvsadm --set $'\v6' 0 0
ipvsadm --set 0 0 $'\v6'
ipvsadm -A -f $'7\n'
ipvsadm -A -t 10.29.0.1:$'7\n'
ipvsadm -A -t '10.29.0.2':$'7\n' -p
ipvsadm --set $'7\n' 0 0
ipvsadm --set 0 0 $'7\n'
ipvsadm -Ln
ipvsadm -Sn
ipvsadm -L --timeout
ipvsadm --set 900 120 300
