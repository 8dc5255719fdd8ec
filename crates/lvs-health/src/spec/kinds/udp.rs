//! A datagram, and the beginning of its reply.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// A datagram. Without `require_reply` only an ICMP error fails it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UdpCheck {
    pub payload: Vec<u8>,
    pub require_reply: bool,
    pub min_reply_len: Option<usize>,
    pub max_reply_len: Option<usize>,
    pub expect: Option<Reply>,
}

impl Kind for UdpCheck {}

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

#[cfg(test)]
mod tests {
    use super::*;

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
