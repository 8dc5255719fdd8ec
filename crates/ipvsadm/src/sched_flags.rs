//! The scheduler flags of `-b`: their names, which depend on the scheduler.

use super::fail::Fail;
use lvs::service::SchedulerFlags;

/// What `-b` gives when no scheduler is named.
pub(super) const DEFAULT_SCHEDULER: &str = "wlc";

const ANY: [(&str, SchedulerFlags); 3] = [
    ("flag-1", SchedulerFlags::FLAG_1),
    ("flag-2", SchedulerFlags::FLAG_2),
    ("flag-3", SchedulerFlags::FLAG_3),
];

/// Names that only one scheduler knows.
const OWN: [(&str, &str, SchedulerFlags); 4] = [
    ("sh", "sh-fallback", SchedulerFlags::FLAG_1),
    ("sh", "sh-port", SchedulerFlags::FLAG_2),
    ("mh", "mh-fallback", SchedulerFlags::FLAG_1),
    ("mh", "mh-port", SchedulerFlags::FLAG_2),
];

/// Reads a list with commas; empty entries are skipped.
///
/// # Errors
/// A name that no scheduler has, or that another one has.
pub(super) fn parse(scheduler: &str, text: &[u8]) -> Result<SchedulerFlags, Fail> {
    let scheduler = if scheduler.is_empty() { DEFAULT_SCHEDULER } else { scheduler };
    let mut flags = SchedulerFlags::default();
    for name in text.split(|byte| *byte == b',').filter(|name| !name.is_empty()) {
        let any = ANY.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, flag)| *flag);
        let own = OWN.iter().find(|(_, known, _)| known.as_bytes() == name);
        flags.0 |= match (any, own) {
            (Some(flag), _) => flag.0,
            (None, Some((owner, _, flag))) if *owner == scheduler => flag.0,
            (None, Some(_)) => return Err(Fail::quoting("incompatible scheduler flag `", name, "'")),
            (None, None) => return Err(Fail::quoting("invalid scheduler flag `", name, "'")),
        };
    }
    Ok(flags)
}

/// The names of the flags that are set, with commas. sh and mh have no name for the third.
pub(super) fn text(scheduler: &str, flags: SchedulerFlags) -> String {
    let own: Vec<&str> = OWN
        .iter()
        .filter(|(owner, _, flag)| *owner == scheduler && flags.has(*flag))
        .map(|(_, name, _)| *name)
        .collect();
    let has_own = OWN.iter().any(|(owner, _, _)| *owner == scheduler);
    if has_own { own.join(",") } else { general_text(flags) }
}

/// Names that every scheduler takes.
pub(super) fn general_text(flags: SchedulerFlags) -> String {
    let names: Vec<&str> = ANY.iter().filter(|(_, flag)| flags.has(*flag)).map(|(name, _)| *name).collect();
    names.join(",")
}
