//! Traffic counters and the rate estimator. Same job as `ip_vs_est.c`.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

/// Live counters of one real server. They only ever go up; zeroing is an offset kept by the reader.
#[derive(Debug, Default)]
pub struct Counters {
    conns: AtomicU64,
    in_packets: AtomicU64,
    out_packets: AtomicU64,
    in_bytes: AtomicU64,
    out_bytes: AtomicU64,
}

impl Counters {
    pub fn count_conn(&self) {
        self.conns.fetch_add(1, Relaxed);
    }

    /// `bytes` is the length of the IP packets.
    pub fn count_in(&self, packets: u64, bytes: u64) {
        self.in_packets.fetch_add(packets, Relaxed);
        self.in_bytes.fetch_add(bytes, Relaxed);
    }

    pub fn count_out(&self, packets: u64, bytes: u64) {
        self.out_packets.fetch_add(packets, Relaxed);
        self.out_bytes.fetch_add(bytes, Relaxed);
    }

    /// Adds what was counted elsewhere.
    pub fn add(&self, stats: Stats) {
        self.conns.fetch_add(stats.conns, Relaxed);
        self.count_in(stats.in_packets, stats.in_bytes);
        self.count_out(stats.out_packets, stats.out_bytes);
    }

    pub fn read(&self) -> Stats {
        Stats {
            conns: self.conns.load(Relaxed),
            in_packets: self.in_packets.load(Relaxed),
            out_packets: self.out_packets.load(Relaxed),
            in_bytes: self.in_bytes.load(Relaxed),
            out_bytes: self.out_bytes.load(Relaxed),
        }
    }
}

/// Counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    pub conns: u64,
    pub in_packets: u64,
    pub out_packets: u64,
    pub in_bytes: u64,
    pub out_bytes: u64,
}

impl Stats {
    pub const fn plus(self, other: Self) -> Self {
        Self {
            conns: self.conns.wrapping_add(other.conns),
            in_packets: self.in_packets.wrapping_add(other.in_packets),
            out_packets: self.out_packets.wrapping_add(other.out_packets),
            in_bytes: self.in_bytes.wrapping_add(other.in_bytes),
            out_bytes: self.out_bytes.wrapping_add(other.out_bytes),
        }
    }

    pub const fn minus(self, other: Self) -> Self {
        Self {
            conns: self.conns.wrapping_sub(other.conns),
            in_packets: self.in_packets.wrapping_sub(other.in_packets),
            out_packets: self.out_packets.wrapping_sub(other.out_packets),
            in_bytes: self.in_bytes.wrapping_sub(other.in_bytes),
            out_bytes: self.out_bytes.wrapping_sub(other.out_bytes),
        }
    }
}

/// Rates per second as listings show them; `in_bps` and `out_bps` are bytes per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    pub cps: u64,
    pub in_pps: u64,
    pub out_pps: u64,
    pub in_bps: u64,
    pub out_bps: u64,
}

/// Exponential average of counter growth: every 2 seconds, weight 1/4, in the kernel's fixed point
/// (2^10 for connections and packets, 2^5 for bytes).
#[derive(Clone, Copy, Debug, Default)]
pub struct Estimator {
    last: Stats,
    cps: u64,
    in_pps: u64,
    out_pps: u64,
    in_bps: u64,
    out_bps: u64,
}

impl Estimator {
    /// Starts from `stats`, so that what was counted before is no rate.
    pub fn starting_at(stats: Stats) -> Self {
        Self { last: stats, ..Self::default() }
    }

    /// Takes the counters at the end of a 2-second interval.
    pub fn tick(&mut self, stats: Stats) {
        let grown = stats.minus(self.last);
        self.last = stats;
        average(&mut self.cps, grown.conns, 9);
        average(&mut self.in_pps, grown.in_packets, 9);
        average(&mut self.out_pps, grown.out_packets, 9);
        average(&mut self.in_bps, grown.in_bytes, 4);
        average(&mut self.out_bps, grown.out_bytes, 4);
    }

    pub fn rates(&self) -> Rates {
        Rates {
            cps: (self.cps + 0x1ff) >> 10,
            in_pps: (self.in_pps + 0x1ff) >> 10,
            out_pps: (self.out_pps + 0x1ff) >> 10,
            in_bps: (self.in_bps + 0xf) >> 5,
            out_bps: (self.out_bps + 0xf) >> 5,
        }
    }
}

impl Estimator {
    /// Averages in the kernel's fixed point.
    pub const fn numbers(&self) -> [u64; 5] {
        [self.cps, self.in_pps, self.out_pps, self.in_bps, self.out_bps]
    }

    /// Goes on from another one's averages, and from the counters as they are here.
    pub const fn resume(&mut self, [cps, in_pps, out_pps, in_bps, out_bps]: [u64; 5]) {
        *self = Self { last: self.last, cps, in_pps, out_pps, in_bps, out_bps };
    }
}

/// State of a reader of counters that only go up: where zero is, and the running rates.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    zero: Stats,
    estimator: Estimator,
}

impl Meter {
    pub(super) fn since_zero(&self, stats: Stats) -> Stats {
        stats.minus(self.zero)
    }

    pub(super) fn zero_at(&mut self, stats: Stats) {
        self.zero = stats;
        self.restart_rates(stats);
    }

    pub(super) fn restart_rates(&mut self, stats: Stats) {
        self.estimator = Estimator::starting_at(stats);
    }

    pub(super) fn tick(&mut self, stats: Stats) {
        self.estimator.tick(stats);
    }

    pub(super) fn rates(&self) -> Rates {
        self.estimator.rates()
    }

    pub(super) const fn rate_numbers(&self) -> [u64; 5] {
        self.estimator.numbers()
    }

    pub(super) const fn estimator(&mut self) -> &mut Estimator {
        &mut self.estimator
    }
}

/// `shift` is the fixed-point scale less one, as the interval is two seconds.
fn average(value: &mut u64, grown: u64, shift: u32) {
    let rate = grown << shift;
    *value = (i128::from(*value) + ((i128::from(rate) - i128::from(*value)) >> 2)) as u64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rate_is_reached_from_below() {
        let mut estimator = Estimator::default();
        let mut stats = Stats::default();
        for _ in 0..60 {
            stats.conns += 200;
            stats.in_bytes += 20_000;
            estimator.tick(stats);
        }
        assert_eq!(estimator.rates().cps, 100);
        assert_eq!(estimator.rates().in_bps, 10_000);
    }

    #[test]
    fn one_tick_moves_by_a_quarter() {
        let mut estimator = Estimator::default();
        estimator.tick(Stats { in_packets: 800, ..Stats::default() });
        assert_eq!(estimator.rates().in_pps, 100);
    }
}
