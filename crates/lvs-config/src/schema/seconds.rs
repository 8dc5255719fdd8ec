//! Times: seconds as a number, or text such as `500ms`, `2s`, `1.5s`, `5m`, `1h`.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) Duration);

impl From<Seconds> for Duration {
    fn from(seconds: Seconds) -> Self {
        seconds.0
    }
}

/// Seconds that a time may be.
const LONGEST: u64 = 365 * 86_400;

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.subsec_nanos() {
            0 => serializer.serialize_u64(self.0.as_secs()),
            _ => serializer.serialize_f64(self.0.as_secs_f64()),
        }
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

struct Written;

impl Visitor<'_> for Written {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time: seconds as a number, or text such as \"500ms\", \"2s\", \"5m\"")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Seconds, E> {
        let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds <= LONGEST);
        let seconds = seconds.ok_or_else(|| E::custom("a time is 0 to 365 days"))?;
        Ok(Seconds(Duration::from_secs(seconds)))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Seconds, E> {
        rounded(seconds).ok_or_else(|| E::custom("a time is 0 to 365 days"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Seconds, E> {
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let factor = match text[end..].trim_start() {
            "ms" => 0.001,
            "" | "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => f64::NAN,
        };
        let value = text[..end].parse::<f64>().ok().and_then(|number| rounded(number * factor));
        value.ok_or_else(|| {
            E::custom(format!("{text:?} is no time: write \"500ms\", \"2s\", \"5m\" or \"1h\""))
        })
    }
}

/// Rounded to microseconds, so that 0.1 is 0.1.
fn rounded(seconds: f64) -> Option<Seconds> {
    let is_fine = (0.0..=365.0 * 86_400.0).contains(&seconds);
    let duration = is_fine.then(|| Duration::try_from_secs_f64((seconds * 1e6).round() / 1e6).ok()).flatten();
    duration.map(|duration| {
        Seconds(Duration::from_micros(u64::try_from(duration.as_micros()).unwrap_or_default()))
    })
}
