printf -- $'# c\n#\n-v\n-E -t 10.40.0.1:80 -s lc\n-a -f 4 -r 10.1.1.1\n  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-E -t 10.40.0.1:80 -s lc\n-L --timeout\n-d -t 10.40.0.1:80 -r 10.41.0.1\n\n-v' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-L -c -n\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t \'10.40.0.4:80\'\n-L -n\n\t\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -f 5 # c\n\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -u 10.40.0.2:53 -s rr -o -p 5\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\ngarbage\n-w\n-A -u 10.40.0.2:53 -s rr -o -p 5\n-L --timeout' | ipvsadm -R
ipvsadm -Sn
printf -- $'#\n  \n-A -t\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-A -u 10.40.0.2:53 -s rr -o -p 5\n\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-Q\nipvsadm -A -f 4\nipvsadm -A -f 4\n\n-Z -f 77\nipvsadm ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-E -t 10.40.0.1:80 -s lc\n-A -t 10.40.0.1:80\n-L -n -t 10.40.9.9:80\n-R\n-C\n-C\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -f 4 ipvsadm\n-A -u 10.40.0.2:53 -s rr -o -p 5\n#  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'--set 1 2 3\n-A -t 10.40.0.1:80 -s rr\n-w\n-A -t 10.40.0.1:80 -s rr\n-R\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'--stop-daemon master ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'\r\ngarbage\n  \n-L -n -t 10.40.9.9:80\nipvsadm\n  \n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -f 5 # c\n\t\n-Ln\n-A -t 10.40.0.1:80 -s rr\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-d -t 10.40.0.1:80 -r 10.41.0.1\n-A -t 10.40.0.1:80\n-A -f 7 \t -s\trr\n-A -t bad\n-A -t 10.40.0.1:80  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-C\n-R\n--stop-daemon master\n# c\n-A -t bad\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 5 # c\n-A -t 10.40.0.1:80\n--start-daemon master --mcast-interface nosuch0\n-C\n-A -u 10.40.0.2:53 -s rr -o -p 5' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 7 \t -s\trr\n-Z -f 77\nipvsadm -A -f 4 ' | ipvsadm -R
ipvsadm -Sn
printf -- $'\n-R\n-Z -f 77\n--start-daemon master --mcast-interface nosuch0\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'\t\n-A -f 5 # c ' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-S -n\n-a -f 4 -r 10.1.1.1\n-n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Q\n-A -t \'10.40.0.4:80\'\n--start-daemon master --mcast-interface nosuch0\n-E -t 10.40.0.1:80 -s lc\n-Z -f 77\n--start-daemon master --mcast-interface nosuch0' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-L -c -n\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'--stop-daemon master\n-L -n -t 10.40.9.9:80\n-A -t \'10.40.0.4:80\'\n-a -f 4 -r 10.1.1.1\n-E -t 10.40.0.1:80 -s lc\n-L -c -n ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -u 10.40.0.2:53 -s rr -o -p 5\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'\r\n-A -f 4 ipvsadm\n-L -n\n#' | ipvsadm -R
ipvsadm -Sn
printf -- $'-v\n-L -n\n-A -f 4 ipvsadm\n# c\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -f 5 # c\ngarbage ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -n -t 10.40.9.9:80\n-R\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'--start-daemon master --mcast-interface nosuch0\n\r\n-n\n-A -u 10.40.0.2:53 -s rr -o -p 5\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'\t\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-d -t 10.40.0.1:80 -r 10.41.0.1\n-S -n\n-a -f 4 -r 10.1.1.1\n-A -t 10.40.0.3:80 "-s" rr' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L --timeout\n-A -f 7 \t -s\trr\n-E -f 4 -s nosuch\n-L -n -t 10.40.9.9:80\n-E -t 10.40.0.1:80 -s lc\ngarbage\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'\t  ' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n\n-A -f 4 ipvsadm\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'--start-daemon master --mcast-interface nosuch0\n-A -t 10.40.0.3:80 "-s" rr\n-d -t 10.40.0.1:80 -r 10.41.0.1  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\nipvsadm\n-A -u 10.40.0.2:53 -s rr -o -p 5\n\r\n-L -n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'--set 1 2 3\n-E -t 10.40.0.1:80 -s lc\n# c\n-A -f 7 \t -s\trr\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 4 ipvsadm\n-A -t \'10.40.0.4:80\'\n-a -f 4 -r 10.1.1.1\n-w\n-A -f 6\r\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-E -t 10.40.0.1:80 -s lc\nipvsadm\n-Q\n-A -t \'10.40.0.4:80\'\n\n-A -t bad\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-d -t 10.40.0.1:80 -r 10.41.0.1\n-A -u 10.40.0.2:53 -s rr -o -p 5' | ipvsadm -R
ipvsadm -Sn
printf -- $'--stop-daemon master\n-A -f 6\r\n-A -f 7 \t -s\trr\n-d -t 10.40.0.1:80 -r 10.41.0.1\n-A -t \'10.40.0.4:80\'\n  \n' | ipvsadm -R
ipvsadm -Sn
printf -- $'  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -t\n-L -n -t 10.40.9.9:80' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-w\n-A -f 5 # c\n-S -n\n-R\n# c\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-D -t 10.40.0.1:80\n-A -f 4 ipvsadm\n-n\n\t\n-w\nipvsadm -A -f 4\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-E -f 4 -s nosuch\n-A -f 7 \t -s\trr\n-L -c -n\n\n-L -n\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -t 10.40.0.1:80\ngarbage\n-L -n -t 10.40.9.9:80\n-Z -f 77\n-E -t 10.40.0.1:80 -s lc ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'--set 1 2 3\n-L -n -t 10.40.9.9:80\n-a -f 4 -r 10.1.1.1\n-Q\nipvsadm -A -f 4\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-a -f 4 -r 10.1.1.1\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-S -n\n\n-v\n-A -f 6\r' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-C\n-A -t 10.40.0.1:80 -s rr\n--start-daemon master --mcast-interface nosuch0\n-A -f 5 # c\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3 ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n-A -f 7 \t -s\trr\n\t\n  \n-Q ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.1 -m' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-a -f 4 -r 10.1.1.1\n-L -c -n\n-A -f 7 \t -s\trr\n#\n-d -t 10.40.0.1:80 -r 10.41.0.1  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -f 6\r\n\nipvsadm\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-L -n -t 10.40.9.9:80\n-A -t bad\n-R' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -t 10.40.0.3:80 "-s" rr\n-d -t 10.40.0.1:80 -r 10.41.0.1\n-A -t bad\n-Q\n--set 1 2 3\n-A -t 10.40.0.1:80 -s rr\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'--start-daemon master --mcast-interface nosuch0\n--start-daemon master --mcast-interface nosuch0\n-L -n -t 10.40.9.9:80\n-L -c -n\n-w\n-L --timeout' | ipvsadm --restore
ipvsadm -Sn
printf -- $'\r\n-A -u 10.40.0.2:53 -s rr -o -p 5\n-n\n# c\n-A -t 10.40.0.1:80 -s rr ' | ipvsadm -R
ipvsadm -Sn
printf -- $'ipvsadm\n\r\n-E -t 10.40.0.1:80 -s lc\n-Z\n# c\nipvsadm\n\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -t 10.40.0.1:80\n-A -t 10.40.0.1:80\n-a -f 4 -r 10.1.1.1 ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Z\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n-A -f 4 ipvsadm\n-L -c -n\n#\n# c\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-a -f 4 -r 10.1.1.1\n\t  ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-L -n -t 10.40.9.9:80\n-E -f 4 -s nosuch ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -n -t 10.40.9.9:80\n\r\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'  \ngarbage' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-w\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-L -n\n--set 1 2 3\n-S -n\n ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -f 4 ipvsadm\n-a -f 4 -r 10.1.1.1' | ipvsadm -R
ipvsadm -Sn
printf -- $'-w\n-d -t 10.40.0.1:80 -r 10.41.0.1\n-C\n-L -n -t 10.40.9.9:80\n-L -n -t 10.40.9.9:80\n-v ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-L -c -n\n-A -u 10.40.0.2:53 -s rr -o -p 5\n-E -t 10.40.0.1:80 -s lc\n  ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -t\n-L -n\n-A -t 10.40.0.1:80 -s rr\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'ipvsadm -A -f 4\ngarbage\n--set 1 2 3\n-A -t 10.40.0.1:80 -s rr\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -t \'10.40.0.4:80\'\nipvsadm -A -f 4\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'\t\n-A -u 10.40.0.2:53 -s rr -o -p 5\n-Z -f 77\n#\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -c -n\n-Q\n-R\n\t\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'--set 1 2 3\n-A -f 7 \t -s\trr\nipvsadm -A -f 4\n-A -f 5 # c\n-L --timeout ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'ipvsadm -A -f 4\n-A -t bad\n  \n-E -f 4 -s nosuch\n-Ln' | ipvsadm -R
ipvsadm -Sn
printf -- $'-n\n-w\n-A -t\n-L -c -n\nipvsadm -A -f 4\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L --timeout\n-R\n\r\n-A -f 5 # c\n-d -t 10.40.0.1:80 -r 10.41.0.1  ' | ipvsadm --restore
ipvsadm -Sn
ipvsadm -C
printf -- $'-L -n -t 10.40.9.9:80' | ipvsadm -R
ipvsadm -Sn
printf -- $'-d -t 10.40.0.1:80 -r 10.41.0.1\n-A -f 5 # c\nipvsadm -A -f 4\n-n' | ipvsadm -R
ipvsadm -Sn
printf -- $'\r\n--set 1 2 3\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n-Z -f 77\n-R\n-d -t 10.40.0.1:80 -r 10.41.0.1\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-L --timeout\n-Z\n-A -f 7 \t -s\trr\n-A -f 4 ipvsadm\n-A -f 7 \t -s\trr\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-D -t 10.40.0.1:80\n-E -f 4 -s nosuch\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -t bad' | ipvsadm-restore
ipvsadm -Sn
printf -- $'ipvsadm -A -f 4' | ipvsadm-restore
ipvsadm -Sn
ipvsadm -C
printf -- $'\r  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L --timeout\n-A -t\n--set 1 2 3\n-A -t bad\n-C\n\r  ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'\n-Ln\n-Z\n-Z -f 77\n-A -t 10.40.0.1:80\n-A -t 10.40.0.1:80\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-E -t 10.40.0.1:80 -s lc\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n# c\n#\n--start-daemon master --mcast-interface nosuch0\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'\r\n-A -t bad\nipvsadm -A -f 4\n-A -f 4 ipvsadm\n-A -t\n-A -f 5 # c ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80 -s rr\n\t  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 5 # c\n' | ipvsadm --restore
ipvsadm -Sn
ipvsadm -C
printf -- $'garbage\n-L --timeout\nipvsadm -A -f 4\n-n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'ipvsadm\n-L -n\n-w' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -u 10.40.0.2:53 -s rr -o -p 5\n-L -n\n\r\nipvsadm -A -f 4\n-A -f 5 # c  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -n\n-a -f 4 -r 10.1.1.1\n-Z -f 77\n--set 1 2 3\n-E -t 10.40.0.1:80 -s lc\n-S -n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-v\n-A -t 10.40.0.3:80 "-s" rr\n-A -t bad\n-A -u 10.40.0.2:53 -s rr -o -p 5\n-A -t\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -u 10.40.0.2:53 -s rr -o -p 5  ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'\t\n-R\n\n-L -n\n-Z -f 77\nipvsadm\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -t 10.40.0.3:80 "-s" rr\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-R\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-Q\n-C\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-a -f 4 -r 10.1.1.1\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -n -t 10.40.9.9:80\n-R\n-A -u 10.40.0.2:53 -s rr -o -p 5\n--stop-daemon master\n\t\n-D -t 10.40.0.1:80\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.3:80 "-s" rr\n-L -c -n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Ln\n-A -f 5 # c\n-A -t bad\nipvsadm\n-A -t 10.40.0.1:80 -s rr' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -f 4 ipvsadm\n-n\n-A -t 10.40.0.1:80 -s rr\nipvsadm\n  \n--set 1 2 3\n\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'\n#\n-A -f 7 \t -s\trr\n-A -t 10.40.0.3:80 "-s" rr ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Z\n-A -u 10.40.0.2:53 -s rr -o -p 5\n-Q\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Q\n  \n-Ln\n-A -t 10.40.0.1:80 -s rr\n-L -c -n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Z\n-A -t \'10.40.0.4:80\'\n-n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -f 7 \t -s\trr\n-A -f 7 \t -s\trr\n-A -f 7 \t -s\trr\n\t\n--stop-daemon master\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-Z\n-A -t 10.40.0.1:80\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'# c\n--set 1 2 3\n-A -f 6\r\n-A -t \'10.40.0.4:80\'\n\n' | ipvsadm --restore
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -u 10.40.0.2:53 -s rr -o -p 5 ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80\n--set 1 2 3\n-A -t bad\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Z -f 77\n-L --timeout\n-A -t ' | ipvsadm -R
ipvsadm -Sn
printf -- $'--stop-daemon master\n--stop-daemon master\n-A -t\n-E -t 10.40.0.1:80 -s lc\nipvsadm\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -c -n\n-A -f 4 ipvsadm\n-A -f 4 ipvsadm\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'garbage\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L --timeout\n-R\n-A -t \'10.40.0.4:80\'\n# c\n-A -t bad' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -f 7 \t -s\trr\n-A -f 7 \t -s\trr\nipvsadm -A -f 4\n-Q\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n\n-E -t 10.40.0.1:80 -s lc\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-R\n-Ln\n-L -n -t 10.40.9.9:80\n-L --timeout\n-A -f 6\r\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-Q\n-A -t\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'\ngarbage\n-a -f 4 -r 10.1.1.1\ngarbage\n\r\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -t bad\n--stop-daemon master\nipvsadm\n-A -f 6\r\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'# c\n-E -t 10.40.0.1:80 -s lc\n-E -t 10.40.0.1:80 -s lc\n-A -t 10.40.0.1:80\n# c\n-n\n' | ipvsadm --restore
ipvsadm -Sn
ipvsadm -C
printf -- $'-w\n-A -t \'10.40.0.4:80\'\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-S -n\n-v\n\r\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n-A -t \'10.40.0.4:80\'\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-a -f 4 -r 10.1.1.1\n-n  ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-E -t 10.40.0.1:80 -s lc\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-A -f 5 # c\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n-n\n-A -t bad\n-A -u 10.40.0.2:53 -s rr -o -p 5 ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-d -t 10.40.0.1:80 -r 10.41.0.1\n-A -f 7 \t -s\trr\n-E -f 4 -s nosuch\n-n\n-A -f 6\r\nipvsadm\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -f 7 \t -s\trr\n-Ln\n  \n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-Z -f 77\n-A -f 4 ipvsadm\n-L -c -n\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n\r\n ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.3:80 "-s" rr\n-A -t \'10.40.0.4:80\'  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'ipvsadm\n-A -t \'10.40.0.4:80\'\n-A -t 10.40.0.1:80 -s rr\nipvsadm -A -f 4\n-L -n -t 10.40.9.9:80\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L --timeout\n-Z -f 77\n-L -n -t 10.40.9.9:80\n-A -f 4 ipvsadm\n-Z\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-E -f 4 -s nosuch\n#\n-A -u 10.40.0.2:53 -s rr -o -p 5' | ipvsadm -R
ipvsadm -Sn
printf -- $'-S -n\n-Z\n-w\n-A -t 10.40.0.1:80\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-L -c -n\n-Ln\n-L -n -t 10.40.9.9:80\n--stop-daemon master\n\n' | ipvsadm-restore
ipvsadm -Sn
ipvsadm -C
printf -- $'-E -t 10.40.0.1:80 -s lc\ngarbage\n-L --timeout\n-v\n-A -f 5 # c\n-n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'ipvsadm\n-C\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'ipvsadm -A -f 4\n-n\n--set 1 2 3\n-A -f 7 \t -s\trr\n-L -c -n\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'--stop-daemon master\n-A -t\n-A -t 10.40.0.1:80\n-L -n -t 10.40.9.9:80\n-v' | ipvsadm --restore
ipvsadm -Sn
printf -- $'\r' | ipvsadm -R
ipvsadm -Sn
printf -- $'-R\n-D -t 10.40.0.1:80\n  \n-Q\n#\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-C\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'  \n-w\n-R\n-a -f 4 -r 10.1.1.1\n-v\n-Z -f 77  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'  \n-A -t\n-L -n -t 10.40.9.9:80\n-C  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -f 6\r\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 5 # c\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\nipvsadm -A -f 4\n-Z\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80\n\r\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-C\n-E -t 10.40.0.1:80 -s lc\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-E -t 10.40.0.1:80 -s lc\n-A -u 10.40.0.2:53 -s rr -o -p 5\n-Q ' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'\t\n-L -n -t 10.40.9.9:80\n-A -f 4 ipvsadm\n-A -t 10.40.0.3:80 "-s" rr  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -t\n--start-daemon master --mcast-interface nosuch0\n-n ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -t\n-Z -f 77\n\r\n-A -f 7 \t -s\trr\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-w  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n-L --timeout ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-L --timeout\n-n\n-Q  ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-Z -f 77\n-Z -f 77\n\n' | ipvsadm --restore
ipvsadm -Sn
ipvsadm -C
printf -- $'ipvsadm -A -f 4\n-L -n -t 10.40.9.9:80\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-v\n-E -t 10.40.0.1:80 -s lc\n\r ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'\n-n\n-A -t 10.40.0.3:80 "-s" rr\n# c\n-L -c -n\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-C\n-A -t 10.40.0.1:80 -s rr\n-D -t 10.40.0.1:80\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -f 6\r' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-D -t 10.40.0.1:80' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-L --timeout\n-S -n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-v  ' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'ipvsadm -A -f 4\n-Q\n\t\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-S -n\n-A -f 5 # c\n-Ln\n-d -t 10.40.0.1:80 -r 10.41.0.1\nipvsadm -A -f 4' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80\n-A -u 10.40.0.2:53 -s rr -o -p 5\n-d -t 10.40.0.1:80 -r 10.41.0.1\n# c\n-R  ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-a -f 4 -r 10.1.1.1\nipvsadm -A -f 4\n\t\n-A -t 10.40.0.1:80 -s rr\n-Q\n\r  ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80 -s rr\n-A -t bad\n--stop-daemon master\n-a -f 4 -r 10.1.1.1  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 5 # c\n-A -f 4 ipvsadm\n-C  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -t bad\n-A -t\n  \n-E -t 10.40.0.1:80 -s lc\n-A -t bad\n-L -n ' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n\t\n-A -f 5 # c\n-L -c -n\n-A -f 5 # c' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-Ln\n-w\n    ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'ipvsadm\nipvsadm\n-Q\n ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'#\n-A -t\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-Z\n-A -u 10.40.0.2:53 -s rr -o -p 5 ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-D -t 10.40.0.1:80\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-Q\n-L -n -t 10.40.9.9:80\n-A -t \'10.40.0.4:80\' ' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-L --timeout\n-n\n-L --timeout\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'  \n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3 ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L --timeout\n--start-daemon master --mcast-interface nosuch0  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -n\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'#\n  \n-E -t 10.40.0.1:80 -s lc\n-a -f 4 -r 10.1.1.1\n-E -f 4 -s nosuch\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'--set 1 2 3  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'#\n-d -t 10.40.0.1:80 -r 10.41.0.1\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -u 10.40.0.2:53 -s rr -o -p 5' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80 -s rr\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-v  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -c -n\n-L --timeout\n-L -n\n-A -f 5 # c\n-n\n-A -t  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 5 # c\n-A -f 7 \t -s\trr\n-n\nipvsadm\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-E -t 10.40.0.1:80 -s lc\n-A -f 6\r\n-L -n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'garbage\n\r\n-A -t \'10.40.0.4:80\'\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-E -f 4 -s nosuch\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-D -t 10.40.0.1:80\n\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'--start-daemon master --mcast-interface nosuch0  ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -n -t 10.40.9.9:80\n-Q\ngarbage\n   ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -t \'10.40.0.4:80\'\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 4 ipvsadm\n-A -t 10.40.0.1:80 -s rr\n-v\n-A -u 10.40.0.2:53 -s rr -o -p 5\n--set 1 2 3\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Q\n-d -t 10.40.0.1:80 -r 10.41.0.1\nipvsadm\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n-n  ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'--start-daemon master --mcast-interface nosuch0\n-E -t 10.40.0.1:80 -s lc\n-A -t 10.40.0.3:80 "-s" rr\n-A -t\n--stop-daemon master\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-a -f 4 -r 10.1.1.1\nipvsadm -A -f 4\n-n\n-A -f 5 # c\n-Z -f 77\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-a -f 4 -r 10.1.1.1\n-A -u 10.40.0.2:53 -s rr -o -p 5\n-A -f 7 \t -s\trr\n-E -t 10.40.0.1:80 -s lc\n-Ln\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.3:80 "-s" rr\n-A -f 7 \t -s\trr\n\t\n# c\n-A -t bad\n-D -t 10.40.0.1:80 ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80\ngarbage\n-A -t \'10.40.0.4:80\'\n--stop-daemon master\n-R\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Z -f 77\n-R\n# c\n-d -t 10.40.0.1:80 -r 10.41.0.1\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 6\r\n-A -t ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'ipvsadm -A -f 4\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-C\n--set 1 2 3\n-A -t 10.40.0.1:80 -s rr\n# c\n-w\n\r\n\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-d -t 10.40.0.1:80 -r 10.41.0.1\n-v\n-A -t 10.40.0.3:80 "-s" rr\n#\n-A -f 4 ipvsadm\n-A -t \'10.40.0.4:80\'\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-v\n-D -t 10.40.0.1:80\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3 ' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-Z -f 77\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-L -n\n-n\n-A -t bad\n-A -f 5 # c\n--stop-daemon master\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.3:80 "-s" rr\n-d -t 10.40.0.1:80 -r 10.41.0.1 ' | ipvsadm -R
ipvsadm -Sn
printf -- $'-D -t 10.40.0.1:80\n-Ln\n# c\n-A -t \'10.40.0.4:80\'\n-Z -f 77\n-L -n  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-L -n\n-w\n\r\n-Q\n-n\n-A -t bad\n' | ipvsadm-restore
ipvsadm -Sn
ipvsadm -C
printf -- $'-v\n-A -f 6\r\n-E -t 10.40.0.1:80 -s lc\n-A -f 7 \t -s\trr\nipvsadm\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'ipvsadm\n--set 1 2 3\n-Z\n-E -t 10.40.0.1:80 -s lc\n-A -f 7 \t -s\trr\n\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'\n-A -f 4 ipvsadm\n-R\n-A -t 10.40.0.1:80 -s rr\n\r\n-A -f 7 \t -s\trr\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 6\r\n-A -f 6\r\n-L -n -t 10.40.9.9:80\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -c -n\n-d -t 10.40.0.1:80 -r 10.41.0.1\n-a -f 4 -r 10.1.1.1 ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'--stop-daemon master\nipvsadm\nipvsadm ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -f 5 # c\n-a -f 4 -r 10.1.1.1\n-L --timeout\n-A -f 4 ipvsadm\n-A -t bad' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-E -f 4 -s nosuch\n-L -n\n--stop-daemon master\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'garbage\n\t\n-A -t\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'\n-L --timeout\n  \n-w\n-Z -f 77\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-R\n--set 1 2 3\n-Z -f 77\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'\r\n-A -f 4 ipvsadm\n-A -u 10.40.0.2:53 -s rr -o -p 5\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-Ln\n-R\n--stop-daemon master\n' | ipvsadm --restore
ipvsadm -Sn
ipvsadm -C
printf -- $'-L --timeout\n--start-daemon master --mcast-interface nosuch0\n--set 1 2 3\n-v\n-Ln\n-Z' | ipvsadm --restore
ipvsadm -Sn
printf -- $'# c\n-Q\n\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-A -t bad\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -f 6\r\n--set 1 2 3\n-Z -f 77\n-a -f 4 -r 10.1.1.1\n-A -t 10.40.0.3:80 "-s" rr\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-v\n-E -f 4 -s nosuch\n-Q\n-Z -f 77\n\t\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'\ngarbage\n--stop-daemon master\n-v\n-Q\n\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -f 7 \t -s\trr\n-Z -f 77\n' | ipvsadm --restore
ipvsadm -Sn
ipvsadm -C
printf -- $'ipvsadm\nipvsadm\n-Z -f 77  ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -t \'10.40.0.4:80\'\n' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-A -t bad\n#\n-A -f 7 \t -s\trr\n-A -f 7 \t -s\trr\n-L --timeout\n-Z' | ipvsadm -R
ipvsadm -Sn
printf -- $'-L -c -n\n-S -n\n-v\n' | ipvsadm -R
ipvsadm -Sn
printf -- $'-v\n--start-daemon master --mcast-interface nosuch0\n-a -f 4 -r 10.1.1.1' | ipvsadm -R
ipvsadm -Sn
printf -- $'-R\n-L --timeout\n-C\n-D -t 10.40.0.1:80\n' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-A -f 6\r\n-A -f 6\r\n-D -t 10.40.0.1:80  ' | ipvsadm --restore
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -t 10.40.0.1:80 -s rr' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-E -t 10.40.0.1:80 -s lc' | ipvsadm-restore
ipvsadm -Sn
printf -- $'# c\n-S -n\n-a -t 10.40.0.1:80 -r 10.41.0.1 -m\n-L --timeout\n-D -t 10.40.0.1:80' | ipvsadm -R
ipvsadm -Sn
printf -- $'--stop-daemon master\n-a -t 10.40.0.1:80 -r 10.41.0.2:8080 -m -w 3\n-d -t 10.40.0.1:80 -r 10.41.0.1\n-A -t 10.40.0.1:80' | ipvsadm --restore
ipvsadm -Sn
printf -- $'-A -t 10.40.0.1:80 -s rr\n-A -t bad ' | ipvsadm-restore
ipvsadm -Sn
printf -- $'-D -t 10.40.0.1:80' | ipvsadm -R
ipvsadm -Sn
printf -- $'-Ln\n-Q\n\n' | ipvsadm -R
ipvsadm -Sn
ipvsadm -C
printf -- $'-A -f 4 ipvsadm\nipvsadm -A -f 4\n-A -f 6\r ' | ipvsadm -R
ipvsadm -Sn
ipvsadm --set 900 120 300
