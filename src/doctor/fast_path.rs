//! Whether plain packets go past the director, and if not, why. Pure. Nothing is broken without it.

use super::Finding;
use super::site::Site;

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    findings.extend(site.status.as_ref().map(|status| {
        let fast = &status.fast_path;
        let found = match &fast.why_off {
            None if fast.on => format!("the fast path is on, from {}", fast.links.join(", ")),
            // A director of an earlier version.
            None => "the director has no fast path".to_owned(),
            Some(why) => format!("the fast path is off, so every packet goes by the director: {why}"),
        };
        Finding::ok("fast path", found)
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_control::Status;
    use lvs_control::status::FastPath;

    #[test]
    fn it_says_whether_it_is_on_and_why_not() {
        let on =
            FastPath { on: true, links: vec!["eth1".to_owned(), "wg0".to_owned()], ..FastPath::default() };
        let off = FastPath { why_off: Some("switched off".to_owned()), ..FastPath::default() };
        let said = [
            (on, "the fast path is on, from eth1, wg0"),
            (off, "the fast path is off, so every packet goes by the director: switched off"),
            (FastPath::default(), "the director has no fast path"),
        ];
        for (fast_path, expected) in said {
            let mut findings = Vec::new();
            let status = Some(Status { fast_path, ..Status::default() });
            examine(&Site { status, ..Site::default() }, &mut findings);
            assert_eq!(findings, [Finding::ok("fast path", expected)]);
        }
    }
}
