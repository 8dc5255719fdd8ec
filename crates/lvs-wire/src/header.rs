//! The headers of a packet, parsed once with all lengths proven: whoever holds [`Headers`] may index by them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub mod protocol {
    //! IP protocol numbers.
    pub const IPIP: u8 = 4;
    pub const ICMP: u8 = 1;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const GRE: u8 = 47;
    pub const ESP: u8 = 50;
    pub const AH: u8 = 51;
    pub const ICMPV6: u8 = 58;
    pub const SCTP: u8 = 132;
    /// GUE around a super-packet, on its way to a device that knows of it: UDP has super-packets of its own (RFC 3692:
    /// no other packet has this number).
    pub const WHOLE_GUE: u8 = 253;
}

/// Why bytes are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    #[error("packet is shorter than its headers")]
    Truncated,
    #[error("IP version is neither 4 nor 6")]
    BadVersion,
    #[error("a header length cannot be")]
    BadHeaderLength,
    #[error("total length does not fit the packet")]
    BadTotalLength,
}

/// The IP header, and where the transport header is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers {
    pub src: IpAddr,
    pub dst: IpAddr,
    /// Of the transport header, after IPv6 extension headers.
    pub protocol: u8,
    pub ttl: u8,
    /// Offset of the transport header (or, in a later fragment, of its data).
    pub l4: usize,
    /// Length of the IP packet.
    pub len: usize,
    pub fragment: Option<Fragment>,
}

/// Place of a piece in the packet that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    pub id: u32,
    /// Bytes.
    pub offset: usize,
    pub more: bool,
    /// Offset of the IPv6 fragment header; 0 for IPv4.
    pub header: usize,
}

/// An end of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Source,
    Destination,
}

/// Transport header, as far as a director needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Tcp {
        src_port: u16,
        dst_port: u16,
        flags: TcpFlags,
    },
    Udp {
        src_port: u16,
        dst_port: u16,
    },
    Sctp {
        src_port: u16,
        dst_port: u16,
    },
    Icmp {
        kind: u8,
        code: u8,
    },
    /// Any other protocol, or a fragment without a transport header.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    pub const FIN: u8 = 1;
    pub const SYN: u8 = 2;
    pub const RST: u8 = 4;
    pub const PSH: u8 = 8;
    pub const ACK: u8 = 16;
    pub const URG: u8 = 32;
    pub const ECE: u8 = 64;
    pub const CWR: u8 = 128;
    /// All that say what kind of segment it is: not those of congestion, nor PSH.
    pub const KIND: u8 = Self::FIN | Self::SYN | Self::RST | Self::ACK | Self::URG;

    pub const fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
const TCP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
const SCTP_HEADER: usize = 12;
const ICMP_HEADER: usize = 8;

/// Extension headers that are skipped; more than this many in one packet are refused.
const MAX_EXTENSIONS: usize = 8;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = protocol::AH;
const DESTINATION_OPTIONS: u8 = 60;

impl Headers {
    /// Parses a whole packet.
    ///
    /// # Errors
    /// The bytes are no IP packet, or hold less than its headers say.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let headers = Self::parse_quoted(bytes)?;
        if headers.len < headers.l4 && headers.is_v6() {
            return Err(ParseError::BadHeaderLength);
        }
        if headers.len < headers.l4 || headers.len > bytes.len() {
            return Err(ParseError::BadTotalLength);
        }
        Ok(headers)
    }

    /// Parses the beginning of a packet as an ICMP error quotes it: `len` is what the header says, which may be
    /// more than is there, or less than the headers.
    ///
    /// # Errors
    /// The bytes are no IP header.
    pub fn parse_quoted(bytes: &[u8]) -> Result<Self, ParseError> {
        match bytes.first().map(|first| first >> 4) {
            Some(4) => parse_v4(bytes),
            Some(6) => parse_v6(bytes),
            Some(_) => Err(ParseError::BadVersion),
            None => Err(ParseError::Truncated),
        }
    }

    pub const fn is_v6(&self) -> bool {
        self.src.is_ipv6()
    }

    /// A fragment after the first: it has no transport header.
    pub fn is_later_fragment(&self) -> bool {
        self.fragment.is_some_and(|fragment| fragment.offset > 0)
    }

    /// Parses the transport header of a packet that [`Self::parse`] took.
    ///
    /// # Errors
    /// The header is not whole.
    pub fn transport(&self, bytes: &[u8]) -> Result<Transport, ParseError> {
        if self.is_later_fragment() {
            return Ok(Transport::Other);
        }
        let segment = &bytes[self.l4..self.len];
        let whole = |len: usize| if segment.len() < len { Err(ParseError::Truncated) } else { Ok(()) };
        let port = |at: usize| u16::from_be_bytes([segment[at], segment[at + 1]]);
        match self.protocol {
            protocol::TCP => {
                whole(TCP_HEADER)?;
                let len = usize::from(segment[12] >> 4) * 4;
                if len < TCP_HEADER || len > segment.len() {
                    return Err(ParseError::BadHeaderLength);
                }
                Ok(Transport::Tcp { src_port: port(0), dst_port: port(2), flags: TcpFlags(segment[13]) })
            }
            protocol::UDP => {
                whole(UDP_HEADER)?;
                Ok(Transport::Udp { src_port: port(0), dst_port: port(2) })
            }
            protocol::SCTP => {
                whole(SCTP_HEADER)?;
                Ok(Transport::Sctp { src_port: port(0), dst_port: port(2) })
            }
            protocol::ICMP if !self.is_v6() => {
                whole(ICMP_HEADER)?;
                Ok(Transport::Icmp { kind: segment[0], code: segment[1] })
            }
            protocol::ICMPV6 if self.is_v6() => {
                whole(ICMP_HEADER)?;
                Ok(Transport::Icmp { kind: segment[0], code: segment[1] })
            }
            _ => Ok(Transport::Other),
        }
    }
}

