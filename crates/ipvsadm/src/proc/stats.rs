//! `ip_vs_stats` and `ip_vs_stats_percpu`: what all services carried together.

use std::io::{self, Write};

use lvs::service::{Rates, Stats};

pub(super) fn write(out: &mut dyn Write, stats: &Stats, rates: &Rates) -> io::Result<()> {
    write!(
        out,
        "   Total Incoming Outgoing         Incoming         Outgoing\n   \
         Conns  Packets  Packets            Bytes            Bytes\n\
         {}\n\n \
         Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n\
         {}\n",
        row(counters(stats)),
        row(per_second(rates))
    )
}

/// Counters are not kept by CPU: all of them are shown as those of the first.
pub(super) fn write_per_cpu(out: &mut dyn Write, stats: &Stats, rates: &Rates) -> io::Result<()> {
    let total = row(counters(stats));
    write!(
        out,
        "       Total Incoming Outgoing         Incoming         Outgoing\n\
         CPU    Conns  Packets  Packets            Bytes            Bytes\n  \
         0 {total}\n  \
         ~ {total}\n\n     \
         Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n    \
         {}\n",
        row(per_second(rates))
    )
}

fn row([conns, in_packets, out_packets, in_bytes, out_bytes]: [u64; 5]) -> String {
    format!("{conns:8X} {in_packets:8X} {out_packets:8X} {in_bytes:16X} {out_bytes:16X}")
}

const fn counters(stats: &Stats) -> [u64; 5] {
    [stats.conns, stats.in_packets, stats.out_packets, stats.in_bytes, stats.out_bytes]
}

const fn per_second(rates: &Rates) -> [u64; 5] {
    [rates.cps, rates.in_pps, rates.out_pps, rates.in_bps, rates.out_bps]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cpu_carries_all() {
        let mut out = Vec::new();
        let stats = Stats { conns: 4, in_packets: 10, out_packets: 10, in_bytes: 244, out_bytes: 244 };
        write_per_cpu(&mut out, &stats, &Rates::default()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "       Total Incoming Outgoing         Incoming         Outgoing\n\
             CPU    Conns  Packets  Packets            Bytes            Bytes\n  \
             0        4        A        A               F4               F4\n  \
             ~        4        A        A               F4               F4\n\n     \
             Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n           \
             0        0        0                0                0\n"
        );
    }
}
