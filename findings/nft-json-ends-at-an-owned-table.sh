#!/usr/bin/env bash
# `nft -j` where a table has an owner, by nftables 1.0.6-2+deb12u2 (Debian 12; root, in a network namespace of its own).
#
# Since Linux 5.12 a table may belong to the program that made it (`flags owner`), as firewalld can have it (NftablesTableOwner).
# Seen: the listing as text is whole. `nft -j list ruleset` prints up to `"flags": ` of that table and ends there, with exit status 0,
# so that whoever reads rules as JSON on such a host gets no JSON, and those who look at the exit status only get no rules.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11=1.2.4-2 >/dev/null 2>&1
for package in ./*.deb; do dpkg -x "$package" root; done
cat >look.sh <<'SH'
mkfifo commands
exec 7<>commands
nft() { LD_LIBRARY_PATH=$(dirname "$(find "$PWD/root" -name 'libnftables.so.1')") root/usr/sbin/nft "$@"; }
nft -i <commands >/dev/null 2>&1 &
echo 'add table inet owned { flags owner; }' >&7
for ((tries = 0; tries < 100; tries++)); do
  [[ $(nft list tables) != *owned* ]] || break
  sleep 0.1
done
echo "text: $(nft list ruleset | grep -c 'flags owner') table with an owner"
json=$(nft -j list ruleset) && code=0 || code=$?
echo "json: exit $code, ends with ${json: -9}"
python3 -c 'import json, sys; json.loads(sys.argv[1])' "$json" 2>/dev/null && echo "json: whole" || echo "json: not whole"
kill %1
SH
unshare --net bash look.sh 2>/dev/null | tee seen
diff seen - <<'SEEN'
text: 1 table with an owner
json: exit 0, ends with "flags": 
json: not whole
SEEN
echo "as found"
