ipvsadm -C; printf -- '# comment\n\n-A -t 10.0.0.1:80 -s rr\n  # indented comment\n-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s rr\r\n-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m\r\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '\t-A   -t\t10.0.0.1:80 -s rr  \n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s rr' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s rr\n\n\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '#' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '# only\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s rr # trailing\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s "rr"\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t '\''10.0.0.1:80'\'' -s rr\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 \\\n-s rr\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s rr -p\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- 'ipvsadm -A -t 10.0.0.1:80 -s rr\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.2:80 -s rr\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s nosuch\n-A -t 10.0.0.2:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-C\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-L\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-Z\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-D -t 10.0.0.9:9\n-A -t 10.0.0.2:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -A\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-h\n-A -t 10.0.0.3:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-R\n-A -t 10.0.0.3:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-S\n-A -t 10.0.0.3:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '--set 1 2 3\n-A -t 10.0.0.3:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -f 1\n-a -f 1 -r 10.1.0.1 -m -w 5 -x 1 -y 2\n-E -f 1 -s wlc\n-e -f 1 -r 10.1.0.1 -g\n-d -f 1 -r 10.1.0.1\n-D -f 1\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s rr\0-A -t 10.0.0.2:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s rr\v\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '\f-A -t 10.0.0.1:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-a -t 10.0.0.1:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t nosuchhost.invalid:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:nosuch\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '--add-service --tcp-service 10.0.0.1:80 --scheduler rr\n--add-server --tcp-service 10.0.0.1:80 --real-server 10.1.0.1:80 --masquerading --weight 3\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '--add-service=1\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t10.0.0.1:80 -srr\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-At 10.0.0.1:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t 10.0.0.1:80 -s rr -b flag-1\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -f 0x10\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -f 010\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -f -1\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -f 1 -M 0.0.0.0 -p\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -f 1 -6 -M 129 -p\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '--start-daemon master --mcast-interface lo\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t [fd00::1]:80\n-A -t fd00::1:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t [fd00::1%lo]:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; printf -- '-A -t [::ffff:10.0.0.1]:80\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; (printf -- '-A -t 10.0.0.1:80 -s rr'; head -c 100 /dev/zero | tr '\0' ' '; echo; echo '-A -t 10.0.0.2:80 -s rr') | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; (printf '# '; head -c 100 /dev/zero | tr '\0' x; echo; echo '-A -t 10.0.0.2:80 -s rr') | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; (printf -- '-A -t 10.0.0.1:80 -s rr'; head -c 1000 /dev/zero | tr '\0' ' '; echo; echo '-A -t 10.0.0.2:80 -s rr') | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; (printf '# '; head -c 1000 /dev/zero | tr '\0' x; echo; echo '-A -t 10.0.0.2:80 -s rr') | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; (printf -- '-A -t 10.0.0.1:80 -s rr'; head -c 1100 /dev/zero | tr '\0' ' '; echo; echo '-A -t 10.0.0.2:80 -s rr') | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; (printf '# '; head -c 1100 /dev/zero | tr '\0' x; echo; echo '-A -t 10.0.0.2:80 -s rr') | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; (printf -- '-A -t 10.0.0.1:80 -s rr'; head -c 5000 /dev/zero | tr '\0' ' '; echo; echo '-A -t 10.0.0.2:80 -s rr') | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; (printf '# '; head -c 5000 /dev/zero | tr '\0' x; echo; echo '-A -t 10.0.0.2:80 -s rr') | ipvsadm -R
ipvsadm -Sn
ipvsadm -C; yes -- '-A -t 10.0.0.1:80' | head -3 | ipvsadm -R
ipvsadm -C; (printf -- '-A'; for i in $(seq 300); do printf ' -n'; done; echo; echo '-A -t 10.0.0.2:80') | ipvsadm -R
ipvsadm -Sn
ipvsadm -R </dev/null
ipvsadm -R -n </dev/null
ipvsadm -R extra </dev/null
echo '-A -t 10.0.0.5:80' | ipvsadm-restore -n
ipvsadm -Sn
echo '-A -t 10.0.0.6:80' | ipvsadm-restore; ipvsadm -Sn
ipvsadm-restore --help </dev/null
ipvsadm-save --help
ipvsadm-save -x
ipvsadm-save -n extra
ipvsadm -R </etc
ipvsadm -R <&-
