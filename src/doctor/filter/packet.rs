//! A packet on its way through the host, as far as it is known. Pure.

use std::net::IpAddr;

use super::{Element, Key};

/// State of a packet for connection tracking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tracking {
    New,
    Established,
    /// The packet fits no connection as far as that was seen.
    Invalid,
    Untracked,
}

/// One packet that is forwarded, delivered, or sent; no ICMP.
#[derive(Clone, Debug)]
pub struct Packet {
    /// Empty: sent by the host.
    pub iif: String,
    /// Empty: delivered to the host.
    pub oif: String,
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    /// Bounds of the port; None where the protocol has none.
    pub source_port: Option<(u16, u16)>,
    pub destination_port: Option<(u16, u16)>,
    pub tracking: Tracking,
    /// The packet goes against the direction of the connection's first packet.
    pub is_reply: bool,
    /// The way back to its source leads by `iif`; None: not known.
    pub comes_straight: Option<bool>,
    pub source_is_local: Option<bool>,
    pub destination_is_local: Option<bool>,
}

/// Value of a key for a packet.
pub(super) enum Value {
    /// All names that are true of it.
    Words(Vec<String>),
    Addr(IpAddr),
    /// One of these, both ends included.
    Number(u64, u64),
    /// The key is for other packets: no comparison with it is true, not even that it differs.
    Absent,
    Unknown,
    Concat(Vec<Self>),
}

const TCP: u8 = 6;

/// The flag of a first segment (RFC 9293).
const SYN: u64 = 2;

impl Packet {
    pub fn is_v6(&self) -> bool {
        self.destination.is_ipv6()
    }

    /// `now` is what tracking says at this point, `mark` the firewall mark.
    pub(super) fn value(&self, key: &Key, now: Tracking, mark: Option<u64>) -> Value {
        let word = |text: &str| Value::Words(vec![text.to_owned()]);
        let has_conn = matches!(now, Tracking::New | Tracking::Established);
        match key {
            Key::Iif if self.iif.is_empty() => Value::Absent,
            Key::Iif => word(&self.iif),
            Key::Oif => word(&self.oif),
            Key::Source(is_v6) => of_family(self.source, *is_v6),
            Key::Destination(is_v6) => of_family(self.destination, *is_v6),
            Key::SourcePort(of) => self.port(*of, self.source_port),
            Key::DestinationPort(of) => self.port(*of, self.destination_port),
            Key::Protocol => Value::Number(self.protocol.into(), self.protocol.into()),
            Key::Family => word(if self.is_v6() { "ipv6" } else { "ipv4" }),
            Key::EtherType => word(if self.is_v6() { "ip6" } else { "ip" }),
            Key::PacketType => word("host"),
            Key::State => word(match now {
                Tracking::New => "new",
                Tracking::Established => "established",
                Tracking::Invalid => "invalid",
                Tracking::Untracked => "untracked",
            }),
            Key::Status | Key::Direction | Key::ConnMark if !has_conn => Value::Absent,
            // Of a connection whose addresses nobody rewrites; what was assured is not asked for by firewalls.
            Key::Status if now == Tracking::Established => {
                Value::Words(vec!["seen-reply".to_owned(), "confirmed".to_owned(), "assured".to_owned()])
            }
            Key::Status => Value::Words(Vec::new()),
            Key::Direction => word(if self.is_reply { "reply" } else { "original" }),
            Key::ConnMark => Value::Unknown,
            Key::Mark => mark.map_or(Value::Unknown, |mark| Value::Number(mark, mark)),
            Key::TcpFlags if self.protocol != TCP => Value::Absent,
            Key::TcpFlags if now == Tracking::New && !self.is_reply => Value::Number(SYN, SYN),
            Key::ReversePath { is_loose: true } => Value::Number(1, 1),
            Key::ReversePath { .. } => self.comes_straight.map_or(Value::Unknown, |straight| {
                let there = u64::from(straight);
                Value::Number(there, there)
            }),
            Key::SourceKind => kind(self.source_is_local),
            Key::DestinationKind => kind(self.destination_is_local),
            Key::Absent => Value::Absent,
            Key::Concat(keys) => Value::Concat(keys.iter().map(|key| self.value(key, now, mark)).collect()),
            Key::TcpFlags | Key::Random(_) | Key::Unread => Value::Unknown,
        }
    }

    fn port(&self, of: Option<u8>, port: Option<(u16, u16)>) -> Value {
        match port {
            Some((from, to)) if of.is_none_or(|of| of == self.protocol) => {
                Value::Number(from.into(), to.into())
            }
            _ => Value::Absent,
        }
    }
}

fn of_family(addr: IpAddr, is_v6: bool) -> Value {
    if addr.is_ipv6() == is_v6 { Value::Addr(addr) } else { Value::Absent }
}

fn kind(is_local: Option<bool>) -> Value {
    match is_local {
        Some(true) => Value::Words(vec!["local".to_owned()]),
        Some(false) => Value::Words(vec!["unicast".to_owned()]),
        None => Value::Unknown,
    }
}

/// Text of a key in an element that is compared with it: names of protocols are numbers.
pub(super) fn element(key: &Key, text: &str) -> Element {
    match key {
        Key::Protocol => {
            let number = super::protocol(text).map(u64::from);
            number.map_or(Element::Unread, |number| Element::Numbers(number, number))
        }
        Key::Unread | Key::Random(_) => Element::Unread,
        _ => Element::Word(text.to_owned()),
    }
}
