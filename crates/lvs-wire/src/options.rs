//! Entries that hosts on the way write into IPv4 options: record-route and timestamps (RFC 791 3.1). Same place as
//! `ip_options_compile` and `ip_forward_options`, which make them.

use std::net::{IpAddr, Ipv4Addr};

use super::checksum;
use super::{Headers, PacketBuf};

const END: u8 = 0;
const NO_OPERATION: u8 = 1;
const RECORD_ROUTE: u8 = 7;
const TIMESTAMP: u8 = 68;
const IPV4_HEADER: usize = 20;

/// Kinds of timestamp options, the lower half of the fourth byte; the upper half counts who found no room.
const TIMES: u8 = 0;
const ADDRESSES_AND_TIMES: u8 = 1;
const GIVEN_ADDRESSES: u8 = 3;
const ONE_WITHOUT_ROOM: u8 = 0x10;

/// An entry that was taken out of an option, to be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Offset of the option in the packet.
    option: usize,
    bytes: [u8; 8],
    len: usize,
}

/// Takes the entry of the last host out of the first option that has one: the packet is then as that host got it.
/// `is_own` says whether an address is that host's.
pub fn take_entry(buf: &mut PacketBuf, headers: &Headers, is_own: impl Fn(IpAddr) -> bool) -> Option<Entry> {
    if headers.is_v6() || headers.l4 <= IPV4_HEADER {
        return None;
    }
    let header = &mut buf.bytes_mut()[..headers.l4];
    let mut at = IPV4_HEADER;
    loop {
        let len = match (header.get(at)?, header.get(at + 1)) {
            (&END, _) => return None,
            (&NO_OPERATION, _) => 1,
            (_, Some(len)) if *len >= 2 => usize::from(*len),
            _ => return None,
        };
        let option = header.get_mut(at..at + len)?;
        let entry = match option[0] {
            RECORD_ROUTE if len >= 3 => recorded_address(option, &is_own),
            TIMESTAMP if len >= 4 => timestamp(option, &is_own),
            _ => None,
        };
        if let Some((bytes, len)) = entry {
            sum_anew(header);
            return Some(Entry { option: at, bytes, len });
        }
        at += len;
    }
}

impl Entry {
    /// Puts the entry back, under the address `own` where it has one.
    pub fn put_back(&self, buf: &mut PacketBuf, headers: &Headers, own: IpAddr) {
        let header = &mut buf.bytes_mut()[..headers.l4];
        let option = &mut header[self.option..];
        if self.len == 0 {
            option[3] = option[3].saturating_add(ONE_WITHOUT_ROOM);
            return sum_anew(header);
        }
        let at = usize::from(option[2]) - 1;
        option[at..at + self.len].copy_from_slice(&self.bytes[..self.len]);
        let has_address = option[0] == RECORD_ROUTE || option[3] & 0xf == ADDRESSES_AND_TIMES;
        if let (true, IpAddr::V4(own)) = (has_address, own) {
            option[at..at + 4].copy_from_slice(&own.octets());
        }
        option[2] += self.len as u8;
        sum_anew(header);
    }
}

/// An address of the host's own at the end of what is recorded; it wrote none where it found no room.
fn recorded_address(option: &mut [u8], is_own: impl Fn(IpAddr) -> bool) -> Option<([u8; 8], usize)> {
    let at = entry_before(option, 4, 4)?;
    is_own(address(option, at)).then(|| take(option, at, 4))
}

/// The last host either wrote a time or counted that there was no room.
fn timestamp(option: &mut [u8], is_own: impl Fn(IpAddr) -> bool) -> Option<([u8; 8], usize)> {
    let kind = option[3] & 0xf;
    if kind != GIVEN_ADDRESSES && option[3] >= ONE_WITHOUT_ROOM {
        option[3] -= ONE_WITHOUT_ROOM;
        return Some(([0; 8], 0));
    }
    let len = match kind {
        TIMES => 4,
        ADDRESSES_AND_TIMES | GIVEN_ADDRESSES => 8,
        _ => return None,
    };
    let at = entry_before(option, 5, len)?;
    if kind == GIVEN_ADDRESSES && !is_own(address(option, at)) {
        return None;
    }
    let (bytes, len) = take(option, at, len);
    if kind == GIVEN_ADDRESSES {
        option[at..at + 4].copy_from_slice(&bytes[..4]);
    }
    Some((bytes, len))
}

