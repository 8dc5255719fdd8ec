#!/usr/bin/env bash
# Where a PROXY header ends, read by proxy-protocol-js 4.0.6 and @balena/proxy-protocol-parser 1.0.2 (npm).
#
# Version 2 says the length of its header, which covers addresses and what follows them (TLVs; haproxy, AWS and nginx send some).
# In version 1 nothing need stand between UNKNOWN and the end of the line.
# Seen:
# - proxy-protocol-js gives the TLVs as the first bytes of the application's data, and refuses the short UNKNOWN line.
# - @balena/proxy-protocol-parser takes the short UNKNOWN line for TCP over IPv6, with the line's end as the client's address and the
#   first bytes of the application as the local one.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund proxy-protocol-js@4.0.6 @balena/proxy-protocol-parser@1.0.2 >/dev/null
cat >probe.js <<'JS'
const { V1ProxyProtocol, V2ProxyProtocol } = require("proxy-protocol-js");
const { decode } = require("@balena/proxy-protocol-parser");
const addresses = Buffer.from([192, 0, 2, 1, 192, 0, 2, 2, 0x9c, 0x40, 0, 80]);
const noop = Buffer.from([4, 0, 4, 1, 2, 3, 4]);
const header = Buffer.concat([
  Buffer.from("0d0a0d0a000d0a515549540a", "hex"),
  Buffer.from([0x21, 0x11, 0, addresses.length + noop.length]),
  addresses,
  noop,
]);
const parsed = V2ProxyProtocol.parse(Buffer.concat([header, Buffer.from("EHLO")]));
console.log("proxy-protocol-js, TLV:", JSON.stringify(Buffer.from(parsed.data).toString("latin1")));
const line = "PROXY UNKNOWN\r\nEHLO a";
try {
  V1ProxyProtocol.parse(line);
  console.log("proxy-protocol-js, UNKNOWN: read");
} catch (error) {
  console.log("proxy-protocol-js, UNKNOWN:", error.message);
}
const unknown = decode(Buffer.from(line));
console.log("balena, UNKNOWN:", JSON.stringify([unknown.remoteFamily, unknown.remoteAddress, unknown.localAddress]));
JS
node probe.js | tee seen
diff seen - <<'SEEN'
proxy-protocol-js, TLV: "\u0004\u0000\u0004\u0001\u0002\u0003\u0004EHLO"
proxy-protocol-js, UNKNOWN: given data isn't suitable for V1 PROXY protocols definition
balena, UNKNOWN: ["IPv6","\r\n","EHLO"]
SEEN
echo "as found"
