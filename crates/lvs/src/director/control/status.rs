//! How large the tables are and how full, as the kernel shows it in `/proc/net/ip_vs_status` since Linux 7.1
//! (`ip_vs_status_show`). The kernel's tables grow and shrink; here they are as large as its rule makes them for what
//! is in them now. Answers a query; never changes anything.

use std::hash::BuildHasher;
use std::sync::atomic::Ordering::Relaxed;

use foldhash::fast::FixedState;

use crate::conn::Chains;
use crate::director::Director;
use crate::director::control::sysctl::Sysctl;
use crate::director::control::table_status::{HashStatus, TableStatus};

/// Buckets of the smallest table of connections; the largest is a setting.
const LEAST_CONN_BUCKETS: u64 = 256;

const LEAST_SERVICE_BUCKETS: u64 = 16;
const MOST_SERVICE_BUCKETS: u64 = 1 << 20;

impl Director {
    pub(in crate::director) fn table_status(&self) -> TableStatus {
        let services = self.services.read();
        let keys: Vec<u64> =
            services.iter().map(|service| FixedState::default().hash_one(service.spec().key)).collect();
        drop(services);
        let conns = self.conns.of_services() as u64;
        let conn_factor = self.sysctls.value(Sysctl::ConnLfactor);
        let conn_buckets = self.conn_buckets();
        let service_factor = self.sysctls.value(Sysctl::SvcLfactor);
        let count = keys.len() as u64;
        let service_buckets = match count {
            0 => 0,
            _ => buckets(count, service_factor, LEAST_SERVICE_BUCKETS, MOST_SERVICE_BUCKETS),
        };
        let mut chains = Chains::new(service_buckets);
        keys.iter().for_each(|key| chains.add((key >> 32) as u32));
        let of = |entries, buckets, load_factor, lengths| HashStatus {
            entries,
            buckets,
            load_factor: if buckets == 0 { 0 } else { load_factor },
            lengths,
        };
        TableStatus {
            connections: of(conns, conn_buckets, conn_factor, self.conns.chains(conn_buckets)),
            services: of(count, service_buckets, service_factor, chains.lengths()),
        }
    }

    /// The `size=` of listings: that of a table that grows, if the kernel that is followed has one.
    pub(in crate::director) fn table_size(&self) -> u32 {
        match self.settings.kernel.has_growing_table() {
            true => self.conn_buckets(),
            false => self.settings.conn_table_size,
        }
    }

    fn conn_buckets(&self) -> u32 {
        let most = u64::from(self.settings.conn_table_size).max(LEAST_CONN_BUCKETS);
        match (self.conns.of_services() as u64, self.had_services.load(Relaxed)) {
            (0, false) => 0,
            (conns, _) => buckets(conns, self.sysctls.value(Sysctl::ConnLfactor), LEAST_CONN_BUCKETS, most),
        }
    }
}

/// Buckets for so many entries: a power of two (`ip_vs_rht_desired_size`).
fn buckets(entries: u64, load_factor: i64, least: u64, most: u64) -> u32 {
    let shift = u32::try_from(load_factor.unsigned_abs()).unwrap_or(0);
    let wanted = if load_factor < 0 { entries << shift } else { entries >> shift };
    u32::try_from(wanted.next_power_of_two().clamp(least, most)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_as_large_as_the_kernels() {
        // Linux 7.3 with few services and connections.
        for (services, expected) in [(1, 16), (2, 16), (4, 32), (6, 64)] {
            assert_eq!(buckets(services, -3, 16, 1 << 20), expected, "{services} services");
        }
        for (conns, expected) in [(0, 256), (1, 256), (3, 256), (103, 2048), (3103, 4096), (23_103, 4096)] {
            assert_eq!(buckets(conns, -4, 256, 4096), expected, "{conns} connections");
        }
        assert_eq!(buckets(1 << 14, 2, 256, 1 << 27), 4096);
    }
}
