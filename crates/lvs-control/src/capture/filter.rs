//! The packets that a capture is about: words that must all fit.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use lvs::director::EndFilter;
use lvs::service::Endpoint;
use lvs_wire::{Headers, Transport, protocol};

/// All terms must fit a packet, before or after the director. No terms: every packet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter(Vec<Term>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// IP protocols.
    Protocol(u8),
    Icmp,
    /// Either end.
    End(EndFilter),
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no filter: use tcp, udp, sctp, icmp, an address, a network, :PORT or ADDRESS:PORT")]
pub struct TermError(String);

/// Ends of a packet, as its headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    pub protocol: u8,
    pub from: Endpoint,
    pub to: Endpoint,
}

impl Ends {
    /// None: no packet that could be understood.
    pub fn of(packet: &[u8]) -> Option<Self> {
        let headers = Headers::parse(packet).ok()?;
        let (from, to) = match headers.transport(packet) {
            Ok(
                Transport::Tcp { src_port, dst_port, .. }
                | Transport::Udp { src_port, dst_port }
                | Transport::Sctp { src_port, dst_port },
            ) => (src_port, dst_port),
            _ => (0, 0),
        };
        Some(Self {
            protocol: headers.protocol,
            from: Endpoint::new(headers.src, from),
            to: Endpoint::new(headers.dst, to),
        })
    }
}

impl Filter {
    /// # Errors
    /// A word is none of the known ones.
    pub fn parse(words: &[String]) -> Result<Self, TermError> {
        words
            .iter()
            .map(|word| term(word).ok_or_else(|| TermError(word.clone())))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn takes(&self, packet: &[u8]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Some(ends) = Ends::of(packet) else { return false };
        self.0.iter().all(|term| match term {
            Term::Protocol(number) => *number == ends.protocol,
            Term::Icmp => [1, 58].contains(&ends.protocol),
            Term::End(end) => end.takes(ends.from) || end.takes(ends.to),
        })
    }
}

fn term(word: &str) -> Option<Term> {
    match word.to_lowercase().as_str() {
        "tcp" => return Some(Term::Protocol(protocol::TCP)),
        "udp" => return Some(Term::Protocol(protocol::UDP)),
        "sctp" => return Some(Term::Protocol(132)),
        "icmp" => return Some(Term::Icmp),
        _ => {}
    }
    let (host, port) = match word.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (Some(host), None),
        Some((host, rest)) => (Some(host), Some(rest.strip_prefix(':')?)),
        None => match word.split_once(':') {
            Some(("", port)) if !port.contains(':') => (None, Some(port)),
            Some((host, port)) if !port.contains(':') => (Some(host), Some(port)),
            _ => (Some(word), None),
        },
    };
    let net = match host {
        Some(host) => {
            Some(host.parse::<IpNet>().ok().or_else(|| host.parse::<IpAddr>().ok().map(IpNet::from))?)
        }
        None => None,
    };
    let port = match port {
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    Some(Term::End(EndFilter { net, port }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_wire::make;

    #[test]
    fn words_are_read_and_all_must_fit() {
        let datagram = [0x0f, 0xa0, 0, 53, 0, 8, 0, 0];
        let packet = make::ip([10, 0, 0, 1].into(), [10, 0, 1, 2].into(), protocol::UDP, 64, &datagram);
        let takes = |words: &str| {
            let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
            Filter::parse(&words).map(|filter| filter.takes(&packet))
        };
        for words in
            ["", "udp", "10.0.0.1", "10.0.1.0/24", ":53", "10.0.1.2:53", "udp 10.0.0.1 :53", "10.0.0.1:4000"]
        {
            assert_eq!(takes(words), Ok(true), "{words}");
        }
        for words in
            ["tcp", "icmp", "10.0.0.1:53", "10.0.2.0/24", ":54", "udp 10.0.0.3", "[fd00::1]:53", "fd00::1"]
        {
            assert_eq!(takes(words), Ok(false), "{words}");
        }
        for wrong in ["ucp", "10.0.0", ":x", "10.0.0.1:", "[::1", ":70000"] {
            assert_eq!(takes(wrong), Err(TermError(wrong.to_owned())), "{wrong}");
        }
        assert!(!Filter::parse(&["udp".to_owned()]).unwrap().takes(&[1, 2, 3]));
    }
}
