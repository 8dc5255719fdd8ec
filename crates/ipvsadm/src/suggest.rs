//! Did you mean: the known name that is nearest to one that is not known. Pure; for files and command lines, never in the
//! output of the classic tools, whose texts are ipvsadm's.

use lvs::director::{CommandError, Sysctl};
use lvs::sched;
use strsim::osa_distance;

/// The nearest of `known`, if it is near enough to be a slip of the keyboard.
fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = given.chars().count() / 3;
    let given = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (osa_distance(&given, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// `", did you mean x?"`, or nothing.
pub fn hint<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, known).map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
}

/// The same for a name that a command was refused for.
pub fn for_refused(error: &CommandError) -> String {
    match error {
        CommandError::NoSuchScheduler(given) => hint(given, sched::names()),
        CommandError::NoSuchSetting(given) => {
            hint(given, Sysctl::ALL.iter().map(|sysctl| sysctl.name()).filter(|name| !name.is_empty()))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["persistence_timeout", "protocol", "lb_algo", "delay_loop"];
        assert_eq!(nearest("protocl", known), Some("protocol"));
        assert_eq!(nearest("persistance_timeout", known), Some("persistence_timeout"));
        assert_eq!(nearest("lb_agol", known), Some("lb_algo"));
        assert_eq!(nearest("DELAY_LOOP", known), Some("delay_loop"));
        assert_eq!(nearest("weight", known), None);
        assert_eq!(nearest("icmp", ["tcp", "udp", "sctp"]), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(hint("protocoll", known), ", did you mean `protocol`?");
    }

    #[test]
    fn refused_names_have_their_neighbours() {
        let scheduler = |given: &str| for_refused(&CommandError::NoSuchScheduler(given.to_owned()));
        assert_eq!(scheduler("wlcr"), ", did you mean `wlc`?");
        assert_eq!(scheduler("lblcrr"), ", did you mean `lblcr`?");
        assert_eq!(scheduler("best"), "");
        let setting = |given: &str| for_refused(&CommandError::NoSuchSetting(given.to_owned()));
        assert_eq!(setting("drop_entri"), ", did you mean `drop_entry`?");
        assert_eq!(setting("expire_nodes_conn"), ", did you mean `expire_nodest_conn`?");
        assert_eq!(setting(""), "");
        assert_eq!(for_refused(&CommandError::DaemonRunning), "");
    }
}
