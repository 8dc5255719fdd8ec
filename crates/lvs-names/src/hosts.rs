//! `/etc/hosts`: addresses, their names and aliases. The first line wins, as in glibc's `nss_files`.

use std::net::{IpAddr, Ipv4Addr};

#[derive(Debug, Default)]
pub struct Hosts(Vec<Line>);

#[derive(Debug)]
struct Line {
    addr: IpAddr,
    /// The name, then aliases; at least one.
    names: Vec<String>,
}

impl Hosts {
    /// Lines are `address name [alias...]`, with `#` comments; others are skipped.
    pub fn parse(text: &[u8]) -> Self {
        Self(text.split(|byte| *byte == b'\n').filter_map(Line::parse).collect())
    }

    pub(crate) fn addr(&self, name: &str) -> Option<Ipv4Addr> {
        let is_it = |line: &&Line| line.names.iter().any(|known| known.eq_ignore_ascii_case(name));
        self.0.iter().filter(is_it).find_map(Line::v4)
    }

    pub(crate) fn name(&self, addr: IpAddr) -> Option<&str> {
        let is_it = |line: &&Line| line.addr == addr || line.v4().is_some_and(|v4| addr == v4);
        self.0.iter().find(is_it)?.names.first().map(String::as_str)
    }
}

impl Line {
    fn parse(line: &[u8]) -> Option<Self> {
        let line = std::str::from_utf8(line.split(|byte| *byte == b'#').next()?).ok()?;
        let mut words = line.split_ascii_whitespace();
        let addr = words.next()?.parse().ok()?;
        let names: Vec<String> = words.map(str::to_owned).collect();
        (!names.is_empty()).then_some(Self { addr, names })
    }

    /// The address, if it is one of IPv4. glibc takes `::1` for the loopback address of IPv4 too.
    fn v4(&self) -> Option<Ipv4Addr> {
        match self.addr {
            IpAddr::V4(addr) => Some(addr),
            IpAddr::V6(addr) if addr.is_loopback() => Some(Ipv4Addr::LOCALHOST),
            IpAddr::V6(addr) => addr.to_ipv4_mapped(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of glibc 2.36 to the same file.
    #[test]
    fn names_and_addresses_are_those_of_glibc() {
        let hosts = Hosts::parse(
            b"# c\n::1 six\n::ffff:9.9.9.9 mapped\n1.2.3.4\tCanon foo  multi # foo2\n5.6.7.8 multi\n1.2.3 bad\n\
              1.2.3.4 second\n 7.7.7.7 lead\nfe80::1%lo scoped\n8.8.8.8\n\xff\xff x\n",
        );
        for (name, addr) in [
            ("six", Some("127.0.0.1")),
            ("mapped", Some("9.9.9.9")),
            ("FOO", Some("1.2.3.4")),
            ("foo.", None),
            ("foo2", None),
            ("multi", Some("1.2.3.4")),
            ("canon", Some("1.2.3.4")),
            ("bad", None),
            ("second", Some("1.2.3.4")),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(hosts.addr(name).map(|addr| addr.to_string()).as_deref(), addr, "{name}");
        }
        for (addr, name) in [
            ("1.2.3.4", Some("Canon")),
            ("::1", Some("six")),
            ("::ffff:9.9.9.9", Some("mapped")),
            ("9.9.9.9", Some("mapped")),
            ("5.6.7.8", Some("multi")),
            ("7.7.7.7", Some("lead")),
            ("127.0.0.1", Some("six")),
            ("8.8.8.8", None),
        ] {
            assert_eq!(hosts.name(addr.parse().unwrap()), name, "{addr}");
        }
    }
}
