#!/usr/bin/env bash
# The view on a terminal, read and used in tmux while real traffic runs: counts that rise, sort, filter, drill down,
# pause, small terminals, a director that goes and comes back, and the terminal as it was at the end. Then as text and JSON.
. "$(dirname "$0")/lib.sh"

topology
web rs1
web rs2
start_director
rules() {
  on ds ipvsadm -R <<'RULES'
-A -t 192.168.1.183:80 -s rr
-a -t 192.168.1.183:80 -r 192.168.56.183 -m
-a -t 192.168.1.183:80 -r 192.168.56.184 -m -w 3
-A -t 192.168.1.183:443 -s rr
-a -t 192.168.1.183:443 -r 192.168.56.183 -m -w 0
RULES
}
rules
# In one session, bounded: 4 connections at a time, a request each. Ends with its sandbox.
traffic() {
  ip netns exec client timeout "$1" wrk -t 1 -c 4 -d "$1" -H "Connection: close" http://192.168.1.183/ >wrk.log 2>&1 &
  wrk=$!
}

# --- a terminal of 80x24 on the director's host
terminal() { tmux -u -S tmux.socket -f /dev/null "$@"; }
export LANG=C.UTF-8 LC_ALL=C.UTF-8
ip netns exec ds tmux -u -S tmux.socket -f /dev/null new-session -d -x 80 -y 24 "env PS1='prompt# ' bash --norc --noprofile"
terminal set -g status off
trap 'terminal kill-server 2>/dev/null || true; ended $?' EXIT
seen() { terminal capture-pane -p; }
keys() { terminal send-keys "$@"; }
# shows TEXT...: each of them is on the screen in time.
sees() { [[ $(seen) == *"$1"* ]]; }
sees_not() { ! sees "$1"; }
shows() {
  local text
  for text; do
    local deadline=$((SECONDS + 15))
    until sees "$text"; do
      ((SECONDS < deadline)) || fail "no \"$text\" on the screen:"$'\n'"$(seen)"
      sleep 0.05
    done
  done
}
# at LINE TEXT: the line begins with the text.
at() { [[ $(seen | sed -n "$1p") == "$2"* ]]; }
rate() { seen | awk '$2 == "192.168.1.183:80" { print ($7 ~ /^[0-9]/ ? $7 : 0) }'; }
shows 'prompt#'
before=$(terminal display -p '#{alternate_on} #{cursor_flag}')

traffic 60
keys "stty -a >before.txt; tunvs top --interval 0.5" Enter
shows 'TCP 192.168.1.183:80' 'TCP 192.168.1.183:443' 'packets/s' 'services' '? help'
wait_until 20 eval 'seen | grep -Eq "^conns/s +[1-9]"'
wait_until 20 eval 'seen | grep -E "^TCP 192.168.1.183:80 " | grep -Eq "2/2 .* [1-9][0-9.k]* "'
wait_until 20 eval 'seen | grep -Eq "^conns/s .*(▁|▂|▃|▄|▅|▆|▇|█){3}"'
contains "the service without a usable server" "0/1" "$(seen | grep ':443')"

# The fastest stands first; sorted by name the other way round the other one does.
wait_until 5 at 7 'TCP 192.168.1.183:80'
keys '<' '<' '<' '<' '<' '<'
shows 'Service▲'
keys r
shows 'Service▼'
wait_until 5 at 7 'TCP 192.168.1.183:443'

keys / ':80'
shows '/:80_'
wait_until 5 sees_not ':443'
keys Enter
shows '/:80 '
keys Enter
shows 'services > TCP 192.168.1.183:80' '192.168.56.183:80' '192.168.56.184:80' 'Weight'
wait_until 20 eval 'seen | grep -E "^192.168.56.184:80 +3 " | grep -Eq "[1-9]"'
on ds tunvs drain 192.168.1.183:80 192.168.56.184:80 --no-wait
shows 'drained'
on ds tunvs undrain 192.168.1.183:80 192.168.56.184:80
wait_until 10 sees_not drained
keys Enter
shows 'connections of 192.168.56.18' '192.168.1.10:' 'Client'
# One by one: two of them at once are one key.
keys Escape
wait_until 5 sees_not 'connections of'
keys Escape
wait_until 5 at 5 'services  '
keys Escape
shows ':443'

