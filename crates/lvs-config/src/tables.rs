//! The routing table of announcements, as it is given on the command line and in a file.

/// A table that announcements may not lie in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "table {0} is none for announcements: choose 1 to 252, 254 (main), or a number above 255 that is not 7600 to 9999"
)]
pub struct BadTable(pub u32);

/// The number of a routing table for announcements.
///
/// # Errors
/// Routes in it would mean something else to the host.
pub(crate) const fn table(number: u32) -> Result<u32, BadTable> {
    match number {
        // The last are the director's own.
        0 | 253 | 255 | 7600..=9999 => Err(BadTable(number)),
        _ => Ok(number),
    }
}

/// As [`table`], from text.
///
/// # Errors
/// The text is no number, or none of such a table.
pub fn announce_table(text: &str) -> Result<u32, BadTable> {
    match text {
        "main" => Ok(254),
        _ => text.parse().map_or(Err(BadTable(0)), table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_host_itself_are_refused() {
        assert_eq!((announce_table("151"), announce_table("main")), (Ok(151), Ok(254)));
        assert_eq!(announce_table("7000"), Ok(7000));
        for wrong in ["0", "253", "255", "7600", "-1", "local", ""] {
            assert!(announce_table(wrong).is_err(), "{wrong}");
        }
    }
}
