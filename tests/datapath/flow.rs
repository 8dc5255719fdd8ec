//! One connection as its two ends see it: they make the packets and check what arrives.

use std::net::IpAddr;

use super::packet::{self, Ends, Header, TCP};
use super::play::Player;
use super::seen::{Link, Seen};

#[derive(Clone, Debug)]
pub(crate) struct Flow {
    pub(crate) protocol: u8,
    pub(crate) client: (IpAddr, u16),
    pub(crate) virt: (IpAddr, u16),
    client_seq: u32,
    server_seq: u32,
    /// The real server that got the client's packets, the port, and how it got them ("" is NAT).
    pub(crate) server: Option<(IpAddr, u16)>,
    pub(crate) method: &'static str,
    pub(crate) last_at_server: Option<Seen>,
    pub(crate) last_at_client: Option<Seen>,
}

/// What varies in one segment or datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) flags: &'a str,
    pub(crate) data: &'a [u8],
    pub(crate) header: Header,
    /// How many packets the replay waited for.
    pub(crate) expected: usize,
}

impl<'a> Segment<'a> {
    pub(crate) fn new(flags: &'a str, data: &'a [u8]) -> Self {
        Self { flags, data, header: Header::default(), expected: 1 }
    }
}

impl Flow {
    pub(crate) fn new(protocol: u8, from: &str, to: &str) -> Self {
        Self {
            protocol,
            client: endpoint(from),
            virt: endpoint(to),
            client_seq: 1000,
            server_seq: 500_000,
            server: None,
            method: "",
            last_at_server: None,
            last_at_client: None,
        }
    }

    /// Sends one segment or datagram from one end; all that came out.
    pub(crate) fn put(&mut self, player: &mut Player, from: Link, segment: Segment<'_>) -> Vec<Seen> {
        let answers_directly = from == Link::Server && !self.method.is_empty();
        let Some(ends) = self.ends(from) else { return Vec::new() };
        let payload = self.payload(from, ends, segment);
        if answers_directly {
            return Vec::new();
        }
        let bytes = packet::ip(ends.src, ends.dst, self.protocol, &payload, segment.header);
        let mut seen = player.transit(&bytes, segment.expected);
        for packet in &mut seen {
            self.note(from, segment, packet);
        }
        seen
    }

    fn ends(&self, from: Link) -> Option<Ends> {
        let ((src, sport), (dst, dport)) = match from {
            Link::Client => (self.client, self.virt),
            Link::Server => (self.server?, self.client),
        };
        Some(Ends { src, sport, dst, dport })
    }

    fn payload(&mut self, from: Link, ends: Ends, segment: Segment<'_>) -> Vec<u8> {
        if self.protocol != TCP {
            return packet::udp(ends, segment.data);
        }
        let (seq, acked) = match from {
            Link::Client => (&mut self.client_seq, self.server_seq),
            Link::Server => (&mut self.server_seq, self.client_seq),
        };
        let flags = packet::flags(segment.flags);
        let ack = if flags & packet::ACK != 0 { acked } else { 0 };
        let payload = packet::tcp(ends, flags, *seq, ack, segment.data);
        *seq += segment.data.len() as u32 + (flags & (packet::SYN | packet::FIN)).count_ones();
        payload
    }

    fn note(&mut self, from: Link, sent: Segment<'_>, seen: &mut Seen) {
        let is_of_flow = seen.protocol == self.protocol;
        match seen.link {
            Link::Server => {
                if from == Link::Client && is_of_flow && (seen.src, seen.sport) == self.client {
                    check_arrival(sent, seen);
                    let (_, addr, method) = server_name(seen);
                    self.server = Some((addr, seen.dport));
                    self.method = method;
                }
                self.last_at_server = Some(seen.clone());
            }
            Link::Client => {
                if from == Link::Server && is_of_flow {
                    check_arrival(sent, seen);
                }
                self.last_at_client = Some(seen.clone());
            }
        }
    }

    pub(crate) fn reached_client(&self, seen: &[Seen], flags: Option<&str>) -> bool {
        if !self.method.is_empty() {
            return true;
        }
        let [seen] = seen else { return false };
        seen.link == Link::Client
            && seen.protocol == self.protocol
            && seen.bad.is_empty()
            && ((seen.src, seen.sport), (seen.dst, seen.dport)) == (self.virt, self.client)
            && flags.is_none_or(|flags| seen.flags == packet::flags(flags))
    }

    pub(crate) fn reached_server(&self, seen: &[Seen]) -> bool {
        let [seen] = seen else { return false };
        seen.link == Link::Server
            && seen.protocol == self.protocol
            && seen.bad.is_empty()
            && (seen.src, seen.sport) == self.client
            && self.server == Some((server_name(seen).1, seen.dport))
    }
}

/// What went through has the same payload and one hop less to go.
fn check_arrival(sent: Segment<'_>, seen: &mut Seen) {
    if !sent.data.is_empty() && seen.payload != sent.data && !seen.more {
        seen.bad.push("payload");
    }
    if seen.ttl + 1 != sent.header.ttl {
        seen.bad.push("TTL");
    }
}

/// Which real server got a packet, its address, and how.
pub(crate) fn server_name(seen: &Seen) -> (String, IpAddr, &'static str) {
    if let Some(outer) = &seen.outer {
        let name = format!("{} {}", join(outer.dst, seen.dport), seen.tunnel);
        (name, outer.dst, seen.tunnel)
    } else if seen.next_hop == seen.dst {
        (join(seen.dst, seen.dport), seen.dst, "")
    } else {
        (format!("{} dr", join(seen.next_hop, seen.dport)), seen.next_hop, "dr")
    }
}

pub(crate) fn join(addr: IpAddr, port: u16) -> String {
    lvs::service::Endpoint::new(addr, port).to_string()
}

pub(crate) fn endpoint(text: &str) -> (IpAddr, u16) {
    let (addr, port) = text.rsplit_once(':').unwrap_or_else(|| panic!("no endpoint: {text}"));
    (addr.trim_matches(['[', ']']).parse().unwrap(), port.parse().unwrap())
}
