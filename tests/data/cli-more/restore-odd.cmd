# lines that end otherwise, bytes that are no text, lines and words without end
printf -- '-A -t 10.50.0.1:80 -s rr\r\n-A -t 10.50.0.2:80\r\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 -s rr\r-A -t 10.50.0.2:80' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 -s rr\0 -p\n-A -t 10.50.0.2:80\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '\0\n-A -t 10.50.0.2:80\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '\357\273\277-A -t 10.50.0.1:80 -s rr\n-A -t 10.50.0.2:80\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A\v-t\v10.50.0.1:80\f-s\frr\n-A -t 10.50.0.2:80\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A\302\240-t 10.50.0.1:80\n-A -t 10.50.0.2:80\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 -s rr' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '%900s-A -t 10.50.0.1:80 -s rr\n-A -t 10.50.0.2:80\n' '' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '%998s-A -t 10.50.0.1:80 -s rr\n-A -t 10.50.0.2:80\n' '' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '%999s-A -t 10.50.0.1:80 -s rr\n-A -t 10.50.0.2:80\n' '' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '%1000s-A -t 10.50.0.1:80 -s rr\n-A -t 10.50.0.2:80\n' '' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '%1010s-A -t 10.50.0.1:80 -s rr\n-A -t 10.50.0.2:80\n' '' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 -s rr%1100s\n-A -t 10.50.0.2:80\n' '' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '%5000s-A -t 10.50.0.1:80 -s rr\n-A -t 10.50.0.2:80\n' '' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '#%2000s\n-A -t 10.50.0.2:80\n' '' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 -s rr%s\n-A -t 10.50.0.2:80\n' "$(printf ' -p 9%.0s' {1..20})" | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 -s rr%s\n-A -t 10.50.0.2:80\n' "$(printf ' -p 9%.0s' {1..28})" | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 -s rr%s\n-A -t 10.50.0.2:80\n' "$(printf ' x%.0s' {1..59})" | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 -s rr%s\n-A -t 10.50.0.2:80\n' "$(printf ' x%.0s' {1..70})" | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 -s %s\n-A -t 10.50.0.2:80\n' "$(printf 'r%.0s' {1..300})" | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80 --sched-name rr --persistent=77\n-a -t 10.50.0.1:80 -r10.51.0.1 -w5 -m\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-At10.50.0.1:80 -srr\n-at10.50.0.1:80 -r10.51.0.1:81 -mw5\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t "10.50.0.1:80" -s rr\n-A -t 10.50.0.2:80\\\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-- -A -t 10.50.0.1:80\n-A -- -t 10.50.0.2:80\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 010.050.0.1:080 -s rr\n-A -t 0x0a.50.0.2:80\n-A -t 10.50.3:80\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -f 0x10\n-A -f 017\n-A -f +5\n-A -f 4294967295\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t [::ffff:10.50.0.1]:80\n-A -t [fe80::1%%lo]:80\n-A -t [fd00::1]:http\n-A -t fd00::2:80\n' | ipvsadm -R
ipvsadm -Sn; ipvsadm -C
printf -- '-A -t 10.50.0.1:80\n' | ipvsadm -R -n
printf -- '-A -t 10.50.0.1:80\n' | ipvsadm -R -t 10.50.0.9:80
printf -- '-A -t 10.50.0.1:80\n' | ipvsadm -R extra
printf -- '-A -t 10.50.0.1:80\n' | ipvsadm-restore extra
ipvsadm -Sn; ipvsadm -C
