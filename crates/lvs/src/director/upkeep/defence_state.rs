//! State of the defences against want of memory.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

use parking_lot::Mutex;

#[derive(Debug)]
pub(in crate::director) struct Defence {
    /// In pages of 4096 bytes.
    pub(in crate::director) free_memory: AtomicI64,
    pub(in crate::director) drops_entries: AtomicBool,
    pub(in crate::director) drop_rate: AtomicI64,
    pub(in crate::director) drop_counter: AtomicI64,
    pub(in crate::director) secures_tcp: AtomicBool,
    pub(in crate::director) spared: Mutex<Spared>,
}

/// For each number of packets, how many connections are to be spared before the next is dropped.
pub(in crate::director) type Spared = [u32; 9];

impl Default for Defence {
    fn default() -> Self {
        Self {
            free_memory: AtomicI64::new(i64::MAX),
            drops_entries: AtomicBool::default(),
            drop_rate: AtomicI64::default(),
            drop_counter: AtomicI64::default(),
            secures_tcp: AtomicBool::default(),
            spared: Mutex::default(),
        }
    }
}

impl Defence {
    pub(in crate::director) fn secures_tcp(&self) -> bool {
        self.secures_tcp.load(Relaxed)
    }

    /// One packet of so many that would make a connection is given up; None while there is no need.
    pub(in crate::director) fn drop_rate(&self) -> Option<i64> {
        Some(self.drop_rate.load(Relaxed)).filter(|rate| *rate != 0)
    }

    /// Whether a packet that would make a connection is one of those given up (`ip_vs_todrop`).
    pub(in crate::director) fn drops_packet(&self) -> bool {
        let rate = self.drop_rate.load(Relaxed);
        if rate == 0 || self.drop_counter.fetch_sub(1, Relaxed) > 1 {
            return false;
        }
        self.drop_counter.store(rate, Relaxed);
        true
    }
}
