//! A number in a file (`FILE_CHECK`), as keepalived's `track_file.c` reads it.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::ProbeError;
use lvs_health::check::WeightChange;
use lvs_health::spec::FileCheck;

/// Bytes of the file that are read.
const LONGEST: u64 = 127;

/// A product from which down a server counts as failed (`IPVS_WEIGHT_FAULT`).
const FAULT: i64 = i32::MIN as i64;

pub(super) async fn probe(check: &FileCheck) -> Result<Option<WeightChange>, ProbeError> {
    let path = check.path.clone();
    let unreadable = |source| ProbeError::File { path: check.path.clone(), source };
    let read = tokio::task::spawn_blocking(move || read(&path)).await.map_err(|_| ProbeError::GivenUp)?;
    let text = read.map_err(unreadable)?;
    let nonsense = || ProbeError::NoNumber { path: check.path.clone(), text: text.trim().to_owned() };
    judge(check, number(&text).ok_or_else(nonsense)?)
}

/// The beginning of a file; empty where there is none.
fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(file) => file.take(LONGEST).read_to_end(&mut bytes)?,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => 0,
        Err(error) => return Err(error),
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn judge(check: &FileCheck, number: i64) -> Result<Option<WeightChange>, ProbeError> {
    if check.weight == 0 {
        let expected = if check.reverse { "another number than 0" } else { "0" };
        let is_good = (number == 0) != check.reverse;
        return if is_good { Ok(None) } else { Err(ProbeError::unexpected(number, expected)) };
    }
    let sign = if check.reverse { -1 } else { 1 };
    let change = number.saturating_mul(i64::from(check.weight)).saturating_mul(sign);
    if change <= FAULT {
        return Err(ProbeError::unexpected(number, format!("more than {FAULT} when weighted")));
    }
    Ok(Some(WeightChange::Add(change)))
}

/// Number that C's `strtol` makes of it, in the base that its beginning says. None: it is beyond what a weight may be.
fn number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (base, digits) =
        match hex.filter(|digits| digits.starts_with(|digit: char| digit.is_ascii_hexdigit())) {
            Some(digits) => (16, digits),
            None if digits.starts_with('0') => (8, digits),
            None => (10, digits),
        };
    let len = digits.find(|digit: char| !digit.is_digit(base)).unwrap_or(digits.len());
    let value = if len == 0 { 0 } else { i64::from_str_radix(&digits[..len], base).ok()? };
    Some(sign * value).filter(|value| (i64::from(i32::MIN)..=i64::from(i32::MAX) + 1).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_strtol_makes_of_them() {
        for (text, expected) in [
            ("5\n", Some(5)),
            ("  -17 and more", Some(-17)),
            ("+3", Some(3)),
            ("0x1f", Some(31)),
            ("0x", Some(0)),
            ("010", Some(8)),
            ("", Some(0)),
            ("nothing", Some(0)),
            ("2147483648", Some(2_147_483_648)),
            ("2147483649", None),
            ("-99999999999999999999", None),
        ] {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }

    #[tokio::test]
    async fn a_number_weighs_or_fails() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("number");
        let mut check = FileCheck { path: path.clone(), weight: 3, reverse: false };
        assert_eq!(probe(&check).await.unwrap(), Some(WeightChange::Add(0)), "no file is 0");
        std::fs::write(&path, "-4\n").unwrap();
        assert_eq!(probe(&check).await.unwrap(), Some(WeightChange::Add(-12)));
        check.reverse = true;
        assert_eq!(probe(&check).await.unwrap(), Some(WeightChange::Add(12)));
        std::fs::write(&path, "-2147483648\n").unwrap();
        check = FileCheck { weight: 1, reverse: false, ..check };
        assert!(probe(&check).await.is_err());
        std::fs::write(&path, "99999999999\n").unwrap();
        assert!(matches!(probe(&check).await, Err(ProbeError::NoNumber { .. })));
    }

    #[test]
    fn without_a_weight_a_number_says_whether_it_is_well() {
        let check = |reverse| FileCheck { path: "/x".into(), weight: 0, reverse };
        assert!(judge(&check(false), 0).is_ok() && judge(&check(false), -1).is_err());
        assert!(judge(&check(true), 1).is_ok() && judge(&check(true), 0).is_err());
    }
}
