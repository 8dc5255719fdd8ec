//! The scheduler flags of `-b`: their names, which depend on the scheduler.

use super::fail::Fail;
use lvs::sched;
use lvs::service::SchedulerFlags;

/// The scheduler whose flags `-b` means when none is named.
pub(super) const DEFAULT_SCHEDULER: &str = "wlc";

const ANY: [(&str, SchedulerFlags); 3] = [
    ("flag-1", SchedulerFlags::FLAG_1),
    ("flag-2", SchedulerFlags::FLAG_2),
    ("flag-3", SchedulerFlags::FLAG_3),
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
        let known = |of: &str| sched::flags(of).iter().find(|(known, _)| known.as_bytes() == name);
        flags.0 |= match any.or_else(|| known(scheduler).map(|(_, flag)| *flag)) {
            Some(flag) => flag.0,
            None if sched::names().any(|other| known(other).is_some()) => {
                return Err(Fail::quoting("incompatible scheduler flag `", name, "'"));
            }
            None => return Err(Fail::quoting("invalid scheduler flag `", name, "'")),
        };
    }
    Ok(flags)
}

/// The names of the flags that are set, with commas. sh and mh have no name for the third.
pub(super) fn text(scheduler: &str, flags: SchedulerFlags) -> String {
    let own = sched::flags(scheduler);
    if own.is_empty() {
        return general_text(flags);
    }
    let names: Vec<&str> = own.iter().filter(|(_, flag)| flags.has(*flag)).map(|(name, _)| *name).collect();
    names.join(",")
}

/// Names that every scheduler takes.
pub(super) fn general_text(flags: SchedulerFlags) -> String {
    let names: Vec<&str> = ANY.iter().filter(|(_, flag)| flags.has(*flag)).map(|(name, _)| *name).collect();
    names.join(",")
}
