//! A range of ports as options and the file write it: `16384-32767`.

use std::ops::RangeInclusive;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no range of ports: write 16384-32767, the first one not above the last, from 1 to 65535")]
pub struct BadPortRange(String);

/// # Errors
/// The text is no range of ports.
pub fn port_range(text: &str) -> Result<RangeInclusive<u16>, BadPortRange> {
    let bad = || BadPortRange(text.to_owned());
    let (first, last) = text.split_once('-').ok_or_else(bad)?;
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port != 0);
    match (port(first), port(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_two_ports_in_order() {
        assert_eq!(port_range("1024-65535"), Ok(1024..=65_535));
        assert_eq!(port_range("7 - 7"), Ok(7..=7));
        for bad in ["", "80", "0-80", "80-79", "1-65536", "a-b", "1-2-3"] {
            assert!(port_range(bad).is_err(), "{bad}");
        }
    }
}
