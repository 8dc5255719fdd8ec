//! The settings under `net.ipv4.vs`, with the kernel's names, defaults and ranges (`ip_vs_ctl.c`).

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::CommandError;

macro_rules! sysctls {
    ($($(#[$doc:meta])* $variant:ident => $name:literal, $default:expr, $range:expr, $scope:ident;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Sysctl {
            $($(#[$doc])* $variant,)*
        }

        impl Sysctl {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            pub const fn default_value(self) -> i64 {
                match self {
                    $(Self::$variant => $default,)*
                }
            }

            const fn range(self) -> std::ops::RangeInclusive<i64> {
                match self {
                    $(Self::$variant => $range,)*
                }
            }

            /// Whether setting it changes anything in a director in userspace.
            pub const fn scope(self) -> Scope {
                match self {
                    $(Self::$variant => Scope::$scope,)*
                }
            }
        }
    };
}

/// What a setting can do here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Effective,
    /// Kept and shown, but there is no such thing outside the kernel.
    KernelOnly,
}

const INT: std::ops::RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;

sysctls! {
    Amemthresh => "amemthresh", 1024, INT, Effective;
    AmDroprate => "am_droprate", 10, INT, Effective;
    DropEntry => "drop_entry", 0, 0..=3, Effective;
    DropPacket => "drop_packet", 0, 0..=3, Effective;
    Conntrack => "conntrack", 0, INT, KernelOnly;
    SecureTcp => "secure_tcp", 0, 0..=3, Effective;
    SnatReroute => "snat_reroute", 1, INT, KernelOnly;
    SyncVersion => "sync_version", 1, 0..=1, Effective;
    SyncPorts => "sync_ports", 1, 1..=64, Effective;
    SyncPersistMode => "sync_persist_mode", 0, INT, Effective;
    SyncQlenMax => "sync_qlen_max", 0, 0..=i64::MAX, Effective;
    SyncSockSize => "sync_sock_size", 0, INT, Effective;
    CacheBypass => "cache_bypass", 0, INT, Effective;
    ExpireNodestConn => "expire_nodest_conn", 0, INT, Effective;
    SloppyTcp => "sloppy_tcp", 0, INT, Effective;
    SloppySctp => "sloppy_sctp", 0, INT, Effective;
    ExpireQuiescentTemplate => "expire_quiescent_template", 0, INT, Effective;
    SyncThreshold => "sync_threshold", 3, 0..=i32::MAX as i64, Effective;
    SyncPeriod => "sync_period", 50, 0..=i32::MAX as i64, Effective;
    SyncRefreshPeriod => "sync_refresh_period", 0, 0..=i32::MAX as i64, Effective;
    SyncRetries => "sync_retries", 0, 0..=3, Effective;
    NatIcmpSend => "nat_icmp_send", 0, INT, Effective;
    PmtuDisc => "pmtu_disc", 1, INT, Effective;
    BackupOnly => "backup_only", 0, INT, Effective;
    ConnReuseMode => "conn_reuse_mode", 1, INT, Effective;
    ScheduleIcmp => "schedule_icmp", 0, INT, Effective;
    IgnoreTunneled => "ignore_tunneled", 0, INT, KernelOnly;
    RunEstimation => "run_estimation", 1, INT, Effective;
}

/// The values of one director. Reading one is a plain load.
#[derive(Debug)]
pub struct Sysctls([AtomicI64; Sysctl::ALL.len()]);

impl Sysctls {
    pub fn value(&self, sysctl: Sysctl) -> i64 {
        self.0[sysctl as usize].load(Relaxed)
    }

    pub fn is_on(&self, sysctl: Sysctl) -> bool {
        self.value(sysctl) != 0
    }

    /// # Errors
    /// The value is outside the range.
    pub fn set(&self, sysctl: Sysctl, value: i64) -> Result<(), CommandError> {
        let range = sysctl.range();
        if !range.contains(&value) {
            return Err(CommandError::BadSetting {
                name: sysctl.name().to_owned(),
                value: value.to_string(),
                expected: format!("{} to {}", range.start(), range.end()),
            });
        }
        self.0[sysctl as usize].store(value, Relaxed);
        Ok(())
    }
}

impl Default for Sysctls {
    fn default() -> Self {
        Self(std::array::from_fn(|at| AtomicI64::new(Sysctl::ALL[at].default_value())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_the_range_change_nothing() {
        let sysctls = Sysctls::default();
        assert_eq!(sysctls.value(Sysctl::ConnReuseMode), 1);
        assert!(sysctls.set(Sysctl::SyncRetries, 4).is_err());
        assert_eq!(sysctls.value(Sysctl::SyncRetries), 0);
        sysctls.set(Sysctl::SyncRetries, 3).unwrap();
        assert_eq!(sysctls.value(Sysctl::SyncRetries), 3);
    }
}
