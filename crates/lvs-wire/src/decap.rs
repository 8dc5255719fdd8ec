//! Taking a packet out of another: IP in IP, GRE and GUE as `ipip_rcv`, `gre_rcv` and `gue_udp_recv` of the kernel
//! do it, with the congestion marks of RFC 6040. Proves what it strips; what comes out is a whole IP packet.

use super::checksum::{self, Delta};
use super::encap::complete;
use super::header::protocol;
use super::{Checksum, Headers, Offload, PacketBuf, ParseError};

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const GRE_CHECKSUM: u16 = 0x8000;
const UDP_HEADER: usize = 8;
const GUE_HEADER: usize = 4;
const GUE_CONTROL: u8 = 0x20;
const GUE_WORDS: u8 = 0x1f;
const GUE_PRIVATE_FLAGS: u16 = 1;
const GUE_REMOTE_CHECKSUM: u32 = 0x8000_0000;
const NOT_ECT: u8 = 0;
const ECT_1: u8 = 1;
const ECT_0: u8 = 2;
const CE: u8 = 3;

/// How a packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OuterKind {
    Ipip,
    Gre,
    /// To this UDP port.
    Gue(u16),
}

/// Why nothing was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecapError {
    #[error("an option or a content that is not understood")]
    Unknown,
    #[error("the outer checksum is wrong")]
    Checksum,
    #[error("congestion was experienced by a packet that knows nothing of it")]
    Congestion,
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// Kind of encapsulation of a packet; None when it is none.
pub fn outer_kind(bytes: &[u8], headers: &Headers) -> Option<OuterKind> {
    match headers.protocol {
        protocol::IPIP | protocol::IPV6 => Some(OuterKind::Ipip),
        protocol::GRE => Some(OuterKind::Gre),
        protocol::UDP => match headers.transport(bytes) {
            Ok(super::Transport::Udp { dst_port, .. }) => Some(OuterKind::Gue(dst_port)),
            _ => None,
        },
        _ => None,
    }
}

/// Offset of the inner packet in the beginning of an encapsulated one, as an ICMP error quotes it. None when that much
/// is not there, or it is none.
pub fn inner_at(quote: &[u8], headers: &Headers) -> Option<usize> {
    if headers.is_later_fragment() {
        return None;
    }
    let at = headers.l4;
    let word = |at: usize| Some(u16::from_be_bytes([*quote.get(at)?, *quote.get(at + 1)?]));
    let inner = match headers.protocol {
        protocol::IPIP | protocol::IPV6 => at,
        protocol::GRE => match word(at)? {
            0 => at + 4,
            GRE_CHECKSUM => at + 8,
            _ => return None,
        },
        protocol::UDP => {
            let first = *quote.get(at + UDP_HEADER)?;
            if first >> 6 != 0 || first & GUE_CONTROL != 0 {
                return None;
            }
            at + UDP_HEADER + GUE_HEADER + usize::from(first & GUE_WORDS) * 4
        }
        _ => return None,
    };
    (inner < quote.len()).then_some(inner)
}

/// Takes the inner packet out of the whole packet in `buf`, which is no super-packet. A partial checksum of the
/// inner packet stays partial. The headers are those of the inner packet.
///
/// # Errors
/// The packet is to be dropped; what the buffer holds then says nothing.
pub fn decapsulate(buf: &mut PacketBuf, headers: &Headers) -> Result<Headers, DecapError> {
    buf.set_len(headers.len);
    let ecn = ecn(buf.bytes());
    match headers.protocol {
        protocol::IPIP => strip(buf, headers.l4, 4)?,
        protocol::IPV6 => strip(buf, headers.l4, 6)?,
        protocol::GRE => gre(buf, headers.l4)?,
        protocol::UDP => {
            udp(buf, headers)?;
            return take_gue(buf, ecn);
        }
        _ => return Err(DecapError::Unknown),
    }
    finish(buf, ecn)
}

/// Takes the inner packet out of a datagram's payload, whose outer headers somebody else has checked and removed.
/// `ecn` is the congestion mark that they had.
///
/// # Errors
/// As [`decapsulate`].
pub fn take_gue(buf: &mut PacketBuf, ecn: u8) -> Result<Headers, DecapError> {
    gue(buf)?;
    finish(buf, ecn)
}

