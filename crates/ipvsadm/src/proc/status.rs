//! `ip_vs_status`: how large and how full the hash tables are (Linux 7.1).

use std::io::{self, Write};

use lvs::director::{HashStatus, TableStatus};

/// The rates are estimated without threads of their own: that is what the kernel shows before the first service.
const ESTIMATOR: &str = "Stats thread slots:\t1 (max 0)\nStats chain max len:\t0\nStats thread ests:\t0\n";

pub(super) fn write(out: &mut dyn Write, status: &TableStatus) -> io::Result<()> {
    table(out, "Conns", "Conn", &status.connections)?;
    table(out, "Services", "Service", &status.services)?;
    out.write_all(ESTIMATOR.as_bytes())
}

fn table(out: &mut dyn Write, title: &str, name: &str, status: &HashStatus) -> io::Result<()> {
    let HashStatus { entries, buckets, load_factor, lengths } = status;
    let bits = buckets.checked_ilog2().unwrap_or(0);
    writeln!(out, "{title}:\t{entries}")?;
    writeln!(out, "{name} buckets:\t{buckets} ({bits} bits, lfactor {load_factor})")?;
    if *entries == 0 {
        return Ok(());
    }
    let percent = |part: u32, whole: u32| u64::from(part) * 100 / u64::from(whole.max(1));
    writeln!(out, "{name} buckets empty:\t{} ({}%)", lengths[0], percent(lengths[0], *buckets))?;
    let used = buckets.saturating_sub(lengths[0]);
    for (len, count) in lengths.iter().enumerate().skip(1).filter(|(_, count)| **count != 0) {
        writeln!(out, "{name} buckets len-{len}:\t{count} ({}%)", percent(*count, used))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes what Linux 7.3 shows, but for its threads.
    #[test]
    fn the_text_is_the_kernels() {
        let text = |connections, services| {
            let mut out = Vec::new();
            write(&mut out, &TableStatus { connections, services }).unwrap();
            String::from_utf8(out).unwrap().replace(ESTIMATOR, "")
        };
        let hash =
            |entries, buckets, load_factor, lengths| HashStatus { entries, buckets, load_factor, lengths };
        let none = hash(0, 0, 0, [0; 8]);
        assert_eq!(
            text(none, none),
            "Conns:\t0\nConn buckets:\t0 (0 bits, lfactor 0)\nServices:\t0\nService buckets:\t0 (0 bits, lfactor 0)\n"
        );
        assert_eq!(
            text(
                hash(3103, 4096, -4, [886, 1373, 1038, 530, 193, 64, 11, 1]),
                hash(6, 64, -3, [58, 6, 0, 0, 0, 0, 0, 0])
            ),
            "Conns:\t3103\nConn buckets:\t4096 (12 bits, lfactor -4)\nConn buckets empty:\t886 (21%)\n\
             Conn buckets len-1:\t1373 (42%)\nConn buckets len-2:\t1038 (32%)\nConn buckets len-3:\t530 (16%)\n\
             Conn buckets len-4:\t193 (6%)\nConn buckets len-5:\t64 (1%)\nConn buckets len-6:\t11 (0%)\n\
             Conn buckets len-7:\t1 (0%)\nServices:\t6\nService buckets:\t64 (6 bits, lfactor -3)\n\
             Service buckets empty:\t58 (90%)\nService buckets len-1:\t6 (100%)\n"
        );
    }
}
