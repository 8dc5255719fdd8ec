//! Files of targets as Prometheus' `file_sd` reads them: a list of groups, `[{"targets": ["10.0.0.1:80"], "labels": {}}]`.
//!
//! Of the labels only `weight` means something.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use crate::found::Found;

#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("it is no list of targets: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0:?} is no address of a target: write 10.0.0.1:80 or [2001:db8::1]:80")]
    NoAddress(String),
    #[error("the label weight of {target:?} is {given:?}: a weight is 0 to 65535")]
    NoWeight { target: String, given: String },
}

#[derive(Deserialize)]
struct Group {
    targets: Vec<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// All targets of a file.
///
/// # Errors
/// Something in it is wrong; then nothing of it counts.
pub fn parse(text: &[u8]) -> Result<Vec<Found>, FileError> {
    let groups: Vec<Group> = serde_json::from_slice(text)?;
    let mut found = Vec::new();
    for Group { targets, labels } in groups {
        for target in targets {
            let weight = labels.get("weight").map(|given| weight(&target, given)).transpose()?;
            let server = address(&target).ok_or(FileError::NoAddress(target))?;
            found.push(Found { weight, ..server });
        }
    }
    Ok(found)
}

fn weight(target: &str, given: &str) -> Result<i32, FileError> {
    let weight = given.parse::<u16>().ok().map(i32::from);
    weight.ok_or_else(|| FileError::NoWeight { target: target.to_owned(), given: given.to_owned() })
}

fn address(target: &str) -> Option<Found> {
    if let Ok(socket) = target.parse::<SocketAddr>() {
        return Some(Found::at(socket.ip(), Some(socket.port())));
    }
    let bare = target.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(target);
    bare.parse::<IpAddr>().ok().map(|addr| Found::at(addr, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn targets_and_weights_are_read() {
        let text = br#"[{"targets":["10.0.0.1:80","[2001:db8::1]:81"],"labels":{"job":"web","weight":"7"}},
            {"targets":["10.0.0.2","2001:db8::2"]},{"targets":[]}]"#;
        let found: Vec<_> =
            parse(text).unwrap().iter().map(|one| (one.addr.to_string(), one.port, one.weight)).collect();
        let expected = [
            ("10.0.0.1", Some(80), Some(7)),
            ("2001:db8::1", Some(81), Some(7)),
            ("10.0.0.2", None, None),
            ("2001:db8::2", None, None),
        ];
        assert_eq!(found, expected.map(|(addr, port, weight)| (addr.to_owned(), port, weight)));
        assert!(parse(b"[]").unwrap().is_empty());
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("", "EOF"),
            ("{}", "invalid type: map"),
            (r#"[{"labels":{}}]"#, "missing field `targets`"),
            (r#"[{"targets":["web:80"]}]"#, "\"web:80\" is no address"),
            (r#"[{"targets":["10.0.0.1:80"],"labels":{"weight":"-1"}}]"#, "a weight is 0 to 65535"),
            (r#"[{"targets":["10.0.0.1:80"]}"#, "EOF"),
        ] {
            let why = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(why.contains(expected), "{text}: {why}");
        }
    }

    proptest! {
        #[test]
        fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn every_target_is_read_or_named(target in "\\PC{0,30}") {
            let text = serde_json::json!([{ "targets": [target] }]).to_string();
            if let Err(error) = parse(text.as_bytes()) {
                prop_assert!(matches!(error, FileError::NoAddress(named) if named == target));
            }
        }
    }
}
