//! Whether sources of real servers say what they are asked for. Pure.

use super::Finding;
use super::site::Site;
use lvs_control::status::SourceReport;

const CHECK: &str = "discovery";

pub(super) fn examine(site: &Site, findings: &mut Vec<Finding>) {
    let sources = site.status.iter().flat_map(|status| &status.sources);
    findings.extend(
        sources.map(|source| finding(source).about(format!("{}: {}", source.service, source.source))),
    );
}

fn finding(source: &SourceReport) -> Finding {
    let SourceReport { servers, draining, heard_secs_ago, trouble, left_out, .. } = source;
    let heard = match heard_secs_ago {
        Some(secs) => format!("last heard {secs} s ago"),
        None => "not heard since the start".to_owned(),
    };
    let kept = "what it told of last stays until it says something else";
    match (trouble, servers + draining) {
        (Some(why), 0) => Finding::fail(
            CHECK,
            format!("{why}; {heard}, and it has no server"),
            "the service gets none from it",
        ),
        (Some(why), there) => Finding::warn(CHECK, format!("{why}; {heard}, {there} servers stay"), kept),
        (None, _) if heard_secs_ago.is_none() => Finding::warn(
            CHECK,
            heard,
            "until it speaks only servers that an earlier director knew are there",
        ),
        (None, _) if *servers == 0 => Finding::warn(
            CHECK,
            format!("no server, {draining} draining; {heard}"),
            "it says that there is none",
        ),
        (None, _) if !left_out.is_empty() => Finding::warn(
            CHECK,
            format!("{servers} servers; left out: {}", left_out.join(", ")),
            "what is left out gets no connections",
        ),
        (None, _) => Finding::ok(CHECK, format!("{servers} servers, {heard}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;
    use lvs::service::{Family, ServiceKey};
    use lvs_control::Status;

    fn source() -> SourceReport {
        SourceReport {
            service: ServiceKey::Mark { mark: 7, family: Family::V4 },
            source: "dns web.example".to_owned(),
            servers: 2,
            draining: 0,
            heard_secs_ago: Some(3),
            trouble: None,
            left_out: Vec::new(),
        }
    }

    fn found(source: SourceReport) -> (Level, String) {
        let status = Status { sources: vec![source], ..Status::default() };
        let mut findings = Vec::new();
        examine(&Site { status: Some(status), ..Site::default() }, &mut findings);
        let [one] = &findings[..] else { panic!("{findings:?}") };
        assert!(one.about.as_deref().is_some_and(|about| about.ends_with(": dns web.example")), "{one:?}");
        (one.level, one.found.clone())
    }

    #[test]
    fn sources_that_are_out_of_reach_stale_or_empty_are_told_of() {
        assert_eq!(found(source()), (Level::Ok, "2 servers, last heard 3 s ago".to_owned()));
        let failing = SourceReport { trouble: Some("web.example: no answer".to_owned()), ..source() };
        let (level, said) = found(failing.clone());
        assert_eq!(
            (level, said.as_str()),
            (Level::Warn, "web.example: no answer; last heard 3 s ago, 2 servers stay")
        );
        let (level, said) = found(SourceReport { servers: 0, heard_secs_ago: None, ..failing });
        assert_eq!(level, Level::Fail);
        assert_eq!(said, "web.example: no answer; not heard since the start, and it has no server");
        assert_eq!(found(SourceReport { heard_secs_ago: None, ..source() }).0, Level::Warn);
        assert_eq!(found(SourceReport { servers: 0, draining: 1, ..source() }).0, Level::Warn);
        let (level, said) =
            found(SourceReport { left_out: vec!["1 virtual addresses".to_owned()], ..source() });
        assert_eq!((level, said.as_str()), (Level::Warn, "2 servers; left out: 1 virtual addresses"));
    }
}
