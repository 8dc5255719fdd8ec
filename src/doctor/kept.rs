//! Whether connections outlive a director that is killed. Pure.

use super::Finding;
use super::site::Site;

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    let Some(kept) = site.status.as_ref().map(|status| &status.kept) else { return };
    let check = "kept connections";
    findings.extend(match &kept.why_off {
        None if kept.on && kept.left_out == 0 => {
            Some(Finding::ok(check, "connections outlive a kill of the director"))
        }
        None if kept.on => Some(Finding::warn(
            check,
            format!("{} connections had no room in the file that outlives a kill", kept.left_out),
            "max_conns says for how many the file has room",
        )),
        // A director of an earlier version, or one that begins.
        None => None,
        Some(why) => Some(Finding::warn(
            check,
            format!("connections do not outlive a kill of the director: {why}"),
            "the file beside the control socket cannot be written; it is tried again each minute",
        )),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;
    use lvs_control::Status;
    use lvs_control::status::Kept;

    #[test]
    fn a_file_that_is_not_written_is_told_of() {
        let found = |kept| {
            let mut findings = Vec::new();
            examine(
                &Site { status: Some(Status { kept, ..Status::default() }), ..Site::default() },
                &mut findings,
            );
            findings.iter().map(|finding| (finding.level, finding.found.clone())).collect::<Vec<_>>()
        };
        let on = Kept { on: true, ..Kept::default() };
        assert_eq!(found(on.clone()), [(Level::Ok, "connections outlive a kill of the director".to_owned())]);
        assert_eq!(found(Kept { left_out: 7, ..on })[0].0, Level::Warn);
        let off = Kept { why_off: Some("no space left on device".to_owned()), ..Kept::default() };
        let [(Level::Warn, said)] = &found(off)[..] else { panic!("no warning") };
        assert!(said.ends_with("no space left on device"), "{said}");
        assert_eq!(found(Kept::default()), []);
    }
}
