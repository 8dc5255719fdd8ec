#!/usr/bin/env bash
# Real servers from files: Prometheus' file_sd, one file and a directory; objects of Kubernetes as kubectl prints them (1.32), from a file and
# from a FIFO, list and watch. What is broken, ends or stalls changes nothing and is told. A thousand endpoints come at once.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
packages=${TUNVS_TEST_PACKAGES:-/opt/tunvs-tests}
[[ -d $packages/kubernetes_validate ]] || fail "no kubernetes-validate in $packages: run scripts/install-test-deps"
topology
web rs1 "" "listen 8080;"
web rs2 "" "listen 8080;"

mkdir targets
put() { # FILE TEXT: at once, as a program should.
  printf '%s' "$2" >"$1.new"
  mv "$1.new" "$1"
}
put one.json '[{"targets":["192.168.56.183:80"],"labels":{"weight":"3"}}]'
put targets/a.json '[{"targets":["192.168.56.183:81"]}]'
put targets/b.json '[{"targets":["192.168.56.184:81"]}]'
# object KIND NAME REST
service='{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"default"},"spec":{"clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"],"type":"ClusterIP","ports":[{"name":"http","port":80,"protocol":"TCP","targetPort":8080}]}}'
slice() { # NAME ENDPOINT...
  local name=$1 IFS=,
  shift
  printf '{"addressType":"IPv4","apiVersion":"discovery.k8s.io/v1","endpoints":[%s],"kind":"EndpointSlice","metadata":{"labels":{"kubernetes.io/service-name":"web"},"name":"%s","namespace":"default"},"ports":[{"name":"metrics","port":9100,"protocol":"TCP"},{"name":"http","port":8080,"protocol":"TCP"}]}' "$*" "$name"
}
endpoint() { # ADDRESS READY TERMINATING
  printf '{"addresses":["%s"],"conditions":{"ready":%s,"serving":true,"terminating":%s},"nodeName":"n1"}' "$1" "$2" "$3"
}
pretty() { python3 -m json.tool --indent 4; }
list() { # OBJECT...
  local IFS=,
  printf '{"apiVersion":"v1","items":[%s],"kind":"List","metadata":{"resourceVersion":""}}' "$*" | pretty
}
put objects.json "$(list "$service" "$(slice web-a "$(endpoint 192.168.56.183 true false)")")"
mkfifo stream
# What this scenario says, a cluster may say.
PYTHONPATH=$packages python3 "$here/kubernetes.py" 1.37 objects.json

cat >tunvs.toml <<CONF
[[service]]
address = "192.168.1.183:80"
discover = { file = "$work/one.json", forward = "masq" }
[[service]]
address = "192.168.1.183:81"
discover = { file = "$work/targets", forward = "masq", drain = 0 }
[[service]]
address = "192.168.1.183:82"
discover = { kubernetes = "$work/objects.json", service = "default/web", port = "http", forward = "masq", max_servers = 2000 }
[[service]]
address = "192.168.1.183:83"
discover = { kubernetes = "$work/stream", service = "web", port = "http", forward = "masq", drain = 0, stale_after = "2s" }
CONF
same "the check" "$work/tunvs.toml: 4 services, 0 servers, 0 checks" "$(on ds tunvs check "$work/tunvs.toml")"
on ds tunvs convert "$work/tunvs.toml" >again.toml
same "what is converted" "$(on ds tunvs convert "$work/tunvs.toml" | tail -n +2)" "$(on ds tunvs convert "$work/again.toml" | tail -n +2)"
start_director --config tunvs.toml

servers() {
  on ds ipvsadm -L -n | awk -v service="192.168.1.183:$1" '/^TCP/ { is = $2 == service } is && /->/ { print $2, $4 }' | sort | paste -sd,
}
are() { [[ $(servers "$1") == "$2" ]]; }
trouble() { [[ $(on ds tunvs status | grep -F "192.168.1.183:$1:") == *"TROUBLE: "*"$2"* ]]; }
fine() { [[ $(on ds tunvs status | grep -F "192.168.1.183:$1:") != *TROUBLE* ]]; }

# --- file_sd
wait_until 5 are 80 "192.168.56.183:80 3"
wait_until 5 are 81 "192.168.56.183:81 1,192.168.56.184:81 1"
put one.json '[{"targets":["192.168.56.183:80","192.168.56.184:80"]}]'
wait_until 5 are 80 "192.168.56.183:80 1,192.168.56.184:80 1"
put one.json '[{"targets":["192.168.56.183:80","web:80"]}]'
wait_until 5 trouble 80 '"web:80" is no address'
contains "events" '"event":"discovery_failed"' "$(on ds tunvs events --no-follow --last 50)"
put targets/b.json '[{"targets":'
wait_until 5 trouble 81 b.json
put targets/a.json '[{"targets":["192.168.56.183:8181"]}]'
wait_until 5 are 81 "192.168.56.183:8181 1,192.168.56.184:81 1"
rm targets/b.json
wait_until 5 are 81 "192.168.56.183:8181 1"
rm one.json
wait_until 5 trouble 80 "cannot read"
same "servers of a file that is gone" "192.168.56.183:80 1,192.168.56.184:80 1" "$(servers 80)"
put one.json '[]'
wait_until 5 are 80 ""
fine 80