/// Offset of the last entry; `first` is the pointer of an option without any.
fn entry_before(option: &[u8], first: usize, len: usize) -> Option<usize> {
    let next = usize::from(option[2]);
    (next >= first + len && next <= option.len() + 1).then(|| next - 1 - len)
}

fn take(option: &mut [u8], at: usize, len: usize) -> ([u8; 8], usize) {
    let mut bytes = [0; 8];
    bytes[..len].copy_from_slice(&option[at..at + len]);
    option[at..at + len].fill(0);
    option[2] -= len as u8;
    (bytes, len)
}

fn address(option: &[u8], at: usize) -> IpAddr {
    Ipv4Addr::new(option[at], option[at + 1], option[at + 2], option[at + 3]).into()
}

fn sum_anew(header: &mut [u8]) {
    header[10..12].fill(0);
    let sum = checksum::plain(header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::make::{self, Ends};

    const OWN: [u8; 4] = [10, 1, 0, 1];

    fn with_options(options: &[u8]) -> PacketBuf {
        let ends = Ends::new([10, 0, 0, 1].into(), 1, [10, 0, 0, 2].into(), 53);
        let mut packet = make::udp(ends, b"hello");
        packet.splice(20..20, options.iter().copied());
        packet[0] = 0x45 + (options.len() / 4) as u8;
        let len = packet.len() as u16;
        packet[2..4].copy_from_slice(&len.to_be_bytes());
        sum_anew(&mut packet[..20 + options.len()]);
        PacketBuf::from_packet(&packet)
    }

    fn taken(options: &[u8]) -> (PacketBuf, Option<Entry>) {
        let mut buf = with_options(options);
        let headers = Headers::parse(buf.bytes()).unwrap();
        let entry = take_entry(&mut buf, &headers, |addr| addr == IpAddr::from(OWN));
        (buf, entry)
    }

    #[test]
    fn the_last_hosts_entry_is_taken_out_and_put_back() {
        // Options as the host has left them, and as it got them.
        let rows: &[(&[u8], &[u8])] = &[
            (&[7, 7, 8, 10, 1, 0, 1, 0], &[7, 7, 4, 0, 0, 0, 0, 0]),
            (&[1, 7, 11, 12, 9, 9, 9, 9, 10, 1, 0, 1], &[1, 7, 11, 8, 9, 9, 9, 9, 0, 0, 0, 0]),
            (&[68, 8, 9, 0, 1, 2, 3, 4], &[68, 8, 5, 0, 0, 0, 0, 0]),
            (&[68, 12, 13, 1, 10, 1, 0, 1, 1, 2, 3, 4], &[68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
            (&[68, 12, 13, 3, 10, 1, 0, 1, 1, 2, 3, 4], &[68, 12, 5, 3, 10, 1, 0, 1, 0, 0, 0, 0]),
            (&[68, 8, 9, 0x20, 1, 2, 3, 4], &[68, 8, 9, 0x10, 1, 2, 3, 4]),
        ];
        for (left, got) in rows {
            let (mut buf, entry) = taken(left);
            assert_eq!(buf.bytes(), with_options(got).bytes(), "{left:?}");
            let headers = Headers::parse(buf.bytes()).unwrap();
            entry.unwrap().put_back(&mut buf, &headers, OWN.into());
            assert_eq!(buf.bytes(), with_options(left).bytes());
        }
    }

    #[test]
    fn entries_of_others_and_what_lies_stay() {
        let rows: &[&[u8]] = &[
            &[7, 7, 8, 9, 9, 9, 9, 0],
            &[7, 7, 4, 10, 1, 0, 1, 0],
            &[7, 7, 200, 10, 1, 0, 1, 0],
            &[7, 200, 8, 10, 1, 0, 1, 0],
            &[7, 1, 1, 1],
            &[68, 12, 13, 3, 9, 9, 9, 9, 1, 2, 3, 4],
            &[68, 8, 5, 0, 0, 0, 0, 0],
            &[68, 8, 9, 7, 1, 2, 3, 4],
            &[148, 4, 0, 0],
            &[0, 7, 7, 8, 10, 1, 0, 1],
        ];
        for options in rows {
            let (buf, entry) = taken(options);
            assert_eq!((buf.bytes(), entry), (with_options(options).bytes(), None), "{options:?}");
        }
    }
}
