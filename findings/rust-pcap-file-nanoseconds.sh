#!/usr/bin/env bash
# Time stamps of pcapng files, read by the crate pcap-file 2.0.0.
#
# A pcapng interface without the option if_tsresol counts microseconds. `EnhancedPacketBlock::timestamp` is a `Duration`, which looks
# as if the unit had been taken care of; it holds the raw number as nanoseconds, whatever the interface says.
# Seen: a packet of the year 2023 is 19 days after 1970 (1,700,000 seconds).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cargo init -q --name probe .
cargo add -q pcap-file@=2.0.0
cat >src/main.rs <<'RS'
use pcap_file::pcapng::{Block, PcapNgReader};

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &len, body, &len].concat()
}

fn main() {
    let section = [&0x1A2B_3C4D_u32.to_le_bytes()[..], &[1, 0, 0, 0], &(-1_i64).to_le_bytes()].concat();
    let interface = [101, 0, 0, 0, 0, 0, 1, 0];
    let microseconds = 1_700_000_000_000_000_u64;
    let packet: Vec<u8> = [0, (microseconds >> 32) as u32, microseconds as u32, 4, 4]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .chain([0x45, 0, 0, 4])
        .collect();
    let file = [block(0x0A0D_0D0A, &section), block(1, &interface), block(6, &packet)].concat();
    let mut reader = PcapNgReader::new(&file[..]).unwrap();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(packet) = block.unwrap() {
            println!("{} seconds", packet.timestamp.as_secs());
        }
    }
}
RS
cargo run -q 2>/dev/null | tee seen
diff seen - <<<"1700000 seconds"
echo "as found"
