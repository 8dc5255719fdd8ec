//! The marks of drained servers on disk, beside the control socket, so that they outlive the director.
//!
//! Owns the form of the file. One JSON document, written anew with each change; whoever holds the control socket is the only
//! writer. Deadlines are not kept.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::state_file::{Contents, StateFile};

use lvs::service::{Endpoint, ServiceKey};
use lvs_events::json;

/// Servers that are drained.
#[derive(Debug)]
pub(super) struct DrainMarks(pub(super) Vec<(ServiceKey, Endpoint)>);

pub(super) type DrainFile = StateFile<DrainMarks>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    drained: Vec<Mark>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    #[serde(with = "json::service")]
    service: ServiceKey,
    #[serde(with = "json::end")]
    server: Endpoint,
}

impl Contents for DrainMarks {
    const ENDING: &'static str = ".drained";
    const UNREADABLE: &'static str = "cannot read which servers are drained: none is, drain them again";
    const UNWRITTEN: &'static str = "the marks of drained servers will not outlive this director";
    const NOT_REMOVED: &'static str = "the marks of drained servers on disk are not removed";
    const IS_FOR_GOOD: bool = true;

    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let Document { drained } = serde_json::from_slice(bytes)?;
        Ok(Self(drained.into_iter().map(|mark| (mark.service, mark.server)).collect()))
    }

    fn bytes(&self) -> io::Result<Option<Vec<u8>>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let drained = self.0.iter().map(|&(service, server)| Mark { service, server }).collect();
        Ok(Some(serde_json::to_vec_pretty(&Document { drained })?))
    }
}

/// The marks that an earlier director left beside this socket.
pub(super) fn restore(socket: &Path) -> Vec<(ServiceKey, Endpoint)> {
    let marks = DrainFile::beside(socket).restore().map_or_else(Vec::new, |marks| marks.0);
    for (service, server) in &marks {
        tracing::info!(%service, real = %server, "drained since before the start");
    }
    marks
}

/// Writes which servers are drained now. A failure is told of in the log.
pub(super) fn keep(file: &DrainFile, marks: Vec<(ServiceKey, Endpoint)>) {
    if let Err(error) = file.write(&DrainMarks(marks)) {
        file.warn_unwritten(&error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::Time;
    use lvs::director::{Command, Director, Settings};
    use lvs::service::{Family, Forwarding, Protocol, ServerSpec, ServiceSpec};

    fn marks() -> [(ServiceKey, Endpoint); 2] {
        let addr = "10.0.0.1".parse().unwrap();
        let service = ServiceKey::Address { protocol: Protocol::Tcp, addr, port: 80 };
        let mark = ServiceKey::Mark { mark: u32::MAX, family: Family::V6 };
        let server = Endpoint::new("10.1.0.1".parse().unwrap(), 80);
        [(service, server), (mark, Endpoint::new("fd00::1".parse().unwrap(), 0))]
    }

    #[test]
    fn marks_are_found_again_and_none_leave_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("sock");
        let file = DrainFile::beside(&socket);
        assert!(restore(&socket).is_empty());
        keep(&file, marks().to_vec());
        assert_eq!(restore(&socket), marks());
        keep(&file, marks()[1..].to_vec());
        assert_eq!(restore(&socket), marks()[1..]);
        keep(&file, Vec::new());
        keep(&file, Vec::new());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_bad_file_is_moved_aside() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("sock");
        let file = DrainFile::beside(&socket);
        for bad in ["", "{\"drained\":[{}]}", "\u{0}", "{\"drained\":[],\"more\":1}"] {
            std::fs::write(file.path(), bad).unwrap();
            assert!(restore(&socket).is_empty());
            assert_eq!(std::fs::read_to_string(folder.path().join("sock.drained.bad")).unwrap(), bad);
            keep(&file, marks().to_vec());
            assert_eq!(restore(&socket), marks());
        }
    }

    #[test]
    fn a_server_that_comes_later_is_drained_until_the_mark_is_taken_away() {
        let director = Director::new(Settings::default());
        let (service, server) = marks()[0];
        director.expect_drained(marks());
        let spec = ServerSpec::new(server.addr, server.port, Forwarding::Masq);
        let commands = [
            Command::AddService(ServiceSpec::new(service, "rr")),
            Command::AddServer { service, server: spec },
            Command::SetDrained { service, server, drained: false },
        ];
        for (command, left) in commands.iter().zip([2, 2, 1]) {
            director.apply(command, Time::ZERO).unwrap();
            assert_eq!(director.drained().len(), left);
        }
    }
}
