#!/usr/bin/env bash
# What the documents show is typed: every block that a marker names runs as it stands there, document by document, and
# says what is printed below it (docs.py). `docs.sh FILE...` runs these documents only.
here=$(realpath "$(dirname "$0")")
root=$here/../..
. "$here/lib.sh"

# The hosts of README's quick start. Installing goes to a layer in memory.
topology
web rs1
web rs2
mount -t tmpfs tmpfs /usr/local
mkdir -p /usr/local/sbin target/release
ln -s "$TUNVS_BIN" target/release/tunvs
ln -s "$root"/{Makefile,man,completions,conf,docs} .
unset TUNVS_SOCKET
export PATH=/usr/local/sbin:$PATH

before=$(snapshot ds)
if (($#)); then documents=("$@"); else documents=("$root"/README.md "$root"/docs/*.md); fi
python3 "$here/docs.py" "$root/README.md" "${documents[@]}"
same "the host" "$before" "$(snapshot ds)"
