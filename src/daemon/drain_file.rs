//! The marks of drained servers on disk, beside the control socket, so that they outlive the director.
//!
//! Owns the form of the file. One JSON document, written anew with each change; whoever holds the control socket is the only
//! writer. Deadlines are not kept.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::state_file::{self, with_ending};

use lvs::service::{Endpoint, ServiceKey};
use lvs_events::json;

#[derive(Debug)]
pub(super) struct DrainFile {
    path: PathBuf,
}

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

impl DrainFile {
    pub(super) fn beside(socket: &Path) -> Self {
        Self { path: with_ending(socket, ".drained") }
    }

    /// The marks that an earlier director left. A file that cannot be read is moved aside and told of in the log.
    pub(super) fn restore(&self) -> Vec<(ServiceKey, Endpoint)> {
        let file = self.path.display();
        let error = match self.read() {
            Ok(marks) => {
                for (service, server) in &marks {
                    tracing::info!(%service, real = %server, "drained since before the start");
                }
                return marks;
            }
            Err(error) => error,
        };
        let kept = state_file::move_aside(&self.path).unwrap_or_default();
        let kept = kept.display();
        tracing::warn!(%file, %error, %kept, "cannot read which servers are drained: none is, drain them again");
        Vec::new()
    }

    fn read(&self) -> io::Result<Vec<(ServiceKey, Endpoint)>> {
        let Some(text) = state_file::read(&self.path)? else { return Ok(Vec::new()) };
        let Document { drained } = serde_json::from_slice(&text)?;
        Ok(drained.into_iter().map(|mark| (mark.service, mark.server)).collect())
    }

    /// Writes which servers are drained now. What fails is told of in the log.
    pub(super) fn keep(&self, marks: &[(ServiceKey, Endpoint)]) {
        if let Err(error) = self.write(marks) {
            let file = self.path.display();
            tracing::warn!(%file, %error, "the marks of drained servers will not outlive this director");
        }
    }

    fn write(&self, marks: &[(ServiceKey, Endpoint)]) -> io::Result<()> {
        if marks.is_empty() {
            return state_file::remove(&self.path);
        }
        let drained = marks.iter().map(|&(service, server)| Mark { service, server }).collect();
        let text = serde_json::to_vec_pretty(&Document { drained })?;
        state_file::replace(&self.path, &text)
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
        let file = DrainFile::beside(&folder.path().join("sock"));
        assert!(file.restore().is_empty());
        file.keep(&marks());
        assert_eq!(file.restore(), marks());
        file.keep(&marks()[1..]);
        assert_eq!(file.restore(), marks()[1..]);
        file.keep(&[]);
        file.keep(&[]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_bad_file_is_moved_aside() {
        let folder = tempfile::tempdir().unwrap();
        let file = DrainFile::beside(&folder.path().join("sock"));
        for bad in ["", "{\"drained\":[{}]}", "\u{0}", "{\"drained\":[],\"more\":1}"] {
            std::fs::write(&file.path, bad).unwrap();
            assert!(file.restore().is_empty());
            assert_eq!(std::fs::read_to_string(folder.path().join("sock.drained.bad")).unwrap(), bad);
            file.keep(&marks());
            assert_eq!(file.restore(), marks());
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
