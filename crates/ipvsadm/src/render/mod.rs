//! Listings as ipvsadm prints them, byte for byte, into any [`Write`].

mod connections;
mod daemons;
mod json;
mod rules;
mod table;

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

pub(super) use connections::connections;
pub use connections::protocol_name;
pub(super) use daemons::{daemons, timeouts};
pub use json::{EngineShape, FlowShape};
pub(super) use json::{connections as json_connections, json};
pub(super) use rules::rules;
pub use rules::{lossless_server, lossless_service};
pub(super) use table::{heading, service, table};

use super::address;
use super::names::Names;
use lvs::service::{Endpoint, Family, Persistence, Protocol, ServiceSpec};

/// The columns of servers in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    Forwarding,
    Stats,
    Rates,
    Thresholds,
    PersistentConns,
    Tunnels,
}

/// How a listing looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub columns: Columns,
    /// No names.
    pub numeric: bool,
    /// All digits of large numbers.
    pub exact: bool,
    pub sorted: bool,
    pub json: bool,
}

/// How endpoints are written.
#[derive(Clone, Copy)]
pub(super) struct Naming<'a> {
    pub numeric: bool,
    pub names: &'a dyn Names,
}

impl Naming<'_> {
    fn endpoint(&self, endpoint: Endpoint, protocol: Option<Protocol>) -> String {
        if self.numeric {
            address::numeric(&endpoint)
        } else {
            address::named(&endpoint, protocol, self.names)
        }
    }
}

/// A name as wide as its column lets IPv4 be; IPv6 pushes the rest of its line aside.
fn cut(mut name: String, addr: IpAddr, width: usize) -> String {
    if addr.is_ipv4() && name.len() > width {
        let end = (0..=width).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
        name.truncate(end);
    }
    name
}

/// The mask of a service, where it is not the one that keeps every client apart.
fn mask(spec: &ServiceSpec, persistence: &Persistence) -> Option<String> {
    let family = spec.key.family();
    (persistence.mask != Persistence::host_mask(family)).then(|| match family {
        Family::V4 => Ipv4Addr::from(persistence.mask).to_string(),
        Family::V6 => persistence.mask.to_string(),
    })
}

/// A counter in nine columns, scaled unless `exact`.
fn large_number(out: &mut dyn Write, number: u64, exact: bool) -> io::Result<()> {
    const SCALES: [(u64, u64, char); 4] = [
        (1_000_000_000, 1_000, 'K'),
        (100_000_000_000, 1_000_000, 'M'),
        (100_000_000_000_000, 1_000_000_000, 'G'),
        (u64::MAX, 1_000_000_000_000, 'T'),
    ];
    if exact {
        let text = number.to_string();
        let width = if text.len() <= 8 { 9 } else { text.len() + 1 };
        return write!(out, "{text:>width$}");
    }
    if number < 100_000_000 {
        return write!(out, "{number:9}");
    }
    let (_, unit, letter) = SCALES.into_iter().find(|(below, _, _)| number < *below).unwrap_or(SCALES[3]);
    write!(out, "{:8}{letter}", number / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(number: u64, exact: bool) -> String {
        let mut out = Vec::new();
        large_number(&mut out, number, exact).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn large_numbers_are_scaled_late() {
        for (number, text) in [
            (0, "        0"),
            (99_999_999, " 99999999"),
            (100_000_000, "  100000K"),
            (999_999_999, "  999999K"),
            (1_000_000_000, "    1000M"),
            (99_999_999_999, "   99999M"),
            (100_000_000_000, "     100G"),
            (99_999_999_999_999, "   99999G"),
            (100_000_000_000_000, "     100T"),
        ] {
            assert_eq!(shown(number, false), text);
        }
    }

    #[test]
    fn exact_numbers_make_room_for_themselves() {
        assert_eq!(shown(12_345_678, true), " 12345678");
        assert_eq!(shown(100_006_648, true), " 100006648");
        assert_eq!(shown(u64::MAX, true), " 18446744073709551615");
    }
}
