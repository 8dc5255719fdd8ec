//! Whether the director is sandboxed, and what is missing of that. Pure. Packets go without it.

use super::Finding;
use super::site::Site;

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    findings.extend(site.status.as_ref().map(|status| {
        let sandbox = &status.sandbox;
        let missing = sandbox.missing.join("; ");
        match sandbox.in_force() {
            Some(in_force) if missing.is_empty() => {
                Finding::ok("sandbox", format!("the director is sandboxed: {in_force}"))
            }
            Some(in_force) => {
                Finding::ok("sandbox", format!("the director is sandboxed: {in_force}; not: {missing}"))
            }
            // A director of an earlier version.
            None if missing.is_empty() => Finding::ok("sandbox", "the director has no sandbox"),
            None => Finding::ok("sandbox", format!("the director is not sandboxed: {missing}")),
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs_control::Status;
    use lvs_control::status::Sandbox;

    #[test]
    fn it_says_what_is_in_force_and_what_is_not() {
        let full = Sandbox { no_new_privs: true, seccomp: true, landlock: Some(7), missing: Vec::new() };
        let old = Sandbox { landlock: None, missing: vec!["no Landlock".to_owned()], ..full };
        let off = Sandbox { missing: vec!["switched off".to_owned()], ..Sandbox::default() };
        let said = [
            (full, "the director is sandboxed: no new privileges, a filter of system calls, Landlock 7"),
            (old, "the director is sandboxed: no new privileges, a filter of system calls; not: no Landlock"),
            (off, "the director is not sandboxed: switched off"),
            (Sandbox::default(), "the director has no sandbox"),
        ];
        for (sandbox, expected) in said {
            let mut findings = Vec::new();
            let status = Some(Status { sandbox, ..Status::default() });
            examine(&Site { status, ..Site::default() }, &mut findings);
            assert_eq!(findings, [Finding::ok("sandbox", expected)]);
        }
    }
}
