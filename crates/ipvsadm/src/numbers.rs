//! Numbers as the C library reads them: leading blanks, a sign, decimal digits.

/// `strtol` in base 10: the number and what follows it. None when there are no digits; a number too large for
/// 64 bits is reported as out of range.
fn leading(text: &[u8]) -> Option<(Option<i64>, &[u8])> {
    let blank = text.iter().take_while(|byte| is_blank(**byte)).count();
    let (negative, digits) = match &text[blank..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len == 0 {
        return None;
    }
    let number = digits[..len].iter().try_fold(0_i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        number.checked_mul(10)?.checked_add(if negative { -digit } else { digit })
    });
    Some((number, &digits[len..]))
}

/// A whole word that is a number within the range.
pub(super) fn in_range(text: &[u8], min: i64, max: i64) -> Option<i64> {
    match leading(text) {
        Some((Some(number), [])) if (min..=max).contains(&number) => Some(number),
        _ => None,
    }
}

/// `atoi`: the number at the beginning, 0 without one.
pub(super) fn at_start(text: &[u8]) -> i64 {
    leading(text).and_then(|(number, _)| number).unwrap_or(0)
}

/// `isspace` in the C locale.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_blanks_and_leading_zeros_are_read() {
        for (text, number) in [("+9", 9), (" 12", 12), ("010", 10), ("0", 0), ("-0", 0)] {
            assert_eq!(in_range(text.as_bytes(), 0, 100), Some(number), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_all_number_is_refused() {
        for text in ["", "-", "13 ", "0x10", "1.5", "abc", "- 1", "101", "-1", "99999999999999999999"] {
            assert_eq!(in_range(text.as_bytes(), 0, 100), None, "{text:?}");
        }
    }

    #[test]
    fn a_number_at_the_start_may_be_followed_by_anything() {
        assert_eq!(at_start(b"64x"), 64);
        assert_eq!(at_start(b"abc"), 0);
    }
}
