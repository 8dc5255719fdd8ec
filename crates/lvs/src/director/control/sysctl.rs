//! The settings under `net.ipv4.vs`, with the kernel's names, defaults and ranges (`ip_vs_ctl.c`).

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::director::CommandError;

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

/// A setting and its value, as `sysctl` names and prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SysctlEntry {
    pub name: String,
    pub value: String,
    /// The value is kept, and means nothing outside the kernel.
    pub kernel_only: bool,
}

fn named(name: &str) -> Result<Sysctl, CommandError> {
    let found = Sysctl::ALL.iter().find(|sysctl| !name.is_empty() && sysctl.name() == name);
    found.copied().ok_or_else(|| CommandError::NoSuchSetting(name.to_owned()))
}

/// Effect of a setting here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Effective,
    /// Kept and shown, but there is no such thing outside the kernel.
    KernelOnly,
}

/// Seconds, which the kernel keeps in ticks in an `int`.
const SECS: std::ops::RangeInclusive<i64> = -(i32::MAX as i64 / 250)..=i32::MAX as i64 / 250;

const INT: std::ops::RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;

sysctls! {
    Amemthresh => "amemthresh", 1024, INT, Effective;
    AmDroprate => "am_droprate", 10, INT, Effective;
    /// Since Linux 7.2.
    ConnMax => "conn_max", 1 << 30, 0..=1 << 30, Effective;
    DropEntry => "drop_entry", 0, 0..=3, Effective;
    DropPacket => "drop_packet", 0, 0..=3, Effective;
    Conntrack => "conntrack", 0, INT, KernelOnly;
    SecureTcp => "secure_tcp", 0, 0..=3, Effective;
    SnatReroute => "snat_reroute", 1, INT, KernelOnly;
    SyncVersion => "sync_version", 1, 0..=1, Effective;
    SyncPorts => "sync_ports", 1, 1..=1 << 30, Effective;
    SyncPersistMode => "sync_persist_mode", 0, INT, Effective;
    SyncQlenMax => "sync_qlen_max", 32_768, 0..=i64::MAX, Effective;
    SyncSockSize => "sync_sock_size", 0, INT, Effective;
    CacheBypass => "cache_bypass", 0, INT, Effective;
    ExpireNodestConn => "expire_nodest_conn", 0, INT, Effective;
    SloppyTcp => "sloppy_tcp", 0, INT, Effective;
    SloppySctp => "sloppy_sctp", 0, INT, Effective;
    ExpireQuiescentTemplate => "expire_quiescent_template", 0, INT, Effective;
    /// Two numbers in one setting, `3 50`: this one and [`Sysctl::SyncPeriod`].
    SyncThreshold => "sync_threshold", 3, 0..=i32::MAX as i64, Effective;
    SyncPeriod => "", 50, 0..=i32::MAX as i64, Effective;
    SyncRefreshPeriod => "sync_refresh_period", 0, SECS, Effective;
    SyncRetries => "sync_retries", 0, 0..=3, Effective;
    NatIcmpSend => "nat_icmp_send", 0, INT, Effective;
    PmtuDisc => "pmtu_disc", 1, INT, Effective;
    BackupOnly => "backup_only", 0, INT, Effective;
    ConnReuseMode => "conn_reuse_mode", 1, INT, Effective;
    ScheduleIcmp => "schedule_icmp", 0, INT, Effective;
    LblcExpiration => "lblc_expiration", 86_400, SECS, Effective;
    LblcrExpiration => "lblcr_expiration", 86_400, SECS, Effective;
    /// A list of processors; its text is kept apart.
    EstCpulist => "est_cpulist", 0, 0..=0, KernelOnly;
    EstNice => "est_nice", 0, -20..=19, KernelOnly;
    DebugLevel => "debug_level", 0, 0..=12, KernelOnly;
    ConnLfactor => "conn_lfactor", -4, -8..=8, KernelOnly;
    SvcLfactor => "svc_lfactor", -3, -8..=8, KernelOnly;
    IgnoreTunneled => "ignore_tunneled", 0, INT, KernelOnly;
    RunEstimation => "run_estimation", 1, INT, Effective;
}

/// The values of one director. Reading one is a plain load.
#[derive(Debug)]
pub struct Sysctls {
    values: [AtomicI64; Sysctl::ALL.len()],
    est_cpulist: Mutex<String>,
}

impl Sysctls {
    pub fn value(&self, sysctl: Sysctl) -> i64 {
        self.values[sysctl as usize].load(Relaxed)
    }

    pub fn is_on(&self, sysctl: Sysctl) -> bool {
        self.value(sysctl) != 0
    }

    /// The value as `sysctl` prints it.
    fn text(&self, sysctl: Sysctl) -> String {
        match sysctl {
            Sysctl::SyncThreshold => {
                format!("{}\t{}", self.value(sysctl), self.value(Sysctl::SyncPeriod))
            }
            Sysctl::EstCpulist => self.est_cpulist.lock().clone(),
            _ => self.value(sysctl).to_string(),
        }
    }

    /// One setting, or all in the kernel's order.
    ///
    /// # Errors
    /// No setting has that name.
    pub fn read(&self, name: Option<&str>) -> Result<Vec<SysctlEntry>, CommandError> {
        let wanted: Vec<Sysctl> = match name {
            Some(name) => vec![named(name)?],
            None => Sysctl::ALL.iter().copied().filter(|sysctl| !sysctl.name().is_empty()).collect(),
        };
        let entry = |sysctl: Sysctl| SysctlEntry {
            name: sysctl.name().to_owned(),
            value: self.text(sysctl),
            kernel_only: sysctl.scope() == Scope::KernelOnly,
        };
        Ok(wanted.into_iter().map(entry).collect())
    }

