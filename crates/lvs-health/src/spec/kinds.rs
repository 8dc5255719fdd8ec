//! Kinds of checks that are not HTTP: the question, and the answer that it expects.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::http::Tls;
use super::script::Script;

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

/// A datagram. Without `require_reply` only an ICMP error fails it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UdpCheck {
    pub payload: Vec<u8>,
    pub require_reply: bool,
    pub min_reply_len: Option<usize>,
    pub max_reply_len: Option<usize>,
    pub expect: Option<Reply>,
}

/// The beginning of a reply, compared up to the end of the shorter one, as keepalived does it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reply {
    pub bytes: Vec<u8>,
    /// Bits that may be anything, a byte for each of `bytes`; empty where every bit counts.
    pub any: Vec<u8>,
}

impl Reply {
    /// A reply of hex digits, with `x` for any digit. A digit that has blanks around it is a byte. None: other letters, or
    /// nothing at all.
    pub fn parse(text: &str) -> Option<Self> {
        let mut reply = Self::default();
        let words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        for pair in words.flat_map(|word| word.as_bytes().chunks(2)) {
            let (mut byte, mut any) = (0, 0);
            for letter in pair {
                let digit = char::from(*letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let wild = matches!(letter, b'x' | b'X');
                if digit.is_none() && !wild {
                    return None;
                }
                byte = byte << 4 | digit.unwrap_or(0);
                any = any << 4 | if wild { 0xf } else { 0 };
            }
            reply.bytes.push(byte);
            reply.any.push(any);
        }
        if reply.any.iter().all(|any| *any == 0) {
            reply.any.clear();
        }
        (!reply.bytes.is_empty()).then_some(reply)
    }

    pub fn matches(&self, answer: &[u8]) -> bool {
        let any = self.any.iter().chain(std::iter::repeat(&0));
        self.bytes.iter().zip(any).zip(answer).all(|((byte, any), got)| (byte ^ got) & !any == 0)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any = self.any.iter().chain(std::iter::repeat(&0));
        for (byte, any) in self.bytes.iter().zip(any) {
            for shift in [4, 0] {
                match any >> shift & 0xf {
                    0 => write!(f, "{:x}", byte >> shift & 0xf)?,
                    _ => f.write_str("x")?,
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SmtpCheck {
    pub helo: String,
}

impl Default for SmtpCheck {
    fn default() -> Self {
        Self { helo: "smtpchecker.keepalived.org".to_owned() }
    }
}

/// `grpc.health.v1.Health/Check`; it must answer SERVING.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GrpcCheck {
    /// Empty asks for the server as a whole.
    pub service: String,
    /// The `:authority` sent; None is the address connected to.
    pub authority: Option<String>,
    pub tls: Option<Tls>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ScriptCheck {
    pub script: Script,
    /// Sets the weight by the exit status (`misc_dynamic`): 0 leaves it, 2 to 255 mean that minus 2, 1 is a failure.
    pub dynamic: bool,
}

/// A number in a file, as keepalived's `FILE_CHECK` reads it. No file, or none in it, is 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FileCheck {
    pub path: PathBuf,
    /// The factor of the number before it is added to the server's weight. 0: any number but 0 is a failure.
    pub weight: i32,
    /// The other sign; with a weight of 0: the number 0 is a failure.
    pub reverse: bool,
}

/// Daemons that know of BFD sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BfdSource {
    /// Whoever of the others is there, at its usual place.
    #[default]
    Any,
    /// FRR's `bfdd`, by its socket.
    Frr(PathBuf),
    /// BIRD, by its control socket.
    Bird(PathBuf),
    /// keepalived's BFD process, by the file that it writes on SIGUSR1.
    Keepalived(PathBuf),
}

impl BfdSource {
    pub const FRR: &str = "/run/frr/bfdd.vty";
    pub const BIRD: &str = "/run/bird/bird.ctl";
    pub const KEEPALIVED: &str = "/tmp/keepalived_bfd.data";
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

    #[test]
    fn replies_are_compared_from_their_beginning() {
        let ok = Reply::parse("6f6b01").unwrap();
        assert!(
            ok.matches(b"ok\x01") && ok.matches(b"ok\x01 and more") && ok.matches(b"ok") && ok.matches(b"")
        );
        assert!(!ok.matches(b"xxok\x01") && !ok.matches(b"OK"));
        let vague = Reply::parse("6X xb 1").unwrap();
        assert!(vague.matches(b"ok\x01") && vague.matches(b"a+\x01") && !vague.matches(b"ok\x11"));
        assert_eq!((ok.to_string(), vague.to_string()), ("6f6b01".to_owned(), "6xxb01".to_owned()));
        assert_eq!(Reply::parse("6g"), None);
        assert_eq!(Reply::parse(" "), None);
    }
}