# --- a file of objects
wait_until 5 are 82 "192.168.56.183:8080 1"
put objects.json "$(list "$service" "$(slice web-a "$(endpoint 192.168.56.183 false true)" "$(endpoint 192.168.56.184 true false)")")"
wait_until 5 are 82 "192.168.56.183:8080 0,192.168.56.184:8080 1"
head -c 500 objects.json >half.json
mv half.json objects.json
wait_until 5 trouble 82 "no object of Kubernetes"
same "servers of half a file" "192.168.56.183:8080 0,192.168.56.184:8080 1" "$(servers 82)"
put objects.json "$service"
wait_until 5 trouble 82 "no EndpointSlice of Service default/web for IPv4"
put objects.json "$service$(slice web-a "$(endpoint 192.168.56.184 true false)" | head -c 300)"
wait_until 5 trouble 82 "EOF while parsing"
same "servers of a Service whose slices are yet to come" "192.168.56.183:8080 0,192.168.56.184:8080 1" "$(servers 82)"
many=()
for part in {0..9}; do
  ends=(); for last in {1..100}; do ends+=("$(printf '{"addresses":["10.7.%d.%d"]}' "$part" "$last")"); done
  many+=("$(slice "web-$part" "${ends[@]}")")
done
put objects.json "$(list "$service" "${many[@]}")"
thousand() { (($(on ds ipvsadm -L -n | grep -c '10\.7\.[0-9]*\.[0-9]*:8080') == 1000)); }
begun=$EPOCHREALTIME
wait_until 10 thousand
took=$(awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
put objects.json "$(list "$service" "$(slice web-a "$(endpoint 192.168.56.183 true false)")")"
wait_until 10 are 82 "192.168.56.183:8080 1"

# --- a large document costs little more than its text
python3 - <<'PYTHON' >large.json
import json
def end(number):
    address, name = f"10.{8 + (number >> 16)}.{number >> 8 & 255}.{number & 255}", f"app-{number:x}-7c5ddbdf54"
    return {"addresses": [address], "conditions": {"ready": True, "serving": True, "terminating": False}, "nodeName": f"node-{number % 100}",
            "targetRef": {"kind": "Pod", "name": name, "namespace": "default", "uid": f"6f1b1bc0-0000-4000-8000-{number:012x}"}, "zone": "a"}
def of(service, number, ends):
    labels = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io", "kubernetes.io/service-name": service}
    return {"addressType": "IPv4", "apiVersion": "discovery.k8s.io/v1", "endpoints": ends, "kind": "EndpointSlice",
            "metadata": {"labels": labels, "name": f"{service}-{number}", "namespace": "default"}, "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}
slices = [of(f"app-{number % 20}", number, [end(number * 100 + at) for at in range(100)]) for number in range(160)]
web = of("web", 0, [{**end(0), "addresses": ["192.168.56.184"]}])
print(json.dumps({"apiVersion": "v1", "items": [*slices, web], "kind": "List", "metadata": {"resourceVersion": ""}}, indent=4))
PYTHON
size=$(($(stat -c %s large.json) / 1024))
# costs WHAT COMMAND...: the command succeeds, and the director had no more than twice the document at once, besides what it had.
costs() {
  local grown
  wait_until 30 "${@:2}"
  grown=$(($(resident VmHWM) - before))
  figures+=("a document of $size kB $1: $grown kB more")
  ((grown < 2 * size)) || fail "a document of $size kB $1 cost $grown kB"
}
begin_costs() {
  echo 5 >"/proc/$director/clear_refs"
  before=$(resident VmRSS)
}
begin_costs
mv large.json objects.json
costs "in a file" are 82 "192.168.56.184:8080 1"
cp objects.json large.json
put objects.json "$(list "$service" "$(slice web-a "$(endpoint 192.168.56.183 true false)")")"
wait_until 10 are 82 "192.168.56.183:8080 1"

# --- a stream: a list, then what changes
event() { printf '{"type":"%s","object":%s}\n' "$1" "$2"; }
exec {stream}>stream
list "$service" "$(slice web-a "$(endpoint 192.168.56.183 true false)")" >&"$stream"
wait_until 5 are 83 "192.168.56.183:8080 1"
event ADDED "$(slice web-b "$(endpoint 192.168.56.184 true false)")" >&"$stream"
wait_until 5 are 83 "192.168.56.183:8080 1,192.168.56.184:8080 1"
event DELETED "$(slice web-a)" >&"$stream"
wait_until 5 are 83 "192.168.56.184:8080 1"
list "$service" "$(slice web-a "$(endpoint 192.168.56.183 true false)")" >&"$stream"
wait_until 5 are 83 "192.168.56.183:8080 1"
begin_costs
cat large.json >&"$stream"
costs "by a stream" are 83 "192.168.56.184:8080 1"
wait_until 5 trouble 83 "nothing has come for 2 s"
# kubectl is killed within an object, and another one goes on.
event MODIFIED "$(slice web-b)" | head -c 50 >&"$stream"
printf '\n' >&"$stream"
list "$service" "$(slice web-a "$(endpoint 192.168.56.183 true false)")" "$(slice web-b "$(endpoint 192.168.56.184 false false)")" >&"$stream"
wait_until 5 are 83 "192.168.56.183:8080 1,192.168.56.184:8080 0"

# --- mistakes of others: clients are served all the while
two="192.168.56.183:8080 1,192.168.56.184:8080 1"
list "$service" "$(slice web-a "$(endpoint 192.168.56.183 true false)")" "$(slice web-b "$(endpoint 192.168.56.184 true false)")" >&"$stream"
wait_until 5 are 83 "$two"
asks() { while :; do get client http://192.168.1.183:83 || echo failed; done; }
asks >answers 2>&1 &
asking=$!
mistake() { # EXPECTED: what was written is told, changes nothing, and is over with the next object.
  wait_until 5 trouble 83 "$1"
  same "servers after: $1" "$two" "$(servers 83)"
  event MODIFIED "$(slice web-b "$(endpoint 192.168.56.184 true false)")" >&"$stream"
  wait_until 5 fine 83
}
event ERROR '{"apiVersion":"v1","kind":"Status","metadata":{},"status":"Failure","message":"too old resource version: 1 (2)","reason":"Expired","code":410}' >&"$stream"
mistake "too old resource version"
printf '{"kind":"EndpointSlice","metadata":{"name":"%0100000d"}}\n' 7 >&"$stream"
mistake "EndpointSlice 0000"
(($(on ds tunvs status | wc -L) < 1000)) || fail "a name of 100,000 bytes is shown as a whole"
printf '{"kind":"EndpointSlice","metadata":{"name":"\xff\xfe"}}\n' >&"$stream"
mistake "invalid unicode"
python3 -c 'print("{\"kind\":" + "[" * 100000 + "]" * 100000 + "}")' >&"$stream"
mistake "invalid type: sequence"
printf '{"kind":"EndpointSlice","metadata":{"name":"\\u001b[2J"}}\n' >&"$stream"
mistake "EndpointSlice "
[[ $(on ds tunvs status) != *$'\e'* ]] || fail "a terminal is told what a name says"
# By one write: the first alone takes its server away.
renamed=$(
  event MODIFIED "$(slice web-a "$(endpoint 192.168.56.183 true false)" | sed 's/"http"/"web"/')"
  event MODIFIED "$(slice web-b "$(endpoint 192.168.56.184 true false)" | sed 's/"http"/"web"/')"
)
echo "$renamed" >&"$stream"
wait_until 5 trouble 83 'Service default/web has no port "http"; its slices have metrics, web'
same "servers without their port" "$two" "$(servers 83)"
# A bookmark says nothing, and neither does what stands between documents. An endpoint in two slices: the better one counts.
event BOOKMARK '{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"resourceVersion":"12746"},"addressType":"","endpoints":null,"ports":null}' >&"$stream"
head -c 8000000 /dev/zero >&"$stream"
event MODIFIED "$(slice web-a "$(endpoint 192.168.56.183 true false)" "$(endpoint 192.168.56.184 false false)")" >&"$stream"
event MODIFIED "$(slice web-b "$(endpoint 192.168.56.184 true false)" "$(endpoint 192.168.56.183 false false)")" >&"$stream"
wait_until 10 fine 83
same "servers of slices that contradict each other" "$two" "$(servers 83)"
kill "$asking"
same "answers meanwhile" "rs1 rs2" "$(sort -u answers | paste -sd' ')"
list "$service" "$(slice web-a "$(endpoint 192.168.56.183 true false)")" "$(slice web-b "$(endpoint 192.168.56.184 false false)")" >&"$stream"
wait_until 5 are 83 "192.168.56.183:8080 1,192.168.56.184:8080 0"

printf '{"kind":"Lis' >&"$stream"
exec {stream}>&-
wait_until 5 trouble 83 "the stream has ended"
same "servers of a stream that has ended" "192.168.56.183:8080 1,192.168.56.184:8080 0" "$(servers 83)"

# --- another director does not take a stream that it joins for all that there is
kill -KILL "$director"
wait "$director" || true
exec {stream}<>stream
event ADDED "$(slice web-c "$(endpoint 192.168.56.200 true false)")" >&"$stream"
start_director --config tunvs.toml
wait_until 5 trouble 83 "waits for a list"
same "servers after a kill" "192.168.56.183:8080 1,192.168.56.184:8080 0" "$(servers 83)"
list "$service" "$(slice web-c "$(endpoint 192.168.56.184 true false)")" >&"$stream"
wait_until 5 are 83 "192.168.56.184:8080 1"
stop_director
nothing_left
printf '%s\n' "a thousand endpoints came in $took s" "${figures[@]}"
