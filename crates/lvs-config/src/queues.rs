//! How many queues each interface has, as `--queues` and the file say it: a number, or "auto" for the processors.

use std::str::FromStr;

use serde::Deserialize;

/// The most that a TUN can have.
const MOST: u16 = 256;

/// More than these gain nothing: beyond them the host's own work limits.
const MOST_AUTO: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Queues {
    Auto,
    Count(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("queues must be 1 to {MOST}, or \"auto\"")]
pub struct BadQueues;

impl Queues {
    /// The number, on this host.
    pub fn count(self) -> usize {
        match self {
            Self::Count(count) => count.into(),
            Self::Auto => std::thread::available_parallelism().map_or(1, usize::from).min(MOST_AUTO),
        }
    }
}

impl TryFrom<u64> for Queues {
    type Error = BadQueues;

    fn try_from(count: u64) -> Result<Self, BadQueues> {
        u16::try_from(count).ok().filter(|count| (1..=MOST).contains(count)).map(Self::Count).ok_or(BadQueues)
    }
}

/// As the file has it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "queues must be 1 to 256, or \"auto\"")]
enum Written {
    Count(i64),
    Word(String),
}

impl TryFrom<Written> for Queues {
    type Error = BadQueues;

    fn try_from(written: Written) -> Result<Self, BadQueues> {
        match written {
            Written::Count(count) => u64::try_from(count).map_err(|_| BadQueues)?.try_into(),
            Written::Word(word) if word == "auto" => Ok(Self::Auto),
            Written::Word(_) => Err(BadQueues),
        }
    }
}

impl FromStr for Queues {
    type Err = BadQueues;

    fn from_str(word: &str) -> Result<Self, BadQueues> {
        if word == "auto" { Ok(Self::Auto) } else { word.parse::<u64>().map_err(|_| BadQueues)?.try_into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_auto() {
        assert_eq!("4".parse(), Ok(Queues::Count(4)));
        assert_eq!("256".parse::<Queues>().map(Queues::count), Ok(256));
        assert_eq!("auto".parse(), Ok(Queues::Auto));
        assert!((1..=MOST_AUTO).contains(&Queues::Auto.count()));
        for bad in ["0", "257", "-1", "", "Auto", "two"] {
            assert_eq!(bad.parse::<Queues>(), Err(BadQueues), "{bad}");
        }
    }
}