# States: those of the connections that wrk has closed.
keys 3
shows '_WAIT' 'Share'
keys Enter
shows 'connections in'
keys 1

# A pause holds the numbers.
keys p
shows PAUSED
held=$(seen)
sleep 1.2
same "a paused screen" "$held" "$(seen)"
keys p
wait_until 5 sees_not PAUSED

keys '?'
shows 'this help' 'Up Down'
keys x
wait_until 5 sees_not 'this help'

# Small terminals, there and back.
terminal resize-window -x 40 -y 10
wait_until 10 at 3 'Service'
shows 'Conns/s' 'q quit'
same "lines on a small terminal" 10 "$(seen | wc -l)"
keys Enter
shows 'Server'
keys Escape
terminal resize-window -x 160 -y 40
shows 'PktOut/s' 'conns/s'
terminal resize-window -x 80 -y 24
shows 'packets/s'

# The director goes and comes back.
kill "$wrk" && wait "$wrk" || true
stop_director
shows 'no director answers' 'trying again'
start_director
rules
wait_until 20 sees_not 'trying again'
shows '192.168.1.183:80'

# Quit: the terminal is as it was.
keys q
shows 'prompt#'
same "the screen's state" "$before" "$(terminal display -p '#{alternate_on} #{cursor_flag}')"
keys "stty -a >after.txt; echo left with \$?" Enter
shows 'left with 0'
same "the terminal's settings" "$(cat before.txt)" "$(cat after.txt)"
# By Ctrl-C, by a signal, and stopped by Ctrl-Z.
keys clear Enter "tunvs top" Enter
shows 'services  '
keys C-c
wait_until 5 sees_not 'services  '
keys clear Enter "tunvs top" Enter
shows 'services  '
keys C-z
shows Stopped
same "a stopped screen" "$before" "$(terminal display -p '#{alternate_on} #{cursor_flag}')"
keys fg Enter
shows 'services  ' 'conns/s'
pkill -TERM -P "$(terminal display -p '#{pane_pid}')"
wait_until 5 sees_not 'services  '
keys "stty -a >after.txt; echo ended with \$?" Enter
shows 'ended with'
same "the terminal's settings after a signal" "$(cat before.txt)" "$(cat after.txt)"

# Without colours: none is sent.
keys clear Enter "NO_COLOR=1 tunvs top" Enter
shows 'services  '
[[ $(terminal capture-pane -p -e) != *$'\e'[[][0-9\;]*3[0-7]m* ]] || fail "a colour in spite of NO_COLOR"
keys q
wait_until 5 sees_not 'services  '
keys "TERM=dumb tunvs top" Enter
shows 'use --once or --batch'

# As text and as JSON, without a terminal.
traffic 20
sleep 1
text=$(on ds tunvs top --once </dev/null)
contains "the text" "2 services, 3 servers" "$text"
contains "the text" "TCP 192.168.1.183:80" "$text"
contains "servers as text" "192.168.56.184:80" "$(on ds tunvs top --once --view servers --sort -Server --filter .184)"
contains "states as text" "_WAIT" "$(on ds tunvs top --once --view states)"
on ds tunvs top --batch --count 3 --interval 1 --json >pictures
same "pictures" 3 "$(wc -l <pictures)"
python3 - pictures <<'PY'
import json, sys
pictures = [json.loads(line) for line in open(sys.argv[1])]
web = [next(s for s in p["services"] if s["service"]["port"] == 80) for p in pictures]
conns = [s["stats"]["conns"] for s in web]
assert conns[0] < conns[1] < conns[2], conns
# Measured from picture to picture: what the counters grew by in that second, or a little more than one.
for before, after, service in zip(conns, conns[1:], web[1:]):
    assert 0.6 * (after - before) <= service["rates"]["cps"] <= 1.05 * (after - before), (before, after, service)
PY
refused on ds tunvs top --json
contains "JSON on a terminal" "needs --once or --batch" "$output"
refused on ds tunvs top </dev/null
contains "no terminal" "use --once or --batch" "$output"
refused on ds tunvs top --once --sort speed
contains "no such column" "there are Service" "$output"
stop_director
refused on ds tunvs top --once
contains "no director" "no director answers" "$output"
