//! Addresses and ports as the C library and ipvsadm read and write them.
//!
//! Owns `inet_aton`, `inet_ntop` and the grammar of `host[:port]`. Host and service names are asked of
//! [`Names`].

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::names::Names;
use super::numbers::{in_range, is_blank};
use lvs::service::{Endpoint, Protocol};

/// The parts of `host[:port]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HostPort {
    pub addr: IpAddr,
    /// None: not given.
    pub port: Option<u16>,
}

/// Reads `host[:port]`. IPv6 with a port stands in brackets; names are looked up as IPv4. A port that is no
/// number is a service name, which exists only for a `protocol`.
pub(super) fn parse_host_port(
    text: &[u8],
    protocol: Option<Protocol>,
    names: &dyn Names,
) -> Option<HostPort> {
    if text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (host, bracket_port) = match text {
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b']')?;
            let port = rest[end + 1..].strip_prefix(b":")?;
            (&rest[..end], Some(port))
        }
        _ => (text, None),
    };
    let (addr, port) = if let Some(addr) = parse_v6(host) {
        (IpAddr::V6(addr), bracket_port)
    } else {
        // Brackets count for nothing around anything but IPv6: the port that follows them is not looked at.
        let (host, port) = match host.iter().rposition(|byte| *byte == b':') {
            Some(at) => (&host[..at], Some(&host[at + 1..])),
            None => (host, None),
        };
        let addr = parse_v4(host).or_else(|| names.host_addr(host))?;
        (IpAddr::V4(addr), port)
    };
    let port = match port {
        None => None,
        Some(text) => Some(parse_port(text, protocol, names)?),
    };
    Some(HostPort { addr, port })
}

fn parse_port(text: &[u8], protocol: Option<Protocol>, names: &dyn Names) -> Option<u16> {
    if let Some(number) = in_range(text, 0, i64::from(u16::MAX)) {
        return u16::try_from(number).ok();
    }
    names.service_port(text, database_name(protocol?))
}

/// The name of a protocol in the services database.
fn database_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    }
}

fn parse_v6(text: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `inet_aton`: one to four numbers, decimal, octal or hexadecimal, the last one filling the rest. Whatever
/// follows a blank is ignored.
pub(super) fn parse_v4(text: &[u8]) -> Option<Ipv4Addr> {
    let end = text.iter().position(|byte| is_blank(*byte)).unwrap_or(text.len());
    let mut parts = text[..end].split(|byte| *byte == b'.').map(parse_part);
    let mut value = parts.next()??;
    let mut prefix = 0_u32;
    let mut room = 32_u32;
    for part in parts {
        room = room.checked_sub(8).filter(|room| *room > 0)?;
        if value > 0xff {
            return None;
        }
        prefix |= value << room;
        value = part?;
    }
    let fits = room == 32 || value >> room == 0;
    fits.then(|| Ipv4Addr::from(prefix | value))
}

fn parse_part(text: &[u8]) -> Option<u32> {
    let text =
        std::str::from_utf8(text).ok().filter(|text| text.starts_with(|c: char| c.is_ascii_digit()))?;
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

/// `inet_ntop`: differs from Rust in writing IPv4-compatible addresses with dots.
pub(super) fn addr_text(addr: &IpAddr) -> String {
    match addr {
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                format!("::{a}.{b}.{c}.{d}")
            }
            _ => v6.to_string(),
        },
        IpAddr::V4(v4) => v4.to_string(),
    }
}

/// `addr:port`, IPv6 in brackets.
pub(super) fn numeric(endpoint: &Endpoint) -> String {
    let mut text = host(endpoint.addr, &addr_text(&endpoint.addr));
    let _ = write!(text, ":{}", endpoint.port);
    text
}

/// `addr:port` with names where the databases have them.
pub(super) fn named(endpoint: &Endpoint, protocol: Option<Protocol>, names: &dyn Names) -> String {
    let name = names.host_name(endpoint.addr).unwrap_or_else(|| addr_text(&endpoint.addr));
    let port = protocol.and_then(|protocol| names.service_name(endpoint.port, database_name(protocol)));
    let mut text = host(endpoint.addr, &name);
    match port {
        Some(port) => {
            let _ = write!(text, ":{port}");
        }
        None => {
            let _ = write!(text, ":{}", endpoint.port);
        }
    }
    text
}

fn host(addr: IpAddr, name: &str) -> String {
    if addr.is_ipv6() { format!("[{name}]") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::names::NoNames;
    use super::*;

    fn v4(text: &str) -> Option<String> {
        parse_v4(text.as_bytes()).map(|addr| addr.to_string())
    }

    #[test]
    fn ipv4_is_read_as_inet_aton_does() {
        for (text, addr) in [
            ("10.20.1", "10.20.0.1"),
            ("10.85", "10.0.0.85"),
            ("0x0a140002", "10.20.0.2"),
            ("10.20.0.010", "10.20.0.8"),
            ("4294967295", "255.255.255.255"),
            ("10.0.0.3 foo", "10.0.0.3"),
            ("1.16777215", "1.255.255.255"),
            ("0", "0.0.0.0"),
        ] {
            assert_eq!(v4(text).as_deref(), Some(addr), "{text}");
        }
        for text in [
            "",
            " 10.0.0.5",
            "1.2.3.4.5",
            "10.20.0.256",
            "256.1.1.1",
            "1.16777216",
            "08.1.1.1",
            "1..2",
            "0x",
            "-1",
            "4294967296",
            "1.2.3.4.",
        ] {
            assert_eq!(v4(text), None, "{text}");
        }
    }

    fn read(text: &str) -> Option<HostPort> {
        parse_host_port(text.as_bytes(), Some(Protocol::Tcp), &NoNames)
    }

    #[test]
    fn brackets_belong_to_ipv6_with_a_port() {
        let addr: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(read("[2001:db8::1]:80"), Some(HostPort { addr, port: Some(80) }));
        assert_eq!(read("2001:db8::1"), Some(HostPort { addr, port: None }));
        assert_eq!(read("[2001:db8::1]"), None);
        assert_eq!(read("[2001:db8::1]80"), None);
        assert_eq!(read("[2001:db8::1]:"), None);
    }

    #[test]
    fn a_port_behind_bracketed_ipv4_is_lost() {
        let addr: IpAddr = "10.0.0.1".parse().unwrap();
        assert_eq!(read("[10.0.0.1]:80"), Some(HostPort { addr, port: None }));
    }

    #[test]
    fn a_bare_number_is_no_address() {
        assert_eq!(read("80"), None);
        assert_eq!(read(""), None);
        assert_eq!(read(":80"), None);
    }

    #[test]
    fn ipv6_is_written_as_inet_ntop_does() {
        for (addr, text) in [
            ("::10.0.0.1", "::10.0.0.1"),
            ("::1:0", "::0.1.0.0"),
            ("::1", "::1"),
            ("::", "::"),
            ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
            ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ] {
            assert_eq!(addr_text(&addr.parse().unwrap()), text);
        }
    }
}
