//! Captures as a pcapng file: interface 0 has packets as they came, interface 1 as they left, verdicts as comments.

use std::io::{self, Write};

use super::{Bytes, Captured};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;

/// Packets stand behind a header of 16 bytes that says little (`LINKTYPE_LINUX_SLL`). Files with two interfaces of
/// `LINKTYPE_RAW` are refused by libpcap.
const COOKED: u16 = 113;
const HEADER: u32 = 16;

const COMMENT: u16 = 1;
const APPLICATION: u16 = 4;
const NAME: u16 = 2;
const DESCRIPTION: u16 = 3;
const RESOLUTION: u16 = 9;
const DROP_COUNT: u16 = 4;

/// Numbers of the interfaces of the file.
const BEFORE: u32 = 0;
const AFTER: u32 = 1;

/// # Errors
/// Nobody takes the bytes.
pub fn begin(out: &mut dyn Write, snaplen: u32, version: &str) -> io::Result<()> {
    let mut body = Vec::new();
    body.extend(0x1a2b_3c4d_u32.to_le_bytes());
    body.extend([1, 0, 0, 0]);
    body.extend((-1_i64).to_le_bytes());
    option(&mut body, APPLICATION, format!("tunvs {version}").as_bytes());
    end_options(&mut body);
    block(out, SECTION, &body)?;
    for (name, description) in
        [("before", "as they reached the director"), ("after", "as the director sent them on")]
    {
        let mut body = Vec::new();
        body.extend(COOKED.to_le_bytes());
        body.extend([0, 0]);
        body.extend(snaplen.to_le_bytes());
        option(&mut body, NAME, name.as_bytes());
        option(&mut body, DESCRIPTION, description.as_bytes());
        option(&mut body, RESOLUTION, &[9]);
        end_options(&mut body);
        block(out, INTERFACE, &body)?;
    }
    Ok(())
}

/// # Errors
/// Nobody takes the bytes.
pub fn packet(out: &mut dyn Write, captured: &Captured) -> io::Result<()> {
    let comment = format!("from {}: {}", captured.side, captured.verdict);
    one(out, BEFORE, captured.at, &captured.before, &comment, captured.lost)?;
    for after in &captured.after {
        one(out, AFTER, captured.at, after, &comment, 0)?;
    }
    Ok(())
}

fn one(
    out: &mut dyn Write,
    interface: u32,
    at: u64,
    bytes: &Bytes,
    comment: &str,
    lost: u64,
) -> io::Result<()> {
    let mut body = Vec::with_capacity(bytes.data.len() + 128);
    body.extend(interface.to_le_bytes());
    body.extend(((at >> 32) as u32).to_le_bytes());
    body.extend((at as u32).to_le_bytes());
    body.extend((bytes.data.len() as u32 + HEADER).to_le_bytes());
    body.extend((bytes.len + HEADER).to_le_bytes());
    body.extend(header(interface, &bytes.data));
    body.extend(&bytes.data);
    pad(&mut body);
    option(&mut body, COMMENT, comment.as_bytes());
    if lost > 0 {
        option(&mut body, DROP_COUNT, &lost.to_le_bytes());
    }
    end_options(&mut body);
    block(out, PACKET, &body)
}

/// Sent to us or by us, on a device without link addresses, and the protocol's EtherType.
fn header(interface: u32, packet: &[u8]) -> [u8; HEADER as usize] {
    let mut header = [0; HEADER as usize];
    header[1] = if interface == BEFORE { 0 } else { 4 };
    header[2..4].copy_from_slice(&0xfffe_u16.to_be_bytes());
    let is_v6 = packet.first().is_some_and(|byte| byte >> 4 == 6);
    header[14..].copy_from_slice(&if is_v6 { 0x86dd_u16 } else { 0x0800 }.to_be_bytes());
    header
}

fn block(out: &mut dyn Write, kind: u32, body: &[u8]) -> io::Result<()> {
    let len = (body.len() as u32 + 12).to_le_bytes();
    out.write_all(&[&kind.to_le_bytes()[..], &len, body, &len].concat())
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    pad(body);
}

fn end_options(body: &mut Vec<u8>) {
    body.extend([0; 4]);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a file apart: kind and body of each block.
    fn blocks(mut file: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let number = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
        let mut blocks = Vec::new();
        while !file.is_empty() {
            let len = number(&file[4..]) as usize;
            assert!(len.is_multiple_of(4) && number(&file[len - 4..]) as usize == len);
            blocks.push((number(file), file[8..len - 4].to_vec()));
            file = &file[len..];
        }
        blocks
    }

    #[test]
    fn a_file_is_a_section_two_interfaces_and_packets() {
        let bytes = |data: &[u8], len| Bytes { data: data.to_vec(), len };
        let captured = Captured {
            at: 0x0123_4567_89ab_cdef,
            side: "client".to_owned(),
            verdict: "forward".to_owned(),
            before: bytes(&[1, 2, 3], 100),
            after: vec![bytes(&[4; 8], 8), bytes(&[], 0)],
            lost: 3,
        };
        let mut file = Vec::new();
        begin(&mut file, 96, "0.1.0").unwrap();
        packet(&mut file, &captured).unwrap();
        let blocks = blocks(&file);
        let kinds: Vec<u32> = blocks.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [SECTION, INTERFACE, INTERFACE, PACKET, PACKET, PACKET]);
        let before = &blocks[3].1;
        assert_eq!(before[..4], BEFORE.to_le_bytes());
        assert_eq!(before[4..12], [0x67, 0x45, 0x23, 0x01, 0xef, 0xcd, 0xab, 0x89]);
        assert_eq!(before[12..20], [19, 0, 0, 0, 116, 0, 0, 0]);
        assert_eq!(before[20..36], [0, 0, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]);
        let before = &before[16..];
        assert_eq!(before[20..24], [1, 2, 3, 0]);
        assert_eq!(before[24..28], [1, 0, 20, 0]);
        assert_eq!(&before[28..48], b"from client: forward");
        assert_eq!(before[48..64], [4, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(blocks[4].1[..4], AFTER.to_le_bytes());
    }
}