    /// Sets one by its name from text.
    ///
    /// # Errors
    /// No such name, or not a value for it; nothing has changed then.
    pub(in crate::director) fn write(&self, name: &str, text: &str) -> Result<(), CommandError> {
        let sysctl = named(name)?;
        let bad = |expected: String| CommandError::BadSetting {
            name: name.to_owned(),
            value: text.to_owned(),
            expected,
        };
        if sysctl == Sysctl::EstCpulist {
            let list = cpu_list(text).ok_or_else(|| bad("a list of processors, as 0-3,7".to_owned()))?;
            *self.est_cpulist.lock() = list;
            return Ok(());
        }
        let numbers = text.split_whitespace().map(number).collect::<Option<Vec<_>>>();
        match (sysctl, numbers.as_deref()) {
            (Sysctl::SyncThreshold, Some([threshold, period])) => {
                let fits =
                    0 <= *threshold && (threshold < period || *period == 0) && *period <= i64::from(i32::MAX);
                if !fits {
                    return Err(bad("two numbers, the first less than the second".to_owned()));
                }
                self.set(Sysctl::SyncThreshold, *threshold)?;
                self.set(Sysctl::SyncPeriod, *period)
            }
            (Sysctl::SyncThreshold, Some([threshold])) => {
                let period = self.value(Sysctl::SyncPeriod);
                if period != 0 && *threshold >= period {
                    return Err(bad("less than the second number".to_owned()));
                }
                self.set(sysctl, *threshold)
            }
            (Sysctl::SyncPorts, Some([ports])) if !ports.unsigned_abs().is_power_of_two() => {
                Err(bad("a power of two; more than 64 count as 64".to_owned()))
            }
            (_, Some([value])) => self.set(sysctl, *value),
            _ => Err(bad("a number".to_owned())),
        }
    }

    /// # Errors
    /// The value is outside the range.
    pub(in crate::director) fn set(&self, sysctl: Sysctl, value: i64) -> Result<(), CommandError> {
        let range = sysctl.range();
        if !range.contains(&value) {
            return Err(CommandError::BadSetting {
                name: sysctl.name().to_owned(),
                value: value.to_string(),
                expected: format!("{} to {}", range.start(), range.end()),
            });
        }
        self.values[sysctl as usize].store(value, Relaxed);
        Ok(())
    }
}

/// A number as the kernel reads it: decimal, or by its prefix hexadecimal or octal.
fn number(word: &str) -> Option<i64> {
    let (sign, digits) = word.strip_prefix('-').map_or((1, word), |digits| (-1, digits));
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        None => (digits, 10),
    };
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    if is_number { i64::from_str_radix(digits, radix).ok().map(|number| sign * number) } else { None }
}

/// Processors at most (`NR_CPUS` of the largest kernels).
const MAX_CPUS: usize = 8192;

/// A list of processors, in order and without repetition.
fn cpu_list(text: &str) -> Option<String> {
    let mut cpus = vec![false; MAX_CPUS];
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse::<usize>().ok()?, last.parse::<usize>().ok()?);
        cpus.get_mut(first..=last).filter(|_| first <= last)?.fill(true);
    }
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(first) = cpus[at..].iter().position(|is_in| *is_in).map(|offset| at + offset) {
        let len = cpus[first..].iter().take_while(|is_in| **is_in).count();
        at = first + len;
        parts.push(if len == 1 { first.to_string() } else { format!("{first}-{}", at - 1) });
    }
    Some(parts.join(","))
}

impl Default for Sysctls {
    fn default() -> Self {
        Self {
            values: std::array::from_fn(|at| AtomicI64::new(Sysctl::ALL[at].default_value())),
            est_cpulist: Mutex::new("0".to_owned()),
        }
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
        assert!(sysctls.write("sync_threshold", "60 50").is_err());
        assert!(sysctls.write("sync_threshold", "many").is_err());
        assert!(sysctls.write("nothing_like_it", "1").is_err());
        // As Linux 7.3 takes and refuses them.
        for (name, refused, taken) in [
            ("conn_max", ["-1", "1073741825"], ["0", "1073741824"]),
            ("conn_lfactor", ["-9", "9"], ["8", "-8"]),
            ("svc_lfactor", ["-9", "9"], ["8", "-8"]),
        ] {
            let kept = sysctls.read(Some(name)).unwrap();
            for value in refused {
                assert!(sysctls.write(name, value).is_err(), "{name} {value}");
                assert_eq!(sysctls.read(Some(name)).unwrap(), kept);
            }
            for value in taken {
                sysctls.write(name, value).unwrap();
                assert_eq!(sysctls.read(Some(name)).unwrap()[0].value, value);
            }
        }
        assert!(sysctls.write("sync_ports", "3").is_err());
        assert!(sysctls.write("lblc_expiration", "9000000").is_err());
        for (name, written, read) in [
            ("am_droprate", "0x10", "16"),
            ("am_droprate", "-010", "-8"),
            ("sync_refresh_period", "-20", "-20"),
            ("sync_ports", "128", "128"),
            ("est_cpulist", "3,0-1,2,7", "0-3,7"),
        ] {
            sysctls.write(name, written).unwrap();
            assert_eq!(sysctls.read(Some(name)).unwrap()[0].value, read, "{name}");
        }
        for wrong in ["", "x", "3-1", "1,", "9000"] {
            assert!(sysctls.write("est_cpulist", wrong).is_err(), "{wrong:?}");
        }
        sysctls.write("sync_threshold", "4 80").unwrap();
        assert_eq!(sysctls.read(Some("sync_threshold")).unwrap()[0].value, "4\t80");
        sysctls.set(Sysctl::SyncRetries, 3).unwrap();
        assert_eq!(sysctls.value(Sysctl::SyncRetries), 3);
    }
}
