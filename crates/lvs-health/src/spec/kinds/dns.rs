//! A question for a name server.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use lvs::service::Endpoint;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DnsCheck {
    /// The name to ask for; `.` is the root.
    pub name: String,
    /// Number of the record type (1 is A).
    pub record_type: u16,
    /// Ask over TCP.
    pub tcp: bool,
}

impl Default for DnsCheck {
    /// As keepalived: the SOA of the root.
    fn default() -> Self {
        Self { name: ".".to_owned(), record_type: Self::record_type_of("SOA").unwrap_or(6), tcp: false }
    }
}

impl DnsCheck {
    /// The number of a record type by its name, in any case, or written as `TYPE65`.
    pub fn record_type_of(name: &str) -> Option<u16> {
        let name = name.to_ascii_uppercase();
        Some(match name.as_str() {
            "A" => 1,
            "NS" => 2,
            "CNAME" => 5,
            "SOA" => 6,
            "PTR" => 12,
            "MX" => 15,
            "TXT" => 16,
            "AAAA" => 28,
            "SRV" => 33,
            "NAPTR" => 35,
            "DS" => 43,
            "RRSIG" => 46,
            "DNSKEY" => 48,
            "TLSA" => 52,
            "SVCB" => 64,
            "HTTPS" => 65,
            "ANY" => 255,
            "CAA" => 257,
            _ => return name.strip_prefix("TYPE")?.parse().ok(),
        })
    }
}

impl Kind for DnsCheck {
    fn usual_port(&self) -> Option<u16> {
        Some(53)
    }

    fn asked(&self, at: Endpoint) -> String {
        format!("{at} {}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_types_are_known_by_name_and_number() {
        assert_eq!(DnsCheck::record_type_of("aaaa"), Some(28));
        assert_eq!(DnsCheck::record_type_of("TYPE65"), Some(65));
        assert_eq!(DnsCheck::record_type_of("TYPE"), None);
        assert_eq!(DnsCheck::record_type_of("TYPE70000"), None);
        assert_eq!(DnsCheck::record_type_of("nonsense"), None);
        assert_eq!(DnsCheck::default().record_type, 6);
    }
}