/// The header of RFC 2784; the key and sequence number of RFC 2890 would need an agreement.
fn gre(buf: &mut PacketBuf, at: usize) -> Result<(), DecapError> {
    let header = buf.bytes().get(at..at + 4).ok_or(ParseError::Truncated)?;
    let flags = u16::from_be_bytes([header[0], header[1]]);
    let version = match u16::from_be_bytes([header[2], header[3]]) {
        ETHERTYPE_IPV4 => 4,
        ETHERTYPE_IPV6 => 6,
        _ => return Err(DecapError::Unknown),
    };
    match flags {
        0 => strip(buf, at + 4, version),
        GRE_CHECKSUM => {
            complete_behind(buf, at);
            let message = &buf.bytes()[at..];
            if message.len() < 8 {
                return Err(ParseError::Truncated.into());
            }
            if checksum::plain(message) != 0 {
                return Err(DecapError::Checksum);
            }
            strip(buf, at + 8, version)
        }
        _ => Err(DecapError::Unknown),
    }
}

/// Checks the UDP header and takes it off with what is in front of it.
fn udp(buf: &mut PacketBuf, headers: &Headers) -> Result<(), DecapError> {
    let at = headers.l4;
    let header = buf.bytes().get(at..at + UDP_HEADER).ok_or(ParseError::Truncated)?;
    let len = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let has_checksum = header[6..8] != [0, 0];
    if len < UDP_HEADER || at + len > buf.len() {
        return Err(ParseError::BadTotalLength.into());
    }
    buf.set_len(at + len);
    // A partial checksum of the outer header is one that never left this machine.
    let is_trusted = match buf.offload.checksum {
        Checksum::Partial { start, .. } => usize::from(start) <= at,
        Checksum::Verified => true,
        Checksum::Full => false,
    };
    if has_checksum && !is_trusted {
        complete_behind(buf, at);
        let segment = &buf.bytes()[at..];
        if checksum::transport(headers.src, headers.dst, protocol::UDP, segment) != 0 {
            return Err(DecapError::Checksum);
        }
    }
    remove(buf, at + UDP_HEADER)
}

