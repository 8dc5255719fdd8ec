# bash completion for ipvsadm

_ipvsadm() {
  local word=$2 previous=$3
  local actions='-A -E -D -C -R -S -a -e -d -L -l -Z -h -v --add-service --edit-service --delete-service --clear
    --restore --save --add-server --edit-server --delete-server --list --zero --set --start-daemon --stop-daemon
    --help --version'
  local selectors='-t -u -f --tcp-service --udp-service --sctp-service --fwmark-service'
  local services="$selectors -6 --ipv6 -s --scheduler -p --persistent -M --netmask -o --ops --pe -b --sched-flags
    --proxy-protocol --toa --rst-on-expire --adopt --syn-defence
    --client-limit --allow --deny"
  local servers="$selectors -6 --ipv6 -r --real-server -g --gatewaying -i --ipip -m --masquerading -w --weight
    -x --u-threshold -y --l-threshold --tun-type --tun-port --tun-nocsum --tun-csum --tun-remcsum --fullnat"
  local listings="$selectors -6 --ipv6 -n --numeric -c --connection --timeout --daemon --stats --rate --exact
    --thresholds --persistent-conn --tun-info --nosort --json"
  local daemons='--syncid --sync-maxlen --mcast-interface --mcast-group --mcast-port --mcast-ttl'
  local choices

  case $previous in
    -s | --scheduler) choices='rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos none' ;;
    -b | --sched-flags) choices='sh-fallback sh-port mh-fallback mh-port flag-1 flag-2 flag-3' ;;
    --pe) choices=sip ;;
    --tun-type) choices='ipip gue gre' ;;
    --proxy-protocol) choices='v1 v2' ;;
    --syn-defence) choices='auto on off' ;;
    --allow | --deny) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --start-daemon | --stop-daemon) choices='master backup' ;;
    --mcast-interface) choices=$(cd /sys/class/net 2>/dev/null && echo *) ;;
    -t | --tcp-service) choices=$(_ipvsadm_known -t 3) ;;
    -u | --udp-service) choices=$(_ipvsadm_known -u 3) ;;
    --sctp-service) choices=$(_ipvsadm_known --sctp-service 3) ;;
    -f | --fwmark-service) choices=$(_ipvsadm_known -f 3) ;;
    -r | --real-server) choices=$(_ipvsadm_servers) ;;
    -p | -M | -w | -x | -y | --netmask | --weight | --u-threshold | --l-threshold | --tun-port | --client-limit | --sync* | --mcast*) return ;;
    *)
      ((COMP_CWORD > 1)) || { COMPREPLY=($(compgen -W "$actions" -- "$word")); return; }
      case ${COMP_WORDS[1]} in
        -[AE]* | --add-service | --edit-service) choices=$services ;;
        -[ae]* | --add-server | --edit-server) choices=$servers ;;
        -d* | --delete-server) choices="$selectors -6 --ipv6 -r --real-server" ;;
        -[DZ]* | --delete-service | --zero) choices="$selectors -6 --ipv6" ;;
        -[Ll]* | --list) choices=$listings ;;
        -S* | --save) choices='-n --numeric' ;;
        --start-daemon) choices=$daemons ;;
        --stop-daemon) choices=--syncid ;;
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$choices" -- "$word"))
  # Colons break words: only what follows the last one can be put in.
  declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$word"
}

# What is in this field of the table's lines with that selector.
_ipvsadm_known() { ipvsadm -Sn 2>/dev/null | awk -v s="$1" -v n="$2" '$1 == "-A" && $2 == s { print $n }'; }

_ipvsadm_servers() { ipvsadm -Sn 2>/dev/null | awk '$1 == "-a" { for (i = 2; i < NF; i++) if ($i == "-r") print $(i + 1) }'; }

complete -F _ipvsadm ipvsadm
