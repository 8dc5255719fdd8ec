//! Numbers as people read them.

/// Three digits or so, with k, M, G or T.
pub(super) fn number(value: u64) -> String {
    scaled(value, 1000, ["", "k", "M", "G", "T"], "")
}

/// In units of 1000 bytes.
pub(super) fn bytes(value: u64) -> String {
    scaled(value, 1000, [" ", " k", " M", " G", " T"], "B")
}

/// The two largest units of a time in seconds.
pub(super) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

fn scaled(value: u64, step: u64, units: [&str; 5], tail: &str) -> String {
    let (mut scale, mut at) = (1, 0);
    while at + 1 < units.len() && value / scale >= step {
        scale *= step;
        at += 1;
    }
    let (whole, tenths) = (value / scale, value % scale * 10 / scale);
    if at == 0 || whole >= 100 {
        format!("{whole}{}{tail}", units[at])
    } else {
        format!("{whole}.{tenths}{}{tail}", units[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [0, 999, 1000, 1999, 99_999, 100_000, 12_345_678, u64::MAX].map(number);
        assert_eq!(numbers, ["0", "999", "1.0k", "1.9k", "99.9k", "100k", "12.3M", "18446744T"]);
        assert_eq!([0, 1500, 2_000_000_000].map(bytes), ["0 B", "1.5 kB", "2.0 GB"]);
        let times = [0, 59, 61, 3600, 90_061].map(duration);
        assert_eq!(times, ["0 s", "59 s", "1 min 1 s", "1 h 0 min", "1 d 1 h"]);
    }
}