fn parse_v4(bytes: &[u8]) -> Result<Headers, ParseError> {
    if bytes.len() < IPV4_HEADER {
        return Err(ParseError::Truncated);
    }
    let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let l4 = usize::from(bytes[0] & 0xf) * 4;
    let len = usize::from(word(2));
    if l4 < IPV4_HEADER {
        return Err(ParseError::BadHeaderLength);
    }
    if l4 > bytes.len() {
        return Err(ParseError::Truncated);
    }
    let (more, offset) = (word(6) & 0x2000 != 0, usize::from(word(6) & 0x1fff) * 8);
    let fragment = (more || offset > 0).then(|| Fragment { id: u32::from(word(4)), offset, more, header: 0 });
    Ok(Headers {
        src: Ipv4Addr::new(bytes[12], bytes[13], bytes[14], bytes[15]).into(),
        dst: Ipv4Addr::new(bytes[16], bytes[17], bytes[18], bytes[19]).into(),
        protocol: bytes[9],
        ttl: bytes[8],
        l4,
        len,
        fragment,
    })
}

fn parse_v6(bytes: &[u8]) -> Result<Headers, ParseError> {
    if bytes.len() < IPV6_HEADER {
        return Err(ParseError::Truncated);
    }
    let len = IPV6_HEADER + usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    let mut headers = Headers {
        src: v6_addr(bytes, 8).into(),
        dst: v6_addr(bytes, 24).into(),
        protocol: bytes[6],
        ttl: bytes[7],
        l4: IPV6_HEADER,
        len,
        fragment: None,
    };
    for _ in 0..MAX_EXTENSIONS {
        if !matches!(headers.protocol, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION_OPTIONS)
        {
            return Ok(headers);
        }
        let at = headers.l4;
        let extension = bytes.get(at..at + 8).ok_or(ParseError::Truncated)?;
        headers.l4 += match headers.protocol {
            FRAGMENT => {
                let word = u16::from_be_bytes([extension[2], extension[3]]);
                let id = u32::from_be_bytes([extension[4], extension[5], extension[6], extension[7]]);
                let offset = usize::from(word & 0xfff8);
                headers.fragment = Some(Fragment { id, offset, more: word & 1 != 0, header: at });
                8
            }
            number => extension_len(number, extension[1]),
        };
        headers.protocol = extension[0];
        if headers.l4 > bytes.len() {
            return Err(ParseError::Truncated);
        }
        if headers.is_later_fragment() {
            return Ok(headers);
        }
    }
    Err(ParseError::BadHeaderLength)
}

/// Length of an extension header, from the byte that says it.
pub(crate) const fn extension_len(number: u8, said: u8) -> usize {
    match number {
        AUTHENTICATION => (said as usize + 2) * 4,
        _ => (said as usize + 1) * 8,
    }
}

fn v6_addr(bytes: &[u8], at: usize) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&bytes[at..at + 16]);
    octets.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(len: u16, ihl: u8) -> Vec<u8> {
        let mut bytes = vec![0; 40];
        bytes[0] = 0x40 | ihl;
        bytes[2..4].copy_from_slice(&len.to_be_bytes());
        bytes[9] = protocol::UDP;
        bytes
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        assert_eq!(Headers::parse(&[]), Err(ParseError::Truncated));
        assert_eq!(Headers::parse(&[0x50; 40]), Err(ParseError::BadVersion));
        assert_eq!(Headers::parse(&v4(40, 5)[..19]), Err(ParseError::Truncated));
        assert_eq!(Headers::parse(&v4(40, 4)), Err(ParseError::BadHeaderLength));
        assert_eq!(Headers::parse(&v4(40, 15)), Err(ParseError::Truncated));
        assert_eq!(Headers::parse(&v4(19, 5)), Err(ParseError::BadTotalLength));
        assert_eq!(Headers::parse(&v4(41, 5)), Err(ParseError::BadTotalLength));
        let short = v4(24, 5);
        let headers = Headers::parse(&short).unwrap();
        assert_eq!(headers.transport(&short), Err(ParseError::Truncated));
    }

    #[test]
    fn extension_headers_are_skipped() {
        let mut bytes = vec![0; 40 + 8 + 8 + 8];
        bytes[0] = 0x60;
        bytes[5] = 24;
        bytes[6] = HOP_BY_HOP;
        bytes[40] = FRAGMENT;
        bytes[48] = protocol::UDP;
        bytes[50..52].copy_from_slice(&1u16.to_be_bytes());
        bytes[52..56].copy_from_slice(&77u32.to_be_bytes());
        bytes[56..60].copy_from_slice(&[0, 53, 1, 0]);
        let headers = Headers::parse(&bytes).unwrap();
        assert_eq!(headers.fragment, Some(Fragment { id: 77, offset: 0, more: true, header: 48 }));
        assert_eq!(headers.transport(&bytes), Ok(Transport::Udp { src_port: 53, dst_port: 256 }));
        bytes[5] = 8;
        assert_eq!(Headers::parse(&bytes), Err(ParseError::BadHeaderLength));
        assert!(Headers::parse_quoted(&bytes).is_ok());
        bytes[41] = 9;
        assert_eq!(Headers::parse(&bytes), Err(ParseError::Truncated));
    }
}
