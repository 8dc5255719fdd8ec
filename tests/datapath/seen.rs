//! A packet as the far end of a link sees it, with everything that is wrong with it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::packet::{FRAGMENT, GRE, ICMP, ICMPV6, IPIP, IPV6, TCP, UDP, checksum, pseudo_header};

/// The link that a packet is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Client,
    Server,
}

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) link: Link,
    /// Whose link address it was sent to.
    pub(crate) next_hop: IpAddr,
    pub(crate) bytes: Vec<u8>,
    pub(crate) bad: Vec<&'static str>,
    pub(crate) protocol: u8,
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    pub(crate) sport: u16,
    pub(crate) dport: u16,
    pub(crate) ttl: u8,
    pub(crate) flags: u8,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) offset: usize,
    pub(crate) more: bool,
    /// All that follows the IP headers.
    pub(crate) body: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) icmp: Option<(u8, u8)>,
    pub(crate) icmp_rest: u32,
    pub(crate) quoted: Option<Box<Self>>,
    /// The tunnel packet that it was in, and the kind of tunnel.
    pub(crate) outer: Option<Box<Self>>,
    pub(crate) tunnel: &'static str,
}

impl Seen {
    /// What arrived on the link, taken out of its tunnel if it was in one.
    pub(crate) fn new(link: Link, next_hop: IpAddr, bytes: &[u8]) -> Self {
        Self::parse(link, next_hop, bytes, false).without_tunnel()
    }

    /// `is_quote`: it may be cut off, and its transport checksum says nothing.
    fn parse(link: Link, next_hop: IpAddr, bytes: &[u8], is_quote: bool) -> Self {
        let mut seen = Self::ip_header(link, next_hop, bytes, is_quote);
        if seen.offset == 0 && (is_quote || !seen.more) {
            seen.transport(is_quote);
        }
        seen
    }

    fn ip_header(link: Link, next_hop: IpAddr, bytes: &[u8], is_quote: bool) -> Self {
        let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let mut bad = Vec::new();
        let is_v4 = bytes[0] >> 4 == 4;
        let (mut header, total, ttl, mut protocol) = if is_v4 {
            (usize::from(bytes[0] & 15) * 4, usize::from(word(2)), bytes[8], bytes[9])
        } else {
            (40, 40 + usize::from(word(4)), bytes[7], bytes[6])
        };
        let (src, dst): (IpAddr, IpAddr) = if is_v4 {
            let addr = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&bytes[at..at + 4]).unwrap()).into();
            (addr(12), addr(16))
        } else {
            let addr = |at: usize| Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[at..at + 16]).unwrap()).into();
            (addr(8), addr(24))
        };
        let (mut more, mut offset) = (false, 0);
        if is_v4 {
            if checksum(&[&bytes[..header]]) != 0 {
                bad.push(if is_quote { "checksum of the quoted IP header" } else { "IP checksum" });
            }
            more = word(6) & 0x2000 != 0;
            offset = usize::from(word(6) & 0x1fff) * 8;
        } else if protocol == FRAGMENT {
            protocol = bytes[40];
            (more, offset) = (word(42) & 1 != 0, usize::from(word(42) & 0xfff8));
            header = 48;
        }
        if !is_quote && total > bytes.len() {
            bad.push("IP length");
        }
        let bytes = if is_quote { bytes } else { &bytes[..total.min(bytes.len())] };
        Self {
            link,
            next_hop,
            bytes: bytes.to_vec(),
            bad,
            protocol,
            src,
            dst,
            ttl,
            more,
            offset,
            body: bytes[header.min(bytes.len())..].to_vec(),
            sport: 0,
            dport: 0,
            flags: 0,
            seq: 0,
            ack: 0,
            payload: Vec::new(),
            icmp: None,
            icmp_rest: 0,
            quoted: None,
            outer: None,
            tunnel: "",
        }
    }

    fn transport(&mut self, is_quote: bool) {
        let body = self.body.clone();
        let word = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        let long = |at: usize| u32::from(word(at)) << 16 | u32::from(word(at + 2));
        let sum = || checksum(&[&pseudo_header(self.src, self.dst, self.protocol, body.len()), &body]);
        let mut wrong = |is_wrong: bool, what| {
            if is_wrong && !is_quote {
                self.bad.push(what);
            }
        };
        match self.protocol {
            TCP if body.len() >= 20 => {
                wrong(sum() != 0, "TCP checksum");
                (self.sport, self.dport, self.flags) = (word(0), word(2), body[13]);
                (self.seq, self.ack) = (long(4), long(8));
                self.payload = body.get(usize::from(body[12] >> 4) * 4..).unwrap_or_default().to_vec();
            }
            UDP if body.len() >= 8 => {
                wrong((word(6) != 0 || self.src.is_ipv6()) && sum() != 0, "UDP checksum");
                (self.sport, self.dport) = (word(0), word(2));
                self.payload = body[8..].to_vec();
            }
            TCP | UDP if is_quote && body.len() >= 4 => (self.sport, self.dport) = (word(0), word(2)),
            ICMP | ICMPV6 if body.len() >= 8 => {
                let is_v4 = self.src.is_ipv4();
                wrong(if is_v4 { checksum(&[&body]) } else { sum() } != 0, "ICMP checksum");
                self.icmp = Some((body[0], body[1]));
                self.icmp_rest = long(4);
                self.payload = body[8..].to_vec();
                let is_error = if is_v4 { matches!(body[0], 3 | 4 | 5 | 11 | 12) } else { body[0] < 128 };
                if is_error && is_readable(&body[8..]) {
                    let quoted = Self::parse(self.link, self.next_hop, &body[8..], true);
                    self.bad.extend(&quoted.bad);
                    self.quoted = Some(Box::new(quoted));
                }
            }
            _ => {}
        }
    }

    fn without_tunnel(self) -> Self {
        let word = |at: usize| u16::from_be_bytes([self.body[at], self.body[at + 1]]);
        let (tunnel, header) = match self.protocol {
            IPIP | IPV6 => ("ipip", 0),
            GRE if self.body.len() >= 4 => {
                let option = |bit: u16| if word(0) & bit != 0 { 4 } else { 0 };
                ("gre", 4 + option(0x8000) + option(0x2000) + option(0x1000))
            }
            UDP if matches!(self.dport, 6080 | 6081 | 8472) && self.payload.len() >= 24 => {
                ("gue", 8 + 4 + usize::from(self.payload[0] & 0x1f) * 4)
            }
            _ => return self,
        };
        let Some(inside) = self.body.get(header..).filter(|inside| is_readable(inside)) else { return self };
        let mut inner = Self::parse(self.link, self.next_hop, inside, false);
        if self.is_fragment() {
            // The rest is in the other pieces.
            inner.bad.retain(|what| *what != "IP length");
        }
        inner.bad.splice(0..0, self.bad.iter().copied());
        inner.tunnel = tunnel;
        inner.outer = Some(Box::new(self));
        inner
    }

    pub(crate) fn is_fragment(&self) -> bool {
        self.offset != 0 || self.more
    }
}

/// Whether bytes begin with a whole IP header, and a fragment header if it says so.
fn is_readable(bytes: &[u8]) -> bool {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => bytes.len() >= usize::from(bytes[0] & 15).max(5) * 4,
        Some(6) => bytes.len() >= if bytes.get(6) == Some(&FRAGMENT) { 48 } else { 40 },
        _ => false,
    }
}