/// The GUE header (`gue_udp_recv`), with remote checksum offload, or the direct encapsulation of version 1.
fn gue(buf: &mut PacketBuf) -> Result<(), DecapError> {
    let bytes = buf.bytes();
    let first = *bytes.first().ok_or(ParseError::Truncated)?;
    match first >> 6 {
        0 => {}
        1 => return strip(buf, 0, first >> 4),
        _ => return Err(DecapError::Unknown),
    }
    let len = GUE_HEADER + usize::from(first & GUE_WORDS) * 4;
    let header = bytes.get(..len).ok_or(ParseError::Truncated)?;
    let version = match header[1] {
        protocol::IPIP => 4,
        protocol::IPV6 => 6,
        _ => return Err(DecapError::Unknown),
    };
    if first & GUE_CONTROL != 0 {
        return Err(DecapError::Unknown);
    }
    let word = |at: usize| header.get(at..at + 2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    let private = |at: usize| Some(u32::from(word(at)?) << 16 | u32::from(word(at + 2)?));
    let remote = match (word(2), private(4), word(8).zip(word(10))) {
        (Some(0), ..) | (Some(GUE_PRIVATE_FLAGS), Some(0), _) => None,
        (Some(GUE_PRIVATE_FLAGS), Some(GUE_REMOTE_CHECKSUM), Some(remote)) => Some(remote),
        _ => return Err(DecapError::Unknown),
    };
    strip(buf, len, version)?;
    if let Some((start, field)) = remote {
        let fits = field >= start && usize::from(field) + 2 <= buf.len();
        if !fits {
            return Err(DecapError::Unknown);
        }
        buf.offload.checksum = Checksum::Partial { start, offset: field - start };
    }
    Ok(())
}

/// Takes `len` bytes off the front; what is left has to be a packet of this IP version.
fn strip(buf: &mut PacketBuf, len: usize, version: u8) -> Result<(), DecapError> {
    remove(buf, len)?;
    match buf.bytes().first() {
        Some(first) if first >> 4 == version => Ok(()),
        Some(_) => Err(ParseError::BadVersion.into()),
        None => Err(ParseError::Truncated.into()),
    }
}

/// Takes bytes off the front, and moves a partial checksum along; one that was about them is done with.
fn remove(buf: &mut PacketBuf, len: usize) -> Result<(), DecapError> {
    if !buf.shrink_front(len) {
        return Err(ParseError::Truncated.into());
    }
    buf.offload = match buf.offload.checksum {
        Checksum::Partial { start, offset } if usize::from(start) >= len => Offload {
            checksum: Checksum::Partial { start: start - len as u16, offset },
            ..Offload::default()
        },
        _ => Offload::default(),
    };
    Ok(())
}

/// Completes a partial checksum of the inner packet, for something outside covers it.
fn complete_behind(buf: &mut PacketBuf, at: usize) {
    if matches!(buf.offload.checksum, Checksum::Partial { start, .. } if usize::from(start) > at) {
        complete(buf);
    }
}

/// Cuts padding off the inner packet and hands congestion marks on.
fn finish(buf: &mut PacketBuf, outer: u8) -> Result<Headers, DecapError> {
    let headers = Headers::parse(buf.bytes())?;
    buf.set_len(headers.len);
    let inner = ecn(buf.bytes());
    let marked = match (inner, outer) {
        (NOT_ECT, CE) => return Err(DecapError::Congestion),
        (NOT_ECT, _) => NOT_ECT,
        (_, CE) => CE,
        (ECT_0, ECT_1) => ECT_1,
        (inner, _) => inner,
    };
    if marked != inner {
        mark(buf.bytes_mut(), marked);
    }
    Ok(headers)
}

fn ecn(bytes: &[u8]) -> u8 {
    if bytes[0] >> 4 == 6 { bytes[1] >> 4 & 3 } else { bytes[1] & 3 }
}

fn mark(bytes: &mut [u8], ecn: u8) {
    if bytes[0] >> 4 == 6 {
        bytes[1] = bytes[1] & !0x30 | ecn << 4;
        return;
    }
    let word = |bytes: &[u8], at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let old = word(bytes, 0);
    bytes[1] = bytes[1] & !3 | ecn;
    let sum = Delta::default().word(old, word(bytes, 0)).apply(word(bytes, 10));
    bytes[10..12].copy_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::make::{self, Ends};
    use crate::{Encapsulation, Outer, encapsulate};

    const KINDS: [Encapsulation; 6] = [
        Encapsulation::Ipip,
        Encapsulation::Gre { checksum: false },
        Encapsulation::Gre { checksum: true },
        Encapsulation::Gue { src_port: 40_000, dst_port: 6080, checksum: false, remote_checksum: false },
        Encapsulation::Gue { src_port: 40_000, dst_port: 6080, checksum: true, remote_checksum: false },
        Encapsulation::Gue { src_port: 40_000, dst_port: 6080, checksum: false, remote_checksum: true },
    ];

    fn packet(v6: bool) -> Vec<u8> {
        let (src, dst) = if v6 { ("fd00::1", "fd00::2") } else { ("10.0.0.1", "10.0.0.2") };
        let ends = Ends::new(src.parse().unwrap(), 1, dst.parse().unwrap(), 80);
        make::tcp(ends, 0x10, b"some payload")
    }

    fn outer(v6: bool, kind: Encapsulation) -> Outer {
        let (src, dst) = if v6 { ("fd01::1", "fd01::2") } else { ("10.1.0.1", "10.1.0.2") };
        let (src, dst) = (src.parse().unwrap(), dst.parse().unwrap());
        Outer { src, dst, ttl: 9, dont_fragment: true, id: 7, kind }
    }

    /// A wrapped packet with all sums complete, as a wire carries it.
    fn wrapped(inner: &[u8], v6: bool, kind: Encapsulation) -> PacketBuf {
        let mut buf = PacketBuf::from_packet(inner);
        assert!(encapsulate(&mut buf, &outer(v6, kind)));
        complete(&mut buf);
        buf
    }

    fn unwrap(buf: &mut PacketBuf) -> Result<Headers, DecapError> {
        let headers = Headers::parse(buf.bytes()).unwrap();
        decapsulate(buf, &headers)
    }

    #[test]
    fn what_was_put_in_comes_out() {
        for kind in KINDS {
            for (inner_v6, outer_v6) in [(false, false), (false, true), (true, false), (true, true)] {
                let inner = packet(inner_v6);
                let mut buf = wrapped(&inner, outer_v6, kind);
                buf.append(b"padding");
                unwrap(&mut buf).unwrap();
                assert_eq!(buf.bytes(), inner, "{kind:?} {inner_v6} {outer_v6}");
                assert_eq!(buf.offload, Offload::default());
            }
        }
    }

    #[test]
    fn a_partial_checksum_stays_partial_or_was_completed() {
        for kind in KINDS {
            let whole = packet(false);
            let mut partial = whole.clone();
            let pseudo = checksum::pseudo_header([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), 6, 32);
            partial[36..38].copy_from_slice(&checksum::fold(pseudo).to_be_bytes());
            let mut buf = PacketBuf::from_packet(&partial);
            buf.offload.checksum = Checksum::Partial { start: 20, offset: 16 };
            assert!(encapsulate(&mut buf, &outer(false, kind)));
            unwrap(&mut buf).unwrap();
            if buf.offload.checksum != Checksum::Full {
                assert_eq!(buf.offload.checksum, Checksum::Partial { start: 20, offset: 16 }, "{kind:?}");
                complete(&mut buf);
            }
            assert_eq!(buf.bytes(), whole, "{kind:?}");
        }
    }

    #[test]
    fn a_bit_that_fell_over_is_found_where_something_covers_it() {
        for kind in [KINDS[2], KINDS[4]] {
            let mut buf = wrapped(&packet(false), false, kind);
            let last = buf.len() - 1;
            buf.bytes_mut()[last] ^= 1;
            assert_eq!(unwrap(&mut buf), Err(DecapError::Checksum), "{kind:?}");
        }
    }

    #[test]
    fn what_the_kernels_director_sends_is_understood() {
        let inner = "4500003c123440003f06a575c0a8010bc0a801b7753100500102030400000000a002faf04f740000020405b40402080a\
                     000000010000000001030307";
        for outer in [
            "45000050000040003f040000c0a838b5c0a838b7",
            "45000054000040003f2f0000c0a838b5c0a838b700000800",
            "45000058000040003f2f0000c0a838b5c0a838b780000800fc400000",
            "4500005c000040003f110000c0a838b5c0a838b7800017c00048000000040000",
        ] {
            let mut buf = PacketBuf::from_packet(&bytes(&format!("{outer}{inner}")));
            unwrap(&mut buf).unwrap();
            assert_eq!(buf.bytes(), bytes(inner));
        }
    }

    #[test]
    fn congestion_marks_follow_rfc_6040() {
        let table = [
            (NOT_ECT, [Some(NOT_ECT), Some(NOT_ECT), Some(NOT_ECT), None]),
            (ECT_1, [Some(ECT_1), Some(ECT_1), Some(ECT_1), Some(CE)]),
            (ECT_0, [Some(ECT_0), Some(ECT_1), Some(ECT_0), Some(CE)]),
            (CE, [Some(CE); 4]),
        ];
        for v6 in [false, true] {
            for (inner_mark, expected) in table {
                for (outer_mark, expected) in (0..).zip(expected) {
                    let mut inner = packet(v6);
                    mark(&mut inner, inner_mark);
                    let mut buf = wrapped(&inner, v6, Encapsulation::Ipip);
                    mark(buf.bytes_mut(), outer_mark);
                    let found = unwrap(&mut buf).ok().map(|_| ecn(buf.bytes()));
                    assert_eq!(found, expected, "{inner_mark} in {outer_mark}");
                    if found.is_some() && !v6 {
                        assert_eq!(checksum::plain(&buf.bytes()[..20]), 0);
                    }
                }
            }
        }
    }

    #[test]
    fn headers_that_lie_are_refused() {
        for kind in KINDS {
            let whole = wrapped(&packet(false), false, kind);
            for len in 21..whole.len() {
                let mut buf = whole.clone();
                buf.set_len(len);
                buf.bytes_mut()[2..4].copy_from_slice(&(len as u16).to_be_bytes());
                assert!(unwrap(&mut buf).is_err(), "{kind:?} of {len}");
            }
        }
        for (at, value) in [(20, 0x20), (20, 0x10), (21, 1), (22, 0x88)] {
            let mut buf = wrapped(&packet(false), false, KINDS[1]);
            buf.bytes_mut()[at] = value;
            assert_eq!(unwrap(&mut buf), Err(DecapError::Unknown));
        }
        for (at, value) in [(28, 0x20), (28, 0x80), (28, 0xff), (29, 47), (30, 1), (31, 3)] {
            let mut buf = wrapped(&packet(false), false, KINDS[3]);
            buf.bytes_mut()[at] = value;
            assert!(unwrap(&mut buf).is_err(), "{at} {value}");
        }
    }

    #[test]
    fn a_packet_right_behind_the_udp_header_is_gue_of_version_1() {
        let inner = packet(true);
        let mut buf = PacketBuf::from_packet(&inner);
        assert_eq!(take_gue(&mut buf, NOT_ECT).unwrap().protocol, protocol::TCP);
        assert_eq!(buf.bytes(), inner);
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }
}
